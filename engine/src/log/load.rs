//! Loading one segment at a start: facts gathered, the table asked, batches checked, indexes made
//! to fit.
//!
//! Must not know which segments there are besides the next one's base offset. Decides nothing
//! itself: see `recovery_table`.

use std::io;
use std::sync::Arc;

use crate::record::{LeaderEpoch, Offset};
use crate::runtime::{Directory, SegmentFile};

use super::error::LogError;
use super::fill::Fill;
use super::found_index::{Found, Open, cut, look, of_size};
use super::index_file::{IndexChecksums, IndexFile};
use super::load_from::{anchored, first_timestamp, from_index, from_window};
use super::names::{Holds, file_name};
use super::offset_index::OffsetEntry;
use super::recovery_table::{Coverage, IndexFacts, Load, SegmentFacts, decide_load};
use super::scan::{Step, Walk};
use super::segment::Segment;
use super::time_index::TimeEntry;
use super::window::{Sealed, Window};

/// Batches that Kafka may have appended at once, with one index entry for all of them.
const GROUP_BYTES: u64 = 4 << 20;

/// Where a segment lies in its log.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    /// Its base offset.
    pub base: Offset,
    /// Size of its `.log` file.
    pub bytes: u64,
    /// Base offset of the next segment.
    pub next: Option<Offset>,
    /// Every log of this log dir was closed.
    pub clean: bool,
    /// Everything below is durable.
    pub recovery_point: Offset,
    /// `index.interval.bytes`.
    pub interval_bytes: u32,
    /// For segments whose creation time is not known.
    pub now_ms: i64,
}

/// A loaded segment.
pub struct Loaded {
    /// The segment, as far as it is good.
    pub segment: Segment,
    /// Where good batches end, when the file does not end there.
    pub bad: Option<u64>,
    /// Leader epochs that began in the batches that were walked over.
    pub epochs: Vec<(LeaderEpoch, Offset)>,
    /// Bytes that were checked.
    pub checked_bytes: u64,
    /// How it was loaded.
    pub load: Load,
}

/// Loads a segment.
pub async fn load(
    dir: &Directory,
    task: Task,
    window: Option<&Window>,
) -> Result<Loaded, LogError> {
    let path = dir.path().join(file_name(task.base, Holds::Records));
    let work = async {
        let of = |holds| dir.path().join(file_name(task.base, holds));
        let paths = vec![path.clone(), of(Holds::OffsetIndex), of(Holds::TimeIndex)];
        let mut open = SegmentFile::open_found(paths).await?.into_iter();
        let mut next = || open.next().flatten();
        let (records, offsets, times) = (next(), next(), next());
        let (file, _) = records.ok_or(io::ErrorKind::NotFound)?;
        if let Some(known) = vouched(task, window)
            && let Some(segment) = of_sizes(task, &file, known, &offsets, &times).await?
        {
            return Ok(Loaded::untouched(segment));
        }
        let mut offsets = look::<OffsetEntry>(offsets, of(Holds::OffsetIndex)).await?;
        let mut times = look::<TimeEntry>(times, of(Holds::TimeIndex)).await?;
        if vouched(task, window).is_some() {
            // The sizes are not what they should be.
            (offsets.facts, times.facts) = (IndexFacts::Torn, IndexFacts::Torn);
        }
        if task.next.is_some() && leaves_gap(task, &file, &offsets, &times).await? {
            offsets.facts = IndexFacts::Contradicts;
        }
        let window = match window {
            Some(window) if window.fill.base == task.base => {
                anchored(&file, task.bytes, window).await?.then_some(window)
            }
            _ => None,
        };
        let how = decide_load(SegmentFacts {
            clean: task.clean,
            last: task.next.is_none(),
            empty: task.bytes == 0,
            coverage: task.coverage(),
            anchored: window.is_some(),
            offset_index: offsets.facts,
            time_index: times.facts,
        });
        by(how, task, file, offsets, times, window).await
    };
    work.await.map_err(|error| LogError::io("loading", path.clone(), error))
}

