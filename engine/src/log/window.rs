//! The recovery point of a log with everything that stands in memory at that point; a file of the
//! broker's own beside Kafka's, because Kafka's snapshot holds one batch per producer and a
//! duplicate may be any of the last five.
//!
//! One frame, big endian:
//!
//!     length:     u32   of the body
//!     generation: u64   counts the writes
//!     crc:        u32   CRC-32 of generation and body
//!     body: version u16 = 2, topic id, recovery point, how far its segment and those before it
//!           were filled, each with the CRC-32 of its indexes, producers
//!
//! Version 1 had no CRCs of indexes.
//!
//! The last batch below the recovery point (its position and CRC) tells whether the log is still
//! the one that the frame was written for. Pure. Must not know files.

use smallvec::SmallVec;
use uuid::Uuid;

use crate::record::{Offset, ProducerId};

use super::cursor::Cursor;
use super::fill::{Anchor, Fill};
use super::index_file::IndexChecksums;
use super::producers::{BatchMark, Producer, ProducerTable, WINDOW_BATCHES};

const VERSION: i16 = 2;
const VERSION_WITHOUT_CHECKSUMS: i16 = 1;
const HEAD_BYTES: usize = 16;
const GENERATION_AT: usize = 4;
const CRC_AT: usize = 12;

/// Everything that is known at a recovery point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Counts the writes of this file.
    pub generation: u64,
    /// The topic that the log belongs to.
    pub topic: Uuid,
    /// Everything below is on stable storage, indexes included.
    pub recovery_point: Offset,
    /// How far the segment was filled that holds it.
    pub fill: Fill,
    /// Checksums of that segment's index entries below it.
    pub checksums: IndexChecksums,
    /// How far the closed segments before it are filled, so that their indexes need not be read.
    pub sealed: Vec<Sealed>,
    /// All producers at that point.
    pub producers: ProducerTable,
}

/// A closed segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// How far it is filled.
    pub fill: Fill,
    /// Checksums of its index files.
    pub checksums: IndexChecksums,
}

/// Why a window checkpoint is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// It does not have the length it announces.
    #[error("the file is not as long as it says")]
    Length,
    /// Damaged.
    #[error("CRC does not match")]
    Crc,
    /// A version that is not known.
    #[error("version {0} instead of 1 or 2")]
    Version(i16),
}

impl Window {
    /// The bytes of the file.
    pub fn encode(&self) -> Vec<u8> {
        self.encode_as(VERSION)
    }

    fn encode_as(&self, version: i16) -> Vec<u8> {
        let mut bytes = vec![0; HEAD_BYTES];
        bytes.extend_from_slice(&version.to_be_bytes());
        bytes.extend_from_slice(&self.topic.as_u128().to_be_bytes());
        bytes.extend_from_slice(&self.recovery_point.to_be_bytes());
        encode_fill(&self.fill, self.checksums, version, &mut bytes);
        bytes.extend_from_slice(&(self.sealed.len() as u32).to_be_bytes());
        for one in &self.sealed {
            encode_fill(&one.fill, one.checksums, version, &mut bytes);
        }
        bytes.extend_from_slice(&(self.producers.len() as u32).to_be_bytes());
        for (id, producer) in self.producers.iter() {
            encode_producer(id, producer, &mut bytes);
        }
        let length = u32::try_from(bytes.len() - HEAD_BYTES).unwrap_or(u32::MAX);
        bytes[..GENERATION_AT].copy_from_slice(&length.to_be_bytes());
        bytes[GENERATION_AT..CRC_AT].copy_from_slice(&self.generation.to_be_bytes());
        let crc = checksum(&bytes);
        bytes[CRC_AT..HEAD_BYTES].copy_from_slice(&crc.to_be_bytes());
        bytes
    }

