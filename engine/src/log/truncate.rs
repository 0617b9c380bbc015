//! Cutting the end of a log, and moving its start.
//!
//! A truncation lowers the window checkpoint first: from then on nothing above counts as durable,
//! so that a crash half way through is an ordinary recovery. Segments go from the youngest on, each
//! step synced, so that a crash leaves no hole. Core-local; one caller at a time.

use std::time::Duration;

use crate::record::Offset;
use crate::runtime::{Directory, sleep, spawn};

use super::error::LogError;
use super::fill::Fill;
use super::index_file::{IndexChecksums, IndexFile};
use super::log::Log;
use super::names::{DELETED, Holds, WINDOW_CHECKPOINT, file_name};
use super::producers::ProducerTable;
use super::rebuild::write_index;
use super::scan::{Step, Walk};
use super::segment::Segment;
use super::snapshot;
use super::window::Window;

/// What the log is at the end of a truncation.
struct Cut {
    segment: Offset,
    fill: Fill,
    producers: ProducerTable,
    epochs_changed: bool,
}

impl Log {
    /// Removes every batch that reaches `to` or beyond, durably when this returns; answers the new
    /// end, which is below `to` when that lies inside a batch. Slices of cut files die.
    pub async fn truncate(&self, to: Offset) -> Result<Offset, LogError> {
        self.check_usable()?;
        if to >= self.end_offset() {
            return Ok(self.end_offset());
        }
        let start = self.start_offset();
        self.state.borrow_mut().abandon_cleaning(to);
        {
            let _held = self.upkeep.acquire().await;
            let cut = self.find_cut(to.max(start)).await?;
            self.lower_window(&cut).await?;
            self.drop_above(cut.segment).await?;
            self.cut_segment(&cut).await?;
            self.settle(cut).await?;
        }
        if self.end_offset() < start {
            // The log started inside the batch that went.
            self.state.borrow_mut().end = start;
            self.roll(start).await?;
            self.state.borrow_mut().durable = start;
            self.delete_below(start).await?;
        }
        Ok(self.end_offset())
    }

    /// The log starts at `offset`; segments that lie below go, with a delay. The caller puts the
    /// new start into the log dir's log-start-offset-checkpoint before.
    pub async fn start_at(&self, offset: Offset) -> Result<(), LogError> {
        self.check_usable()?;
        let (start, end) = (self.start_offset(), self.end_offset());
        if offset <= start {
            return Ok(());
        }
        if offset > end {
            let path = self.path();
            return Err(LogError::StartOutOfRange { path, offset, start, end });
        }
        let active_bytes = self.state.borrow().active().map_or(0, |active| active.fill.bytes);
        if offset == end && active_bytes > 0 {
            self.roll(end).await?;
        }
        let epochs_changed = {
            let mut state = self.state.borrow_mut();
            state.start = offset;
            state.epochs.truncate_start(offset)
        };
        if epochs_changed {
            self.write_epochs().await?;
        }
        self.delete_below(offset).await
    }

    /// Removes everything; the log is empty and starts at `offset`, which may be anywhere. For a
    /// replica whose leader's log starts above this one's end.
    pub async fn restart_at(&self, offset: Offset) -> Result<(), LogError> {
        self.check_usable()?;
        self.state.borrow_mut().abandon_cleaning(offset);
        let _held = self.upkeep.acquire().await;
        let empty = Cut {
            segment: offset,
            fill: Fill::empty(offset),
            producers: ProducerTable::default(),
            epochs_changed: true,
        };
        self.lower_window(&empty).await?;
        self.drop_above(Offset::MIN).await?;
        let segment = self.new_segment(offset).await?;
        {
            let mut state = self.state.borrow_mut();
            state.segments.clear();
            state.segments.insert(offset, Box::new(segment));
            state.start = offset;
            state.epochs = Default::default();
        }
        self.settle(empty).await
    }

