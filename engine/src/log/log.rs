//! A partition's log: segments in order, where it starts and ends, who wrote to it.
//!
//! The questions that need no disk. Appends, reads, syncs, truncation and recovery stand in files
//! of their own. A log knows batches, never requests, leaders or replicas. Core-local; one task at
//! a time changes it, reads go on meanwhile: no borrow of the state is ever held across an await.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::metadata::LogId;
use crate::record::{LeaderEpoch, Offset};
use crate::runtime::sync::Semaphore;
use crate::runtime::{Directory, rng, wall};

use super::cleaner::Abandon;
use super::epochs::{EpochCache, EpochStart};
use super::error::LogError;
use super::names::EPOCH_CHECKPOINT;
use super::producers::ProducerTable;
use super::retention::{SegmentFacts, first_kept};
use super::segment::Segment;
use super::settings::LogConfig;

/// A partition's log. One per partition, core-local.
pub struct Log {
    pub(super) id: LogId,
    pub(super) dir: RefCell<Directory>,
    pub(super) config: RefCell<LogConfig>,
    pub(super) state: RefCell<State>,
    /// Whoever writes index files or checkpoints holds this.
    pub(super) upkeep: Semaphore,
    pub(super) poisoned: Cell<bool>,
}

/// What changes.
pub(super) struct State {
    /// By base offset; never empty. Boxed: a node of the map has room for eleven.
    pub segments: BTreeMap<Offset, Box<Segment>>,
    /// First offset that may be read.
    pub start: Offset,
    /// Offset of the next record.
    pub end: Offset,
    /// Everything below is on stable storage.
    pub durable: Offset,
    /// Everything below needs no recovery.
    pub recovery_point: Offset,
    /// Everything below was cleaned, as far as that is known.
    pub cleaned: Option<Offset>,
    /// The cleaning under way.
    pub cleaning: Option<Abandon>,
    /// Nothing was changed since a close, or ever: another close has nothing to write.
    pub as_closed: bool,
    /// Counts the writes of the window checkpoint.
    pub generation: u64,
    /// Counts truncations, so that a sync from before one claims nothing.
    pub truncations: u64,
    pub producers: ProducerTable,
    pub epochs: EpochCache,
    /// The checkpoint on disk gives these epochs at a start, if not by the same text.
    pub epochs_saved: bool,
    /// Where the last reads ended.
    pub hints: super::read::Hints,
}

impl State {
    pub(super) fn active(&self) -> Option<&Segment> {
        self.segments.values().next_back().map(Box::as_ref)
    }

    pub(super) fn active_mut(&mut self) -> Option<&mut Segment> {
        self.as_closed = false;
        self.segments.values_mut().next_back().map(Box::as_mut)
    }
}

impl Log {
    /// First offset that may be read.
    pub fn start_offset(&self) -> Offset {
        self.state.borrow().start
    }

    /// Offset of the next record: everything below is written and can be read.
    pub fn end_offset(&self) -> Offset {
        self.state.borrow().end
    }

    /// Everything below is on stable storage.
    pub fn durable_end(&self) -> Offset {
        self.state.borrow().durable
    }

    /// Everything below needs no recovery.
    pub fn recovery_point(&self) -> Offset {
        self.state.borrow().recovery_point
    }

    /// Bytes of records, those below the log's start included while their segment lives.
    pub fn size_bytes(&self) -> u64 {
        self.state.borrow().segments.values().map(|segment| u64::from(segment.fill.bytes)).sum()
    }

    /// Number of segments.
    pub fn segment_count(&self) -> usize {
        self.state.borrow().segments.len()
    }

    /// Which log this is.
    pub fn id(&self) -> LogId {
        self.id
    }

    /// The log's directory.
    pub fn path(&self) -> PathBuf {
        self.dir.borrow().path().to_path_buf()
    }

    /// Settings for everything that happens from now on.
    pub fn configure(&self, config: LogConfig) {
        *self.config.borrow_mut() = config;
    }

    /// A copy of the leader epochs.
    pub fn epochs(&self) -> EpochCache {
        self.state.borrow().epochs.clone()
    }

    /// The youngest leader epoch.
    pub fn latest_epoch(&self) -> Option<EpochStart> {
        self.state.borrow().epochs.latest()
    }

    /// The largest epoch not above `epoch`, and where it ends; `log_end` where it is the youngest.
    pub fn epoch_end(&self, epoch: LeaderEpoch, log_end: Offset) -> (LeaderEpoch, Offset) {
        self.state.borrow().epochs.end_of(epoch, log_end)
    }

