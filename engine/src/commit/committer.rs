//! The committer's door: queue appends and changes, read, hear what became durable.
//!
//! Core-local. `append` never awaits, so that the owner assigns offsets without a gap between
//! the decision and the queue.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use super::dirty::Dirty;
use super::event::{Change, CommitEvent, Ends, Refused, Ticket};
use super::loops;
use super::queue::Queue;
use super::space::DiskSpace;
use crate::log::{Log, ReadError};
use crate::metadata::LogId;
use crate::metrics::CoreMetrics;
use crate::record::{Offset, StampedBatch};
use crate::runtime::sync::{Notify, Semaphore, oneshot};
use crate::runtime::{FixedMap, Part};

/// How a committer is sized.
#[derive(Clone, Copy, Debug)]
pub struct CommitterSettings {
    /// K: most blocking operations (buffered writes and syncs) in flight for this log dir.
    pub in_flight_max: usize,
    /// Most bytes of one vectored write. Above some size a group gains nothing (a flush costs the
    /// same) and keeps the batches behind it waiting.
    pub write_bytes_max: usize,
    /// Most bytes of a group that is written and synced in one operation. A larger one is worth
    /// more in the page cache while a sync is under way.
    pub one_step_bytes_max: u64,
    /// Most bytes queued but not written; above it appends are refused.
    pub queued_bytes_max: u64,
    /// Bytes that stay free on the log dir's file system.
    pub reserve_bytes: u64,
    /// Bytes that recovery may have to read after an unclean stop.
    pub unchecked_bytes_max: u64,
    /// Acknowledge without syncing. For the test that proves that tests notice.
    pub skip_sync: bool,
}

/// One log and what waits for it.
pub(super) struct Entry {
    pub(super) id: LogId,
    pub(super) log: Rc<Log>,
    pub(super) queue: RefCell<Queue>,
    pub(super) writing: Cell<bool>,
    pub(super) syncing: Cell<bool>,
    /// Sync after this many records (`flush.messages`); 1 = before any acknowledgement.
    pub(super) flush_messages: Cell<i64>,
    pub(super) durable: Cell<Offset>,
    /// Bytes and batches written since the last sync began.
    pub(super) unsynced: Cell<(u64, u64)>,
    /// Ask the sync loop to go on although `flush_messages` is not reached (`flush.ms`).
    pub(super) flush_asked: Cell<bool>,
}

impl Entry {
    pub(super) fn ends(&self) -> Ends {
        Ends { written: self.log.end_offset(), durable: self.durable.get() }
    }
}

/// The writer of every log of one log dir on one core.
pub struct Committer {
    pub(super) settings: CommitterSettings,
    pub(super) metrics: Arc<CoreMetrics>,
    pub(super) blocking: Semaphore,
    pub(super) dirty: RefCell<Dirty>,
    pub(super) checkpointing: Cell<bool>,
    logs: RefCell<FixedMap<LogId, Rc<Entry>>>,
    space: RefCell<DiskSpace>,
    queued_bytes: Cell<u64>,
    offline: RefCell<Option<Arc<str>>>,
    events: RefCell<VecDeque<CommitEvent>>,
    event_ready: Notify,
}

impl Committer {
    /// A committer without logs.
    pub fn new(settings: CommitterSettings, metrics: Arc<CoreMetrics>) -> Rc<Self> {
        Rc::new(Self {
            settings,
            metrics,
            blocking: Semaphore::new(settings.in_flight_max.max(2)),
            dirty: RefCell::new(Dirty::new(settings.unchecked_bytes_max)),
            checkpointing: Cell::new(false),
            logs: RefCell::default(),
            space: RefCell::new(DiskSpace::new(settings.reserve_bytes)),
            queued_bytes: Cell::new(0),
            offline: RefCell::new(None),
            events: RefCell::default(),
            event_ready: Notify::new(),
        })
    }

    /// Takes over an opened log; from here on only this committer changes it.
    pub fn adopt(&self, id: LogId, log: Rc<Log>, flush_messages: i64) -> Ends {
        let durable = log.durable_end();
        let entry = Entry {
            id,
            log,
            queue: RefCell::default(),
            writing: Cell::new(false),
            syncing: Cell::new(false),
            flush_messages: Cell::new(flush_messages.max(1)),
            durable: Cell::new(durable),
            unsynced: Cell::default(),
            flush_asked: Cell::new(false),
        };
        let ends = entry.ends();
        self.logs.borrow_mut().insert(id, Rc::new(entry));
        ends
    }

    /// Queues batches whose offsets are assigned. In order; never awaits.
    pub fn append(self: &Rc<Self>, id: LogId, batches: Vec<StampedBatch>) -> Result<Ends, Refused> {
        let bytes: u64 = batches.iter().map(|batch| batch.bytes.len() as u64).sum();
        self.entry(id)?;
        self.admits(bytes)?;
        self.append_admitted(id, batches)
    }

    /// As [`Committer::append`] for what was admitted before it was known to the byte: only a log
    /// dir that is offline refuses it.
    pub fn append_admitted(
        self: &Rc<Self>,
        id: LogId,
        batches: Vec<StampedBatch>,
    ) -> Result<Ends, Refused> {
        let entry = self.entry(id)?;
        if self.offline.borrow().is_some() {
            return Err(Refused::Offline);
        }
        let bytes: u64 = batches.iter().map(|batch| batch.bytes.len() as u64).sum();
        self.space.borrow_mut().queued(bytes);
        self.queued_bytes.set(self.queued_bytes.get() + bytes);
        self.metrics.append_queue.add(bytes);
        let mut queue = entry.queue.borrow_mut();
        for batch in batches {
            queue.push_batch(batch);
        }
        drop(queue);
        loops::start_writing(self, &entry);
        Ok(entry.ends())
    }

