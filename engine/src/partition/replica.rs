//! One replica of a partition on its owner core: it leads, appends, moves its watermark, reads.
//!
//! Core-local, all methods `&self`. A `RefCell` borrow never crosses an await.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use super::acked::{AckedState, Acks, high_watermark};
use super::append::{AppendError, AppendPart, Appended, Pending};
use super::read::FetchError;
use super::traffic::TrafficCounter;
use super::waiters::{AppendGroup, AppendWaiter, Waiters, Watch};
use crate::commit::{Committer, Ends, Refused};
use crate::config::{TimestampType, TopicConfig};
use crate::log::Log;
use crate::log::producers::{ProducerTable, Refusal, Verdict};
use crate::metadata::LogId;
use crate::record::{LeaderEpoch, Offset, StampedBatch};
use crate::runtime;

/// What this replica is to the partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Appends and serves in this epoch, with this many replicas in sync (itself included).
    Leader {
        /// The epoch it leads in.
        epoch: LeaderEpoch,
        /// Size of the in-sync set.
        in_sync: usize,
    },
    /// Serves nobody: not the leader, or the log failed.
    Offline,
}

/// What a partition is opened with.
pub struct PartitionStart {
    /// Which log.
    pub id: LogId,
    /// Its topic's settings.
    pub config: Arc<TopicConfig>,
    /// The recovered log; already adopted by `committer`.
    pub log: Rc<Log>,
    /// Who changes the log.
    pub committer: Rc<Committer>,
    /// First role.
    pub role: Role,
}

/// One replica on its owner core.
pub struct Partition {
    pub(super) id: LogId,
    pub(super) log: Rc<Log>,
    pub(super) role: Cell<Role>,
    pub(super) high_watermark: Cell<Offset>,
    pub(super) committer: Rc<Committer>,
    config: RefCell<Arc<TopicConfig>>,
    /// First offset not yet assigned; at or above the log's written end.
    pub(super) next_offset: Cell<Offset>,
    ends: Cell<Ends>,
    /// When the oldest unsynced write was reported (unix ms).
    unsynced_since: Cell<Option<i64>>,
    pub(super) stopping: Cell<bool>,
    pub(super) traffic: TrafficCounter,
    producers: RefCell<ProducerTable>,
    waiters: RefCell<Waiters>,
}

impl Partition {
    /// A partition over a recovered log: everything in it is acknowledged.
    pub fn new(start: PartitionStart) -> Rc<Self> {
        let ends = Ends { written: start.log.end_offset(), durable: start.log.durable_end() };
        let partition = Self {
            id: start.id,
            role: Cell::new(start.role),
            high_watermark: Cell::new(start.log.start_offset()),
            traffic: TrafficCounter::new(start.committer.metrics().clone()),
            committer: start.committer,
            config: RefCell::new(start.config),
            next_offset: Cell::new(ends.written),
            ends: Cell::new(ends),
            unsynced_since: Cell::new(None),
            stopping: Cell::new(false),
            producers: RefCell::new(start.log.producers()),
            waiters: RefCell::default(),
            log: start.log,
        };
        partition.on_ends(ends);
        Rc::new(partition)
    }

    /// Which log this is.
    pub fn id(&self) -> LogId {
        self.id
    }

    /// The log below.
    pub fn log(&self) -> &Rc<Log> {
        &self.log
    }

    /// The settings in force.
    pub fn config(&self) -> Arc<TopicConfig> {
        self.config.borrow().clone()
    }

    /// Consumers read below this offset.
    pub fn high_watermark(&self) -> Offset {
        self.high_watermark.get()
    }

    /// New settings; the watermark never falls by them. The caller has told the log.
    pub fn on_config(&self, config: Arc<TopicConfig>) {
        self.committer.set_flush_messages(self.id, config.flush_messages);
        *self.config.borrow_mut() = config;
        self.on_ends(self.ends.get());
    }

    /// A new role. Waiting produces of a former leader are told to look elsewhere.
    pub fn on_role(&self, role: Role) {
        self.role.set(role);
        if role == Role::Offline {
            self.waiters.borrow_mut().fail(AppendError::NotLeader);
        }
    }

    /// The broker stops: what is queued is still acknowledged, nothing new is taken.
    pub fn on_stop(&self) {
        self.stopping.set(true);
    }

    /// Forgets producers that were idle for longer than `idle_ms_max`.
    pub fn expire_producers(&self, now: i64, idle_ms_max: i64) {
        self.producers.borrow_mut().expire(now, idle_ms_max);
        self.log.expire_producers(now);
    }

    /// Whether something has been written but not synced for `flush.ms`.
    pub fn is_unsynced_for(&self, flush_ms: i64) -> bool {
        let since = self.unsynced_since.get();
        since.is_some_and(|since| runtime::wall().saturating_sub(since) >= flush_ms)
    }

    /// The log dir failed: nothing more is acknowledged.
    pub fn on_failure(&self) {
        self.role.set(Role::Offline);
        self.waiters.borrow_mut().fail(AppendError::Storage);
    }

    /// The committer moved an end.
    pub fn on_ends(&self, ends: Ends) {
        self.ends.set(ends);
        let since = self.unsynced_since.get().unwrap_or_else(runtime::wall);
        self.unsynced_since.set((ends.durable < ends.written).then_some(since));
        let acked_end = self.acked_end(ends);
        let Role::Leader { in_sync, .. } = self.role.get() else { return };
        let followers_missing = in_sync > 1;
        let acked: &[Offset] = if followers_missing { &[] } else { &[acked_end] };
        let min_insync = self.min_insync();
        let risen = high_watermark(self.high_watermark.get(), acked, min_insync);
        self.high_watermark.set(risen);
        self.waiters.borrow_mut().advanced(acked_end, risen);
    }

