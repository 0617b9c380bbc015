//! What makes a log durable and its next start short: syncs, index files, checkpoints, closing.
//!
//! The order is the point. Data is synced before anything says that it is; index files are synced
//! and the window checkpoint stands before a recovery point is answered. Core-local.

use std::io;
use std::sync::Arc;

use bytes::Bytes;

use crate::record::Offset;
use crate::runtime::SegmentFile;

use super::error::LogError;
use super::log::Log;
use super::names::{Holds, WINDOW_CHECKPOINT, file_name};
use super::snapshot;
use super::window::Window;

/// A write that brings an index file up to date.
struct IndexWrite {
    file: Arc<SegmentFile>,
    unstored: Option<(Bytes, u64, u32)>,
    bytes: u64,
}

impl Log {
    /// Makes durable what was written before the call; answers the durable end. May overlap with
    /// appends and other syncs: earlier segments were synced when they were rolled.
    pub async fn sync(&self) -> Result<Offset, LogError> {
        self.check_usable()?;
        let (file, end, truncations) = {
            let state = self.state.borrow();
            let Some(active) = state.active() else { return Ok(state.durable) };
            if state.durable >= state.end {
                return Ok(state.durable);
            }
            (active.file.clone(), state.end, state.truncations)
        };
        file.sync_data().await.map_err(|error| self.poison("sync", file.path(), error))?;
        // Another sync may have failed meanwhile and taken these bytes with it.
        self.check_usable()?;
        let mut state = self.state.borrow_mut();
        if state.truncations == truncations {
            state.durable = state.durable.max(end);
        }
        Ok(state.durable)
    }

    /// Moves the recovery point to the written end: data, indexes, then the producers' window. The
    /// caller puts the answer into the log dir's recovery-point-offset-checkpoint. May overlap with
    /// appends.
    pub async fn checkpoint(&self) -> Result<Offset, LogError> {
        self.check_usable()?;
        let _held = self.upkeep.acquire().await;
        {
            let state = self.state.borrow();
            if state.recovery_point == state.end {
                return Ok(state.recovery_point);
            }
        }
        self.rebuild_distrusted().await?;
        self.write_window().await?;
        Ok(self.recovery_point())
    }

    /// Makes everything durable and the next start as short as it gets. The log is not used after.
    pub async fn close(&self) -> Result<(), LogError> {
        self.check_usable()?;
        if self.state.borrow().as_closed {
            return Ok(());
        }
        let _held = self.upkeep.acquire().await;
        self.rebuild_distrusted().await?;
        self.finish_active().await?;
        // What is still being cleaned comes too late.
        self.state.borrow_mut().vouch_for_all();
        let (end, picture) = {
            let state = self.state.borrow();
            (state.end, snapshot::encode(&state.producers))
        };
        self.write_window().await?;
        self.replace(&file_name(end, Holds::Snapshot), picture).await
    }

    /// Syncs the active segment with its indexes, which get their closing entry and exact size.
    pub(super) async fn finish_active(&self) -> Result<(), LogError> {
        self.sync().await?;
        if let Some(active) = self.state.borrow_mut().active_mut() {
            active.seal();
        }
        for holds in [Holds::OffsetIndex, Holds::TimeIndex] {
            if let Some(write) = self.index_write(holds) {
                let file = write.file.clone();
                let bytes = write.bytes;
                self.store(write, holds).await?;
                let cut = async {
                    if file.len().await? != bytes {
                        file.truncate(bytes).await?;
                    }
                    file.sync_data().await
                };
                cut.await.map_err(|error| self.poison("sync", file.path(), error))?;
            }
        }
        Ok(())
    }

    /// Writes index entries when enough of them wait in memory.
    pub(super) async fn store_if_due(&self) -> Result<(), LogError> {
        let due =
            self.state.borrow().active().is_some_and(|active| {
                active.offsets.wants_storing() || active.times.wants_storing()
            });
        if !due {
            return Ok(());
        }
        let _held = self.upkeep.acquire().await;
        self.store_indexes().await.map(|_| ())
    }

    async fn store_indexes(&self) -> Result<Vec<Arc<SegmentFile>>, LogError> {
        let mut files = Vec::new();
        for holds in [Holds::OffsetIndex, Holds::TimeIndex] {
            if let Some(write) = self.index_write(holds) {
                files.push(write.file.clone());
                self.store(write, holds).await?;
            }
        }
        Ok(files)
    }

    fn index_write(&self, holds: Holds) -> Option<IndexWrite> {
        let state = self.state.borrow();
        let active = state.active()?;
        let (file, unstored, bytes) = match holds {
            Holds::TimeIndex => {
                (active.times.file(), active.times.unstored(), active.times.bytes())
            }
            _ => (active.offsets.file(), active.offsets.unstored(), active.offsets.bytes()),
        };
        Some(IndexWrite { file: file.clone(), unstored, bytes })
    }

    async fn store(&self, write: IndexWrite, holds: Holds) -> Result<(), LogError> {
        let Some((bytes, position, count)) = write.unstored else { return Ok(()) };
        write
            .file
            .write_at(vec![bytes], position)
            .await
            .map_err(|error| self.poison("write", write.file.path(), error))?;
        let mut state = self.state.borrow_mut();
        let Some(active) = state.active_mut() else { return Ok(()) };
        match holds {
            Holds::TimeIndex => active.times.mark_stored(count),
            _ => active.offsets.mark_stored(count),
        }
        Ok(())
    }

    /// Writes the window checkpoint for the end as it is when this begins. Upkeep is held.
    pub(super) async fn write_window(&self) -> Result<(), LogError> {
        let Some(window) = self.picture_window() else { return Ok(()) };
        let files = self.store_indexes().await?;
        self.sync().await?;
        for file in files {
            file.sync_data().await.map_err(|error| self.poison("sync", file.path(), error))?;
        }
        self.replace(WINDOW_CHECKPOINT, window.encode()).await?;
        let mut state = self.state.borrow_mut();
        state.generation = window.generation;
        state.recovery_point = window.recovery_point;
        Ok(())
    }

    fn picture_window(&self) -> Option<Window> {
        let state = self.state.borrow();
        let active = state.active()?;
        let closed = state.segments.values().rev().skip(1);
        Some(Window {
            generation: state.generation + 1,
            topic: self.id.topic,
            recovery_point: state.end,
            fill: active.fill,
            checksums: active.checksums(),
            sealed: closed
                .filter(|segment| segment.vouched)
                .map(|segment| segment.sealed())
                .collect(),
            producers: state.producers.clone(),
        })
    }

    pub(super) fn read_failed(&self, file: &SegmentFile, source: io::Error) -> LogError {
        LogError::io("read", file.path(), source)
    }
}
