//! Files of the simulated disk; the same promises as the ring's. Any task of the world.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use crate::runtime::OpenMode;
use crate::runtime::planted::{Bug, is_planted};

use super::disk::{FileEdit, error};
use super::fault::OpKind;
use super::operation::{operate, operate_or};
use super::task::counters;
use super::world::current;

/// An open file.
#[derive(Debug)]
pub struct SegmentFile {
    node: u64,
    writable: bool,
    path: PathBuf,
    generation: AtomicU64,
}

impl SegmentFile {
    /// Opens `path`. The new name of `CreateNew` is not durable until its directory is synced.
    pub async fn open(path: &Path, mode: OpenMode) -> io::Result<Arc<SegmentFile>> {
        let owned = path.to_path_buf();
        let node = match mode {
            OpenMode::CreateNew => {
                operate(OpKind::Create, path, move |disk| disk.create_file(&owned)).await?
            }
            OpenMode::Read | OpenMode::ReadWrite => {
                operate(OpKind::Look, path, move |disk| disk.find_file(&owned)).await?
            }
        };
        Ok(Arc::new(SegmentFile {
            node,
            writable: mode != OpenMode::Read,
            path: path.to_path_buf(),
            generation: AtomicU64::new(0),
        }))
    }

    /// Opens several files that should exist, for reading and writing, and tells their lengths in
    /// bytes; `None` for one that does not exist.
    pub async fn open_found(
        paths: Vec<PathBuf>,
    ) -> io::Result<Vec<Option<(Arc<SegmentFile>, u64)>>> {
        let mut found = Vec::with_capacity(paths.len());
        for path in paths {
            found.push(match SegmentFile::open(&path, OpenMode::ReadWrite).await {
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                file => {
                    let file = file?;
                    let bytes = file.len().await?;
                    Some((file, bytes))
                }
            });
        }
        Ok(found)
    }

    fn check_writable(&self) -> io::Result<()> {
        if self.writable { Ok(()) } else { Err(error(io::ErrorKind::PermissionDenied)) }
    }

    /// Writes all bytes of `parts`, one behind the other, from `position` on. After an error any
    /// part of them may stand in the file.
    pub async fn write_at(self: &Arc<Self>, parts: Vec<Bytes>, position: u64) -> io::Result<()> {
        self.check_writable()?;
        let bytes = parts.concat();
        let node = self.node;
        // A write that fails has perhaps written its beginning.
        let half = bytes[..bytes.len() / 2].to_vec();
        operate_or(
            OpKind::Write,
            &self.path,
            move |disk| disk.write(node, position, bytes),
            move |disk| drop(disk.write(node, position, half)),
        )
        .await?;
        if let Some(metrics) = counters() {
            metrics.writes.one();
        }
        Ok(())
    }

    /// As `write_at`, and these bytes are durable when it returns. A crash between the two steps
    /// leaves what a crash amid the ring's one operation may leave.
    pub async fn write_synced_at(
        self: &Arc<Self>,
        parts: Vec<Bytes>,
        position: u64,
    ) -> io::Result<()> {
        self.write_at(parts, position).await?;
        self.sync_data().await
    }

    /// Reads `len` bytes from `position` on; fewer only where the file ends.
    pub async fn read_at(self: &Arc<Self>, position: u64, len: usize) -> io::Result<Bytes> {
        let node = self.node;
        operate(OpKind::Read, &self.path, move |disk| {
            let content = &disk.file(node).current;
            let start = usize::try_from(position).unwrap_or(usize::MAX).min(content.len());
            let end = start.saturating_add(len).min(content.len());
            Ok(Bytes::copy_from_slice(&content[start..end]))
        })
        .await
    }

    /// Makes everything durable that was written before the call. After an error those bytes never
    /// get there.
    pub async fn sync_data(self: &Arc<Self>) -> io::Result<()> {
        let (node, order) = (self.node, current().disk.borrow().numbers);
        operate_or(
            OpKind::SyncData,
            &self.path,
            move |disk| {
                if is_planted(Bug::SkippedDataSync) {
                    return Ok(());
                }
                disk.sync_file(node, order);
                Ok(())
            },
            move |disk| disk.fail_sync(node, order),
        )
        .await?;
        if let Some(metrics) = counters() {
            metrics.syncs.one();
        }
        Ok(())
    }

    /// Cuts or extends the file to `len` bytes and voids every slice of it that was made before.
    pub async fn truncate(self: &Arc<Self>, len: u64) -> io::Result<()> {
        self.check_writable()?;
        self.generation.fetch_add(1, Ordering::SeqCst);
        let node = self.node;
        let result = operate(OpKind::Truncate, &self.path, move |disk| {
            disk.edit(node, FileEdit::SetLen(len));
            Ok(())
        })
        .await;
        self.generation.fetch_add(1, Ordering::SeqCst);
        result
    }

    /// Length in bytes.
    pub async fn len(self: &Arc<Self>) -> io::Result<u64> {
        let node = self.node;
        operate(OpKind::Look, &self.path, move |disk| Ok(disk.file(node).current.len() as u64))
            .await
    }

    /// Grows with every truncation.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// The same file under a name that it has now; without the truncations that others see.
    pub fn renamed(&self, path: &Path) -> Arc<SegmentFile> {
        let (node, writable, path) = (self.node, self.writable, path.to_path_buf());
        Arc::new(SegmentFile { node, writable, path, generation: AtomicU64::new(0) })
    }

    /// The path it was opened by; a rename since then is not followed.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
