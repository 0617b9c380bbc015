//! One cleaning of one log: the keys of its uncleaned part, then group after group a result that
//! the owner swaps in.
//!
//! Works on what the owner handed out: files that nobody writes to. Reads and writes in pieces,
//! hands what burns to the workers, and rests as the tempo says. On any thread of the runtime that
//! is no core.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use super::aborted::{self, AbortedTransaction};
use super::error::CleanError;
use super::filter::{Fate, Filter, Rules};
use super::gather::{Gathered, gather};
use super::group::{Limits, Size, group};
use super::offset_map::OffsetMap;
use super::output::{CleanedSegment, Output, remove_cleaned};
use super::source::{Batches, Source};
use super::tempo::{Abandon, Tempo};
use super::transactions::Transactions;
use crate::log::names::{Holds, Name, parse};
use crate::record::{BatchHeader, Offset};
use crate::runtime::failpoint::{self, Failpoint};
use crate::runtime::{Directory, EntryKind, on_worker, rng};

/// An index of aborted transactions larger than this is none.
const ABORTED_BYTES_MAX: usize = 64 << 20;

/// What a log hands out to be cleaned. `Send`.
pub struct CleaningInput {
    /// The log's directory.
    pub dir: Directory,
    /// Its closed segments up to the first that stays as it is.
    pub sources: Vec<Source>,
    /// Offset behind the last of them.
    pub end: Offset,
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
        let aborted = read_aborted(&input.dir).await?;
        let mut seed = rng();
        let hash_key = (seed.next_u64(), seed.next_u64());
        let map = OffsetMap::new(settings.dedupe_bytes, settings.load_factor, hash_key);
        let mut cleaning = Cleaning {
            settings,
            tempo,
            map: Arc::new(OffsetMap::new(0, 0.0, hash_key)),
            end: input.end,
            walk: Transactions::new(&aborted),
            rules: Arc::new(input.rules.clone()),
            groups: VecDeque::new(),
            stats: CleanerStats::default(),
            input,
        };
        let map = cleaning.gather(map, Transactions::new(&aborted)).await?;
        cleaning.stats.keys = map.len();
        cleaning.map = Arc::new(map);
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

    /// The owner did not take what came out of a group: its files go.
    pub async fn discard(&self, bases: &[Offset]) {
        remove_cleaned(&self.input.dir, bases).await;
    }

    async fn gather(
        &mut self,
        mut map: OffsetMap,
        mut walk: Transactions,
    ) -> Result<OffsetMap, CleanError> {
        let from = self.input.first_dirty;
        let first = self.input.sources.partition_point(|source| source.size.base <= from);
        let dirty = self.input.sources.get(first.saturating_sub(1)..).unwrap_or_default().to_vec();
        let limit = self.rules.decompressed_max;
        for source in dirty {
            let mut position = 0;
            while position < source.size.bytes {
                let piece = source.read(position, self.settings.read_bytes).await?;
                let len = piece.len() as u64;
                let mut batches = Batches::new(piece, position, Arc::from(source.file.path()));
                let done = on_worker(move || {
                    while let Some((header, batch)) = batches.next()? {
                        let all = gather(&header, &batch, from, limit, &mut walk, &mut map)?;
                        if all == Gathered::Full {
                            return Ok((map, walk, Gathered::Full));
                        }
                    }
                    Ok::<_, CleanError>((map, walk, Gathered::All))
                });
                let gathered;
                (map, walk, gathered) = done.await?;
                self.read(len).await?;
                if gathered == Gathered::Full {
                    // The map speaks for a part only; the rest is for the next cleaning.
                    self.end = map.latest().saturating_add(1);
                    return Ok(map);
                }
                position += len;
            }
        }
        map.advance(self.end.saturating_sub(1));
        Ok(map)
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
        for source in sources {
            let mut position = 0;
            while position < source.size.bytes {
                let (kept, len) = self.filter_piece(source, position).await?;
                self.stats.records_kept += kept.records;
                self.stats.unreadable += kept.unreadable;
                self.store(kept, &mut copy).await?;
                failpoint::pass(Failpoint::Clean);
                position += len;
            }
        }
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
        let (mut position, mut records) = (0, 0);
        while position < source.size.bytes {
            let (kept, len) = self.filter_piece(source, position).await?;
            if !kept.is_all {
                self.walk = walk;
                return Ok(false);
            }
            position += len;
            records += kept.records;
        }
        self.stats.records_kept += records;
        Ok(true)
    }

    async fn create(&self, base: Offset, bases: &mut Vec<Offset>) -> Result<Output, CleanError> {
        if self.input.abandon.is_set() {
            // Its directory may belong to another log by now.
            return Err(CleanError::Abandoned);
        }
        bases.push(base);
        Output::create(&self.input.dir, base, self.input.interval_bytes).await
    }

    /// What stays of the piece at a position, and how long the piece is.
    async fn filter_piece(
        &mut self,
        source: &Source,
        position: u64,
    ) -> Result<(Kept, u64), CleanError> {
        let piece = source.read(position, self.settings.read_bytes).await?;
        let len = piece.len() as u64;
        let mut batches = Batches::new(piece, position, Arc::from(source.file.path()));
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
        self.read(len).await?;
        Ok((kept, len))
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

    async fn read(&mut self, bytes: u64) -> Result<(), CleanError> {
        self.stats.bytes_read += bytes;
        self.tempo.spend(bytes, &self.input.abandon).await
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

/// Every aborted transaction that the directory's indexes name.
async fn read_aborted(dir: &Directory) -> Result<Vec<AbortedTransaction>, CleanError> {
    let failed = |path: &Path, error| CleanError::io("read", path, error);
    let entries = dir.entries().await.map_err(|error| failed(dir.path(), error))?;
    let mut all = Vec::new();
    for entry in entries.into_iter().filter(|entry| entry.kind == EntryKind::File) {
        if !matches!(parse(&entry.name), Name::Segment(_, Holds::TxnIndex)) {
            continue;
        }
        let path = dir.path().join(&entry.name);
        let bytes = match dir.read(&entry.name, ABORTED_BYTES_MAX).await {
            // Deleted meanwhile, with its segment.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            read => read.map_err(|error| failed(&path, error))?,
        };
        all.extend(
            aborted::decode(&bytes).map_err(|why| CleanError::TransactionIndex { path, why })?,
        );
    }
    Ok(all)
}

#[cfg(test)]
#[cfg(not(simulated))]
#[path = "run_test.rs"]
mod run_test;

#[cfg(test)]
#[cfg(not(simulated))]
#[path = "model_test.rs"]
mod model_test;

#[cfg(test)]
#[cfg(not(simulated))]
#[path = "oracle_test.rs"]
mod oracle_test;
