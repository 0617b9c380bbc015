//! One cleaning of one log: the keys of its uncleaned part, then group after group a result that
//! the owner swaps in.
//!
//! Works on what the owner handed out: files that nobody writes to. Reads and writes in pieces,
//! hands what burns to the workers, and rests as the tempo says. On any thread of the runtime that
//! is no core.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use super::aborted::AbortedTransaction;
use super::error::CleanError;
use super::filter::{Fate, Filter, Rules};
use super::group::{Limits, Size, group};
use super::learn::{Learned, Learner};
use super::offset_map::OffsetMap;
use super::output::{CleanedSegment, Output, remove_cleaned};
use super::source::{Batches, Pieces, Source};
use super::tempo::{Abandon, Tempo};
use super::transactions::Transactions;
use crate::record::{BatchHeader, Offset};
use crate::runtime::failpoint::{self, Failpoint};
use crate::runtime::{Directory, on_worker};

/// What a log hands out to be cleaned. `Send`.
pub struct CleaningInput {
    /// The log's directory.
    pub dir: Directory,
    /// Its closed segments up to the first that stays as it is.
    pub sources: Vec<Source>,
    /// Offset behind the last of them.
    pub end: Offset,
    /// The segments from there on, as far as they are written: markers of transactions stand there.
    pub beyond: Vec<Source>,
    /// Everything below was cleaned before.
    pub first_dirty: Offset,
    /// What a result may be as large as.
    pub limits: Limits,
    /// `index.interval.bytes`.
    pub interval_bytes: u32,
    /// What stays of a batch.
    pub rules: Rules,
    /// Set when the log is truncated or deleted.
    pub abandon: Abandon,
}

/// What a cleaning may take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CleanerSettings {
    /// Memory for the map of keys.
    pub dedupe_bytes: usize,
    /// How full that may get.
    pub load_factor: f64,
    /// Bytes read at one time.
    pub read_bytes: usize,
    /// Bytes that stay free on the disk.
    pub reserve_bytes: u64,
}

/// What a cleaning has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CleanerStats {
    /// Bytes read, those of the first walk included.
    pub bytes_read: u64,
    /// Bytes of the segments that were cleaned.
    pub bytes_before: u64,
    /// Bytes of what they became.
    pub bytes_after: u64,
    /// Records that were kept.
    pub records_kept: u64,
    /// Keys in the uncleaned part.
    pub keys: usize,
    /// Batches that could not be read and stayed as they were.
    pub unreadable: u64,
}

/// Segments that stand for others: what the owner swaps in. `Send`.
pub struct Replacement {
    /// What is replaced: the records' files by base offset.
    pub sources: Vec<Source>,
    /// By what, one at least; the first has the first source's base offset.
    pub results: Vec<CleanedSegment>,
}

/// A cleaning under way.
pub struct Cleaning {
    input: CleaningInput,
    settings: CleanerSettings,
    tempo: Tempo,
    map: Arc<OffsetMap>,
    /// Everything below will have been cleaned.
    end: Offset,
    walk: Transactions,
    rules: Arc<Rules>,
    groups: VecDeque<Vec<Source>>,
    stats: CleanerStats,
}

/// A group on its way into other segments.
struct Copy<'a> {
    output: Output,
    finished: Vec<CleanedSegment>,
    /// Base offsets of all that was created.
    bases: &'a mut Vec<Offset>,
    created_ms: i64,
}

/// What came out of a piece.
#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    headers: Vec<BatchHeader>,
    aborted: Vec<AbortedTransaction>,
    records: u64,
    unreadable: u64,
    /// Nothing was removed or changed.
    is_all: bool,
}

impl Cleaning {
    /// Reads the uncleaned part of the log and learns where every key was written last.
    pub async fn begin(
        input: CleaningInput,
        settings: CleanerSettings,
        tempo: Tempo,
    ) -> Result<Cleaning, CleanError> {
        let learner = Learner { input: &input, settings, tempo: &tempo };
        let Learned { map, end, aborted, bytes_read } = learner.learn().await?;
        let stats = CleanerStats { bytes_read, keys: map.len(), ..CleanerStats::default() };
        let mut cleaning = Cleaning {
            settings,
            tempo,
            map: Arc::new(map),
            end,
            walk: Transactions::new(&aborted),
            rules: Arc::new(input.rules.clone()),
            groups: VecDeque::new(),
            stats,
            input,
        };
        cleaning.make_groups();
        Ok(cleaning)
    }

