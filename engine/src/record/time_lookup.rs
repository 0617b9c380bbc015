//! Which record of a batch a timestamp means. Pure, any thread; decompresses when the codec asks.
//!
//! Must not know: time indexes, segments.

use super::header::{BatchHeader, Offset, TimestampType};
use super::records::{Records, RecordsError};

/// A record named by a question about time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedRecord {
    /// Position in the partition.
    pub offset: Offset,
    /// Unix milliseconds.
    pub timestamp: i64,
}

/// The first record of the batch at or after `timestamp`, not below offset `from`.
///
/// `batch` starts with the batch of `header`; at most `bytes_max` bytes are decompressed.
pub fn first_at_or_after(
    header: &BatchHeader,
    batch: &[u8],
    timestamp: i64,
    from: Offset,
    bytes_max: usize,
) -> Result<Option<TimedRecord>, RecordsError> {
    if one_time_for_all(header) {
        let found = header.max_timestamp >= timestamp && header.last_offset() >= from;
        let offset = header.base_offset.max(from);
        return Ok(found.then_some(TimedRecord { offset, timestamp: header.max_timestamp }));
    }
    for record in Records::open(header, batch, bytes_max)?.iter() {
        let record = record?;
        if record.timestamp >= timestamp && record.offset >= from {
            return Ok(Some(TimedRecord { offset: record.offset, timestamp: record.timestamp }));
        }
    }
    Ok(None)
}

/// The first record of the batch that has its largest timestamp; None in an empty batch.
///
/// Takes the records' word, not the header's: a producer may have written any max timestamp.
pub fn latest(
    header: &BatchHeader,
    batch: &[u8],
    bytes_max: usize,
) -> Result<Option<TimedRecord>, RecordsError> {
    if one_time_for_all(header) {
        let (offset, timestamp) = (header.base_offset, header.max_timestamp);
        return Ok(Some(TimedRecord { offset, timestamp }));
    }
    let mut found: Option<TimedRecord> = None;
    for record in Records::open(header, batch, bytes_max)?.iter() {
        let record = record?;
        if found.is_none_or(|best| record.timestamp > best.timestamp) {
            found = Some(TimedRecord { offset: record.offset, timestamp: record.timestamp });
        }
    }
    Ok(found)
}

/// The leader's time holds for every record, and every offset has one: no need to look inside.
/// (Compaction leaves holes; then the records have to be read.)
fn one_time_for_all(header: &BatchHeader) -> bool {
    header.timestamp_type() == TimestampType::LogAppendTime
        && header.last_offset_delta.checked_add(1) == Some(header.records_count)
        && header.records_count > 0
}