    /// Reads the file.
    pub fn decode(bytes: &[u8]) -> Result<Window, WindowError> {
        let mut head = Cursor::new(bytes);
        let length = head.u32().ok_or(WindowError::Length)? as usize;
        let generation = head.u64().ok_or(WindowError::Length)?;
        let crc = head.u32().ok_or(WindowError::Length)?;
        if head.remaining() != length {
            return Err(WindowError::Length);
        }
        if crc != checksum(bytes) {
            return Err(WindowError::Crc);
        }
        let version = head.i16().ok_or(WindowError::Length)?;
        if ![VERSION_WITHOUT_CHECKSUMS, VERSION].contains(&version) {
            return Err(WindowError::Version(version));
        }
        decode_body(&mut head, generation, version).ok_or(WindowError::Length)
    }
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&bytes[GENERATION_AT..CRC_AT]);
    hasher.update(&bytes[HEAD_BYTES..]);
    hasher.finalize()
}

fn encode_fill(fill: &Fill, checksums: IndexChecksums, version: i16, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(&fill.base.to_be_bytes());
    bytes.extend_from_slice(&fill.bytes.to_be_bytes());
    bytes.extend_from_slice(&fill.next_offset.to_be_bytes());
    bytes.extend_from_slice(&fill.offset_entries.to_be_bytes());
    bytes.extend_from_slice(&fill.time_entries.to_be_bytes());
    bytes.extend_from_slice(&fill.bytes_since_entry.to_be_bytes());
    bytes.extend_from_slice(&fill.first_timestamp.to_be_bytes());
    bytes.extend_from_slice(&fill.max_timestamp.to_be_bytes());
    bytes.extend_from_slice(&fill.max_offset.to_be_bytes());
    bytes.extend_from_slice(&fill.indexed_timestamp.to_be_bytes());
    let anchor = fill.last_batch.unwrap_or(Anchor { position: u32::MAX, crc: 0 });
    bytes.extend_from_slice(&anchor.position.to_be_bytes());
    bytes.extend_from_slice(&anchor.crc.to_be_bytes());
    if version == VERSION_WITHOUT_CHECKSUMS {
        return;
    }
    for checksum in [checksums.offsets, checksums.times] {
        bytes.push(u8::from(checksum.is_some()));
        bytes.extend_from_slice(&checksum.unwrap_or(0).to_be_bytes());
    }
}

fn decode_fill(cursor: &mut Cursor<'_>, version: i16) -> Option<Sealed> {
    let fill = Fill {
        base: cursor.i64()?,
        bytes: cursor.u32()?,
        next_offset: cursor.i64()?,
        offset_entries: cursor.u32()?,
        time_entries: cursor.u32()?,
        bytes_since_entry: cursor.u32()?,
        first_timestamp: cursor.i64()?,
        max_timestamp: cursor.i64()?,
        max_offset: cursor.i64()?,
        indexed_timestamp: cursor.i64()?,
        last_batch: Some(Anchor { position: cursor.u32()?, crc: cursor.u32()? })
            .filter(|anchor| anchor.position != u32::MAX),
    };
    let mut checksums = IndexChecksums::default();
    if version != VERSION_WITHOUT_CHECKSUMS {
        checksums.offsets = decode_checksum(cursor)?;
        checksums.times = decode_checksum(cursor)?;
    }
    Some(Sealed { fill, checksums })
}

fn decode_checksum(cursor: &mut Cursor<'_>) -> Option<Option<u32>> {
    let known = cursor.u8()? != 0;
    let checksum = cursor.u32()?;
    Some(known.then_some(checksum))
}

fn encode_producer(id: ProducerId, producer: &Producer, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(&id.to_be_bytes());
    bytes.extend_from_slice(&producer.epoch.to_be_bytes());
    bytes.extend_from_slice(&producer.coordinator_epoch.to_be_bytes());
    bytes.extend_from_slice(&producer.last_timestamp.to_be_bytes());
    bytes.extend_from_slice(&producer.transaction_start.unwrap_or(-1).to_be_bytes());
    bytes.push(producer.window.len() as u8);
    for mark in &producer.window {
        bytes.extend_from_slice(&mark.last_sequence.to_be_bytes());
        bytes.extend_from_slice(&mark.last_offset.to_be_bytes());
        bytes.extend_from_slice(&mark.offset_delta.to_be_bytes());
        bytes.extend_from_slice(&mark.timestamp.to_be_bytes());
    }
}

