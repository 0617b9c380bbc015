//! When a batch counts as acknowledged: acked end and high watermark, as pure functions.
//!
//! No I/O, no clock, no logs: numbers in, numbers out, so that a test can try every case.

use crate::commit::Ends;
use crate::record::Offset;

/// What a producer asked to wait for (`acks` of a produce request).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acks {
    /// `acks=0`: nobody waits for the answer.
    None,
    /// `acks=1`: the leader's acked end passed the batch.
    Leader,
    /// `acks=all`: the high watermark passed the batch.
    All,
}

/// What the leader knows about the acknowledgement of its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AckedState {
    /// Written and durable end of the leader's own log.
    pub ends: Ends,
    /// `flush.messages=1`: a batch counts once it is on stable storage.
    pub durable_only: bool,
}

impl AckedState {
    /// First offset that this replica does not yet vouch for.
    pub fn acked_end(&self) -> Offset {
        if self.durable_only { self.ends.durable } else { self.ends.written }
    }
}

/// The high watermark: the smallest acked end over the maximal in-sync set.
///
/// It stands still while fewer than `min_insync` replicas are in sync, and never falls
/// (KIP-966; `current` is the watermark so far).
pub fn high_watermark(current: Offset, acked_ends: &[Offset], min_insync: usize) -> Offset {
    if acked_ends.len() < min_insync.max(1) {
        return current;
    }
    acked_ends.iter().copied().min().unwrap_or(current).max(current)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_high_watermark_is_the_smallest_acked_end() {
        assert_eq!(high_watermark(3, &[9, 7, 8], 2), 7);
    }

    #[test]
    fn the_high_watermark_stands_still_below_min_insync_replicas() {
        assert_eq!(high_watermark(3, &[9], 2), 3);
    }

    #[test]
    fn the_high_watermark_never_falls() {
        assert_eq!(high_watermark(8, &[5, 9], 1), 8);
    }

    #[test]
    fn a_durable_log_acknowledges_only_what_is_synced() {
        let ends = Ends { written: 10, durable: 4 };
        assert_eq!(AckedState { ends, durable_only: true }.acked_end(), 4);
        assert_eq!(AckedState { ends, durable_only: false }.acked_end(), 10);
    }
}
