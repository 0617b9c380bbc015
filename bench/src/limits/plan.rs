//! How long and how large the measurements are. Plain data.

use std::time::Duration;

/// The whole plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Rounds of every figure.
    pub rounds: usize,
    /// Time of a round, where time bounds it.
    pub slice: Duration,
    /// Bytes of a round of writes to new pages, and of the file that is written over.
    pub cached_bytes: u64,
    /// Bytes of a file that is written past the page cache.
    pub direct_bytes: u64,
    /// Bytes that do not fit any cache of the CPU.
    pub dram_bytes: usize,
}

impl Plan {
    /// To be kept: about two minutes.
    pub const FULL: Plan = Plan {
        rounds: 5,
        slice: Duration::from_millis(200),
        cached_bytes: 64 << 20,
        direct_bytes: 512 << 20,
        dram_bytes: 256 << 20,
    };
    /// For a look: some twenty seconds.
    pub const QUICK: Plan = Plan {
        rounds: 3,
        slice: Duration::from_millis(50),
        cached_bytes: 16 << 20,
        direct_bytes: 64 << 20,
        dram_bytes: 64 << 20,
    };
}