fn decode_body(cursor: &mut Cursor<'_>, generation: u64, version: i16) -> Option<Window> {
    let topic = Uuid::from_u128(cursor.u128()?);
    let recovery_point = cursor.i64()?;
    let Sealed { fill, checksums } = decode_fill(cursor, version)?;
    let mut sealed = Vec::new();
    for _ in 0..cursor.u32()? {
        sealed.push(decode_fill(cursor, version)?);
    }
    let count = cursor.u32()?;
    let mut producers = ProducerTable::default();
    for _ in 0..count {
        let (id, producer) = decode_producer(cursor)?;
        producers.insert(id, producer);
    }
    (cursor.remaining() == 0).then_some(Window {
        generation,
        topic,
        recovery_point,
        fill,
        checksums,
        sealed,
        producers,
    })
}

fn decode_producer(cursor: &mut Cursor<'_>) -> Option<(ProducerId, Producer)> {
    let id = cursor.i64()?;
    let epoch = cursor.i16()?;
    let coordinator_epoch = cursor.i32()?;
    let last_timestamp = cursor.i64()?;
    let transaction_start = Some(cursor.i64()?).filter(|offset| *offset >= 0);
    let count = usize::from(cursor.u8()?);
    if count > WINDOW_BATCHES {
        return None;
    }
    let mut window = SmallVec::new();
    for _ in 0..count {
        window.push(BatchMark {
            last_sequence: cursor.i32()?,
            last_offset: cursor.i64()?,
            offset_delta: cursor.i32()?,
            timestamp: cursor.i64()?,
        });
    }
    Some((id, Producer { epoch, coordinator_epoch, last_timestamp, transaction_start, window }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window() -> Window {
        let mut producers = ProducerTable::default();
        let mark = |last_sequence| BatchMark {
            last_sequence,
            last_offset: i64::from(last_sequence) + 100,
            offset_delta: 1,
            timestamp: 5,
        };
        let producer = Producer {
            epoch: 1,
            coordinator_epoch: 2,
            last_timestamp: 5,
            transaction_start: None,
            window: [1, 3, 5, 7, 9].into_iter().map(mark).collect(),
        };
        producers.insert(4_000, producer);
        let fill = Fill {
            base: 50,
            bytes: 900,
            next_offset: 110,
            offset_entries: 3,
            time_entries: 2,
            bytes_since_entry: 17,
            first_timestamp: 4,
            max_timestamp: 5,
            max_offset: 109,
            indexed_timestamp: 4,
            last_batch: Some(Anchor { position: 800, crc: 0xdead_beef }),
        };
        let checksums = IndexChecksums { offsets: Some(77), times: None };
        let sealed = vec![Sealed {
            fill: Fill { base: 0, next_offset: 50, ..fill },
            checksums: IndexChecksums { offsets: None, times: Some(0) },
        }];
        Window {
            generation: 9,
            topic: Uuid::from_u128(7),
            recovery_point: 110,
            fill,
            checksums,
            sealed,
            producers,
        }
    }

    #[test]
    fn a_window_reads_back() {
        assert_eq!(Window::decode(&window().encode()), Ok(window()));
        let mut at_start = window();
        at_start.fill.last_batch = None;
        assert_eq!(Window::decode(&at_start.encode()), Ok(at_start));
    }

    #[test]
    fn a_window_from_before_there_were_checksums_is_read() {
        let mut without = window();
        without.checksums = IndexChecksums::default();
        without.sealed[0].checksums = IndexChecksums::default();
        assert_eq!(Window::decode(&window().encode_as(VERSION_WITHOUT_CHECKSUMS)), Ok(without));
        let newer = window().encode_as(VERSION + 1);
        assert_eq!(Window::decode(&newer), Err(WindowError::Version(VERSION + 1)));
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let good = window().encode();
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(Window::decode(&bad).is_err(), "bit {bit}");
        }
        for cut in 0..good.len() {
            assert!(Window::decode(&good[..cut]).is_err(), "cut at {cut}");
        }
    }
}
