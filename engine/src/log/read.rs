//! From an offset to the slice of a file that answers a fetch.
//!
//! Whole batches only, found by index and header, never by reading records. Readers at the tail are
//! answered from memory; a reader that goes on where a read ended needs no index. Everything that
//! an await needs is owned: the state is borrowed between awaits only. Core-local.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use crate::record::Offset;
use crate::runtime::{Part, SegmentFile, Slice};

use super::error::ReadError;
use super::fill::Fill;
use super::log::{Log, State};
use super::scan::{Located, Step, Walk};
use super::segment::{Mark, Segment};

/// Readers whose place is remembered.
const HINTS: usize = 16;
/// A read that a truncation made void is tried again so often.
const TRIES: usize = 4;

/// Where the last reads ended, youngest last.
#[derive(Default)]
pub struct Hints {
    ends: VecDeque<Hint>,
}

#[derive(Clone, Copy)]
struct Hint {
    segment: Offset,
    next_offset: Offset,
    position: u64,
}

/// What a read wants.
#[derive(Clone, Copy)]
struct Wanted {
    from: Offset,
    below: Offset,
    bytes_max: u32,
    at_least_one: bool,
}

/// A segment as it was when the state was borrowed.
#[derive(Clone)]
pub(super) struct View {
    pub file: Arc<SegmentFile>,
    pub generation: u64,
    pub fill: Fill,
    pub distrusted: bool,
}

impl View {
    /// Whether the file was cut since.
    pub fn is_void(&self) -> bool {
        self.file.generation() != self.generation
    }

    pub fn walk(&self, from: u64) -> Walk {
        let end = u64::from(self.fill.bytes);
        Walk::headers(self.file.clone(), from..end, self.fill.base, self.fill.next_offset)
    }

    pub fn io(&self, source: io::Error) -> ReadError {
        ReadError::Io { path: self.file.path().to_path_buf(), source }
    }

    pub fn corrupt(&self, position: u64) -> ReadError {
        if self.is_void() {
            return ReadError::Truncated;
        }
        ReadError::Corrupt { path: self.file.path().to_path_buf(), position }
    }

    /// About how far into the segment an offset is, from 0 to 1.
    fn share_of(&self, offset: Offset) -> f64 {
        (offset - self.fill.base) as f64 / (self.fill.next_offset - self.fill.base).max(1) as f64
    }
}

enum Plan {
    Done(Vec<Part>),
    Look(View, Option<u64>),
}

impl Log {
    /// Whole batches from the one that holds `from` on, all of them below `below`, as slices of at
    /// most `bytes_max` bytes; with `at_least_one` the first batch even when it is larger. One
    /// segment's worth at most. Empty at the end.
    pub async fn read(
        &self,
        from: Offset,
        below: Offset,
        bytes_max: u32,
        at_least_one: bool,
    ) -> Result<Vec<Part>, ReadError> {
        let mut wanted = Wanted { from, below, bytes_max, at_least_one };
        let mut tries = 0;
        loop {
            let (view, hint) = match self.plan(wanted)? {
                Plan::Done(parts) => return Ok(parts),
                Plan::Look(view, hint) => (view, hint),
            };
            match self.look(&view, hint, wanted).await {
                Ok(Some(parts)) if !view.is_void() => return Ok(parts),
                // Compaction took what was between here and the next segment.
                Ok(None) if !view.is_void() => match self.segment_after(view.fill.base) {
                    Some(base) => wanted.from = base.max(wanted.from),
                    None => return Ok(Vec::new()),
                },
                Err(error) if !view.is_void() => return Err(error),
                _ if tries == TRIES => return Err(ReadError::Truncated),
                _ => tries += 1,
            }
        }
    }

    fn plan(&self, wanted: Wanted) -> Result<Plan, ReadError> {
        let state = self.state.borrow();
        let (offset, start, end) = (wanted.from, state.start, state.end);
        if offset < start || offset > end {
            return Err(ReadError::OutOfRange { offset, start, end });
        }
        let Some(segment) = state.segment_of(offset) else { return Ok(Plan::Done(Vec::new())) };
        if offset >= wanted.below.min(end) {
            return Ok(Plan::Done(Vec::new()));
        }
        if let Some(marks) = segment.recent_from(offset) {
            return Ok(Plan::Done(slice_of(segment, marks, wanted)));
        }
        Ok(Plan::Look(segment.view(), state.hints.find(segment.fill.base, offset)))
    }

