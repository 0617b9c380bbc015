//! One segment: the `.log` file, its two indexes, and what is known about them.
//!
//! Must not know other segments, recovery or retention. Core-local, inside its log's state.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use crate::record::{BatchHeader, Offset};
use crate::runtime::{Directory, OpenMode, SegmentFile};

use super::fill::Fill;
use super::index_file::{IndexChecksums, IndexFile};
use super::names::{Holds, file_name};
use super::offset_index::OffsetEntry;
use super::time_index::TimeEntry;
use super::window::Sealed;

/// Youngest batches whose places are kept in memory, so that readers at the tail need no disk.
const RECENT_BATCHES: usize = 512;

/// Where a batch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Offset of its last record.
    pub last_offset: Offset,
    /// First byte in the segment file.
    pub position: u32,
    /// Size.
    pub bytes: u32,
}

/// A segment of a log.
pub struct Segment {
    /// The records.
    pub file: Arc<SegmentFile>,
    /// How far it is filled.
    pub fill: Fill,
    /// Its offset index.
    pub offsets: IndexFile<OffsetEntry>,
    /// Its time index.
    pub times: IndexFile<TimeEntry>,
    /// When it was created, as far as known: Unix milliseconds.
    pub created_ms: i64,
    /// What this segment takes off `segment.ms`.
    pub jitter_ms: i64,
    /// An index contradicted the records and is not to be trusted until it is rebuilt.
    pub distrusted: bool,
    /// The window checkpoint may tell how far it is filled. False while it is being cleaned.
    pub vouched: bool,
    /// The youngest batches, without gaps up to the segment's end.
    recent: VecDeque<Mark>,
}

impl Segment {
    /// A segment as found on disk, or a new one.
    pub fn new(
        file: Arc<SegmentFile>,
        fill: Fill,
        offsets: IndexFile<OffsetEntry>,
        times: IndexFile<TimeEntry>,
        created_ms: i64,
    ) -> Segment {
        Segment {
            file,
            fill,
            offsets,
            times,
            created_ms,
            jitter_ms: 0,
            distrusted: false,
            vouched: true,
            recent: VecDeque::new(),
        }
    }

    /// Creates the files of an empty segment and makes their names durable. Files of these names
    /// that no segment claims are leftovers and go first.
    pub async fn create(dir: &Directory, base: Offset, now_ms: i64) -> io::Result<Segment> {
        let file = create_file(dir, base, Holds::Records).await?;
        let offsets = create_file(dir, base, Holds::OffsetIndex).await?;
        let times = create_file(dir, base, Holds::TimeIndex).await?;
        dir.sync().await?;
        Ok(Segment::empty(file, offsets, times, base, now_ms))
    }

    /// A segment whose files were made a moment ago.
    pub fn empty(
        records: Arc<SegmentFile>,
        offsets: Arc<SegmentFile>,
        times: Arc<SegmentFile>,
        base: Offset,
        now_ms: i64,
    ) -> Segment {
        Segment::new(
            records,
            Fill::empty(base),
            IndexFile::new(offsets, 0, None),
            IndexFile::new(times, 0, None),
            now_ms,
        )
    }

    /// Takes note of a batch that was written at the end.
    pub fn note(&mut self, header: &BatchHeader, interval_bytes: u32) {
        let position = self.fill.bytes;
        let entries = self.fill.add(header, interval_bytes);
        if let Some(entry) = entries.offset {
            self.offsets.push(entry);
        }
        if let Some(entry) = entries.time {
            self.times.push(entry);
        }
        if self.recent.len() == RECENT_BATCHES {
            self.recent.pop_front();
        }
        self.recent.push_back(Mark {
            last_offset: header.last_offset(),
            position,
            bytes: self.fill.bytes - position,
        });
    }

    /// Checksums of the indexes, as far as they are known and hold what the fill says.
    pub fn checksums(&self) -> IndexChecksums {
        IndexChecksums {
            offsets: self.offsets.checksum(self.fill.offset_entries),
            times: self.times.checksum(self.fill.time_entries),
        }
    }

    /// What the window checkpoint keeps of a closed segment.
    pub fn sealed(&self) -> Sealed {
        Sealed { fill: self.fill, checksums: self.checksums() }
    }

    /// Its youngest record, as far as known, else when it was created: Unix milliseconds.
    pub fn youngest_ms(&self) -> i64 {
        match self.fill.max_timestamp {
            timestamp if timestamp >= 0 => timestamp,
            _ => self.created_ms,
        }
    }

    /// Adds the time index's closing entry.
    pub fn seal(&mut self) {
        if let Some(entry) = self.fill.time_entry() {
            self.times.push(entry);
        }
    }

    /// Frees the places of batches: nobody reads at this segment's tail any more.
    pub fn forget_recent(&mut self) {
        self.recent = VecDeque::new();
    }

    /// The youngest batches from the one that holds `offset` on; `None` when it is not among them.
    pub fn recent_from(&self, offset: Offset) -> Option<impl Iterator<Item = Mark>> {
        let index = self.recent.partition_point(|mark| mark.last_offset < offset);
        // The first of them may begin above the offset with older batches in between.
        let reaches = index > 0 || self.recent.front().is_some_and(|first| first.position == 0);
        (reaches && index < self.recent.len()).then(|| self.recent.range(index..).copied())
    }
}

async fn create_file(dir: &Directory, base: Offset, holds: Holds) -> io::Result<Arc<SegmentFile>> {
    let name = file_name(base, holds);
    let path = dir.path().join(&name);
    match SegmentFile::open(&path, OpenMode::CreateNew).await {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            dir.unlink(&name).await?;
            SegmentFile::open(&path, OpenMode::CreateNew).await
        }
        result => result,
    }
}