impl Task {
    fn coverage(&self) -> Coverage {
        if self.next.is_some_and(|next| next <= self.recovery_point) {
            Coverage::Durable
        } else if self.base < self.recovery_point {
            Coverage::Straddles
        } else {
            Coverage::Beyond
        }
    }
}

async fn by(
    how: Load,
    task: Task,
    file: Arc<SegmentFile>,
    offsets: Found<OffsetEntry>,
    times: Found<TimeEntry>,
    window: Option<&Window>,
) -> io::Result<Loaded> {
    let start = match (how, window) {
        (Load::Trust, _) => return Ok(trusted(task, file, offsets, times)),
        (Load::CheckFromWindow, Some(window)) => from_window(window, &offsets, &times),
        (Load::CheckFromIndex, _) => {
            from_index(task, &file, &offsets, &times, task.recovery_point).await?
        }
        (Load::CheckLast, _) => from_index(task, &file, &offsets, &times, Offset::MAX).await?,
        (Load::CheckFromWindow | Load::CheckAll | Load::Rebuild, _) => None,
    };
    let checksums = match (how, window, start) {
        (Load::CheckFromWindow, Some(window), Some(_)) => window.checksums,
        _ => IndexChecksums::default(),
    };
    let start = start.unwrap_or_else(|| Fill::empty(task.base));
    let checked = matches!(how, Load::CheckAll | Load::CheckFromIndex | Load::CheckFromWindow);
    let mut segment = keep_prefix(task, file, start, offsets, times).await?;
    segment.offsets = segment.offsets.with_checksum(checksums.offsets);
    segment.times = segment.times.with_checksum(checksums.times);
    let mut loaded_epochs = Vec::new();
    let bad = walk(task, &mut segment, checked, &mut loaded_epochs).await?;
    if task.next.is_some() {
        segment.seal();
        segment.forget_recent();
    }
    store(&mut segment).await?;
    let mut bad = bad;
    if how == Load::CheckLast || (task.clean && task.next.is_none()) {
        bad = bad.or(last_is_bad(&segment).await?);
    }
    let checked_bytes = if checked { u64::from(segment.fill.bytes - start.bytes) } else { 0 };
    Ok(Loaded { segment, bad, epochs: loaded_epochs, checked_bytes, load: how })
}

/// Nothing is read but what the end of the time index says.
fn trusted(
    task: Task,
    file: Arc<SegmentFile>,
    offsets: Found<OffsetEntry>,
    times: Found<TimeEntry>,
) -> Loaded {
    let mut fill = Fill::empty(task.base);
    fill.bytes = u32::try_from(task.bytes).unwrap_or(u32::MAX);
    fill.next_offset = task.next.unwrap_or(task.base);
    fill.offset_entries = offsets.used;
    fill.time_entries = times.used;
    if let Some(last) = times.last {
        fill.max_timestamp = last.timestamp;
        fill.indexed_timestamp = last.timestamp;
        fill.max_offset = task.base.saturating_add(i64::from(last.relative));
    }
    let offsets = IndexFile::new(offsets.file, offsets.used, offsets.last);
    let times = IndexFile::new(times.file, times.used, times.last);
    Loaded::untouched(Segment::new(file, fill, offsets, times, task.now_ms))
}

impl Loaded {
    fn untouched(segment: Segment) -> Loaded {
        Loaded { segment, bad: None, epochs: Vec::new(), checked_bytes: 0, load: Load::Trust }
    }
}

/// Whether the indexes of a closed segment end too early: they were cut, or are not its own.
async fn leaves_gap(
    task: Task,
    file: &Arc<SegmentFile>,
    offsets: &Found<OffsetEntry>,
    times: &Found<TimeEntry>,
) -> io::Result<bool> {
    let last = offsets.last.map_or(0, |last| u64::from(last.position));
    if last >= task.bytes {
        return Ok(task.bytes > 0);
    }
    if times.used == 0 && first_timestamp(file, task).await? >= 0 {
        return Ok(true);
    }
    // Kafka makes one entry for a whole group of batches that were copied from a leader.
    let most = u64::from(task.interval_bytes) + GROUP_BYTES;
    if task.bytes - last <= most {
        return Ok(false);
    }
    let mut walk = Walk::headers(file.clone(), last..task.bytes, task.base, Offset::MAX);
    while let Step::Batch(batch) = walk.next().await? {
        if batch.position - last > most {
            return Ok(true);
        }
    }
    Ok(walk.position() < task.bytes)
}

