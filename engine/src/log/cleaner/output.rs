//! A segment in the making, under names that end in `.cleaned`: nothing that a start would trust.
//!
//! Everything of it is on stable storage when it is finished; its names are when the directory is
//! synced. Must not know which batches come, nor what becomes of the segment.

use std::io;
use std::sync::Arc;

use bytes::Bytes;

use super::aborted::{AbortedTransaction, encode};
use super::error::CleanError;
use crate::log::fill::Fill;
use crate::log::index_file::{Entry, IndexFile};
use crate::log::names::{CLEANED, Holds, file_name};
use crate::log::offset_index::OffsetEntry;
use crate::log::rebuild::write_index;
use crate::log::segment::Segment;
use crate::log::time_index::TimeEntry;
use crate::record::{BatchHeader, Offset};
use crate::runtime::{Directory, OpenMode, SegmentFile};

/// A segment in the making.
pub struct Output {
    dir: Directory,
    file: Arc<SegmentFile>,
    fill: Fill,
    stored: u64,
    offsets: Vec<OffsetEntry>,
    times: Vec<TimeEntry>,
    aborted: Vec<AbortedTransaction>,
    interval_bytes: u32,
}

/// A finished one.
pub struct CleanedSegment {
    /// The segment, its files under their first names.
    pub segment: Segment,
    /// Which files it has.
    pub files: Vec<Holds>,
}

impl Output {
    /// Creates an empty one.
    pub async fn create(
        dir: &Directory,
        base: Offset,
        interval_bytes: u32,
    ) -> Result<Output, CleanError> {
        let file = create(dir, base, Holds::Records).await?;
        Ok(Output {
            dir: dir.clone(),
            file,
            fill: Fill::empty(base),
            stored: 0,
            offsets: Vec::new(),
            times: Vec::new(),
            aborted: Vec::new(),
            interval_bytes,
        })
    }

    /// Whether a batch can stand in it: indexes hold 31-bit numbers. The one that it begins with
    /// always can.
    pub fn takes(&self, header: &BatchHeader) -> bool {
        header.base_offset == self.fill.base || self.fill.takes(header)
    }

    /// Takes note of a batch whose bytes are stored next.
    pub fn note(&mut self, header: &BatchHeader) {
        let entries = self.fill.add(header, self.interval_bytes);
        self.offsets.extend(entries.offset);
        self.times.extend(entries.time);
    }

    /// An aborted transaction whose marker stands here.
    pub fn abort(&mut self, transaction: AbortedTransaction) {
        self.aborted.push(transaction);
    }

    /// Writes the bytes of batches that were noted.
    pub async fn store(&mut self, bytes: Bytes) -> Result<(), CleanError> {
        let len = bytes.len() as u64;
        let written = self.file.write_at(vec![bytes], self.stored).await;
        written.map_err(|error| CleanError::io("write", self.file.path(), error))?;
        self.stored += len;
        Ok(())
    }

    /// Makes it durable; its names are after a sync of the directory.
    pub async fn finish(mut self, created_ms: i64) -> Result<CleanedSegment, CleanError> {
        self.times.extend(self.fill.time_entry());
        let base = self.fill.base;
        let mut files = vec![Holds::Records, Holds::OffsetIndex, Holds::TimeIndex];
        let synced = self.file.sync_data().await;
        synced.map_err(|error| CleanError::io("sync", self.file.path(), error))?;
        let offsets = self.index(Holds::OffsetIndex, &self.offsets).await?;
        let times = self.index(Holds::TimeIndex, &self.times).await?;
        if !self.aborted.is_empty() {
            let file = create(&self.dir, base, Holds::TxnIndex).await?;
            let work = async {
                file.write_at(vec![Bytes::from(encode(&self.aborted))], 0).await?;
                file.sync_data().await
            };
            work.await.map_err(|error| CleanError::io("write", file.path(), error))?;
            files.push(Holds::TxnIndex);
        }
        let segment = Segment::new(self.file, self.fill, offsets, times, created_ms);
        Ok(CleanedSegment { segment, files })
    }

    async fn index<E: Entry>(
        &self,
        holds: Holds,
        entries: &[E],
    ) -> Result<IndexFile<E>, CleanError> {
        let file = create(&self.dir, self.fill.base, holds).await?;
        let written = write_index(&file, entries).await;
        written.map_err(|error| CleanError::io("write", file.path(), error))
    }
}

async fn create(
    dir: &Directory,
    base: Offset,
    holds: Holds,
) -> Result<Arc<SegmentFile>, CleanError> {
    let name = format!("{}{CLEANED}", file_name(base, holds));
    let path = dir.path().join(&name);
    let created = match SegmentFile::open(&path, OpenMode::CreateNew).await {
        // Left behind by a cleaning that was stopped.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let gone = dir.unlink(&name).await;
            gone.map_err(|error| CleanError::io("unlink", &path, error))?;
            SegmentFile::open(&path, OpenMode::CreateNew).await
        }
        created => created,
    };
    created.map_err(|error| CleanError::io("creation", &path, error))
}

/// Unlinks what a cleaning that came to nothing has left under these base offsets.
pub async fn remove_cleaned(dir: &Directory, bases: &[Offset]) {
    for base in bases {
        for holds in Holds::ALL {
            let name = format!("{}{CLEANED}", file_name(*base, holds));
            if let Err(error) = dir.unlink(&name).await
                && error.kind() != io::ErrorKind::NotFound
            {
                // The next cleaning or the next start removes it.
                tracing::info!(%name, %error, "leftover of a cleaning is still there");
            }
        }
    }
}
