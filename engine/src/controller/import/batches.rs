//! The records in a snapshot or in a segment of Kafka's metadata log. Pure.

use thiserror::Error;

use super::kafka_record::{BadRecord, KafkaRecord, decode};
use crate::record::{BatchHeader, HEADER_BYTES, Offset, Records, check_crc, decompressed_max};

/// Why a file is not read on; positions are bytes from its start.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadBatches {
    /// A batch that is not whole or not sound, and not the end of a write that did not finish.
    #[error("position {position}: a record batch is damaged")]
    Damaged {
        /// Where.
        position: u64,
    },
    /// A batch that does not go on where the one before it ended.
    #[error(
        "position {position}: a record batch begins at offset {found}, expected was {expected}"
    )]
    Gap {
        /// Where.
        position: u64,
        /// What it says.
        found: Offset,
        /// What it should say.
        expected: Offset,
    },
    /// The records of a sound batch cannot be read.
    #[error("position {position}: {why}")]
    Records {
        /// Where the batch begins.
        position: u64,
        /// What is wrong.
        why: String,
    },
    /// A record that is not understood.
    #[error("position {position}: {why}")]
    Record {
        /// Where its batch begins.
        position: u64,
        /// What is wrong.
        why: BadRecord,
    },
    /// A snapshot without its last batch.
    #[error("the snapshot has no end")]
    NoFooter,
}

/// What stands in a file.
#[derive(Debug, Default)]
pub struct Content {
    /// In order, without control records.
    pub records: Vec<KafkaRecord>,
    /// The offset behind the last batch.
    pub next: Offset,
    /// Bytes at the end that are no sound batch.
    pub torn_bytes: u64,
    /// The last batch is a control batch, as at the end of a snapshot.
    ends_with_control: bool,
}

/// Reads a snapshot, which is put in place as a whole: it must be sound from end to end.
pub fn read_snapshot(bytes: &[u8]) -> Result<Vec<KafkaRecord>, BadBatches> {
    let content = read(bytes, 0, 0)?;
    if content.torn_bytes > 0 {
        return Err(BadBatches::Damaged { position: bytes.len() as u64 - content.torn_bytes });
    }
    if !content.ends_with_control {
        return Err(BadBatches::NoFooter);
    }
    Ok(content.records)
}

/// Reads a segment that begins at `base`; records below `from` are read over. A torn end is not an
/// error; whether it may be there is for the caller to say.
pub fn read(bytes: &[u8], base: Offset, from: Offset) -> Result<Content, BadBatches> {
    let mut content = Content { next: base, ..Content::default() };
    let mut rest = bytes;
    while !rest.is_empty() {
        let position = (bytes.len() - rest.len()) as u64;
        let Some((header, batch)) = sound(rest) else {
            if any_sound_behind(rest, content.next) {
                return Err(BadBatches::Damaged { position });
            }
            content.torn_bytes = rest.len() as u64;
            break;
        };
        let (found, expected) = (header.base_offset, content.next);
        if found != expected {
            return Err(BadBatches::Gap { position, found, expected });
        }
        content.next = header.next_offset();
        content.ends_with_control = header.is_control();
        if !header.is_control() && content.next > from {
            decode_batch(&header, batch, from, position, &mut content.records)?;
        }
        rest = &rest[batch.len()..];
    }
    Ok(content)
}

fn sound(bytes: &[u8]) -> Option<(BatchHeader, &[u8])> {
    let header = BatchHeader::parse(bytes).ok()?;
    let batch = bytes.get(..header.size_in_bytes())?;
    check_crc(batch).then_some((header, batch))
}

/// A write that did not finish has nothing sound behind it.
fn any_sound_behind(bytes: &[u8], next: Offset) -> bool {
    let last = bytes.len().saturating_sub(HEADER_BYTES);
    (1..last.max(1))
        .any(|at| sound(&bytes[at..]).is_some_and(|(header, _)| header.base_offset >= next))
}

fn decode_batch(
    header: &BatchHeader,
    batch: &[u8],
    from: Offset,
    position: u64,
    into: &mut Vec<KafkaRecord>,
) -> Result<(), BadBatches> {
    let unreadable = |why: String| BadBatches::Records { position, why };
    let records = Records::open(header, batch, decompressed_max(batch.len()))
        .map_err(|error| unreadable(error.to_string()))?;
    for record in records.iter() {
        let record = record.map_err(|error| unreadable(error.to_string()))?;
        if record.offset < from {
            continue;
        }
        let value = record.value.ok_or_else(|| unreadable("a record has no value".to_string()))?;
        into.push(decode(value).map_err(|why| BadBatches::Record { position, why })?);
    }
    Ok(())
}
