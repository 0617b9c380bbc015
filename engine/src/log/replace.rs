//! Swapping in what a cleaning has made, so that a crash leaves the old segments or the new ones.
//!
//! | step | a start that finds this |
//! |---|---|
//! | results stand as `.cleaned` | drops them |
//! | each becomes `.swap`, the last one first, durably | drops them while a `.cleaned` is left |
//! | the replaced segments become `.deleted`, durably | drops those and finishes |
//! | `.swap` becomes the segment, the first one first, durably | finishes |
//!
//! Kafka's names, order and recovery; but every step is durable before the next one, because a
//! power cut may keep any of the renames that no sync has covered. Readers go on with the files
//! that they have. Core-local; ordered with the log's other changes by its committer.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use crate::record::Offset;
use crate::runtime::failpoint::{self, Failpoint};
use crate::runtime::planted::{Bug, is_planted};
use crate::runtime::{Directory, SegmentFile, spawn};

use super::cleaner::{CleanedSegment, Replacement, Source};
use super::error::LogError;
use super::index_file::{Entry, IndexFile};
use super::log::Log;
use super::names::{CLEANED, DELETED, Holds, SWAP, file_name};
use super::segment::Segment;
use super::truncate::unlink_later;

impl Log {
    /// Puts the results in the place of their sources, durably. False: the log does not have those
    /// any more, and nothing was changed.
    pub async fn replace_segments(&self, replacement: Replacement) -> Result<bool, LogError> {
        self.check_usable()?;
        let _held = self.upkeep.acquire().await;
        if !self.has_still(&replacement.sources) {
            return Ok(false);
        }
        let Replacement { sources, results } = replacement;
        if !self.commit(&results).await? {
            return Ok(false);
        }
        failpoint::pass(Failpoint::Swap);
        let gone = self.delete_replaced(&sources, &results).await?;
        failpoint::pass(Failpoint::Delete);
        let dir = self.directory();
        for result in &results {
            let done = rename_all(&dir, result, SWAP, "").await;
            done.map_err(|error| self.poison("rename", dir.path(), error))?;
        }
        failpoint::pass(Failpoint::Placed);
        {
            let mut state = self.state.borrow_mut();
            state.as_closed = false;
            for source in &sources {
                state.segments.remove(&source.size.base);
            }
            for result in results {
                let segment = result.segment.placed(&dir);
                state.segments.insert(segment.fill.base, Box::new(segment));
            }
            state.hints.clear();
        }
        spawn(unlink_later(dir, gone, self.file_delete_delay()));
        Ok(true)
    }

    /// Whether the sources are closed segments of this log, as they were when they were read.
    fn has_still(&self, sources: &[Source]) -> bool {
        let state = self.state.borrow();
        let active = state.active().map(|active| active.fill.base);
        sources.iter().all(|source| {
            state.segments.get(&source.size.base).is_some_and(|segment| {
                Some(segment.fill.base) != active
                    && Arc::ptr_eq(&segment.file, &source.file)
                    && segment.file.generation() == source.generation
                    && u64::from(segment.fill.bytes) == source.size.bytes
            })
        })
    }

    /// The last one first: as long as a `.cleaned` is left, a start drops every `.swap` above it.
    /// False: the files are not there, and none of them is any more.
    async fn commit(&self, results: &[CleanedSegment]) -> Result<bool, LogError> {
        let dir = self.directory();
        for result in results.iter().rev() {
            match rename_all(&dir, result, CLEANED, SWAP).await {
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    let undone = remove_all(&dir, results).await;
                    undone.map_err(|error| self.poison("clean-up", dir.path(), error))?;
                    return Ok(false);
                }
                done => done.map_err(|error| self.poison("rename", dir.path(), error))?,
            }
        }
        Ok(true)
    }

    /// A producer snapshot stays where a segment begins.
    async fn delete_replaced(
        &self,
        sources: &[Source],
        results: &[CleanedSegment],
    ) -> Result<Vec<String>, LogError> {
        let dir = self.directory();
        let mut gone = Vec::new();
        for source in sources {
            let base = source.size.base;
            let stays = results.iter().any(|result| result.base() == base);
            for holds in Holds::ALL {
                if holds == Holds::Snapshot && stays {
                    continue;
                }
                let name = file_name(base, holds);
                let deleted = format!("{name}{DELETED}");
                match dir.rename(&name, &deleted).await {
                    Ok(()) => gone.push(deleted),
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    Err(error) => return Err(self.poison("rename", dir.path().join(name), error)),
                }
            }
        }
        sync(&dir).await.map_err(|error| self.poison("sync", dir.path(), error))?;
        Ok(gone)
    }
}

async fn rename_all(
    dir: &Directory,
    result: &CleanedSegment,
    from: &str,
    to: &str,
) -> io::Result<()> {
    for holds in &result.files {
        let name = file_name(result.base(), *holds);
        dir.rename(&format!("{name}{from}"), &format!("{name}{to}")).await?;
    }
    sync(dir).await
}

/// What comes next must not reach the disk before this.
async fn sync(dir: &Directory) -> io::Result<()> {
    if is_planted(Bug::UnorderedSwap) {
        return Ok(());
    }
    dir.sync().await
}

/// Somebody took files of the results away: the rest goes too.
async fn remove_all(dir: &Directory, results: &[CleanedSegment]) -> io::Result<()> {
    for result in results {
        for name in result.files.iter().map(|holds| file_name(result.base(), *holds)) {
            for suffix in [SWAP, CLEANED] {
                match dir.unlink(&format!("{name}{suffix}")).await {
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    done => done?,
                }
            }
        }
    }
    dir.sync().await
}

impl CleanedSegment {
    fn base(&self) -> Offset {
        self.segment.fill.base
    }
}

impl Segment {
    /// The segment whose files now have their own names.
    fn placed(mut self, dir: &Directory) -> Segment {
        let base = self.fill.base;
        self.file = renamed(&self.file, dir, base, Holds::Records);
        self.offsets = index_renamed(self.offsets, dir, base, Holds::OffsetIndex);
        self.times = index_renamed(self.times, dir, base, Holds::TimeIndex);
        self
    }
}

fn index_renamed<E: Entry>(
    index: IndexFile<E>,
    dir: &Directory,
    base: Offset,
    holds: Holds,
) -> IndexFile<E> {
    let file = renamed(index.file(), dir, base, holds);
    index.in_file(file)
}

fn renamed(
    file: &Arc<SegmentFile>,
    dir: &Directory,
    base: Offset,
    holds: Holds,
) -> Arc<SegmentFile> {
    file.renamed(&dir.path().join(file_name(base, holds)))
}

#[cfg(test)]
#[cfg(not(simulated))]
#[path = "replace_test.rs"]
mod replace_test;
