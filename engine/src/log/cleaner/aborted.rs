//! The `.txnindex` file: aborted transactions whose markers stand in a segment.
//!
//! One entry of 34 bytes, big endian:
//!
//!     version:            i16 = 0
//!     producer id:        i64
//!     first offset:       i64   first record of the transaction
//!     last offset:        i64   its marker
//!     last stable offset: i64   when it was aborted
//!
//! Pure. Must not know files.

use crate::log::cursor::Cursor;
use crate::record::{Offset, ProducerId};

const VERSION: i16 = 0;
const ENTRY_BYTES: usize = 34;

/// An aborted transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbortedTransaction {
    /// Whose.
    pub producer: ProducerId,
    /// Its first record.
    pub first: Offset,
    /// Its marker.
    pub last: Offset,
    /// The last stable offset when it was aborted.
    pub last_stable: Offset,
}

/// Why a file is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AbortedError {
    /// A version that is not known.
    #[error("version {0} instead of 0")]
    Version(i16),
    /// Not a whole number of entries.
    #[error("{0} bytes are no whole number of entries")]
    Torn(usize),
}

/// Reads a file.
pub fn decode(bytes: &[u8]) -> Result<Vec<AbortedTransaction>, AbortedError> {
    let entries = bytes.chunks_exact(ENTRY_BYTES);
    if !entries.remainder().is_empty() {
        return Err(AbortedError::Torn(bytes.len()));
    }
    entries.map(decode_entry).collect()
}

fn decode_entry(bytes: &[u8]) -> Result<AbortedTransaction, AbortedError> {
    let mut cursor = Cursor::new(bytes);
    let torn = AbortedError::Torn(bytes.len());
    let version = cursor.i16().ok_or(torn)?;
    if version != VERSION {
        return Err(AbortedError::Version(version));
    }
    Ok(AbortedTransaction {
        producer: cursor.i64().ok_or(torn)?,
        first: cursor.i64().ok_or(torn)?,
        last: cursor.i64().ok_or(torn)?,
        last_stable: cursor.i64().ok_or(torn)?,
    })
}

/// The bytes of a file.
pub fn encode(entries: &[AbortedTransaction]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(entries.len() * ENTRY_BYTES);
    for entry in entries {
        bytes.extend_from_slice(&VERSION.to_be_bytes());
        for number in [entry.producer, entry.first, entry.last, entry.last_stable] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_have_kafkas_bytes_and_read_back() {
        let entry = AbortedTransaction { producer: 1, first: 2, last: 3, last_stable: 4 };
        let bytes = encode(&[entry, entry]);
        assert_eq!(bytes.len(), 68);
        assert_eq!(bytes[..10], [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(bytes[33], 4);
        assert_eq!(decode(&bytes), Ok(vec![entry, entry]));
        assert_eq!(decode(&bytes[..67]), Err(AbortedError::Torn(67)));
        let mut newer = bytes;
        newer[1] = 1;
        assert_eq!(decode(&newer), Err(AbortedError::Version(1)));
        assert_eq!(decode(&[]), Ok(Vec::new()));
    }
}
