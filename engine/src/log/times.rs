//! From a timestamp to a record, exact inside compressed batches.
//!
//! The time index narrows the search to a few batches; only those are read and decompressed, within
//! bounds. Core-local; holds no borrow across an await.

use crate::record::{BatchHeader, LeaderEpoch, Offset, TimedRecord, decompressed_max};
use crate::record::{first_at_or_after, latest};

use super::error::ReadError;
use super::log::Log;
use super::read::View;
use super::scan::{Located, Step};

/// A record that answers a question about time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOffset {
    /// Its offset.
    pub offset: Offset,
    /// Its timestamp, Unix milliseconds.
    pub timestamp: i64,
    /// Epoch in which it was written.
    pub leader_epoch: LeaderEpoch,
}

impl Log {
    /// The first record at or after `timestamp` among those between the log's start and `below`.
    pub async fn offset_for_time(
        &self,
        timestamp: i64,
        below: Offset,
    ) -> Result<Option<TimedOffset>, ReadError> {
        let mut after = None;
        while let Some(view) = self.segment_with_time(timestamp, after) {
            after = Some(view.fill.base);
            if view.fill.base >= below {
                return Ok(None);
            }
            let from = self.position_for_time(&view, timestamp).await?;
            match self.search(&view, from, timestamp, below).await {
                Ok(Some(found)) => return Ok(Some(found)),
                Ok(None) => {}
                Err(ReadError::Corrupt { .. }) if from > 0 => {
                    self.distrust(&view);
                    if let Some(found) = self.search(&view, 0, timestamp, below).await? {
                        return Ok(Some(found));
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// The record with the largest timestamp below `below`; the first of them.
    pub async fn max_timestamp(&self, below: Offset) -> Result<Option<TimedOffset>, ReadError> {
        let mut best: Option<(i64, Offset, View)> = None;
        for view in self.views_below(below) {
            let (timestamp, offset) = if view.fill.next_offset <= below {
                (view.fill.max_timestamp, view.fill.max_offset)
            } else {
                self.max_of_part(&view, below).await?
            };
            if timestamp >= 0 && best.as_ref().is_none_or(|(most, ..)| timestamp > *most) {
                best = Some((timestamp, offset, view));
            }
        }
        let Some((_, offset, view)) = best else { return Ok(None) };
        let Some(batch) = self.locate(&view, None, offset).await? else { return Ok(None) };
        let bytes = read_batch(&view, &batch).await?;
        let found = latest(&batch.header, &bytes, decompressed_max(bytes.len()));
        match found.map_err(|_| view.corrupt(batch.position))? {
            // Compaction left the batch without its records: its timestamp is nobody's.
            None if batch.header.records_count == 0 => self.max_by_records(below).await,
            found => Ok(answer(&batch.header, found)),
        }
    }

    /// The same by a walk over all batches that have records.
    async fn max_by_records(&self, below: Offset) -> Result<Option<TimedOffset>, ReadError> {
        let mut best: Option<(View, Located)> = None;
        for view in self.views_below(below) {
            let mut walk = view.walk(0);
            loop {
                match walk.next().await.map_err(|error| view.io(error))? {
                    Step::Batch(batch) if batch.header.last_offset() < below => {
                        let most = best.as_ref().map_or(-1, |(_, best)| best.header.max_timestamp);
                        if batch.header.records_count > 0 && batch.header.max_timestamp > most {
                            best = Some((view.clone(), batch));
                        }
                    }
                    Step::Batch(_) | Step::End => break,
                    Step::Bad { position } => return Err(view.corrupt(position)),
                }
            }
        }
        let Some((view, batch)) = best else { return Ok(None) };
        let bytes = read_batch(&view, &batch).await?;
        let found = latest(&batch.header, &bytes, decompressed_max(bytes.len()));
        Ok(answer(&batch.header, found.map_err(|_| view.corrupt(batch.position))?))
    }

    /// The first segment after `after` that holds a record as young as this.
    fn segment_with_time(&self, timestamp: i64, after: Option<Offset>) -> Option<View> {
        let state = self.state.borrow();
        let from = after.map_or(Offset::MIN, |base| base.saturating_add(1));
        let found = state.segments.range(from..).find(|(_, segment)| {
            segment.fill.bytes > 0
                && segment.fill.next_offset > state.start
                && segment.fill.max_timestamp >= timestamp
        });
        found.map(|(_, segment)| segment.view())
    }

    fn views_below(&self, below: Offset) -> Vec<View> {
        let state = self.state.borrow();
        let reaches = |fill: &super::fill::Fill| fill.bytes > 0 && fill.next_offset > state.start;
        let segments = state.segments.range(..below).map(|(_, segment)| segment);
        segments.filter(|segment| reaches(&segment.fill)).map(|segment| segment.view()).collect()
    }

    /// A batch boundary before which no record is as young as this.
    async fn position_for_time(&self, view: &View, timestamp: i64) -> Result<u64, ReadError> {
        let start = self.start_offset();
        let accepts = |entry: super::time_index::TimeEntry| entry.timestamp <= timestamp;
        let index = match self.state.borrow().current(view) {
            Some(segment) if !segment.distrusted => segment.times.view(accepts),
            _ => return Ok(0),
        };
        let entry = index.floor(0.5, accepts).await.map_err(|error| view.io(error))?;
        let indexed = entry.map_or(view.fill.base, |entry| {
            view.fill.base.saturating_add(i64::from(entry.relative))
        });
        let offset = indexed.max(start);
        match self.locate(view, None, offset).await? {
            Some(batch) if entry_holds(&batch, entry, view.fill.base) => Ok(batch.position),
            Some(_) | None => {
                self.distrust(view);
                Ok(0)
            }
        }
    }

    async fn search(
        &self,
        view: &View,
        from: u64,
        timestamp: i64,
        below: Offset,
    ) -> Result<Option<TimedOffset>, ReadError> {
        let start = self.start_offset();
        let mut walk = view.walk(from);
        loop {
            let batch = match walk.next().await.map_err(|error| view.io(error))? {
                Step::Batch(batch) => batch,
                Step::End => return Ok(None),
                Step::Bad { position } => return Err(view.corrupt(position)),
            };
            if batch.header.base_offset >= below {
                return Ok(None);
            }
            if batch.header.max_timestamp < timestamp || batch.header.last_offset() < start {
                continue;
            }
            let bytes = read_batch(view, &batch).await?;
            let most = decompressed_max(bytes.len());
            let found = first_at_or_after(&batch.header, &bytes, timestamp, start, most)
                .map_err(|_| view.corrupt(batch.position))?;
            if found.is_some() {
                return Ok(answer(&batch.header, found.filter(|found| found.offset < below)));
            }
        }
    }

    /// Largest timestamp of a segment's batches below an offset, and the last offset of the first
    /// batch that has it.
    async fn max_of_part(&self, view: &View, below: Offset) -> Result<(i64, Offset), ReadError> {
        let base = view.fill.base;
        let accepts = |entry: super::time_index::TimeEntry| {
            base.saturating_add(i64::from(entry.relative)) < below
        };
        let index = match self.state.borrow().current(view) {
            Some(segment) if !segment.distrusted => Some(segment.times.view(accepts)),
            _ => None,
        };
        let (mut best, mut from) = ((-1, base), 0);
        if let Some(index) = index
            && let Some(entry) = index.floor(1.0, accepts).await.map_err(|error| view.io(error))?
        {
            let offset = base.saturating_add(i64::from(entry.relative));
            let batch = self.locate(view, None, offset).await?;
            match batch.filter(|batch| entry_holds(batch, Some(entry), base)) {
                Some(batch) => (best, from) = ((entry.timestamp, offset), batch.position),
                None => self.distrust(view),
            }
        }
        let mut walk = view.walk(from);
        loop {
            match walk.next().await.map_err(|error| view.io(error))? {
                Step::Batch(batch) if batch.header.last_offset() < below => {
                    if batch.header.max_timestamp > best.0 {
                        best = (batch.header.max_timestamp, batch.header.last_offset());
                    }
                }
                Step::Batch(_) | Step::End => return Ok(best),
                Step::Bad { position } => return Err(view.corrupt(position)),
            }
        }
    }
}

/// Whether the batch that an entry of the time index points to has that timestamp.
fn entry_holds(batch: &Located, entry: Option<super::time_index::TimeEntry>, base: Offset) -> bool {
    entry.is_none_or(|entry| {
        // The log's start may have moved past the entry's batch; then it proves nothing.
        let offset = base.saturating_add(i64::from(entry.relative));
        batch.header.base_offset > offset || batch.header.max_timestamp == entry.timestamp
    })
}

async fn read_batch(view: &View, batch: &Located) -> Result<bytes::Bytes, ReadError> {
    let bytes = view
        .file
        .read_at(batch.position, batch.header.size_in_bytes())
        .await
        .map_err(|error| view.io(error))?;
    if bytes.len() < batch.header.size_in_bytes() {
        return Err(view.corrupt(batch.position));
    }
    Ok(bytes)
}

fn answer(header: &BatchHeader, found: Option<TimedRecord>) -> Option<TimedOffset> {
    found.map(|found| TimedOffset {
        offset: found.offset,
        timestamp: found.timestamp,
        leader_epoch: header.partition_leader_epoch,
    })
}

#[cfg(all(test, not(simulated)))]
#[path = "times_test.rs"]
mod times_test;
