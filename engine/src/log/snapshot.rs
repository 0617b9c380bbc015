//! The `.snapshot` file: Kafka's picture of all producers at an offset, one batch each.
//!
//! Big endian:
//!
//!     version: i16 = 1
//!     crc:     u32          CRC-32C of everything behind it
//!     count:   i32
//!     count x { producer id: i64, epoch: i16, last sequence: i32, last offset: i64,
//!               offset delta: i32, timestamp: i64, coordinator epoch: i32,
//!               first offset of the open transaction: i64 }
//!
//! Pure. Must not know files.

use smallvec::smallvec;

use crate::record::{ProducerId, crc32c};

use super::cursor::Cursor;
use super::producers::{BatchMark, Producer, ProducerTable};

const VERSION: i16 = 1;
const ENTRY_BYTES: usize = 46;
const CHECKED_FROM: usize = 6;

/// Why a snapshot is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// A version that is not known.
    #[error("version {0} instead of 1")]
    Version(i16),
    /// It does not have the length it announces.
    #[error("the file is not as long as it says")]
    Length,
    /// Damaged.
    #[error("CRC does not match")]
    Crc,
}

/// The bytes of a snapshot.
pub fn encode(table: &ProducerTable) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(CHECKED_FROM + 4 + table.len() * ENTRY_BYTES);
    bytes.extend_from_slice(&VERSION.to_be_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&i32::try_from(table.len()).unwrap_or(i32::MAX).to_be_bytes());
    for (id, producer) in table.iter() {
        encode_entry(id, producer, &mut bytes);
    }
    let crc = crc32c(&bytes[CHECKED_FROM..]);
    bytes[2..CHECKED_FROM].copy_from_slice(&crc.to_be_bytes());
    bytes
}

fn encode_entry(id: ProducerId, producer: &Producer, bytes: &mut Vec<u8>) {
    let last = producer.window.last();
    bytes.extend_from_slice(&id.to_be_bytes());
    bytes.extend_from_slice(&producer.epoch.to_be_bytes());
    bytes.extend_from_slice(&last.map_or(-1, |mark| mark.last_sequence).to_be_bytes());
    bytes.extend_from_slice(&last.map_or(-1, |mark| mark.last_offset).to_be_bytes());
    bytes.extend_from_slice(&last.map_or(0, |mark| mark.offset_delta).to_be_bytes());
    bytes.extend_from_slice(&producer.last_timestamp.to_be_bytes());
    bytes.extend_from_slice(&producer.coordinator_epoch.to_be_bytes());
    bytes.extend_from_slice(&producer.transaction_start.unwrap_or(-1).to_be_bytes());
}

/// Reads a snapshot.
pub fn decode(bytes: &[u8]) -> Result<ProducerTable, SnapshotError> {
    let mut cursor = Cursor::new(bytes);
    let version = cursor.i16().ok_or(SnapshotError::Length)?;
    if version != VERSION {
        return Err(SnapshotError::Version(version));
    }
    let crc = cursor.u32().ok_or(SnapshotError::Length)?;
    if crc != crc32c(&bytes[CHECKED_FROM..]) {
        return Err(SnapshotError::Crc);
    }
    let count = cursor.u32().ok_or(SnapshotError::Length)? as usize;
    if cursor.remaining() != count.saturating_mul(ENTRY_BYTES) {
        return Err(SnapshotError::Length);
    }
    let mut table = ProducerTable::default();
    while cursor.remaining() > 0 {
        let (id, producer) = decode_entry(&mut cursor).ok_or(SnapshotError::Length)?;
        table.insert(id, producer);
    }
    Ok(table)
}

fn decode_entry(cursor: &mut Cursor<'_>) -> Option<(ProducerId, Producer)> {
    let id = cursor.i64()?;
    let epoch = cursor.i16()?;
    let last_sequence = cursor.i32()?;
    let last_offset = cursor.i64()?;
    let offset_delta = cursor.i32()?;
    let timestamp = cursor.i64()?;
    let coordinator_epoch = cursor.i32()?;
    let transaction_start = Some(cursor.i64()?).filter(|offset| *offset >= 0);
    let mark = BatchMark { last_sequence, last_offset, offset_delta, timestamp };
    let window = if last_offset >= 0 { smallvec![mark] } else { smallvec![] };
    let producer =
        Producer { epoch, coordinator_epoch, last_timestamp: timestamp, transaction_start, window };
    Some((id, producer))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> ProducerTable {
        let mut table = ProducerTable::default();
        let mark =
            BatchMark { last_sequence: 9, last_offset: 109, offset_delta: 4, timestamp: 1_000 };
        let producer = Producer {
            epoch: 3,
            coordinator_epoch: -1,
            last_timestamp: 1_000,
            transaction_start: Some(105),
            window: smallvec![mark],
        };
        table.insert(77, producer);
        table
    }

    #[test]
    fn a_snapshot_reads_back() {
        assert_eq!(decode(&encode(&table())), Ok(table()));
        assert_eq!(encode(&ProducerTable::default()).len(), 10);
        assert_eq!(encode(&table()).len(), 56);
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let good = encode(&table());
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&bad).is_err(), "bit {bit}");
        }
        for cut in 0..good.len() {
            assert!(decode(&good[..cut]).is_err(), "cut at {cut}");
        }
    }
}
