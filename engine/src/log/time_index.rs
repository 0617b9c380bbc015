//! The `.timeindex` file: from which offset on records may be as young as a timestamp.
//!
//! One entry of 12 bytes, big endian:
//!
//!     timestamp:       i64   largest timestamp of the segment so far
//!     relative offset: i32   last offset of the first batch that holds it, less the base offset
//!
//! Entries are made together with those of the offset index, when the timestamp has grown, and once
//! more when the segment is closed, so that the last entry tells when the segment may be deleted.
//!
//! Pure. Must not know files.

use super::index_file::Entry;

/// One entry of a time index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeEntry {
    /// Unix milliseconds.
    pub timestamp: i64,
    /// Last offset of the batch, less the segment's base offset.
    pub relative: u32,
}

impl Entry for TimeEntry {
    const BYTES: usize = 12;

    fn decode(bytes: &[u8]) -> Option<TimeEntry> {
        let timestamp = i64::from_be_bytes(bytes.get(0..8)?.try_into().ok()?);
        let relative = u32::from_be_bytes(bytes.get(8..12)?.try_into().ok()?);
        Some(TimeEntry { timestamp, relative })
    }

    fn encode(self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.timestamp.to_be_bytes());
        into.extend_from_slice(&self.relative.to_be_bytes());
    }

    fn is_empty_slot(self) -> bool {
        self.timestamp == 0 && self.relative == 0
    }

    fn follows(self, earlier: TimeEntry) -> bool {
        self.timestamp > earlier.timestamp && self.relative >= earlier.relative
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_kafkas_bytes() {
        let mut bytes = Vec::new();
        TimeEntry { timestamp: 1, relative: 2 }.encode(&mut bytes);
        assert_eq!(bytes, [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2]);
        assert_eq!(TimeEntry::decode(&bytes), Some(TimeEntry { timestamp: 1, relative: 2 }));
        assert_eq!(TimeEntry::decode(&bytes[1..]), None);
    }
}