/// What the window checkpoint says of a closed segment.
fn vouched(task: Task, window: Option<&Window>) -> Option<Sealed> {
    let known = window?.sealed.iter().find(|known| known.fill.base == task.base)?;
    (task.next.is_some() && u64::from(known.fill.bytes) == task.bytes).then_some(*known)
}

/// A closed segment, when its indexes have the sizes that they should have.
async fn of_sizes(
    task: Task,
    file: &Arc<SegmentFile>,
    known: Sealed,
    offsets: &Option<Open>,
    times: &Option<Open>,
) -> io::Result<Option<Segment>> {
    let Sealed { fill, checksums } = known;
    let (Some(offsets), Some(times)) = (
        of_size::<OffsetEntry>(offsets, fill.offset_entries).await?,
        of_size::<TimeEntry>(times, fill.time_entries).await?,
    ) else {
        return Ok(None);
    };
    let offsets = offsets.with_checksum(checksums.offsets);
    let times = times.with_checksum(checksums.times);
    Ok(Some(Segment::new(file.clone(), fill, offsets, times, task.now_ms)))
}

/// A segment that is filled as `fill` says, its indexes cut to the entries below.
async fn keep_prefix(
    task: Task,
    file: Arc<SegmentFile>,
    fill: Fill,
    offsets: Found<OffsetEntry>,
    times: Found<TimeEntry>,
) -> io::Result<Segment> {
    let offsets = cut(offsets, fill.offset_entries).await?;
    let times = cut(times, fill.time_entries).await?;
    Ok(Segment::new(file, fill, offsets, times, task.now_ms))
}

/// Takes note of every batch from the segment's fill to the end of its file; answers where that
/// stopped before the end.
async fn walk(
    task: Task,
    segment: &mut Segment,
    checked: bool,
    epochs: &mut Vec<(LeaderEpoch, Offset)>,
) -> io::Result<Option<u64>> {
    let range = u64::from(segment.fill.bytes)..task.bytes;
    let ceiling = task.next.unwrap_or(Offset::MAX);
    let mut walk = Walk::headers(segment.file.clone(), range, segment.fill.next_offset, ceiling);
    if checked {
        walk = walk.checked();
    }
    loop {
        match walk.next().await? {
            Step::Batch(batch) if segment.fill.takes(&batch.header) => {
                let epoch = batch.header.partition_leader_epoch;
                if epochs.last().is_none_or(|(last, _)| epoch > *last) {
                    epochs.push((epoch, batch.header.base_offset));
                }
                segment.note(&batch.header, task.interval_bytes);
            }
            Step::Batch(batch) => return Ok(Some(batch.position)),
            Step::Bad { position } => return Ok(Some(position)),
            Step::End => return Ok(None),
        }
    }
}

/// Writes the index entries that the walk made.
async fn store(segment: &mut Segment) -> io::Result<()> {
    if let Some((bytes, position, count)) = segment.offsets.unstored() {
        segment.offsets.file().write_at(vec![bytes], position).await?;
        segment.offsets.mark_stored(count);
    }
    if let Some((bytes, position, count)) = segment.times.unstored() {
        segment.times.file().write_at(vec![bytes], position).await?;
        segment.times.mark_stored(count);
    }
    Ok(())
}

async fn last_is_bad(segment: &Segment) -> io::Result<Option<u64>> {
    let Some(last) = segment.fill.last_batch else { return Ok(None) };
    let range = u64::from(last.position)..u64::from(segment.fill.bytes);
    let mut walk =
        Walk::headers(segment.file.clone(), range, segment.fill.base, Offset::MAX).checked();
    Ok(match walk.next().await? {
        Step::Batch(batch) if batch.header.crc == last.crc => None,
        _ => Some(u64::from(last.position)),
    })
}

#[cfg(all(test, not(simulated)))]
#[path = "damage_test.rs"]
#[expect(clippy::expect_used, reason = "a test that cannot go on ends here")]
mod damage_test;
