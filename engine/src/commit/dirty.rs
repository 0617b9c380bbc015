//! Which log to checkpoint next: pure.
//!
//! Recovery reads what no checkpoint covers. The bytes written since each log's last checkpoint
//! are summed per committer and held under a budget, so that a restart reads that budget and not
//! the logs: with one busy log it may run far ahead, with a hundred each is checkpointed sooner.

use std::collections::BTreeMap;

use crate::metadata::LogId;

/// Bytes written since the last checkpoint of each log.
#[derive(Debug)]
pub struct Dirty {
    bytes: BTreeMap<LogId, u64>,
    total: u64,
    budget: u64,
}

impl Dirty {
    /// An empty account with room for `budget` bytes.
    pub fn new(budget: u64) -> Self {
        Self { bytes: BTreeMap::new(), total: 0, budget }
    }

    /// `bytes` were written to `log`.
    pub fn wrote(&mut self, log: LogId, bytes: u64) {
        *self.bytes.entry(log).or_default() += bytes;
        self.total += bytes;
    }

    /// The log with the longest uncovered tail, if the budget is used up. It counts as covered
    /// from here on: what is written during the checkpoint counts anew.
    pub fn take_due(&mut self) -> Option<LogId> {
        if self.total <= self.budget {
            return None;
        }
        let log = *self.bytes.iter().max_by_key(|(_, bytes)| **bytes)?.0;
        self.forget(log);
        Some(log)
    }

    /// The log is gone, or was checkpointed for another reason.
    pub fn forget(&mut self, log: LogId) {
        if let Some(bytes) = self.bytes.remove(&log) {
            self.total -= bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn log(partition: i32) -> LogId {
        LogId { topic: Uuid::from_u128(1), partition }
    }

    #[test]
    fn nothing_is_due_within_the_budget_and_the_longest_tail_first_beyond_it() {
        let mut dirty = Dirty::new(100);
        dirty.wrote(log(0), 30);
        dirty.wrote(log(1), 60);
        assert_eq!(dirty.take_due(), None);
        dirty.wrote(log(0), 20);
        assert_eq!(dirty.take_due(), Some(log(1)));
        assert_eq!(dirty.take_due(), None, "the rest fits the budget again");
    }
}