    /// `None` when the segment has no batch at or above the offset.
    async fn look(
        &self,
        view: &View,
        hint: Option<u64>,
        wanted: Wanted,
    ) -> Result<Option<Vec<Part>>, ReadError> {
        let Some(first) = self.locate(view, hint, wanted.from).await? else { return Ok(None) };
        let fits = first.header.size_in_bytes() as u64 <= u64::from(wanted.bytes_max);
        if first.header.last_offset() >= wanted.below || !(fits || wanted.at_least_one) {
            return Ok(Some(Vec::new()));
        }
        let limit = first.position + u64::from(wanted.bytes_max);
        let (end, next_offset) = self.extent(view, &first, limit, wanted.below).await?;
        let bytes = u32::try_from(end - first.position).unwrap_or(u32::MAX);
        let mut state = self.state.borrow_mut();
        if state.current(view).is_some() {
            state.hints.add(view.fill.base, next_offset, end);
        }
        Ok(Some(vec![view.part(first.position, bytes)]))
    }

    /// The first batch of a segment that reaches up to `offset`.
    pub(super) async fn locate(
        &self,
        view: &View,
        hint: Option<u64>,
        offset: Offset,
    ) -> Result<Option<Located>, ReadError> {
        if let Some(position) = hint {
            return first_reaching(view, position, offset).await;
        }
        let position = self.floor(view, |_, last| last <= offset, view.share_of(offset)).await?;
        if position > 0 && !view.distrusted {
            match first_reaching(view, position, offset).await {
                // The entry's batch ends at the offset or before, or the entry is wrong.
                Ok(Some(found))
                    if found.position == position && found.header.base_offset > offset => {}
                Ok(found) => return Ok(found),
                Err(ReadError::Corrupt { .. }) => {}
                Err(error) => return Err(error),
            }
            self.distrust(view);
        }
        first_reaching(view, 0, offset).await
    }

    /// The end of the last batch that ends at `limit` or before and lies below `below`, and the
    /// offset behind it. At least the end of `first`.
    async fn extent(
        &self,
        view: &View,
        first: &Located,
        limit: u64,
        below: Offset,
    ) -> Result<(u64, Offset), ReadError> {
        let all = u64::from(view.fill.bytes);
        if limit >= all && below >= view.fill.next_offset {
            return Ok((all, view.fill.next_offset));
        }
        let end = (first.end(), first.header.next_offset());
        if end.0 >= limit {
            return Ok(end);
        }
        let share = (limit as f64 / all.max(1) as f64).min(view.share_of(below));
        let reaches = |position: u64, last: Offset| position <= limit && last < below;
        let jump = self.floor(view, reaches, share).await?;
        if jump > end.0 {
            match walk_extent(view, jump, end.1, limit, below).await {
                Err(ReadError::Corrupt { .. }) => self.distrust(view),
                result => return result,
            }
        }
        walk_extent(view, end.0, end.1, limit, below).await
    }

    /// Position of the last index entry that `before(position, last offset)` accepts; 0 for none.
    async fn floor(
        &self,
        view: &View,
        before: impl Fn(u64, Offset) -> bool,
        share: f64,
    ) -> Result<u64, ReadError> {
        let base = view.fill.base;
        let accepts = |entry: super::offset_index::OffsetEntry| {
            before(u64::from(entry.position), base + i64::from(entry.relative))
        };
        let index = match self.state.borrow().current(view) {
            Some(segment) if !segment.distrusted => segment.offsets.view(accepts),
            _ => return Ok(0),
        };
        let entry = index.floor(share, accepts).await.map_err(|error| view.io(error))?;
        Ok(entry.map_or(0, |entry| u64::from(entry.position)))
    }

    /// An index led to something that is not a batch: readers do without it until it is rebuilt.
    pub(super) fn distrust(&self, view: &View) {
        let mut state = self.state.borrow_mut();
        let Some(segment) = state.current_mut(view) else { return };
        if !segment.distrusted && !view.is_void() {
            segment.distrusted = true;
            state.as_closed = false;
            let file = view.file.path();
            tracing::warn!(file = %file.display(), "index contradicts its segment: it is rebuilt");
        }
    }