    /// Where the log ends when everything from `to` on is gone. Batches in front of it are walked
    /// over from their segment's start, because indexes and producers have to fit exactly.
    async fn find_cut(&self, to: Offset) -> Result<Cut, LogError> {
        let found = {
            let state = self.state.borrow();
            let at = state.segments.range(..=to).next_back();
            at.map(|(base, segment)| (*base, segment.view()))
        };
        let Some((base, view)) = found else {
            let path = self.path();
            let (start, end) = (self.start_offset(), self.end_offset());
            return Err(LogError::StartOutOfRange { path, offset: to, start, end });
        };
        let (mut producers, known) = self.producers_near(base, to).await?;
        let interval = self.config.borrow().index_interval_bytes;
        let mut fill = Fill::empty(base);
        let mut walk = view.walk(0);
        loop {
            let step = walk.next().await.map_err(|error| self.read_failed(&view.file, error))?;
            match step {
                Step::Batch(batch) if batch.header.last_offset() < to => {
                    fill.add(&batch.header, interval);
                    if batch.header.base_offset >= known {
                        producers.apply(&batch.header);
                    }
                }
                Step::Batch(_) | Step::End => break,
                Step::Bad { position } => {
                    let path = view.file.path().to_path_buf();
                    let recovery_point = self.recovery_point();
                    return Err(LogError::Corrupt { path, position, recovery_point });
                }
            }
        }
        let end = fill.next_offset;
        let epochs_changed = self.state.borrow().epochs.latest().is_some_and(|e| e.start >= end);
        Ok(Cut { segment: base, fill, producers, epochs_changed })
    }

    /// The producers at an offset of the segment at `base` that is not above `to`: as the window
    /// checkpoint has them, or those at the segment's start from its snapshot, which knows one
    /// batch of each, or from all headers before.
    async fn producers_near(
        &self,
        base: Offset,
        to: Offset,
    ) -> Result<(ProducerTable, Offset), LogError> {
        let dir = self.directory();
        if let Some(bytes) = super::open::read_small(&dir, WINDOW_CHECKPOINT).await?
            && let Ok(window) = Window::decode(&bytes)
            && (base..=to).contains(&window.recovery_point)
        {
            return Ok((window.producers, window.recovery_point));
        }
        let name = file_name(base, Holds::Snapshot);
        if let Some(bytes) = super::open::read_small(&dir, &name).await?
            && let Ok(table) = snapshot::decode(&bytes)
        {
            return Ok((table, base));
        }
        let views: Vec<_> = {
            let state = self.state.borrow();
            state.segments.range(..base).map(|(_, segment)| segment.view()).collect()
        };
        let mut table = ProducerTable::default();
        for view in views {
            let mut walk: Walk = view.walk(0);
            while let Step::Batch(batch) =
                walk.next().await.map_err(|error| self.read_failed(&view.file, error))?
            {
                table.apply(&batch.header);
            }
        }
        Ok((table, base))
    }

    /// From here on nothing at or above the cut counts as durable.
    async fn lower_window(&self, cut: &Cut) -> Result<(), LogError> {
        let window = {
            let state = self.state.borrow();
            let below = state.segments.range(..cut.segment).filter(|(_, one)| one.vouched);
            Window {
                generation: state.generation + 1,
                topic: self.id.topic,
                recovery_point: cut.fill.next_offset.min(state.recovery_point),
                fill: cut.fill,
                // The indexes are cut later.
                checksums: IndexChecksums::default(),
                sealed: below.map(|(_, segment)| segment.sealed()).collect(),
                producers: cut.producers.clone(),
            }
        };
        let lowered = window.recovery_point;
        let generation = window.generation;
        if lowered == cut.fill.next_offset {
            self.replace(WINDOW_CHECKPOINT, window.encode()).await?;
            let mut state = self.state.borrow_mut();
            state.generation = generation;
            state.recovery_point = lowered;
        }
        Ok(())
    }

    /// Drops the segments above one, the youngest first.
    async fn drop_above(&self, base: Offset) -> Result<(), LogError> {
        loop {
            let last = self.state.borrow().segments.keys().next_back().copied();
            let Some(last) = last.filter(|last| *last > base) else { return Ok(()) };
            self.rename_away(last).await?;
            // A log is never without a segment.
            let mut state = self.state.borrow_mut();
            if state.segments.len() == 1 {
                return Ok(());
            }
            state.segments.remove(&last);
        }
    }

    /// Takes away the segments that lie below the log's start.
    pub(super) async fn delete_below(&self, start: Offset) -> Result<(), LogError> {
        let active = self.state.borrow().segments.keys().next_back().copied();
        if active.is_some_and(|active| self.recovery_point() < active) {
            // A crash interrupted the roll: what the old segments say about producers is not in the
            // window checkpoint yet.
            self.checkpoint().await?;
        }
        loop {
            let oldest = {
                let state = self.state.borrow();
                let mut bases = state.segments.keys().copied();
                let oldest = bases.next();
                bases.next().filter(|next| *next <= start).and(oldest)
            };
            let Some(oldest) = oldest else { return Ok(()) };
            self.rename_away(oldest).await?;
            let mut state = self.state.borrow_mut();
            state.segments.remove(&oldest);
            state.as_closed = false;
        }
    }

