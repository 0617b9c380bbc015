//! The records inside a batch: decompressed once, then read where they stand. Pure, any thread.
//!
//! ```text
//! length  attributes 1  timestamp delta  offset delta  key length  key  value length  value
//! header count  { key length  key  value length  value }*
//! ```
//!
//! Every number but the attributes is a zigzag varint; a length of -1 is null (not for header
//! keys). The length covers everything behind itself and must fit to the byte.
//! Must not know: files, requests, what keys and values mean.

use std::borrow::Cow;

use super::codec::Codec;
use super::decompress::decompress;
use super::header::{BatchHeader, HEADER_BYTES, Offset, TimestampType};
use super::varint::Reader;

/// How far the records of a batch may expand beyond `max.message.bytes`.
const EXPANSION_MAX: usize = 16;
/// What may come out of any batch, so that small limits still let text expand.
const DECOMPRESSED_BYTES: usize = 16 << 20;

/// The bytes a batch of a topic with this `max.message.bytes` may decompress to.
pub fn decompressed_max(bytes_max: usize) -> usize {
    bytes_max.saturating_mul(EXPANSION_MAX).max(DECOMPRESSED_BYTES)
}

/// Why the records of a batch cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordsError {
    /// The batch is not all there.
    #[error("batch is truncated")]
    Truncated,
    /// The attributes name a codec that is not assigned.
    #[error("unknown compression codec")]
    UnknownCodec,
    /// The compressed bytes are damaged.
    #[error("{} data is malformed", codec.name())]
    Compressed {
        /// How they should be read.
        codec: Codec,
    },
    /// More comes out than the caller allows.
    #[error("records decompress to more than {bytes_max} bytes")]
    OutputLimit {
        /// The caller's limit.
        bytes_max: usize,
    },
    /// A varint of more than 5 or 10 bytes, or above 32 or 64 bits.
    #[error("varint is too long")]
    Varint,
    /// A length reaches beyond the record or the batch.
    #[error("length reaches beyond the bytes that are there")]
    OutOfBounds,
    /// A length below -1, or -1 where null is not allowed.
    #[error("negative length")]
    NegativeLength,
    /// A record is longer than its fields.
    #[error("{bytes} bytes behind the fields of a record")]
    RecordLength {
        /// Bytes too many.
        bytes: usize,
    },
    /// An offset outside the batch, or not above the one before.
    #[error("offset delta {delta} is out of order")]
    OffsetDelta {
        /// Offset of the record, relative to the first.
        delta: i32,
    },
    /// Base timestamp and delta add up to no timestamp.
    #[error("timestamp delta {delta} overflows")]
    TimestampDelta {
        /// Timestamp of the record, relative to the base.
        delta: i64,
    },
    /// Bytes behind the last of the declared records.
    #[error("{bytes} bytes behind the last record")]
    BehindLast {
        /// Bytes too many.
        bytes: usize,
    },
}

/// A record; key, value and headers borrow from the batch's bytes.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Position in the partition.
    pub offset: Offset,
    /// Unix milliseconds; the batch's max timestamp when the leader sets the time.
    pub timestamp: i64,
    /// None = null.
    pub key: Option<&'a [u8]>,
    /// None = null, a tombstone where topics are compacted.
    pub value: Option<&'a [u8]>,
    /// In the producer's order; keys may repeat.
    pub headers: Headers<'a>,
}

/// The headers of a record, checked when the record was read.
#[derive(Clone, Copy, Debug)]
pub struct Headers<'a> {
    left: i32,
    bytes: Reader<'a>,
}

impl<'a> Iterator for Headers<'a> {
    /// Key and value; the key should be UTF-8, nobody enforces it.
    type Item = (&'a [u8], Option<&'a [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.left <= 0 {
            return None;
        }
        self.left -= 1;
        read_header(&mut self.bytes).ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.left).unwrap_or(0);
        (left, Some(left))
    }
}

/// Their number was checked with them.
impl ExactSizeIterator for Headers<'_> {}

/// The records of one batch, decompressed.
#[derive(Debug)]
pub struct Records<'a> {
    header: BatchHeader,
    bytes: Cow<'a, [u8]>,
}

