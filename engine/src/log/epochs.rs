//! Leader epochs of a log and their first offsets; `leader-epoch-checkpoint` in Kafka's format.
//!
//!     0                 version
//!     2                 number of lines that follow
//!     0 0               epoch, first offset
//!     1 4711
//!
//! Pure. Must not know files. Core-local.

use crate::record::{LeaderEpoch, Offset};

use super::checkpoints::{CheckpointError, read_lines, write_lines};

/// Epoch for "none", as Kafka has it.
pub const UNDEFINED_EPOCH: LeaderEpoch = -1;
/// Offset for "none", as Kafka has it.
pub const UNDEFINED_OFFSET: Offset = -1;

/// One epoch and its first offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochStart {
    /// The leader's epoch.
    pub epoch: LeaderEpoch,
    /// First offset written in it.
    pub start: Offset,
}

/// Epochs in ascending order; both members of an entry grow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EpochCache {
    starts: Vec<EpochStart>,
}

impl EpochCache {
    /// Reads a checkpoint's text.
    pub fn parse(text: &str) -> Result<EpochCache, CheckpointError> {
        let mut cache = EpochCache::default();
        for line in read_lines(text)? {
            let mut words = line.split_whitespace();
            let (Some(epoch), Some(start), None) = (words.next(), words.next(), words.next())
            else {
                return Err(CheckpointError::Malformed { line: line.to_owned() });
            };
            let malformed = || CheckpointError::Malformed { line: line.to_owned() };
            let epoch = epoch.parse().map_err(|_| malformed())?;
            cache.assign(epoch, start.parse().map_err(|_| malformed())?);
        }
        Ok(cache)
    }

    /// The checkpoint's text.
    pub fn text(&self) -> String {
        write_lines(self.starts.iter().map(|entry| format!("{} {}", entry.epoch, entry.start)))
    }

    /// All entries, oldest first.
    pub fn starts(&self) -> &[EpochStart] {
        &self.starts
    }

    /// The youngest entry.
    pub fn latest(&self) -> Option<EpochStart> {
        self.starts.last().copied()
    }

    /// The epoch `epoch` begins at `start`. Entries that contradict it go. Says whether anything
    /// changed, in which case the checkpoint has to be written.
    pub fn assign(&mut self, epoch: LeaderEpoch, start: Offset) -> bool {
        if epoch < 0 || start < 0 {
            return false;
        }
        if self.latest().is_some_and(|last| last.epoch == epoch && last.start <= start) {
            return false;
        }
        self.starts.retain(|entry| entry.epoch < epoch && entry.start < start);
        self.starts.push(EpochStart { epoch, start });
        true
    }

    /// The log ends at `end` now: epochs that begin there or later go.
    pub fn truncate_end(&mut self, end: Offset) -> bool {
        let before = self.starts.len();
        self.starts.retain(|entry| entry.start < end);
        before != self.starts.len()
    }

    /// The log starts at `start` now: of the epochs that begin there or before, the last one stays
    /// and begins at `start`.
    pub fn truncate_start(&mut self, start: Offset) -> bool {
        let older = self.starts.partition_point(|entry| entry.start <= start);
        let Some(kept) = older.checked_sub(1) else { return false };
        let changed = kept > 0 || self.starts[kept].start != start;
        self.starts.drain(..kept);
        self.starts[0].start = start;
        changed
    }

    /// The largest epoch not above `epoch`, and where it ends: where the next one starts, or at the
    /// log's end. -1 and -1 when unknown (KIP-101, KIP-279).
    pub fn end_of(&self, epoch: LeaderEpoch, log_end: Offset) -> (LeaderEpoch, Offset) {
        if epoch == UNDEFINED_EPOCH {
            return (UNDEFINED_EPOCH, UNDEFINED_OFFSET);
        }
        if self.latest().is_some_and(|last| last.epoch == epoch) {
            return (epoch, log_end);
        }
        let higher = self.starts.partition_point(|entry| entry.epoch <= epoch);
        let Some(next) = self.starts.get(higher) else {
            return (UNDEFINED_EPOCH, UNDEFINED_OFFSET);
        };
        match higher.checked_sub(1) {
            Some(floor) => (self.starts[floor].epoch, next.start),
            None => (epoch, next.start),
        }
    }

    /// The epoch in which `offset` was written.
    pub fn epoch_of(&self, offset: Offset) -> Option<LeaderEpoch> {
        let after = self.starts.partition_point(|entry| entry.start <= offset);
        Some(self.starts[after.checked_sub(1)?].epoch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(entries: &[(LeaderEpoch, Offset)]) -> EpochCache {
        let mut cache = EpochCache::default();
        entries.iter().for_each(|(epoch, start)| assert!(cache.assign(*epoch, *start)));
        cache
    }

    #[test]
    fn the_text_is_kafkas_and_reads_back() {
        let cache = cache(&[(0, 0), (4, 17)]);
        assert_eq!(cache.text(), "0\n2\n0 0\n4 17\n");
        assert_eq!(EpochCache::parse(&cache.text()), Ok(cache));
        assert!(EpochCache::parse("0\n1\n0 0 0\n").is_err());
        assert!(EpochCache::parse("1\n0\n").is_err());
        assert_eq!(EpochCache::parse(""), Ok(EpochCache::default()));
    }

    #[test]
    fn an_epoch_ends_where_the_next_one_starts() {
        let cache = cache(&[(2, 10), (4, 20)]);
        assert_eq!(cache.end_of(4, 30), (4, 30));
        assert_eq!(cache.end_of(3, 30), (2, 20));
        assert_eq!(cache.end_of(2, 30), (2, 20));
        assert_eq!(cache.end_of(1, 30), (1, 10));
        assert_eq!(cache.end_of(5, 30), (-1, -1));
        assert_eq!(cache.end_of(-1, 30), (-1, -1));
    }

    #[test]
    fn a_new_epoch_removes_what_contradicts_it() {
        let mut cache = cache(&[(2, 10), (4, 20)]);
        assert!(!cache.assign(4, 25));
        assert!(cache.assign(5, 20));
        assert_eq!(
            cache.starts(),
            [(2, 10), (5, 20)].map(|(epoch, start)| EpochStart { epoch, start })
        );
        assert!(!cache.assign(-1, 20));
    }

    #[test]
    fn truncation_keeps_the_epoch_that_covers_the_edge() {
        let mut both = cache(&[(2, 10), (4, 20), (5, 30)]);
        assert!(both.truncate_end(30));
        assert!(!both.truncate_end(30));
        assert!(both.truncate_start(25));
        assert_eq!(both.starts(), [EpochStart { epoch: 4, start: 25 }]);
        assert_eq!(both.epoch_of(27), Some(4));
        assert_eq!(both.epoch_of(24), None);
    }
}
