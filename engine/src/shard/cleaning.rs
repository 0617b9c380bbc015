//! The owner's side of the log cleaner: which logs of this core are dirty, handing one out, taking
//! back what became of it.
//!
//! The work itself is done elsewhere; here everything is an answer to a question of the cleaner.

use std::rc::Rc;

use super::world::Shard;
use crate::commit::{Applied, Change};
use crate::log::cleaner::{CleanerStats, CleaningInput, Dirt, Replacement};
use crate::metadata::LogId;
use crate::partition::Partition;
use crate::record::Offset;
use crate::runtime;

/// A log that should be cleaned now.
#[derive(Clone, Copy, Debug)]
pub struct DirtyLog {
    /// Which.
    pub log: LogId,
    /// How dirty it is.
    pub dirt: Dirt,
}

/// How a cleaning ended.
#[derive(Clone, Copy, Debug)]
pub struct CleaningEnd {
    /// Everything below is clean now; `None` when it came to nothing.
    pub cleaned: Option<Offset>,
    /// It failed, and not only because the log was changed meanwhile.
    pub is_failure: bool,
    /// What was done.
    pub stats: CleanerStats,
}

impl Shard {
    /// The logs of this core that should be cleaned.
    pub(super) async fn dirty_logs(&self) -> Vec<DirtyLog> {
        let mut found = Vec::new();
        for (log, dir, partition) in self.open_partitions() {
            if self.is_stopping() || self.committers[dir].offline().is_some() {
                continue;
            }
            let committed = partition.high_watermark();
            match partition.log().dirt(runtime::wall(), committed).await {
                Ok(Some(dirt)) if dirt.is_due() => found.push(DirtyLog { log, dirt }),
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "cannot tell whether the log is dirty"),
            }
        }
        found
    }

    /// What is to be cleaned of a log; `None` when it is gone, or clean by now.
    pub(super) async fn hand_out(&self, log: LogId) -> Option<CleaningInput> {
        let partition = self.cleanable(log)?;
        let committed = partition.high_watermark();
        match partition.log().begin_cleaning(runtime::wall(), committed).await {
            Ok(input) => input,
            Err(error) => {
                tracing::error!(%error, "the log cannot be cleaned");
                None
            }
        }
    }

    /// Swaps in what became of a part of a log, behind the changes that were queued before. False:
    /// the log no longer has that part.
    pub(super) async fn take_back(&self, log: LogId, replacement: Box<Replacement>) -> bool {
        let Some(dir) = self.cleanable(log).and_then(|_| self.dir_of_open(log)) else {
            return false;
        };
        let Ok(ticket) = self.committers[dir].change(log, Change::Replace(replacement)) else {
            return false;
        };
        matches!(ticket.await, Ok(Applied::Done))
    }

    /// A cleaning is over.
    pub(super) fn end_cleaning(&self, log: LogId, end: CleaningEnd) {
        let CleaningEnd { cleaned, is_failure, stats } = end;
        if cleaned.is_some() {
            self.metrics().cleanings.one();
            self.metrics().cleaned_bytes_before.add(stats.bytes_before);
            self.metrics().cleaned_bytes_after.add(stats.bytes_after);
        }
        if is_failure {
            self.metrics().cleanings_failed.one();
        }
        if let Ok(partition) = self.partition(log) {
            partition.log().end_cleaning(cleaned);
            self.note(log, None);
        }
    }

    fn cleanable(&self, log: LogId) -> Option<Rc<Partition>> {
        self.partition(log).ok().filter(|_| !self.is_stopping())
    }

    fn dir_of_open(&self, log: LogId) -> Option<usize> {
        self.slots.borrow().get(&log).map(|slot| slot.dir)
    }
}
