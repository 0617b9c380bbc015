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
    file.truncate(0).await?;
    file.write_at(vec![Bytes::from(bytes)], 0).await?;
    file.sync_data().await?;
    let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    Ok(IndexFile::new(file.clone(), count, entries.last().copied()))
}

impl Log {
    /// Rebuilds the indexes that readers found to be wrong. Upkeep is held; nothing is appended
    /// meanwhile to a segment other than the active one, whose entries are taken up to its end as
    /// it was.
    pub(super) async fn rebuild_distrusted(&self) -> Result<(), LogError> {
        loop {
            let Some((base, sealed, file, bytes, ceiling, indexes)) = self.next_distrusted() else {
                return Ok(());
            };
            let interval = self.config.borrow().index_interval_bytes;
            let mut built = from_headers(&file, base, bytes, ceiling, interval)
                .await
                .map_err(|error| self.read_failed(&file, error))?;
            if let Some(position) = built.bad {
                let recovery_point = self.recovery_point();
                let path = file.path().to_path_buf();
                return Err(LogError::Corrupt { path, position, recovery_point });
            }
            if sealed {
                built.times.extend(built.fill.time_entry());
            }
            let (offsets, times) = indexes;
            let written = async {
                Ok((
                    write_index(&offsets, &built.offsets).await?,
                    write_index(&times, &built.times).await?,
                ))
            };
            let (offsets, times) =
                written.await.map_err(|error| self.poison("rebuild", offsets.path(), error))?;
            if let Some(segment) = self.state.borrow_mut().segments.get_mut(&base) {
                segment.offsets = offsets;
                segment.times = times;
                segment.fill.offset_entries = built.fill.offset_entries;
                segment.fill.time_entries = built.fill.time_entries;
                segment.fill.indexed_timestamp = built.fill.indexed_timestamp;
                segment.distrusted = false;
            }
        }
    }

    #[expect(clippy::type_complexity, reason = "one caller, named at once")]
    fn next_distrusted(
        &self,
    ) -> Option<(Offset, bool, Arc<SegmentFile>, u64, Offset, (Arc<SegmentFile>, Arc<SegmentFile>))>
    {
        let state = self.state.borrow();
        let last = *state.segments.keys().next_back()?;
        let (base, segment) = state.segments.iter().find(|(_, segment)| segment.distrusted)?;
        let indexes = (segment.offsets.file().clone(), segment.times.file().clone());
        let bytes = u64::from(segment.fill.bytes);
        let sealed = *base != last;
        Some((*base, sealed, segment.file.clone(), bytes, segment.fill.next_offset, indexes))
    }
}
