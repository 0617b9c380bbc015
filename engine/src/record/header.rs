//! The header of a record batch, version 2: field offsets, parsing, questions. Pure, any thread.
//!
//! ```text
//!  at  bytes  field                   written by
//!   0  8      base offset             leader    \ outside the length: they frame the batch
//!   8  4      batch length            producer  /
//!  12  4      partition leader epoch  leader
//!  16  1      magic = 2               producer
//!  17  4      CRC-32C                 producer; the leader again when it stamps append time
//!  21  2      attributes              producer  \
//!  23  4      last offset delta       producer   |
//!  27  8      base timestamp          producer   |
//!  35  8      max timestamp           producer   |  what the CRC covers
//!  43  8      producer id             producer   |
//!  51  2      producer epoch          producer   |
//!  53  4      base sequence           producer   |
//!  57  4      records count           producer   |
//!  61  ...    records, compressed     producer  /
//! ```
//!
//! All integers are big-endian. The CRC covers everything from the attributes on. Base offset and
//! leader epoch stand in front of it on purpose: the leader writes them into every batch without
//! computing a checksum; LogAppendTime changes attributes and max timestamp, and costs one.
//!
//! Attributes: bits 0-2 codec, 3 timestamp type, 4 transactional, 5 control, 6 delete horizon.
//!
//! Must not know: files, records inside the batch, who is allowed to write what.

use super::codec::Codec;
use super::error::BatchError;

/// Position of a record in its partition.
pub type Offset = i64;
/// Number of a leadership; rises with every new leader.
pub type LeaderEpoch = i32;
/// Identity of an idempotent producer.
pub type ProducerId = i64;

/// Producer id of a batch without one.
pub const NO_PRODUCER: ProducerId = -1;
/// Timestamp of a record without one.
pub const NO_TIMESTAMP: i64 = -1;

/// The only format that is written: v0 and v1 ended with Kafka 4.
pub(super) const MAGIC: i8 = 2;

pub(super) const BASE_OFFSET_AT: usize = 0;
pub(super) const BATCH_LENGTH_AT: usize = BASE_OFFSET_AT + size_of::<i64>();
pub(super) const LEADER_EPOCH_AT: usize = BATCH_LENGTH_AT + size_of::<i32>();
pub(super) const MAGIC_AT: usize = LEADER_EPOCH_AT + size_of::<i32>();
pub(super) const CRC_AT: usize = MAGIC_AT + size_of::<i8>();
pub(super) const ATTRIBUTES_AT: usize = CRC_AT + size_of::<u32>();
pub(super) const LAST_OFFSET_DELTA_AT: usize = ATTRIBUTES_AT + size_of::<i16>();
pub(super) const BASE_TIMESTAMP_AT: usize = LAST_OFFSET_DELTA_AT + size_of::<i32>();
pub(super) const MAX_TIMESTAMP_AT: usize = BASE_TIMESTAMP_AT + size_of::<i64>();
pub(super) const PRODUCER_ID_AT: usize = MAX_TIMESTAMP_AT + size_of::<i64>();
pub(super) const PRODUCER_EPOCH_AT: usize = PRODUCER_ID_AT + size_of::<i64>();
pub(super) const BASE_SEQUENCE_AT: usize = PRODUCER_EPOCH_AT + size_of::<i16>();
pub(super) const RECORDS_COUNT_AT: usize = BASE_SEQUENCE_AT + size_of::<i32>();
/// Bytes in front of the records.
pub const HEADER_BYTES: usize = RECORDS_COUNT_AT + size_of::<i32>();
/// Base offset and batch length: what has to be read to know how much more there is.
pub const PREFIX_BYTES: usize = LEADER_EPOCH_AT;

const _: () = assert!(HEADER_BYTES == 61 && ATTRIBUTES_AT == 21 && PREFIX_BYTES == 12);

/// The smallest value the length field can have.
pub(super) const BATCH_LENGTH_MIN: i32 = (HEADER_BYTES - PREFIX_BYTES) as i32;