    /// Decides an append and queues it. Synchronous: no gap between decision and queue.
    pub fn append(&self, part: AppendPart, acks: Acks) -> Result<Pending, AppendError> {
        let (records, bytes) = (part.header.records_count, part.batch.len() as u64);
        let outcome = self.decide(part, acks);
        self.traffic.append(u64::try_from(records).unwrap_or(0), bytes, &outcome);
        outcome
    }

    fn decide(&self, part: AppendPart, acks: Acks) -> Result<Pending, AppendError> {
        let epoch = self.admit(&part, acks)?;
        let now = runtime::wall();
        let verdict = self.producers.borrow().check(&part.header);
        match verdict {
            Verdict::Accept => {}
            Verdict::Duplicate(original) => {
                let (first, last) = (original.base_offset(), original.last_offset);
                return Ok(self.pending(first, last, original.timestamp));
            }
            Verdict::Refuse(Refusal::OutOfOrder { .. }) => {
                return Err(AppendError::OutOfOrderSequence);
            }
            Verdict::Refuse(Refusal::OldEpoch { .. }) => {
                return Err(AppendError::InvalidProducerEpoch);
            }
        }
        let stamped = self.stamp(part, epoch, now);
        let header = stamped.header;
        self.committer.append(self.id, vec![stamped]).map_err(refused)?;
        self.producers.borrow_mut().apply(&header);
        self.next_offset.set(header.next_offset());
        Ok(self.pending(header.base_offset, header.last_offset(), header.max_timestamp))
    }

    /// Answers `group` for one part of it once `acks` is met.
    pub fn wait(&self, pending: Pending, acks: Acks, index: u32, group: &Rc<AppendGroup>) {
        let waiter = AppendWaiter {
            until: pending.until,
            index,
            answer: pending.answer,
            group: group.clone(),
        };
        let mut waiters = self.waiters.borrow_mut();
        match acks {
            Acks::None => group.resolve(index, Ok(pending.answer)),
            Acks::Leader => waiters.wait_acked(waiter),
            Acks::All => waiters.wait_committed(waiter),
        }
        // A duplicate may be acknowledged already.
        waiters.advanced(self.acked_end(self.ends.get()), self.high_watermark.get());
    }

    /// Wakes `watch` when there is something to read above `offset`, at once if there is.
    pub fn watch(&self, offset: Offset, watch: &Rc<Watch>) {
        let serves = matches!(self.role.get(), Role::Leader { .. });
        if !serves || offset < self.high_watermark.get() {
            watch.fire();
        } else {
            self.waiters.borrow_mut().watch(offset, watch.clone());
        }
    }

    /// Why this replica serves nobody.
    pub(super) fn not_serving(&self) -> FetchError {
        if self.has_failed() { FetchError::Storage } else { FetchError::NotLeader }
    }

    /// Whether the log dir went offline.
    pub(super) fn has_failed(&self) -> bool {
        self.committer.offline().is_some()
    }

    fn admit(&self, part: &AppendPart, acks: Acks) -> Result<LeaderEpoch, AppendError> {
        let epoch = self.leads(acks)?;
        if part.header.is_transactional() {
            return Err(AppendError::InvalidTransactionState);
        }
        self.committer.admits(part.batch.len() as u64).map_err(refused)?;
        Ok(epoch)
    }

    /// The epoch to append in.
    pub(super) fn leads(&self, acks: Acks) -> Result<LeaderEpoch, AppendError> {
        let Role::Leader { epoch, in_sync } = self.role.get() else {
            let failed = self.has_failed();
            return Err(if failed { AppendError::Storage } else { AppendError::NotLeader });
        };
        if self.stopping.get() {
            return Err(AppendError::NotLeader);
        }
        if acks == Acks::All && in_sync < self.min_insync() {
            return Err(AppendError::NotEnoughReplicas);
        }
        Ok(epoch)
    }

    pub(super) fn stamp(&self, part: AppendPart, epoch: LeaderEpoch, now: i64) -> StampedBatch {
        let by_broker = self.config.borrow().message_timestamp_type == TimestampType::LogAppendTime;
        let base_offset = self.next_offset.get();
        let append_time = by_broker.then_some(now);
        StampedBatch::from_checked(part.header, part.batch, base_offset, epoch, append_time)
    }

    fn pending(&self, base_offset: Offset, last_offset: Offset, timestamp: i64) -> Pending {
        let by_broker = self.config.borrow().message_timestamp_type == TimestampType::LogAppendTime;
        Pending {
            answer: Appended {
                base_offset,
                log_append_time: by_broker.then_some(timestamp),
                log_start: self.log.start_offset(),
            },
            until: last_offset + 1,
        }
    }

    fn acked_end(&self, ends: Ends) -> Offset {
        let durable_only = self.config.borrow().flush_messages == 1;
        AckedState { ends, durable_only }.acked_end()
    }

    fn min_insync(&self) -> usize {
        usize::try_from(self.config.borrow().min_insync_replicas).unwrap_or(1)
    }
}

pub(super) fn refused(why: Refused) -> AppendError {
    match why {
        Refused::Offline => AppendError::Storage,
        Refused::DiskLow => AppendError::DiskLow,
        Refused::Busy => AppendError::Busy,
        Refused::UnknownLog => AppendError::UnknownPartition,
    }
}