    pub(super) fn segment_after(&self, base: Offset) -> Option<Offset> {
        self.state.borrow().segments.range(base.saturating_add(1)..).next().map(|(base, _)| *base)
    }
}

/// Walks from a batch boundary to the first batch that reaches up to `offset`.
async fn first_reaching(
    view: &View,
    position: u64,
    offset: Offset,
) -> Result<Option<Located>, ReadError> {
    let mut walk = view.walk(position);
    loop {
        match walk.next().await.map_err(|error| view.io(error))? {
            Step::Batch(found) if found.header.last_offset() >= offset => return Ok(Some(found)),
            Step::Batch(_) => {}
            Step::End => return Ok(None),
            Step::Bad { position } => return Err(view.corrupt(position)),
        }
    }
}

/// Walks from a batch boundary, behind which offsets begin at `floor`, as far as batches lie within
/// the limits.
async fn walk_extent(
    view: &View,
    from: u64,
    floor: Offset,
    limit: u64,
    below: Offset,
) -> Result<(u64, Offset), ReadError> {
    let mut walk = view.walk(from).above(floor);
    let (mut end, mut next_offset) = (from, None);
    loop {
        match walk.next().await.map_err(|error| view.io(error))? {
            Step::Batch(next) if next.end() <= limit && next.header.last_offset() < below => {
                (end, next_offset) = (next.end(), Some(next.header.next_offset()));
            }
            Step::Batch(next) => return Ok((end, next_offset.unwrap_or(next.header.base_offset))),
            Step::End => return Ok((end, next_offset.unwrap_or(floor))),
            Step::Bad { position } => return Err(view.corrupt(position)),
        }
    }
}

fn slice_of(segment: &Segment, marks: impl Iterator<Item = Mark>, wanted: Wanted) -> Vec<Part> {
    let (mut start, mut bytes) = (None, 0_u32);
    for mark in marks {
        let first = start.is_none();
        let end = bytes.saturating_add(mark.bytes);
        let fits = end <= wanted.bytes_max || (first && wanted.at_least_one);
        if mark.last_offset >= wanted.below || !fits {
            break;
        }
        start.get_or_insert(mark.position);
        bytes = end;
    }
    start.map(|start| segment.view().part(u64::from(start), bytes)).into_iter().collect()
}

impl View {
    fn part(&self, position: u64, bytes: u32) -> Part {
        let (file, generation) = (self.file.clone(), self.generation);
        Part::File(Slice { file, position, bytes, generation })
    }
}

impl Segment {
    pub(super) fn view(&self) -> View {
        View {
            file: self.file.clone(),
            generation: self.file.generation(),
            fill: self.fill,
            distrusted: self.distrusted,
        }
    }
}

impl State {
    /// The segment of a view, unless another one was swapped in meanwhile.
    pub(super) fn current(&self, view: &View) -> Option<&Segment> {
        let segment = self.segments.get(&view.fill.base).map(Box::as_ref);
        segment.filter(|segment| Arc::ptr_eq(&segment.file, &view.file))
    }

    /// The same, to be changed.
    pub(super) fn current_mut(&mut self, view: &View) -> Option<&mut Segment> {
        let segment = self.segments.get_mut(&view.fill.base).map(Box::as_mut);
        segment.filter(|segment| Arc::ptr_eq(&segment.file, &view.file))
    }

    /// The segment that holds an offset, or the next one when none does.
    pub(super) fn segment_of(&self, offset: Offset) -> Option<&Segment> {
        let holder = self.segments.range(..=offset).next_back().map(|(_, segment)| &**segment);
        match holder.filter(|segment| offset < segment.fill.next_offset) {
            Some(segment) => Some(segment),
            None => self.segments.range(offset..).next().map(|(_, segment)| &**segment).or(holder),
        }
    }
}

impl Hints {
    fn find(&self, segment: Offset, offset: Offset) -> Option<u64> {
        let hint = |hint: &&Hint| hint.segment == segment && hint.next_offset == offset;
        self.ends.iter().rev().find(hint).map(|hint| hint.position)
    }

    fn add(&mut self, segment: Offset, next_offset: Offset, position: u64) {
        if self.ends.len() == HINTS {
            self.ends.pop_front();
        }
        self.ends.push_back(Hint { segment, next_offset, position });
    }

    /// Positions moved.
    pub(super) fn clear(&mut self) {
        self.ends.clear();
    }
}
