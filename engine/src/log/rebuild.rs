//! Rebuilding what derives from a segment's records: its fill and both indexes.
//!
//! A walk over headers; nothing is read that the headers do not need. Must not know when to
//! rebuild.

use std::io;
use std::sync::Arc;

use bytes::Bytes;

use crate::record::Offset;
use crate::runtime::SegmentFile;

use super::error::LogError;
use super::fill::Fill;
use super::index_file::{Entry, IndexFile};
use super::log::Log;
use super::offset_index::OffsetEntry;
use super::scan::{Step, Walk};
use super::time_index::TimeEntry;

/// Indexes made from headers.
pub struct Rebuilt {
    /// How far the segment is filled.
    pub fill: Fill,
    /// All entries of the offset index.
    pub offsets: Vec<OffsetEntry>,
    /// All entries of the time index.
    pub times: Vec<TimeEntry>,
    /// Where the walk met something that is not a batch.
    pub bad: Option<u64>,
}

/// Walks over a whole segment of `bytes` bytes whose offsets lie in `base..ceiling`.
pub async fn from_headers(
    file: &Arc<SegmentFile>,
    base: Offset,
    bytes: u64,
    ceiling: Offset,
    interval_bytes: u32,
) -> io::Result<Rebuilt> {
    let mut walk = Walk::headers(file.clone(), 0..bytes, base, ceiling);
    let fill = Fill::empty(base);
    let mut built = Rebuilt { fill, offsets: Vec::new(), times: Vec::new(), bad: None };
    loop {
        match walk.next().await? {
            Step::Batch(batch) => {
                let entries = built.fill.add(&batch.header, interval_bytes);
                built.offsets.extend(entries.offset);
                built.times.extend(entries.time);
            }
            Step::End => return Ok(built),
            Step::Bad { position } => {
                built.bad = Some(position);
                return Ok(built);
            }
        }
    }
}

/// Replaces the whole content of an index file; durable when this returns.
pub async fn write_index<E: Entry>(
    file: &Arc<SegmentFile>,
    entries: &[E],
) -> io::Result<IndexFile<E>> {
    let mut bytes = Vec::with_capacity(entries.len() * E::BYTES);
    entries.iter().for_each(|entry| entry.encode(&mut bytes));
    let checksum = crc32fast::hash(&bytes);
    file.truncate(0).await?;
    file.write_at(vec![Bytes::from(bytes)], 0).await?;
    file.sync_data().await?;
    let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    let index = IndexFile::new(file.clone(), count, entries.last().copied());
    Ok(index.with_checksum(Some(checksum)))
}

/// A segment whose indexes are to be made anew, as it was when that began.
struct Distrusted {
    base: Offset,
    /// Nothing is appended to it any more.
    sealed: bool,
    file: Arc<SegmentFile>,
    bytes: u64,
    next_offset: Offset,
    offsets: Arc<SegmentFile>,
    times: Arc<SegmentFile>,
    /// Numbers of entries: what is pushed from here on is not among what is made anew.
    entries: (u32, u32),
}

impl Log {
    /// Rebuilds the indexes that were found to be wrong. Upkeep is held, so nothing is stored
    /// meanwhile; entries that appends make go behind the rebuilt ones.
    pub(super) async fn rebuild_distrusted(&self) -> Result<(), LogError> {
        loop {
            let Some(found) = self.next_distrusted() else { return Ok(()) };
            let interval = self.config.borrow().index_interval_bytes;
            let (file, base) = (&found.file, found.base);
            let mut built = from_headers(file, base, found.bytes, found.next_offset, interval)
                .await
                .map_err(|error| self.read_failed(file, error))?;
            if let Some(position) = built.bad {
                let recovery_point = self.recovery_point();
                let path = file.path().to_path_buf();
                return Err(LogError::Corrupt { path, position, recovery_point });
            }
            if found.sealed {
                built.times.extend(built.fill.time_entry());
            }
            let written = async {
                Ok((
                    write_index(&found.offsets, &built.offsets).await?,
                    write_index(&found.times, &built.times).await?,
                ))
            };
            let (offsets, times) = written
                .await
                .map_err(|error| self.poison("rebuild", found.offsets.path(), error))?;
            self.install(&found, &built.fill, offsets, times);
        }
    }

    fn install(
        &self,
        found: &Distrusted,
        fill: &Fill,
        mut offsets: IndexFile<OffsetEntry>,
        mut times: IndexFile<TimeEntry>,
    ) {
        let mut state = self.state.borrow_mut();
        state.as_closed = false;
        let Some(segment) = state.segments.get_mut(&found.base) else { return };
        offsets.take_youngest(&segment.offsets, found.entries.0);
        times.take_youngest(&segment.times, found.entries.1);
        segment.fill.offset_entries = offsets.entries();
        segment.fill.time_entries = times.entries();
        let indexed = times.last().map(|last| last.timestamp);
        segment.fill.indexed_timestamp = indexed.unwrap_or(fill.indexed_timestamp);
        segment.offsets = offsets;
        segment.times = times;
        segment.distrusted = false;
    }

    fn next_distrusted(&self) -> Option<Distrusted> {
        let state = self.state.borrow();
        let last = *state.segments.keys().next_back()?;
        let (base, segment) = state.segments.iter().find(|(_, segment)| segment.distrusted)?;
        Some(Distrusted {
            base: *base,
            sealed: *base != last,
            file: segment.file.clone(),
            bytes: u64::from(segment.fill.bytes),
            next_offset: segment.fill.next_offset,
            offsets: segment.offsets.file().clone(),
            times: segment.times.file().clone(),
            entries: (segment.offsets.entries(), segment.times.entries()),
        })
    }
}
