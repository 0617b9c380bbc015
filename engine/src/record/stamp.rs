//! What the leader writes into a batch: offset, epoch and, for LogAppendTime, the time.
//!
//! In place, on the core that owns the partition; the records are never copied or decompressed.
//! Must not know: how offsets are chosen, where the bytes go.

use bytes::{Bytes, BytesMut};

use super::checksum::crc32c;
use super::error::BatchError;
use super::header::{
    APPEND_TIME_BIT, ATTRIBUTES_AT, BASE_OFFSET_AT, BatchHeader, CRC_AT, HEADER_BYTES,
    LEADER_EPOCH_AT, LeaderEpoch, MAX_TIMESTAMP_AT, Offset,
};

/// A batch whose offsets are decided. `header` equals `bytes`.
#[derive(Clone, Debug)]
pub struct StampedBatch {
    /// Parsed from `bytes`, after stamping.
    pub header: BatchHeader,
    /// Exactly one batch, header included.
    pub bytes: Bytes,
}

impl StampedBatch {
    /// Stamps a batch that [`super::check_produced`] passed and returned `header` for.
    pub fn from_checked(
        header: BatchHeader,
        mut bytes: BytesMut,
        base_offset: Offset,
        leader_epoch: LeaderEpoch,
        append_time: Option<i64>,
    ) -> StampedBatch {
        debug_assert_eq!(header.size_in_bytes(), bytes.len(), "exactly one batch");
        let crc = stamp(&mut bytes, base_offset, leader_epoch, append_time);
        let mut header = BatchHeader {
            base_offset,
            partition_leader_epoch: leader_epoch,
            crc: crc.unwrap_or(header.crc),
            ..header
        };
        if let Some(time) = append_time {
            header.attributes |= APPEND_TIME_BIT;
            header.max_timestamp = time;
        }
        StampedBatch { header, bytes: bytes.freeze() }
    }

    /// Takes one batch that another leader stamped. The CRC is checked.
    pub fn parse(bytes: Bytes) -> Result<StampedBatch, BatchError> {
        let header = BatchHeader::parse(&bytes)?;
        super::produced::check_exactly_one(&header, bytes.len())?;
        super::produced::check_stored_crc(&header, &bytes)?;
        Ok(StampedBatch { header, bytes })
    }
}

/// Writes offset and epoch into a whole batch; with `append_time` (unix milliseconds) also max
/// timestamp and timestamp type, and then the CRC, which is returned.
///
/// Panics on a slice shorter than a header: the caller has parsed it.
pub fn stamp(
    batch: &mut [u8],
    base_offset: Offset,
    leader_epoch: LeaderEpoch,
    append_time: Option<i64>,
) -> Option<u32> {
    assert!(batch.len() >= HEADER_BYTES, "stamp is for parsed batches");
    put(batch, BASE_OFFSET_AT, base_offset.to_be_bytes());
    put(batch, LEADER_EPOCH_AT, leader_epoch.to_be_bytes());
    let time = append_time?;
    let attributes = i16::from_be_bytes([batch[ATTRIBUTES_AT], batch[ATTRIBUTES_AT + 1]]);
    put(batch, ATTRIBUTES_AT, (attributes | APPEND_TIME_BIT).to_be_bytes());
    put(batch, MAX_TIMESTAMP_AT, time.to_be_bytes());
    let crc = crc32c(&batch[ATTRIBUTES_AT..]);
    put(batch, CRC_AT, crc.to_be_bytes());
    Some(crc)
}

fn put<const N: usize>(batch: &mut [u8], at: usize, bytes: [u8; N]) {
    batch[at..at + N].copy_from_slice(&bytes);
}

#[cfg(test)]
#[path = "stamp_test.rs"]
mod stamp_test;
