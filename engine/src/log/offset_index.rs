//! The `.index` file: where in a segment an offset can be found.
//!
//! One entry of 8 bytes, big endian:
//!
//!     relative offset: i32   last offset of a batch, less the segment's base offset
//!     position:        i32   where that batch starts in the `.log` file
//!
//! An entry is made for the first batch after more than `index.interval.bytes` since the last
//! entry, so the first batch of a segment has none and a slot of eight zeros is an empty one.
//! Derived from the log: any entry may be missing or wrong, and whoever uses one looks at the batch
//! it points to.
//!
//! Pure. Must not know files.

use super::index_file::Entry;

/// One entry of an offset index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetEntry {
    /// Last offset of the batch, less the segment's base offset.
    pub relative: u32,
    /// Where the batch starts.
    pub position: u32,
}

impl Entry for OffsetEntry {
    const BYTES: usize = 8;

    fn decode(bytes: &[u8]) -> Option<OffsetEntry> {
        let relative = u32::from_be_bytes(bytes.get(0..4)?.try_into().ok()?);
        let position = u32::from_be_bytes(bytes.get(4..8)?.try_into().ok()?);
        Some(OffsetEntry { relative, position })
    }

    fn encode(self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.relative.to_be_bytes());
        into.extend_from_slice(&self.position.to_be_bytes());
    }

    fn is_empty_slot(self) -> bool {
        self.relative == 0 && self.position == 0
    }

    fn follows(self, earlier: OffsetEntry) -> bool {
        self.relative > earlier.relative && self.position > earlier.position
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_kafkas_bytes() {
        let mut bytes = Vec::new();
        OffsetEntry { relative: 0x0102, position: 0x0304_0506 }.encode(&mut bytes);
        assert_eq!(bytes, [0, 0, 1, 2, 3, 4, 5, 6]);
        let back = OffsetEntry::decode(&bytes);
        assert_eq!(back, Some(OffsetEntry { relative: 0x0102, position: 0x0304_0506 }));
        assert_eq!(OffsetEntry::decode(&bytes[..7]), None);
    }
}