    /// Renames a segment's files to `.deleted`, durably, and unlinks them later: whoever reads
    /// them still has them open. The records go first: what is left without them is an orphan,
    /// but records without their snapshot would have forgotten their producers.
    async fn rename_away(&self, base: Offset) -> Result<(), LogError> {
        let dir = self.directory();
        let mut renamed = Vec::new();
        for holds in Holds::ALL {
            let name = file_name(base, holds);
            let gone = format!("{name}{DELETED}");
            match dir.rename(&name, &gone).await {
                Ok(()) => {
                    renamed.push(gone);
                    if holds == Holds::Records {
                        let synced = dir.sync().await;
                        synced.map_err(|error| self.poison("sync", dir.path(), error))?;
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(self.poison("rename", dir.path().join(name), error)),
            }
        }
        dir.sync().await.map_err(|error| self.poison("sync", dir.path(), error))?;
        spawn(unlink_later(dir, renamed, self.file_delete_delay()));
        Ok(())
    }

    async fn cut_segment(&self, cut: &Cut) -> Result<(), LogError> {
        let target = {
            let state = self.state.borrow();
            state.segments.get(&cut.segment).map(|segment| {
                let (offsets, times) = (segment.offsets.file(), segment.times.file());
                (segment.view(), offsets.clone(), times.clone())
            })
        };
        let Some((view, offsets, times)) = target else { return Ok(()) };
        let interval = self.config.borrow().index_interval_bytes;
        let file = view.file.clone();
        let work = async {
            file.truncate(u64::from(cut.fill.bytes)).await?;
            file.sync_data().await?;
            let (offset_entries, time_entries) = entries_of(&view, cut, interval).await?;
            Ok((
                write_index(&offsets, &offset_entries).await?,
                write_index(&times, &time_entries).await?,
            ))
        };
        let (offsets, times): (IndexFile<_>, IndexFile<_>) =
            work.await.map_err(|error| self.poison("truncation", file.path(), error))?;
        if let Some(segment) = self.state.borrow_mut().segments.get_mut(&cut.segment) {
            let (created_ms, jitter_ms) = (segment.created_ms, segment.jitter_ms);
            **segment = Segment::new(view.file, cut.fill, offsets, times, created_ms);
            segment.jitter_ms = jitter_ms;
        }
        Ok(())
    }

    async fn settle(&self, cut: Cut) -> Result<(), LogError> {
        let to = cut.fill.next_offset;
        {
            let mut state = self.state.borrow_mut();
            state.end = to;
            state.durable = to.min(state.durable);
            state.as_closed = false;
            state.truncations += 1;
            state.producers = cut.producers;
            state.hints.clear();
            state.epochs.truncate_end(to);
        }
        self.drop_snapshots_above(to).await?;
        if cut.epochs_changed { self.write_epochs().await } else { Ok(()) }
    }

    async fn drop_snapshots_above(&self, end: Offset) -> Result<(), LogError> {
        let dir = self.directory();
        let listed = dir.entries().await;
        for entry in listed.map_err(|error| self.poison("listing", dir.path(), error))? {
            let parsed = super::names::parse(&entry.name);
            if let super::names::Name::Segment(offset, Holds::Snapshot) = parsed
                && offset > end
            {
                let gone = dir.unlink(&entry.name).await;
                gone.map_err(|error| self.poison("unlink", dir.path().join(&entry.name), error))?;
            }
        }
        Ok(())
    }
}

/// The index entries of what is left of a segment.
async fn entries_of(
    view: &super::read::View,
    cut: &Cut,
    interval_bytes: u32,
) -> std::io::Result<(Vec<super::offset_index::OffsetEntry>, Vec<super::time_index::TimeEntry>)> {
    let bytes = u64::from(cut.fill.bytes);
    let built =
        super::rebuild::from_headers(&view.file, cut.segment, bytes, Offset::MAX, interval_bytes)
            .await?;
    Ok((built.offsets, built.times))
}

pub(super) async fn unlink_later(dir: Directory, names: Vec<String>, delay: Duration) {
    sleep(delay).await;
    for name in names {
        // The partition may be gone meanwhile; what is left is unlinked at the next start.
        if let Err(error) = dir.unlink(&name).await
            && error.kind() != std::io::ErrorKind::NotFound
        {
            let file = dir.path().join(&name);
            tracing::warn!(file = %file.display(), %error, "deleted file is still there");
        }
    }
}

#[cfg(all(test, not(simulated)))]
#[path = "truncate_test.rs"]
mod truncate_test;
