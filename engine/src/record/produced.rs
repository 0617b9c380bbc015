//! The rules a produced batch must keep before it may touch a log. Pure; runs on the core that
//! read the request, so that the owner of the partition only stamps.
//!
//! Order as in Kafka: shape of the batch set, size, checksum, then what the header claims. The
//! checksum is computed here, once, and never again on the way to disk or to a consumer.
//! Must not know: partitions, sequences already seen, error codes of the protocol.

use super::checksum::crc32c;
use super::codec::Codec;
use super::error::BatchError;
use super::header::{ATTRIBUTES_AT, BatchHeader, HEADER_BYTES, NO_TIMESTAMP, TimestampType};
use super::records::{Records, decompressed_max};

/// The smallest record: length, attributes, timestamp delta, offset delta, key length, value
/// length and number of headers, a byte each.
pub(super) const RECORD_BYTES_MIN: usize = 7;

/// What the topic's configuration and the request's version ask of a batch.
#[derive(Clone, Copy, Debug)]
pub struct ProduceRules {
    /// `max.message.bytes`: largest batch, header included.
    pub bytes_max: usize,
    /// The request's version knows zstd (Produce 7 and up).
    pub zstd_allowed: bool,
    /// The leader will stamp its own time, so the producer's does not matter.
    pub append_time: bool,
    /// The clock, unix milliseconds.
    pub now_ms: i64,
    /// `message.timestamp.before.max.ms`; `i64::MAX` = no limit.
    pub timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`; `i64::MAX` = no limit.
    pub timestamp_after_max_ms: i64,
    /// The topic is compacted: every record needs a key.
    pub keys_required: bool,
}

/// Records without a key that an error names; a batch with more names the first ones.
const KEYLESS_NAMED: usize = 100;

/// Checks that `records` is exactly one batch that may be appended, and returns its header.
pub fn check_produced(records: &[u8], rules: &ProduceRules) -> Result<BatchHeader, BatchError> {
    let header = BatchHeader::parse(records)?;
    check_exactly_one(&header, records.len())?;
    let codec = header.codec()?;
    if codec == Codec::Zstd && !rules.zstd_allowed {
        return Err(BatchError::ZstdNotAllowed);
    }
    if header.base_offset != 0 {
        return Err(BatchError::BaseOffset { base_offset: header.base_offset });
    }
    if records.len() > rules.bytes_max {
        return Err(BatchError::TooLarge { bytes: records.len(), bytes_max: rules.bytes_max });
    }
    check_stored_crc(&header, records)?;
    check_counts(&header, codec)?;
    check_producer(&header)?;
    check_records(&header, records, rules)?;
    Ok(header)
}

/// `present` bytes are exactly the batch that `header` declares.
pub(super) fn check_exactly_one(header: &BatchHeader, present: usize) -> Result<(), BatchError> {
    let declared = header.size_in_bytes();
    if present < declared {
        return Err(BatchError::Truncated { declared: declared as u64, present });
    }
    if present > declared {
        return Err(BatchError::MoreThanOneBatch { bytes: present - declared });
    }
    Ok(())
}

/// `batch` is exactly the batch of `header` and carries the CRC of its bytes.
pub(super) fn check_stored_crc(header: &BatchHeader, batch: &[u8]) -> Result<(), BatchError> {
    let computed = crc32c(&batch[ATTRIBUTES_AT..]);
    if computed != header.crc {
        return Err(BatchError::Crc { stored: header.crc, computed });
    }
    Ok(())
}

fn check_counts(header: &BatchHeader, codec: Codec) -> Result<(), BatchError> {
    let BatchHeader { records_count, last_offset_delta, .. } = *header;
    if records_count <= 0 || last_offset_delta != records_count - 1 {
        return Err(BatchError::RecordCount { records_count, last_offset_delta });
    }
    let bytes = header.size_in_bytes() - HEADER_BYTES;
    let bytes_min = match codec {
        Codec::None => (records_count as usize).saturating_mul(RECORD_BYTES_MIN),
        _ => 1, // how well it compresses is the producer's affair
    };
    if bytes < bytes_min {
        return Err(BatchError::TooManyRecords { records_count, bytes });
    }
    Ok(())
}

fn check_producer(header: &BatchHeader) -> Result<(), BatchError> {
    if header.is_control() {
        return Err(BatchError::ControlBatch);
    }
    let complete = header.producer_epoch >= 0 && header.base_sequence >= 0;
    let valid = if header.has_producer() { complete } else { !header.is_transactional() };
    if valid {
        return Ok(());
    }
    Err(BatchError::ProducerState {
        producer_id: header.producer_id,
        producer_epoch: header.producer_epoch,
        base_sequence: header.base_sequence,
    })
}

/// Too far in the future is decided by the header; too old and without a key only by the records,
/// because a header says nothing about those. So records are decompressed only where that limit is
/// set or the topic is compacted.
fn check_records(
    header: &BatchHeader,
    batch: &[u8],
    rules: &ProduceRules,
) -> Result<(), BatchError> {
    if header.timestamp_type() == TimestampType::LogAppendTime {
        return Err(BatchError::AppendTimeByClient);
    }
    let earliest = rules.now_ms.saturating_sub(rules.timestamp_before_max_ms);
    let latest = rules.now_ms.saturating_add(rules.timestamp_after_max_ms);
    let check =
        |timestamp| match timestamp == NO_TIMESTAMP || (earliest..=latest).contains(&timestamp) {
            true => Ok(()),
            false => Err(BatchError::Timestamp { timestamp, earliest, latest }),
        };
    if !rules.append_time {
        check(header.max_timestamp)?;
    }
    let limits_age = !rules.append_time && rules.timestamp_before_max_ms != i64::MAX;
    if !limits_age && !rules.keys_required {
        return Ok(());
    }
    let (mut indexes, mut count) = (Vec::new(), 0);
    let opened = Records::open(header, batch, decompressed_max(rules.bytes_max))?;
    for (index, record) in (0..).zip(opened.iter()) {
        let record = record?;
        if limits_age {
            check(record.timestamp)?;
        }
        if rules.keys_required && record.key.is_none() {
            count += 1;
            if indexes.len() < KEYLESS_NAMED {
                indexes.push(index);
            }
        }
    }
    if count > 0 { Err(BatchError::Keyless { count, indexes }) } else { Ok(()) }
}

#[cfg(test)]
#[path = "produced_test.rs"]
mod produced_test;
