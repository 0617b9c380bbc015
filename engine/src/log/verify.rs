//! Finding damaged indexes behind the back of a running log.
//!
//! A flipped bit in an index is noticed by a lookup only when it leads astray. So after a start the
//! index files are read once against their checksums, slowly, and what does not match is rebuilt.
//! Never on the way of an opening. Core-local; may overlap with everything else.

use std::sync::Arc;
use std::time::Duration;

use crate::record::Offset;
use crate::runtime::{SegmentFile, sleep};

use super::error::LogError;
use super::log::Log;

/// Bytes read at once.
const CHUNK_BYTES: usize = 128 << 10;
/// What a read costs at least, so that many small files are not read faster than a few large ones.
const READ_COST_BYTES: u64 = 4096;

/// How fast indexes are read. One per core, for all its logs.
#[derive(Debug)]
pub struct Pace {
    bytes_per_second: u64,
    owed: u64,
}

impl Pace {
    /// So many bytes in a second; 0 counts as 1.
    pub fn new(bytes_per_second: u64) -> Pace {
        Pace { bytes_per_second: bytes_per_second.max(1), owed: 0 }
    }

    /// Waits as long as what was read has to last.
    async fn spend(&mut self, bytes: u64) {
        self.owed = self.owed.saturating_add(bytes.max(READ_COST_BYTES));
        if self.owed >= CHUNK_BYTES as u64 {
            sleep(self.time_owed()).await;
            self.owed = 0;
        }
    }

    fn time_owed(&self) -> Duration {
        Duration::from_micros(self.owed.saturating_mul(1_000_000) / self.bytes_per_second)
    }
}

/// An index file and what its stored entries should be.
struct Expected {
    file: Arc<SegmentFile>,
    bytes: u64,
    checksum: u32,
}

impl Log {
    /// Compares the index files of all segments with their checksums, where those are known, and
    /// rebuilds the indexes of segments in which they differ; answers the number of these. Ends
    /// early, without a fault, when `go_on` says so between two reads.
    pub async fn verify_indexes(
        &self,
        pace: &mut Pace,
        go_on: &dyn Fn() -> bool,
    ) -> Result<usize, LogError> {
        let bases: Vec<Offset> = self.state.borrow().segments.keys().copied().collect();
        let mut rebuilt = 0;
        for base in bases {
            if self.indexes_match(base, pace, go_on).await? {
                continue;
            }
            let _held = self.upkeep.acquire().await;
            // Only now does nobody write to the files that are read.
            let mut at_once = Pace::new(u64::MAX);
            if self.is_poisoned() || self.indexes_match(base, &mut at_once, go_on).await? {
                continue;
            }
            let view = self.state.borrow().segments.get(&base).map(|segment| segment.view());
            if let Some(view) = view {
                self.distrust(&view);
                self.rebuild_distrusted().await?;
                rebuilt += 1;
            }
        }
        Ok(rebuilt)
    }

    /// True as well for what cannot be told.
    async fn indexes_match(
        &self,
        base: Offset,
        pace: &mut Pace,
        go_on: &dyn Fn() -> bool,
    ) -> Result<bool, LogError> {
        for expected in self.expected(base) {
            let (mut position, mut hasher) = (0, crc32fast::Hasher::new());
            while position < expected.bytes {
                if !go_on() {
                    return Ok(true);
                }
                let left = usize::try_from(expected.bytes - position).unwrap_or(usize::MAX);
                let read = expected.file.read_at(position, left.min(CHUNK_BYTES)).await;
                let chunk = read.map_err(|error| self.read_failed(&expected.file, error))?;
                if chunk.is_empty() {
                    return Ok(false);
                }
                hasher.update(&chunk);
                position += chunk.len() as u64;
                pace.spend(chunk.len() as u64).await;
            }
            if hasher.finalize() != expected.checksum {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn expected(&self, base: Offset) -> Vec<Expected> {
        let state = self.state.borrow();
        let Some(segment) = state.segments.get(&base) else { return Vec::new() };
        let (offsets, times) = (&segment.offsets, &segment.times);
        let both =
            [(offsets.file(), offsets.stored_checksum()), (times.file(), times.stored_checksum())];
        let known = both.into_iter().filter_map(|(file, stored)| {
            let (bytes, checksum) = stored?;
            Some(Expected { file: file.clone(), bytes, checksum })
        });
        known.collect()
    }
}

#[cfg(all(test, not(simulated)))]
#[path = "verify_test.rs"]
#[expect(clippy::expect_used, reason = "a test that cannot go on ends here")]
mod verify_test;
