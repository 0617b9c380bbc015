//! The one clock of all measurements: CLOCK_MONOTONIC in nanoseconds, the same for every process
//! of a machine, so that a producer's stamp can be read by another process. Any thread.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds of a second.
pub const SECOND: u64 = 1_000_000_000;

/// Nanoseconds since the machine's start.
pub fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec.unsigned_abs() * SECOND + time.tv_nsec.unsigned_abs()
}

/// Milliseconds since 1970, for record timestamps and file names.
pub fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Whole seconds in nanoseconds.
pub fn seconds(count: u64) -> u64 {
    count.saturating_mul(SECOND)
}

/// Until `at`; nothing when that has gone by.
pub fn until(at: u64) -> Duration {
    Duration::from_nanos(at.saturating_sub(now()))
}