    /// Whether `bytes` more would be queued now. Ask before offsets are assigned.
    pub fn admits(&self, bytes: u64) -> Result<(), Refused> {
        if self.offline.borrow().is_some() {
            return Err(Refused::Offline);
        }
        if !self.space.borrow().admits(bytes) {
            return Err(Refused::DiskLow);
        }
        let queued = self.queued_bytes.get();
        if queued > 0 && queued.saturating_add(bytes) > self.settings.queued_bytes_max {
            return Err(Refused::Busy);
        }
        Ok(())
    }

    /// Queues a change behind the appends before it.
    pub fn change(self: &Rc<Self>, id: LogId, what: Change) -> Result<Ticket, Refused> {
        let entry = self.entry(id)?;
        let (done, ticket) = oneshot::channel();
        entry.queue.borrow_mut().push_change(what, done);
        loops::start_writing(self, &entry);
        Ok(ticket)
    }

    /// How far a log has come.
    pub fn ends(&self, id: LogId) -> Option<Ends> {
        Some(self.logs.borrow().get(&id)?.ends())
    }

    /// Whole batches from the one that holds `from` up to `below`, as slices or memory.
    pub async fn read(
        &self,
        id: LogId,
        from: Offset,
        below: Offset,
        bytes_max: u32,
        at_least_one: bool,
    ) -> Result<Vec<Part>, ReadError> {
        let entry = self.logs.borrow().get(&id).cloned();
        let Some(entry) = entry else { return Ok(Vec::new()) };
        entry.log.read(from, below, bytes_max, at_least_one).await
    }

    /// The counters of this core.
    pub fn metrics(&self) -> &Arc<CoreMetrics> {
        &self.metrics
    }

    /// The next event, in order. One caller: the shard's event loop.
    pub async fn next_event(&self) -> CommitEvent {
        loop {
            if let Some(event) = self.events.borrow_mut().pop_front() {
                return event;
            }
            self.event_ready.notified().await;
        }
    }

    /// A new `flush.messages` for a log.
    pub fn set_flush_messages(&self, id: LogId, messages: i64) {
        if let Ok(entry) = self.entry(id) {
            entry.flush_messages.set(messages.max(1));
        }
    }

    /// `flush.ms` has passed for this log: sync what is written.
    pub fn flush(self: &Rc<Self>, id: LogId) {
        if let Ok(entry) = self.entry(id) {
            entry.flush_asked.set(true);
            loops::start_syncing(self, &entry);
        }
    }

    /// The file system said how much is free.
    pub fn observed_free(&self, free_bytes: u64) {
        self.space.borrow_mut().observed(free_bytes);
    }

    /// Whether the free space should be asked for: something was queued since, or it is low.
    pub fn wants_space(&self) -> bool {
        self.space.borrow().is_stale()
    }

    /// Whether anything is queued, or written but not yet durable.
    pub fn is_busy(&self) -> bool {
        let working = |entry: &Rc<Entry>| entry.writing.get() || entry.syncing.get();
        self.offline.borrow().is_none() && self.logs.borrow().values().any(working)
    }

    /// The reason, once the log dir is offline.
    pub fn offline(&self) -> Option<Arc<str>> {
        self.offline.borrow().clone()
    }

    /// Every log, in order of its id.
    pub fn logs(&self) -> Vec<(LogId, Rc<Log>)> {
        let mut logs: Vec<_> =
            self.logs.borrow().values().map(|entry| (entry.id, entry.log.clone())).collect();
        logs.sort_by_key(|(id, _)| *id);
        logs
    }

    /// Bytes queued but not written.
    pub fn queued_bytes(&self) -> u64 {
        self.queued_bytes.get()
    }

    pub(super) fn wrote(&self, bytes: u64) {
        let written = bytes.min(self.queued_bytes.get());
        self.queued_bytes.set(self.queued_bytes.get() - written);
        self.metrics.append_queue.lower(written);
    }

    pub(super) fn entry(&self, id: LogId) -> Result<Rc<Entry>, Refused> {
        self.logs.borrow().get(&id).cloned().ok_or(Refused::UnknownLog)
    }

    pub(super) fn forget(&self, id: LogId) {
        self.logs.borrow_mut().remove(&id);
        self.dirty.borrow_mut().forget(id);
    }

    pub(super) fn emit(&self, event: CommitEvent) {
        self.events.borrow_mut().push_back(event);
        self.event_ready.notify_one();
    }

    /// Fail-stop: the kernel marks pages clean after a failed sync, so a later success proves
    /// nothing ("Can Applications Recover from fsync Failures?", ATC'20). Nothing that waits is
    /// written or acknowledged any more, on any log of this dir.
    pub(super) fn fail(&self, why: String) {
        if self.offline.borrow().is_some() {
            return;
        }
        tracing::error!(error = %why, "log dir goes offline: nothing of it is acknowledged now");
        let why: Arc<str> = why.into();
        *self.offline.borrow_mut() = Some(why.clone());
        for entry in self.logs.borrow().values() {
            entry.queue.borrow_mut().clear();
        }
        self.metrics.append_queue.lower(self.queued_bytes.take());
        self.emit(CommitEvent::Offline { why });
    }
}
