//! What went into and out of one partition since it was opened. Core-local plain numbers: whoever
//! shows them asks the core for a copy. The core's own counters are the sum over all partitions it
//! ever had, so that they never fall.

use std::cell::Cell;
use std::sync::Arc;

use super::append::AppendError;
use super::read::{FetchError, Fetched};
use super::replica::{Partition, Role};
use crate::metrics::CoreMetrics;

/// What was counted so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Appends asked for: one per partition of a produce request.
    pub appends: u64,
    /// Appends refused, but for those that another broker would take.
    pub appends_failed: u64,
    /// Records appended.
    pub records_in: u64,
    /// Bytes of record batches appended.
    pub bytes_in: u64,
    /// Reads asked for: one per partition of a fetch, and one more each time it looks again.
    pub reads: u64,
    /// Reads that failed although the offset was right.
    pub reads_failed: u64,
    /// Bytes of record batches read.
    pub bytes_out: u64,
}

/// The counters of a partition, and those of its core, which outlive it.
pub(super) struct TrafficCounter {
    counted: Cell<Traffic>,
    core: Arc<CoreMetrics>,
}

impl TrafficCounter {
    /// Nothing yet.
    pub fn new(core: Arc<CoreMetrics>) -> TrafficCounter {
        TrafficCounter { counted: Cell::default(), core }
    }

    /// An append of so many records and bytes was decided.
    pub fn append<T>(&self, records: u64, bytes: u64, outcome: &Result<T, AppendError>) {
        let mut counted = self.counted.get();
        counted.appends += 1;
        self.core.appends_asked.one();
        match outcome {
            Ok(_) => {
                counted.records_in += records;
                counted.bytes_in += bytes;
                self.core.records_in.add(records);
                self.core.record_bytes_in.add(bytes);
            }
            Err(AppendError::NotLeader) => {}
            Err(_) => {
                counted.appends_failed += 1;
                self.core.appends_failed.one();
            }
        }
        self.counted.set(counted);
    }

    /// A read has ended.
    pub fn read(&self, outcome: &Result<Fetched, FetchError>) {
        let mut counted = self.counted.get();
        counted.reads += 1;
        self.core.reads_asked.one();
        match outcome {
            Ok(fetched) => {
                counted.bytes_out += fetched.bytes;
                self.core.record_bytes_out.add(fetched.bytes);
            }
            Err(FetchError::Storage | FetchError::Corrupt) => {
                counted.reads_failed += 1;
                self.core.reads_failed.one();
            }
            Err(_) => {}
        }
        self.counted.set(counted);
    }
}

impl Partition {
    /// What went in and out since the partition was opened.
    pub fn traffic(&self) -> Traffic {
        self.traffic.counted.get()
    }

    /// Whether this replica leads and serves.
    pub fn is_leader(&self) -> bool {
        matches!(self.role.get(), Role::Leader { .. })
    }
}
