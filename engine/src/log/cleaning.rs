//! What a log tells and hands out to whoever cleans it. Core-local.
//!
//! While segments are out to be cleaned, the window checkpoint vouches for none of them: a crash in
//! the middle of the swap leaves either kind, and a start must look which. Must not know when logs
//! are cleaned, nor how.

use std::collections::BTreeMap;

use crate::record::{Offset, ProducerId, decompressed_max};

use super::cleaner::{
    Abandon, CleaningInput, Dirt, LastOfProducer, Limits, LogFacts, Rules, SegmentFacts, Size,
    Source, Wishes, measure,
};
use super::error::LogError;
use super::log::{Log, State};
use super::scan::Step;
use super::segment::Segment;

impl Log {
    /// How dirty the log is now (Unix milliseconds), everything below `committed` being so; `None`
    /// when it is not to be compacted.
    pub async fn dirt(&self, now_ms: i64, committed: Offset) -> Result<Option<Dirt>, LogError> {
        let config = self.config.borrow().clone();
        if !config.compacts || self.is_poisoned() {
            return Ok(None);
        }
        if config.max_compaction_lag_ms < i64::MAX {
            self.learn_first_timestamps().await?;
        }
        let wishes = Wishes {
            min_ratio: config.min_cleanable_ratio.get(),
            min_lag_ms: config.min_compaction_lag_ms,
            max_lag_ms: config.max_compaction_lag_ms,
        };
        Ok(Some(measure(&self.state.borrow().facts(committed), &wishes, now_ms)))
    }

    /// Everything below was cleaned, as far as that is known.
    pub fn cleaned(&self) -> Option<Offset> {
        self.state.borrow().cleaned
    }

    /// Hands out what is to be cleaned, if it is time for that. `end_cleaning` follows.
    pub async fn begin_cleaning(
        &self,
        now_ms: i64,
        committed: Offset,
    ) -> Result<Option<CleaningInput>, LogError> {
        self.check_usable()?;
        let Some(dirt) = self.dirt(now_ms, committed).await?.filter(Dirt::is_due) else {
            return Ok(None);
        };
        let _held = self.upkeep.acquire().await;
        let abandon = Abandon::default();
        {
            let mut state = self.state.borrow_mut();
            state.cleaning = Some(abandon.clone());
            for (_, segment) in state.segments.range_mut(..dirt.first_uncleanable) {
                segment.vouched = false;
            }
        }
        self.write_window().await?;
        let config = self.config.borrow();
        let state = self.state.borrow();
        let sources = state.segments.range(..dirt.first_uncleanable);
        let beyond = state.segments.range(dirt.first_uncleanable..);
        Ok(Some(CleaningInput {
            dir: self.directory(),
            sources: sources.map(|(_, segment)| segment.source()).collect(),
            end: dirt.first_uncleanable,
            beyond: beyond.map(|(_, segment)| segment.source()).collect(),
            first_dirty: dirt.first_dirty,
            limits: Limits {
                bytes: u64::from(config.segment_bytes),
                index_bytes: u64::from(config.index_bytes_max),
            },
            interval_bytes: config.index_interval_bytes,
            rules: Rules {
                now_ms,
                delete_retention_ms: config.delete_retention_ms,
                end: dirt.first_uncleanable,
                decompressed_max: decompressed_max(config.batch_bytes_max),
                producers: state.last_of_producers(),
            },
            abandon,
        }))
    }

    /// A cleaning is over; with an offset below which it has cleaned everything, if it has.
    pub fn end_cleaning(&self, cleaned: Option<Offset>) {
        let mut state = self.state.borrow_mut();
        state.vouch_for_all();
        let abandoned = state.cleaning.take().is_none_or(|cleaning| cleaning.is_set());
        if let Some(cleaned) = cleaned.filter(|_| !abandoned) {
            state.cleaned = Some(cleaned);
        }
    }

    /// Segments that were opened without a look inside do not know when they begin.
    async fn learn_first_timestamps(&self) -> Result<(), LogError> {
        loop {
            let view = {
                let state = self.state.borrow();
                let unknown = |segment: &&Segment| {
                    segment.fill.first_timestamp < 0 && segment.fill.max_timestamp >= 0
                };
                state.segments.values().map(Box::as_ref).find(unknown).map(|segment| segment.view())
            };
            let Some(view) = view else { return Ok(()) };
            let step = view.walk(0).next().await;
            let first = match step.map_err(|error| self.read_failed(&view.file, error))? {
                // At least 0, so that nobody asks again.
                Step::Batch(batch) => batch.header.max_timestamp.max(0),
                Step::End | Step::Bad { .. } => 0,
            };
            if let Some(segment) = self.state.borrow_mut().current_mut(&view) {
                segment.fill.first_timestamp = first;
            }
        }
    }
}

impl State {
    fn facts(&self, committed: Offset) -> LogFacts {
        let segment = |segment: &Segment| SegmentFacts {
            base: segment.fill.base,
            bytes: u64::from(segment.fill.bytes),
            first_ms: segment.fill.first_timestamp,
            youngest_ms: segment.youngest_ms(),
        };
        let open = self.producers.iter().filter_map(|(_, producer)| producer.transaction_start);
        LogFacts {
            segments: self.segments.values().map(|one| segment(one)).collect(),
            start: self.start,
            end: self.end,
            cleaned: self.cleaned,
            stable: open.min().map_or(committed, |first| committed.min(first)),
        }
    }

    fn last_of_producers(&self) -> BTreeMap<ProducerId, LastOfProducer> {
        let last = |producer: &super::producers::Producer| match producer.window.last() {
            Some(mark) => LastOfProducer::Records(mark.last_offset),
            None => LastOfProducer::Marker(producer.epoch),
        };
        self.producers.iter().map(|(id, producer)| (id, last(producer))).collect()
    }

    /// What is being cleaned is another history from here on; nothing at or above `end` is clean.
    pub(super) fn abandon_cleaning(&mut self, end: Offset) {
        if let Some(cleaning) = &self.cleaning {
            cleaning.set();
        }
        self.cleaned = self.cleaned.map(|cleaned| cleaned.min(end));
    }

    pub(super) fn vouch_for_all(&mut self) {
        self.segments.values_mut().for_each(|segment| segment.vouched = true);
    }
}

impl Segment {
    fn source(&self) -> Source {
        Source {
            file: self.file.clone(),
            generation: self.file.generation(),
            size: Size {
                base: self.fill.base,
                bytes: u64::from(self.fill.bytes),
                offset_index: self.offsets.bytes(),
                time_index: self.times.bytes(),
            },
            created_ms: self.created_ms,
        }
    }
}