    /// Everything below is clean once all groups were swapped in.
    pub fn end(&self) -> Offset {
        self.end
    }

    /// What was done so far.
    pub fn stats(&self) -> CleanerStats {
        self.stats
    }

    /// Cleans the next group that changes by it; `None` when all are done. Its files have durable
    /// names. An error leaves nothing behind.
    pub async fn next_group(&mut self) -> Result<Option<Replacement>, CleanError> {
        while let Some(sources) = self.groups.pop_front() {
            self.check_room(&sources).await?;
            let mut bases = Vec::new();
            match self.clean_group(&sources, &mut bases).await {
                Ok(Some(results)) => return Ok(Some(Replacement { sources, results })),
                Ok(None) => remove_cleaned(&self.input.dir, &bases).await,
                Err(error) => {
                    remove_cleaned(&self.input.dir, &bases).await;
                    return Err(error);
                }
            }
        }
        Ok(None)
    }

    /// All groups as one.
    #[cfg(test)]
    pub fn join_groups(&mut self) {
        self.groups = VecDeque::from([self.groups.drain(..).flatten().collect()]);
    }

    /// The owner did not take what came out of a group: its files go.
    pub async fn discard(&self, bases: &[Offset]) {
        remove_cleaned(&self.input.dir, bases).await;
    }

    fn make_groups(&mut self) {
        let end = self.end;
        let mut rest: VecDeque<Source> =
            self.input.sources.drain(..).filter(|source| source.size.base < end).collect();
        let sizes: Vec<Size> = rest.iter().map(|source| source.size).collect();
        let counts = group(&sizes, self.input.end, self.input.limits);
        self.groups = counts.into_iter().map(|count| rest.drain(..count).collect()).collect();
    }

    async fn check_room(&self, sources: &[Source]) -> Result<(), CleanError> {
        let dir = &self.input.dir;
        let free = dir.free_bytes().await;
        let free = free.map_err(|error| CleanError::io("free space", dir.path(), error))?;
        let free = free.saturating_sub(self.settings.reserve_bytes);
        let needed = sources.iter().map(|source| source.size.bytes).sum();
        if needed > free { Err(CleanError::DiskLow { needed, free }) } else { Ok(()) }
    }

    /// Copies what stays of a group; `None` when that is all of a single segment.
    async fn clean_group(
        &mut self,
        sources: &[Source],
        bases: &mut Vec<Offset>,
    ) -> Result<Option<Vec<CleanedSegment>>, CleanError> {
        let bytes: u64 = sources.iter().map(|source| source.size.bytes).sum();
        self.stats.bytes_before += bytes;
        if let [only] = sources
            && self.stays_as_it_is(only).await?
        {
            self.stats.bytes_after += bytes;
            return Ok(None);
        }
        let created_ms = sources.iter().map(|source| source.created_ms).max().unwrap_or(0);
        let first = sources.first().map_or(0, |source| source.size.base);
        let output = self.create(first, bases).await?;
        let mut copy = Copy { output, finished: Vec::new(), bases, created_ms };
        let mut pieces = self.pieces(sources);
        while let Some(batches) = pieces.next().await? {
            let kept = self.filter(batches).await?;
            self.stats.records_kept += kept.records;
            self.stats.unreadable += kept.unreadable;
            self.store(kept, &mut copy).await?;
            failpoint::pass(Failpoint::Clean);
        }
        self.stats.bytes_read += pieces.bytes_read();
        let Copy { output, mut finished, .. } = copy;
        finished.push(output.finish(created_ms).await?);
        let after = finished.iter().map(|result| u64::from(result.segment.fill.bytes));
        self.stats.bytes_after += after.sum::<u64>();
        let dir = &self.input.dir;
        dir.sync().await.map_err(|error| CleanError::io("sync", dir.path(), error))?;
        failpoint::pass(Failpoint::Cleaned);
        Ok(Some(finished))
    }

