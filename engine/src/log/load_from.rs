//! Where the check of a segment begins at a start: what of it is known without walking over its
//! batches.
//!
//! Reads single headers and index entries; whether the answer may be used, the table decides.
//! Core-local.

use std::io;
use std::sync::Arc;

use crate::record::Offset;
use crate::runtime::SegmentFile;

use super::fill::Fill;
use super::found_index::{Found, last_accepted};
use super::load::Task;
use super::offset_index::OffsetEntry;
use super::scan::{Step, Walk};
use super::time_index::TimeEntry;
use super::window::Window;

/// The fill at the window checkpoint, when the indexes still have their entries below it.
pub fn from_window(
    window: &Window,
    offsets: &Found<OffsetEntry>,
    times: &Found<TimeEntry>,
) -> Option<Fill> {
    let fill = window.fill;
    let there = offsets.used >= fill.offset_entries && times.used >= fill.time_entries;
    there.then_some(fill)
}

/// The fill in front of the batch of the last index entry below an offset.
pub async fn from_index(
    task: Task,
    file: &Arc<SegmentFile>,
    offsets: &Found<OffsetEntry>,
    times: &Found<TimeEntry>,
    below: Offset,
) -> io::Result<Option<Fill>> {
    let is_below = |relative: u32| task.base.saturating_add(i64::from(relative)) < below;
    let Some((count, entry)) =
        last_accepted(&offsets.file, offsets.used, |entry: &OffsetEntry| is_below(entry.relative))
            .await?
    else {
        return Ok(None);
    };
    let last_offset = task.base.saturating_add(i64::from(entry.relative));
    let mut at = Walk::headers(
        file.clone(),
        u64::from(entry.position)..task.bytes,
        task.base,
        task.next.unwrap_or(Offset::MAX),
    );
    let Ok(Step::Batch(batch)) = at.next().await else { return Ok(None) };
    if batch.header.last_offset() > last_offset {
        return Ok(None);
    }
    let kept =
        last_accepted(&times.file, times.used, |time: &TimeEntry| time.relative < entry.relative)
            .await?;
    let mut fill = Fill::empty(task.base);
    fill.bytes = entry.position;
    fill.next_offset = batch.header.base_offset;
    fill.offset_entries = count - 1;
    // So that the batch gets its entry again.
    fill.bytes_since_entry = u32::MAX;
    fill.first_timestamp = first_timestamp(file, task).await?;
    if let Some((count, time)) = kept {
        fill.time_entries = count;
        fill.max_timestamp = time.timestamp;
        fill.indexed_timestamp = time.timestamp;
        fill.max_offset = task.base.saturating_add(i64::from(time.relative));
    }
    Ok(Some(fill))
}

/// Largest timestamp of a segment's first batch; -1 for none.
pub async fn first_timestamp(file: &Arc<SegmentFile>, task: Task) -> io::Result<i64> {
    let mut walk = Walk::headers(file.clone(), 0..task.bytes, task.base, Offset::MAX);
    Ok(match walk.next().await? {
        Step::Batch(batch) => batch.header.max_timestamp,
        Step::End | Step::Bad { .. } => -1,
    })
}

/// Whether the batch before the window checkpoint's place is still the one it was written for.
pub async fn anchored(file: &Arc<SegmentFile>, bytes: u64, window: &Window) -> io::Result<bool> {
    let end = u64::from(window.fill.bytes);
    let Some(anchor) = window.fill.last_batch else { return Ok(end == 0) };
    if end > bytes {
        return Ok(false);
    }
    let range = u64::from(anchor.position)..end;
    let mut walk = Walk::headers(file.clone(), range, window.fill.base, window.fill.next_offset);
    Ok(match walk.next().await? {
        Step::Batch(batch) => {
            batch.header.crc == anchor.crc
                && batch.end() == end
                && batch.header.next_offset() == window.fill.next_offset
        }
        Step::End | Step::Bad { .. } => false,
    })
}