impl<'a> Records<'a> {
    /// Opens the whole batch at the start of `batch`, giving out at most `bytes_max` decompressed
    /// bytes. `header` was parsed from it; the CRC is the caller's affair.
    pub fn open(
        header: &BatchHeader,
        batch: &'a [u8],
        bytes_max: usize,
    ) -> Result<Records<'a>, RecordsError> {
        let stored =
            batch.get(HEADER_BYTES..header.size_in_bytes()).ok_or(RecordsError::Truncated)?;
        let bytes = match header.codec().map_err(|_| RecordsError::UnknownCodec)? {
            Codec::None => Cow::Borrowed(stored),
            codec => Cow::Owned(decompress(codec, stored, bytes_max)?),
        };
        Ok(Records { header: *header, bytes })
    }

    /// The records in order. After an error comes nothing more.
    pub fn iter(&self) -> RecordIter<'_> {
        RecordIter {
            header: &self.header,
            bytes: Reader::new(&self.bytes),
            left: self.header.records_count.max(0),
            delta_before: -1,
        }
    }

    /// Bytes of the records, decompressed.
    pub fn size_in_bytes(&self) -> usize {
        self.bytes.len()
    }
}

/// Reads one record after the other.
#[derive(Clone, Debug)]
pub struct RecordIter<'a> {
    header: &'a BatchHeader,
    bytes: Reader<'a>,
    left: i32,
    delta_before: i32,
}

impl<'a> RecordIter<'a> {
    fn read(&mut self) -> Result<Record<'a>, RecordsError> {
        let length = self.bytes.length()?;
        let mut fields = Reader::new(self.bytes.take(length)?);
        let _attributes = fields.byte()?; // unused by every version so far
        let timestamp = self.timestamp(fields.i64()?)?;
        let offset = self.offset(fields.i32()?)?;
        let key = fields.nullable()?;
        let value = fields.nullable()?;
        let headers = read_headers(&mut fields)?;
        match fields.rest().len() {
            0 => Ok(Record { offset, timestamp, key, value, headers }),
            bytes => Err(RecordsError::RecordLength { bytes }),
        }
    }

    fn timestamp(&self, delta: i64) -> Result<i64, RecordsError> {
        match self.header.timestamp_type() {
            TimestampType::LogAppendTime => Ok(self.header.max_timestamp),
            TimestampType::CreateTime => self
                .header
                .base_timestamp
                .checked_add(delta)
                .ok_or(RecordsError::TimestampDelta { delta }),
        }
    }

    fn offset(&mut self, delta: i32) -> Result<Offset, RecordsError> {
        if delta <= self.delta_before || delta > self.header.last_offset_delta {
            return Err(RecordsError::OffsetDelta { delta });
        }
        self.delta_before = delta;
        Ok(self.header.base_offset.saturating_add(i64::from(delta)))
    }
}

impl<'a> Iterator for RecordIter<'a> {
    type Item = Result<Record<'a>, RecordsError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            let bytes = std::mem::replace(&mut self.bytes, Reader::new(&[])).rest().len();
            return (bytes > 0).then_some(Err(RecordsError::BehindLast { bytes }));
        }
        let record = self.read();
        self.left -= 1;
        if record.is_err() {
            self.left = 0;
            self.bytes = Reader::new(&[]);
        }
        Some(record)
    }
}

/// Walks the headers once, so that reading them later cannot fail; nothing is collected.
fn read_headers<'a>(fields: &mut Reader<'a>) -> Result<Headers<'a>, RecordsError> {
    let count = fields.i32()?;
    if count < 0 {
        return Err(RecordsError::NegativeLength);
    }
    let headers = Headers { left: count, bytes: *fields };
    for _ in 0..count {
        read_header(fields)?;
    }
    Ok(headers)
}

fn read_header<'a>(fields: &mut Reader<'a>) -> Result<(&'a [u8], Option<&'a [u8]>), RecordsError> {
    let length = fields.length()?;
    Ok((fields.take(length)?, fields.nullable()?))
}

#[cfg(test)]
#[path = "records_test.rs"]
mod records_test;
