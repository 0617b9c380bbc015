//! How far start-up has come: written by the cores, read by whoever shows it.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counters of recovery. All cores add, anybody reads.
#[derive(Debug, Default)]
pub struct RecoveryProgress {
    logs_total: AtomicU64,
    logs_open: AtomicU64,
    bytes_checked: AtomicU64,
}

impl RecoveryProgress {
    /// This many more logs will be opened.
    pub(super) fn expect(&self, logs: u64) {
        self.logs_total.fetch_add(logs, Relaxed);
    }

    /// One more is open.
    pub(super) fn opened(&self) {
        self.logs_open.fetch_add(1, Relaxed);
    }

    /// Recovery read this many bytes more.
    pub(super) fn checked(&self, bytes: u64) {
        self.bytes_checked.fetch_add(bytes, Relaxed);
    }

    /// Logs to open.
    pub fn logs_total(&self) -> u64 {
        self.logs_total.load(Relaxed)
    }

    /// Logs open.
    pub fn logs_open(&self) -> u64 {
        self.logs_open.load(Relaxed)
    }

    /// Bytes that recovery has read so far.
    pub fn bytes_checked(&self) -> u64 {
        self.bytes_checked.load(Relaxed)
    }
}