pub(super) const APPEND_TIME_BIT: i16 = 1 << 3;
pub(super) const TRANSACTIONAL_BIT: i16 = 1 << 4;
pub(super) const CONTROL_BIT: i16 = 1 << 5;
pub(super) const DELETE_HORIZON_BIT: i16 = 1 << 6;

/// Who set the timestamps of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer; each record has its own.
    CreateTime,
    /// The leader; every record has the batch's max timestamp.
    LogAppendTime,
}

/// A parsed header. Says nothing about the bytes behind it: see [`super::check_crc`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    /// Offset of the first record; 0 until the leader stamps it.
    pub base_offset: Offset,
    /// Bytes behind the length field; at least what the rest of a header takes.
    pub batch_length: i32,
    /// Epoch of the leader that appended the batch.
    pub partition_leader_epoch: LeaderEpoch,
    /// Always 2.
    pub magic: i8,
    /// CRC-32C of everything from the attributes on.
    pub crc: u32,
    /// Codec, timestamp type and flags.
    pub attributes: i16,
    /// Offset of the last record minus base offset.
    pub last_offset_delta: i32,
    /// What record timestamps are relative to, unix milliseconds.
    pub base_timestamp: i64,
    /// Largest timestamp in the batch, unix milliseconds.
    pub max_timestamp: i64,
    /// Who produced it, -1 = not idempotent.
    pub producer_id: ProducerId,
    /// Epoch of that producer.
    pub producer_epoch: i16,
    /// Sequence of the first record, -1 = none.
    pub base_sequence: i32,
    /// Records in the batch; a compacted batch may have none.
    pub records_count: i32,
}

impl BatchHeader {
    /// Parses the header at the start of `bytes`. The records need not be there.
    ///
    /// Magic is looked at before anything else of a v2 header, because the older formats have
    /// other fields in these places.
    pub fn parse(bytes: &[u8]) -> Result<BatchHeader, BatchError> {
        check_frame(bytes)?;
        let Some(head) = bytes.first_chunk::<HEADER_BYTES>() else {
            return Err(BatchError::Truncated {
                declared: HEADER_BYTES as u64,
                present: bytes.len(),
            });
        };
        Ok(BatchHeader {
            base_offset: i64::from_be_bytes(field(head, BASE_OFFSET_AT)),
            batch_length: i32::from_be_bytes(field(head, BATCH_LENGTH_AT)),
            partition_leader_epoch: i32::from_be_bytes(field(head, LEADER_EPOCH_AT)),
            magic: i8::from_be_bytes(field(head, MAGIC_AT)),
            crc: u32::from_be_bytes(field(head, CRC_AT)),
            attributes: i16::from_be_bytes(field(head, ATTRIBUTES_AT)),
            last_offset_delta: i32::from_be_bytes(field(head, LAST_OFFSET_DELTA_AT)),
            base_timestamp: i64::from_be_bytes(field(head, BASE_TIMESTAMP_AT)),
            max_timestamp: i64::from_be_bytes(field(head, MAX_TIMESTAMP_AT)),
            producer_id: i64::from_be_bytes(field(head, PRODUCER_ID_AT)),
            producer_epoch: i16::from_be_bytes(field(head, PRODUCER_EPOCH_AT)),
            base_sequence: i32::from_be_bytes(field(head, BASE_SEQUENCE_AT)),
            records_count: i32::from_be_bytes(field(head, RECORDS_COUNT_AT)),
        })
    }

    /// Writes the header; the inverse of [`BatchHeader::parse`].
    pub fn write(&self, head: &mut [u8; HEADER_BYTES]) {
        put(head, BASE_OFFSET_AT, self.base_offset.to_be_bytes());
        put(head, BATCH_LENGTH_AT, self.batch_length.to_be_bytes());
        put(head, LEADER_EPOCH_AT, self.partition_leader_epoch.to_be_bytes());
        put(head, MAGIC_AT, self.magic.to_be_bytes());
        put(head, CRC_AT, self.crc.to_be_bytes());
        put(head, ATTRIBUTES_AT, self.attributes.to_be_bytes());
        put(head, LAST_OFFSET_DELTA_AT, self.last_offset_delta.to_be_bytes());
        put(head, BASE_TIMESTAMP_AT, self.base_timestamp.to_be_bytes());
        put(head, MAX_TIMESTAMP_AT, self.max_timestamp.to_be_bytes());
        put(head, PRODUCER_ID_AT, self.producer_id.to_be_bytes());
        put(head, PRODUCER_EPOCH_AT, self.producer_epoch.to_be_bytes());
        put(head, BASE_SEQUENCE_AT, self.base_sequence.to_be_bytes());
        put(head, RECORDS_COUNT_AT, self.records_count.to_be_bytes());
    }

