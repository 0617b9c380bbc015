//! How far a segment is filled, and what the next batch does to it: index entries, rolling.
//!
//! The same arithmetic serves the append, the recovery scan and the rebuilding of indexes, so that
//! all three make the same entries. Pure. Must not know files.

use crate::record::{BatchHeader, Offset};

use super::offset_index::OffsetEntry;
use super::settings::LogConfig;
use super::time_index::TimeEntry;

/// Positions are 31-bit numbers in Kafka's index.
const SEGMENT_BYTES_LIMIT: u64 = i32::MAX as u64;

/// A batch that must still be there when the log is opened again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Where it starts in the segment.
    pub position: u32,
    /// The CRC in its header.
    pub crc: u32,
}

/// State of a segment that follows from its batches alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// Base offset of the segment.
    pub base: Offset,
    /// Bytes of whole batches.
    pub bytes: u32,
    /// Offset behind the last batch.
    pub next_offset: Offset,
    /// Entries of the offset index.
    pub offset_entries: u32,
    /// Entries of the time index.
    pub time_entries: u32,
    /// Bytes since the last entry of the offset index.
    pub bytes_since_entry: u32,
    /// Largest timestamp of the first batch, which decides about rolling by time; -1 for none.
    pub first_timestamp: i64,
    /// Largest timestamp; -1 for none.
    pub max_timestamp: i64,
    /// Last offset of the first batch that holds it.
    pub max_offset: Offset,
    /// Timestamp of the last entry of the time index; -1 for none.
    pub indexed_timestamp: i64,
    /// The last batch.
    pub last_batch: Option<Anchor>,
}

/// Index entries that a batch makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewEntries {
    /// For the offset index.
    pub offset: Option<OffsetEntry>,
    /// For the time index.
    pub time: Option<TimeEntry>,
}

impl Fill {
    /// An empty segment.
    pub fn empty(base: Offset) -> Fill {
        Fill {
            base,
            bytes: 0,
            next_offset: base,
            offset_entries: 0,
            time_entries: 0,
            bytes_since_entry: 0,
            first_timestamp: -1,
            max_timestamp: -1,
            max_offset: base,
            indexed_timestamp: -1,
            last_batch: None,
        }
    }

    /// Adds a batch at the end. It must fit, see [`Fill::takes`].
    pub fn add(&mut self, header: &BatchHeader, interval_bytes: u32) -> NewEntries {
        let position = self.bytes;
        if position == 0 {
            self.first_timestamp = header.max_timestamp;
        }
        if header.max_timestamp > self.max_timestamp {
            self.max_timestamp = header.max_timestamp;
            self.max_offset = header.last_offset();
        }
        let mut entries = NewEntries::default();
        if self.bytes_since_entry > interval_bytes {
            entries.offset = self.relative(header.last_offset()).map(|relative| {
                self.offset_entries += 1;
                OffsetEntry { relative, position }
            });
            entries.time = self.time_entry();
            self.bytes_since_entry = 0;
        }
        let size = u32::try_from(header.size_in_bytes()).unwrap_or(u32::MAX);
        self.bytes_since_entry = self.bytes_since_entry.saturating_add(size);
        self.bytes = self.bytes.saturating_add(size);
        self.next_offset = header.next_offset();
        self.last_batch = Some(Anchor { position, crc: header.crc });
        entries
    }

    /// The entry of the time index that is due now: at index intervals, and when the segment is
    /// closed. None when the timestamp has not grown since the last one.
    pub fn time_entry(&mut self) -> Option<TimeEntry> {
        if self.max_timestamp <= self.indexed_timestamp {
            return None;
        }
        let relative = self.relative(self.max_offset)?;
        self.indexed_timestamp = self.max_timestamp;
        self.time_entries += 1;
        Some(TimeEntry { timestamp: self.max_timestamp, relative })
    }

    /// Whether a batch can go into this segment at all: indexes hold 31-bit numbers.
    pub fn takes(&self, header: &BatchHeader) -> bool {
        let end = u64::from(self.bytes) + header.size_in_bytes() as u64;
        end <= SEGMENT_BYTES_LIMIT && self.relative(header.last_offset()).is_some()
    }

    /// Whether a batch has to begin a new segment. `waited_ms` is the time since the segment was
    /// created, for batches without timestamps; `jitter_ms` is taken off `segment.ms`.
    pub fn rolls_before(
        &self,
        header: &BatchHeader,
        config: &LogConfig,
        waited_ms: i64,
        jitter_ms: i64,
    ) -> bool {
        if !self.takes(header) {
            return true;
        }
        if self.bytes == 0 {
            return false;
        }
        let end = u64::from(self.bytes) + header.size_in_bytes() as u64;
        let waited = match self.first_timestamp {
            first if first >= 0 => header.max_timestamp.saturating_sub(first),
            _ => waited_ms,
        };
        let offset_slots = config.index_bytes_max / 8;
        let time_slots = config.index_bytes_max / 12;
        end > u64::from(config.segment_bytes)
            || waited > config.segment_ms.saturating_sub(jitter_ms)
            || self.offset_entries >= offset_slots
            // The last slot is for the entry made when the segment is closed.
            || self.time_entries >= time_slots.saturating_sub(1)
    }

    fn relative(&self, offset: Offset) -> Option<u32> {
        let relative = offset.checked_sub(self.base)?;
        if (0..=i64::from(i32::MAX)).contains(&relative) {
            u32::try_from(relative).ok()
        } else {
            None
        }
    }
}

#[cfg(test)]
#[path = "fill_test.rs"]
mod fill_test;
