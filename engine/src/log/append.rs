//! Writing batches at the end of a log, and beginning new segments.
//!
//! One vectored write per segment and group; record bytes are never copied. Core-local; one caller
//! at a time.

use crate::record::{BatchHeader, Offset, StampedBatch};
use crate::runtime::wall;

use super::error::LogError;
use super::fill::Fill;
use super::log::{Log, State};
use super::names::{Holds, file_name};
use super::snapshot;

/// How far a write has to get.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Write {
    /// Where it can be read.
    Cached,
    /// To the device.
    Synced,
}

impl Log {
    /// Writes batches that continue the log; answers the written end. They can be read when this
    /// returns, and are durable after a `sync` that begins later.
    pub async fn append(&self, batches: Vec<StampedBatch>) -> Result<Offset, LogError> {
        self.append_by(batches, Write::Cached).await
    }

    /// As [`Log::append`], and durable when it returns, as [`Log::durable_end`] tells, unless
    /// something before these batches is not: then they wait for a `sync` as well. For few bytes:
    /// nothing can be written behind them meanwhile.
    pub async fn append_synced(&self, batches: Vec<StampedBatch>) -> Result<Offset, LogError> {
        self.append_by(batches, Write::Synced).await
    }

    async fn append_by(
        &self,
        batches: Vec<StampedBatch>,
        write: Write,
    ) -> Result<Offset, LogError> {
        self.check_usable()?;
        self.check_order(&batches)?;
        self.note_epochs(&batches).await?;
        let mut rest = batches.as_slice();
        while let Some(first) = rest.first() {
            if self.must_roll(&first.header) {
                self.roll(first.header.base_offset).await?;
            }
            let (group, later) = rest.split_at(self.fitting(rest));
            self.write_group(group, write).await?;
            rest = later;
        }
        self.store_if_due().await?;
        Ok(self.end_offset())
    }

    /// Ends the active segment and begins one at `base`. Everything before is durable, and needs
    /// no recovery any more, when this returns.
    pub(super) async fn roll(&self, base: Offset) -> Result<(), LogError> {
        if self.state.borrow().segments.contains_key(&base) {
            return Ok(());
        }
        let _held = self.upkeep.acquire().await;
        self.finish_active().await?;
        let segment = self.new_segment(base).await?;
        let picture = {
            let mut state = self.state.borrow_mut();
            // Readers at the tail have moved on once a second segment follows.
            state.segments.values_mut().rev().skip(1).for_each(|older| older.forget_recent());
            state.segments.insert(base, Box::new(segment));
            snapshot::encode(&state.producers)
        };
        // A start prefers the window, which knows more; it must not find the snapshot alone.
        self.write_window().await?;
        self.replace(&file_name(base, Holds::Snapshot), picture).await
    }

    fn check_order(&self, batches: &[StampedBatch]) -> Result<(), LogError> {
        let mut end = self.end_offset();
        for batch in batches {
            let offset = batch.header.base_offset;
            if offset < end || batch.header.last_offset_delta < 0 {
                return Err(LogError::NotNext { path: self.path(), offset, end });
            }
            end = batch.header.next_offset();
        }
        Ok(())
    }

    /// Epochs that these batches begin, and those begun before without a batch, on stable storage
    /// before the batches are written.
    async fn note_epochs(&self, batches: &[StampedBatch]) -> Result<(), LogError> {
        let mut latest = self.latest_epoch().map_or(-1, |last| last.epoch);
        for header in batches.iter().map(|batch| &batch.header) {
            if header.partition_leader_epoch > latest {
                latest = header.partition_leader_epoch;
                self.begin_epoch(latest, header.base_offset);
            }
        }
        if self.state.borrow().epochs_saved { Ok(()) } else { self.write_epochs().await }
    }

    fn must_roll(&self, header: &BatchHeader) -> bool {
        let state = self.state.borrow();
        let config = self.config.borrow();
        state.active().is_some_and(|active| {
            let waited = wall().saturating_sub(active.created_ms);
            active.fill.rolls_before(header, &config, waited, active.jitter_ms)
        })
    }

    /// How many of the batches go into the active segment; one at least.
    fn fitting(&self, batches: &[StampedBatch]) -> usize {
        let state = self.state.borrow();
        let config = self.config.borrow();
        let Some(active) = state.active() else { return batches.len() };
        let waited = wall().saturating_sub(active.created_ms);
        let mut fill: Fill = active.fill;
        let mut count = 0;
        for header in batches.iter().map(|batch| &batch.header) {
            if count > 0 && fill.rolls_before(header, &config, waited, active.jitter_ms) {
                break;
            }
            fill.add(header, config.index_interval_bytes);
            count += 1;
        }
        count
    }

    async fn write_group(&self, group: &[StampedBatch], write: Write) -> Result<(), LogError> {
        let (file, position, is_synced) = {
            let state = self.state.borrow();
            let Some(active) = state.active() else { return Ok(()) };
            let is_synced = write == Write::Synced && state.durable >= state.end;
            (active.file.clone(), u64::from(active.fill.bytes), is_synced)
        };
        let parts = group.iter().map(|batch| batch.bytes.clone()).collect();
        let written = match is_synced {
            true => file.write_synced_at(parts, position).await,
            false => file.write_at(parts, position).await,
        };
        written.map_err(|error| self.poison("write", file.path(), error))?;
        if is_synced {
            // A sync that began meanwhile may have failed and taken these bytes with it.
            self.check_usable()?;
        }
        let interval = self.config.borrow().index_interval_bytes;
        let mut state = self.state.borrow_mut();
        state.note(group, interval);
        if is_synced {
            state.durable = state.end;
        }
        Ok(())
    }
}

impl State {
    fn note(&mut self, group: &[StampedBatch], interval_bytes: u32) {
        for header in group.iter().map(|batch| &batch.header) {
            if let Some(active) = self.active_mut() {
                active.note(header, interval_bytes);
            }
            self.producers.apply(header);
            self.end = header.next_offset();
        }
    }
}