    /// Whether nothing of a segment would change: then it need not be written again. Most of a log
    /// that was cleaned before is like that.
    async fn stays_as_it_is(&mut self, source: &Source) -> Result<bool, CleanError> {
        let walk = self.walk.clone();
        let mut pieces = self.pieces(std::slice::from_ref(source));
        let mut records = 0;
        while let Some(batches) = pieces.next().await? {
            let kept = self.filter(batches).await?;
            if !kept.is_all {
                self.walk = walk;
                self.stats.bytes_read += pieces.bytes_read();
                return Ok(false);
            }
            records += kept.records;
        }
        self.stats.bytes_read += pieces.bytes_read();
        self.stats.records_kept += records;
        Ok(true)
    }

    fn pieces(&self, sources: &[Source]) -> Pieces {
        let abandon = self.input.abandon.clone();
        Pieces::new(sources, self.settings.read_bytes, self.tempo.clone(), abandon)
    }

    async fn create(&self, base: Offset, bases: &mut Vec<Offset>) -> Result<Output, CleanError> {
        if self.input.abandon.is_set() {
            // Its directory may belong to another log by now.
            return Err(CleanError::Abandoned);
        }
        bases.push(base);
        Output::create(&self.input.dir, base, self.input.interval_bytes).await
    }

    /// What stays of a piece.
    async fn filter(&mut self, mut batches: Batches) -> Result<Kept, CleanError> {
        let (map, rules) = (self.map.clone(), self.rules.clone());
        let mut walk = std::mem::take(&mut self.walk);
        let done = on_worker(move || {
            let mut filter = Filter::new(&map, &rules);
            let mut kept = Kept { is_all: true, ..Kept::default() };
            while let Some((header, batch)) = batches.next()? {
                match filter.judge(&header, &batch, &mut walk, &mut kept.aborted)? {
                    Fate::Same => kept.push(header, &batch),
                    Fate::Rewritten(batch) => {
                        kept.is_all = false;
                        if let Ok(header) = BatchHeader::parse(&batch) {
                            kept.push(header, &batch);
                        }
                    }
                    Fate::Gone => kept.is_all = false,
                }
            }
            (kept.records, kept.unreadable) = (filter.records_kept, filter.unreadable);
            Ok::<_, CleanError>((kept, walk))
        });
        let kept;
        (kept, self.walk) = done.await?;
        Ok(kept)
    }

    /// Writes what was kept; begins another segment where one can hold no more.
    async fn store(&mut self, kept: Kept, copy: &mut Copy<'_>) -> Result<(), CleanError> {
        let mut bytes = Bytes::from(kept.bytes);
        let written = bytes.len() as u64;
        let mut aborted = kept.aborted.into_iter().peekable();
        let mut fits = 0;
        for header in &kept.headers {
            if !copy.output.takes(header) {
                copy.output.store(bytes.split_to(std::mem::take(&mut fits))).await?;
                let next = self.create(header.base_offset, copy.bases).await?;
                let full = std::mem::replace(&mut copy.output, next);
                copy.finished.push(full.finish(copy.created_ms).await?);
            }
            copy.output.note(header);
            fits += header.size_in_bytes();
            while let Some(one) = aborted.next_if(|one| one.last <= header.last_offset()) {
                copy.output.abort(one);
            }
        }
        copy.output.store(bytes).await?;
        self.tempo.spend(written, &self.input.abandon).await
    }
}

impl Kept {
    fn push(&mut self, header: BatchHeader, batch: &[u8]) {
        self.bytes.extend_from_slice(batch);
        self.headers.push(header);
    }
}

impl Replacement {
    /// Base offsets of what comes in.
    pub fn bases(&self) -> Vec<Offset> {
        self.results.iter().map(|result| result.segment.fill.base).collect()
    }
}

#[cfg(test)]
#[cfg(not(simulated))]
#[path = "run_test.rs"]
mod run_test;

#[cfg(test)]
#[cfg(not(simulated))]
#[path = "transactions_test.rs"]
mod transactions_test;

#[cfg(test)]
#[cfg(not(simulated))]
#[path = "damage_test.rs"]
mod damage_test;

#[cfg(test)]
#[cfg(not(simulated))]
#[path = "model_test.rs"]
mod model_test;

#[cfg(test)]
#[cfg(not(simulated))]
#[path = "oracle_test.rs"]
mod oracle_test;