    /// The epoch in which `offset` was written.
    pub fn epoch_of(&self, offset: Offset) -> Option<LeaderEpoch> {
        self.state.borrow().epochs.epoch_of(offset)
    }

    /// A copy of the producer table as of the written end, for whoever decides about batches.
    pub fn producers(&self) -> ProducerTable {
        self.state.borrow().producers.clone()
    }

    /// Forgets producers that have been silent for too long.
    pub fn expire_producers(&self, now_ms: i64) {
        let after_ms = self.config.borrow().producer_expiration_ms;
        self.state.borrow_mut().producers.expire(now_ms, after_ms);
    }

    /// A leader begins `epoch` at `start`. It is on stable storage before the first batch of it is
    /// written. Not at once: a start forgets an epoch without batches anyway, and a broker with
    /// thousands of logs begins one in each when it starts.
    pub fn begin_epoch(&self, epoch: LeaderEpoch, start: Offset) {
        let mut state = self.state.borrow_mut();
        if state.epochs.assign(epoch, start) {
            state.epochs_saved = false;
        }
    }

    /// The new log start that retention asks for, if any, among what lies below `below` (the high
    /// watermark). The caller applies it with `start_at`.
    pub fn expired(&self, now_ms: i64, below: Offset) -> Option<Offset> {
        let config = self.config.borrow();
        let state = self.state.borrow();
        let mut bases: Vec<Offset> = state.segments.keys().skip(1).copied().collect();
        bases.push(state.end);
        let facts: Vec<SegmentFacts> = state
            .segments
            .values()
            .zip(bases)
            .map(|(segment, end)| SegmentFacts {
                end,
                bytes: u64::from(segment.fill.bytes),
                youngest_ms: segment.youngest_ms(),
            })
            .collect();
        first_kept(&facts, &config, now_ms, below).filter(|start| *start > state.start)
    }

    pub(super) fn check_usable(&self) -> Result<(), LogError> {
        if self.poisoned.get() {
            return Err(LogError::Poisoned { path: self.path() });
        }
        Ok(())
    }

    /// Whether an earlier write or sync failed.
    pub fn is_poisoned(&self) -> bool {
        self.poisoned.get()
    }

    /// After this nothing is changed any more: what the disk holds now is not known.
    pub(super) fn poison(
        &self,
        action: &'static str,
        path: impl Into<PathBuf>,
        error: io::Error,
    ) -> LogError {
        self.poisoned.set(true);
        LogError::io(action, path, error)
    }

    pub(super) async fn write_epochs(&self) -> Result<(), LogError> {
        let text = {
            let mut state = self.state.borrow_mut();
            // When the write fails, nothing is written after it.
            state.epochs_saved = true;
            state.epochs.text()
        };
        self.replace(EPOCH_CHECKPOINT, text.into_bytes()).await
    }

    pub(super) async fn replace(&self, name: &str, content: Vec<u8>) -> Result<(), LogError> {
        let dir = self.directory();
        dir.replace(name, content)
            .await
            .map_err(|error| self.poison("replace", dir.path().join(name), error))
    }

    /// `file.delete.delay.ms`.
    pub(super) fn file_delete_delay(&self) -> Duration {
        Duration::from_millis(self.config.borrow().file_delete_delay_ms)
    }

    /// An owned handle: the directory may be renamed while an operation is under way.
    pub(super) fn directory(&self) -> Directory {
        self.dir.borrow().clone()
    }

    /// Creates an empty segment; its name is durable.
    pub(super) async fn new_segment(&self, base: Offset) -> Result<Segment, LogError> {
        let dir = self.directory();
        let mut segment = Segment::create(&dir, base, wall())
            .await
            .map_err(|error| self.poison("creation of a segment", dir.path(), error))?;
        segment.jitter_ms = jitter(self.config.borrow().segment_jitter_ms);
        Ok(segment)
    }
}

/// A random part of the jitter, so that segments of many partitions do not roll together.
pub(super) fn jitter(jitter_ms: i64) -> i64 {
    match u64::try_from(jitter_ms) {
        Ok(at_most) if at_most > 0 => rng().below(at_most) as i64,
        _ => 0,
    }
}

#[cfg(all(test, not(simulated)))]
#[path = "log_test.rs"]
mod log_test;
