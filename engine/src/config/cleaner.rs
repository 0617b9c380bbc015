//! The typed settings of the log cleaner.
//!
//! Pure. Must not know logs, nor how they are cleaned.

use std::time::Duration;

use super::error::ConfigError;
use super::values::Values;

/// What a thread's map of keys must at least have, as in Kafka.
const DEDUPE_BYTES_MIN: i64 = 1 << 20;

/// Smaller reads would cost more than they save.
const READ_BYTES_MIN: usize = 16 << 10;

/// Settings of the log cleaner. The sizes are shares of one of its threads.
#[derive(Debug, Clone, PartialEq)]
pub struct CleanerConfig {
    /// Logs that are cleaned at one time; 0 cleans none (`log.cleaner.threads`, or
    /// `log.cleaner.enable` is false).
    pub threads: usize,
    /// Memory for the map of keys.
    pub dedupe_bytes: usize,
    /// How full that map may get; at least one key always fits.
    pub load_factor: f64,
    /// Bytes read at one time, 16 KiB or more; a larger batch is read as a whole all the same.
    pub read_bytes: usize,
    /// Bytes read and written in one second, over all threads.
    pub bytes_per_second: f64,
    /// Rest when there is nothing to do.
    pub backoff: Duration,
}

/// Reads `log.cleaner.*`.
///
/// # Errors
/// Threads that would share too little memory.
pub(super) fn cleaner(values: &Values<'_>) -> Result<CleanerConfig, ConfigError> {
    let threads: i64 = values.number("log.cleaner.threads");
    let dedupe: i64 = values.number("log.cleaner.dedupe.buffer.size");
    let share = dedupe / threads.max(1);
    if share <= DEDUPE_BYTES_MIN {
        let name = "log.cleaner.dedupe.buffer.size";
        return Err(values.invalid(name, "more than 1048576 for each of log.cleaner.threads"));
    }
    let buffers: i64 = values.number("log.cleaner.io.buffer.size");
    let enabled = values.flag("log.cleaner.enable");
    Ok(CleanerConfig {
        threads: if enabled { usize::try_from(threads).unwrap_or(0) } else { 0 },
        dedupe_bytes: usize::try_from(share).unwrap_or(usize::MAX),
        load_factor: values.fraction("log.cleaner.io.buffer.load.factor"),
        // One buffer to read and one to write.
        read_bytes: usize::try_from(buffers / threads.max(1) / 2).unwrap_or(0).max(READ_BYTES_MIN),
        bytes_per_second: values.fraction("log.cleaner.io.max.bytes.per.second"),
        backoff: values.millis("log.cleaner.backoff.ms"),
    })
}