    /// Bytes of the whole batch. Not negative: `parse` refused such lengths.
    pub fn size_in_bytes(&self) -> usize {
        PREFIX_BYTES + usize::try_from(self.batch_length).unwrap_or(0)
    }

    /// Offset of the last record.
    pub fn last_offset(&self) -> Offset {
        self.base_offset.saturating_add(i64::from(self.last_offset_delta))
    }

    /// Offset of the record that follows this batch.
    pub fn next_offset(&self) -> Offset {
        self.last_offset().saturating_add(1)
    }

    /// How the records are compressed.
    pub fn codec(&self) -> Result<Codec, BatchError> {
        Codec::from_attributes(self.attributes)
    }

    /// Who set the timestamps.
    pub fn timestamp_type(&self) -> TimestampType {
        match self.attributes & APPEND_TIME_BIT {
            0 => TimestampType::CreateTime,
            _ => TimestampType::LogAppendTime,
        }
    }

    /// Part of a transaction.
    pub fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL_BIT != 0
    }

    /// Holds a marker of the broker, not records of a client.
    pub fn is_control(&self) -> bool {
        self.attributes & CONTROL_BIT != 0
    }

    /// The base timestamp is a delete horizon (set by compaction).
    pub fn has_delete_horizon(&self) -> bool {
        self.attributes & DELETE_HORIZON_BIT != 0
    }

    /// Until when the markers of deleted keys in this batch stay (KIP-534), Unix milliseconds.
    pub fn delete_horizon(&self) -> Option<i64> {
        self.has_delete_horizon().then_some(self.base_timestamp)
    }

    /// Written by an idempotent or transactional producer.
    pub fn has_producer(&self) -> bool {
        self.producer_id > NO_PRODUCER
    }

    /// Sequence of the last record; after `i32::MAX` comes 0. -1 when the batch has none.
    pub fn last_sequence(&self) -> i32 {
        if self.base_sequence < 0 {
            return self.base_sequence;
        }
        let sum = i64::from(self.base_sequence) + i64::from(self.last_offset_delta.max(0));
        (sum % (i64::from(i32::MAX) + 1)) as i32
    }
}

/// Checks length and magic, the two fields that must hold before the others mean anything.
fn check_frame(bytes: &[u8]) -> Result<(), BatchError> {
    let Some(head) = bytes.first_chunk::<{ MAGIC_AT + 1 }>() else {
        return Err(match bytes.len() {
            0 => BatchError::NoBatch,
            present => BatchError::Truncated { declared: HEADER_BYTES as u64, present },
        });
    };
    let magic = i8::from_be_bytes(field(head, MAGIC_AT));
    match magic {
        MAGIC => {}
        0 | 1 => return Err(BatchError::OldMagic { magic }),
        _ => return Err(BatchError::UnknownMagic { magic }),
    }
    let batch_length = i32::from_be_bytes(field(head, BATCH_LENGTH_AT));
    if batch_length < BATCH_LENGTH_MIN {
        return Err(BatchError::TooSmall { batch_length });
    }
    Ok(())
}

/// The `N` bytes at a constant position. A position outside `head` is a bug in the table above.
fn field<const N: usize>(head: &[u8], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&head[at..at + N]);
    bytes
}

fn put<const N: usize>(head: &mut [u8; HEADER_BYTES], at: usize, bytes: [u8; N]) {
    head[at..at + N].copy_from_slice(&bytes);
}

#[cfg(test)]
#[path = "header_test.rs"]
mod header_test;
