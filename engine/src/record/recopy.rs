//! A batch written anew with fewer records: same offsets, same producer, same codec. Pure, any
//! thread; burns CPU.
//!
//! First and last offset stay although their records may be gone, and so do the sequence numbers
//! that follow from them: a producer goes on where it was. A delete horizon takes the place of the
//! base timestamp, and the records' deltas follow it (KIP-534).
//! Must not know: which records stay, and why.

use bytes::BytesMut;

use super::builder::BuildError;
use super::codec::Codec;
use super::encode::Encoder;
use super::header::{
    APPEND_TIME_BIT, BatchHeader, CONTROL_BIT, DELETE_HORIZON_BIT, NO_TIMESTAMP, TRANSACTIONAL_BIT,
    TimestampType,
};
use super::records::Record;

/// The batch of `header` with only `kept` of its records, in order and at least one. With a
/// `delete_horizon` (Unix milliseconds) it says until when its markers of deleted keys stay.
pub fn recopy(
    header: &BatchHeader,
    kept: &[Record<'_>],
    delete_horizon: Option<i64>,
) -> Result<BytesMut, BuildError> {
    let first = kept.first().ok_or(BuildError::Empty)?;
    let codec = header.codec().map_err(|error| std::io::Error::other(error.to_string()))?;
    let base_timestamp = delete_horizon.unwrap_or(first.timestamp);
    let mut records = Encoder::default();
    for record in kept {
        let timestamp_delta = record.timestamp.wrapping_sub(base_timestamp);
        let offset_delta = i32::try_from(record.offset - header.base_offset);
        let deltas = (timestamp_delta, offset_delta.map_err(|_| BuildError::TooLarge)?);
        records.push(deltas, record.key, record.value, record.headers);
    }
    let youngest = kept.iter().map(|record| record.timestamp).max().unwrap_or(NO_TIMESTAMP);
    let horizon_bit = if delete_horizon.is_some() { DELETE_HORIZON_BIT } else { 0 };
    let header = BatchHeader {
        attributes: flags(header) | codec.id() | horizon_bit,
        base_timestamp,
        max_timestamp: match header.timestamp_type() {
            TimestampType::LogAppendTime => header.max_timestamp,
            TimestampType::CreateTime => youngest.max(NO_TIMESTAMP),
        },
        records_count: i32::try_from(kept.len()).map_err(|_| BuildError::TooLarge)?,
        ..*header
    };
    records.finish(header, codec)
}

/// The batch of `header` without any records: what is left of a producer's last batch.
pub fn emptied(header: &BatchHeader) -> Result<BytesMut, BuildError> {
    let empty = BatchHeader {
        attributes: flags(header),
        base_timestamp: NO_TIMESTAMP,
        records_count: 0,
        ..*header
    };
    Encoder::default().finish(empty, Codec::None)
}

/// The attributes that say what the batch is, not how its records are stored.
fn flags(header: &BatchHeader) -> i16 {
    header.attributes & (APPEND_TIME_BIT | TRANSACTIONAL_BIT | CONTROL_BIT)
}

#[cfg(test)]
#[path = "recopy_test.rs"]
mod recopy_test;
