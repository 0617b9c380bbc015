//! Files of segments and indexes: positioned reads and writes, syncs, truncation.
//!
//! On a core the operations go through the ring; on any other runtime thread through the workers.
//! Dropping the future of a write does not stop it, so only long-lived owner tasks write. It knows
//! neither batches nor offsets. `Send + Sync`; used as `Arc<SegmentFile>`.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Buf, Bytes};
use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};

use crate::runtime::{OpenMode, on_worker};

use super::context::{self, CoreContext};
use super::descriptor::Descriptor;
use super::operation::{self, Reader, WriteUntil};
use super::residency::read_resident;

/// The kernel moves at most this many bytes per call (2 GiB less a page); stay below.
const OPERATION_BYTES_MAX: usize = 1 << 30;

/// A read of so few bytes is tried without the ring first: a header, some entries of an index.
const AT_ONCE_BYTES: usize = 16 << 10;

/// An open file.
#[derive(Debug)]
pub struct SegmentFile {
    descriptor: Arc<Descriptor>,
    path: PathBuf,
    generation: AtomicU64,
}

impl SegmentFile {
    /// Opens `path`. The new name of `CreateNew` is not durable until its directory is synced.
    pub async fn open(path: &Path, mode: OpenMode) -> io::Result<Arc<SegmentFile>> {
        let path = path.to_path_buf();
        on_worker(move || {
            let mut options = OpenOptions::new();
            options.read(true).write(mode != OpenMode::Read);
            options.create_new(mode == OpenMode::CreateNew);
            Ok(SegmentFile::of(options.open(&path)?, path))
        })
        .await
    }

    /// Opens several files that should exist, for reading and writing, and tells their lengths in
    /// bytes; `None` for one that does not exist.
    pub async fn open_found(
        paths: Vec<PathBuf>,
    ) -> io::Result<Vec<Option<(Arc<SegmentFile>, u64)>>> {
        let open = |path: PathBuf| match OpenOptions::new().read(true).write(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
            Ok(file) => {
                let bytes = file.metadata()?.len();
                Ok(Some((SegmentFile::of(file, path), bytes)))
            }
        };
        on_worker(move || paths.into_iter().map(open).collect()).await
    }

    /// A file that was opened a moment ago. Workers only.
    pub(super) fn of(file: File, path: PathBuf) -> Arc<SegmentFile> {
        no_read_ahead(&file);
        let descriptor = Arc::new(Descriptor::new(file));
        Arc::new(SegmentFile { descriptor, path, generation: AtomicU64::new(0) })
    }

    /// Writes all bytes of `parts`, one behind the other, from `position` on. After an error any
    /// part of them may stand in the file.
    pub async fn write_at(self: &Arc<Self>, parts: Vec<Bytes>, position: u64) -> io::Result<()> {
        self.write_until(WriteUntil::Cached, parts, position).await
    }

    /// As `write_at`, and these bytes are durable when it returns; others that were written before
    /// need not be. After an error it is as after one of `sync_data`.
    pub async fn write_synced_at(
        self: &Arc<Self>,
        parts: Vec<Bytes>,
        position: u64,
    ) -> io::Result<()> {
        self.write_until(WriteUntil::Durable, parts, position).await
    }

    async fn write_until(
        self: &Arc<Self>,
        until: WriteUntil,
        parts: Vec<Bytes>,
        position: u64,
    ) -> io::Result<()> {
        match context::current() {
            Some(core) => self.write_by_ring(&core, until, parts, position).await,
            None => {
                let file = self.descriptor.clone();
                on_worker(move || {
                    let mut at = position;
                    for part in parts {
                        file.file().write_all_at(&part, at)?;
                        at += part.len() as u64;
                    }
                    match until {
                        WriteUntil::Cached => Ok(()),
                        WriteUntil::Durable => file.file().sync_data(),
                    }
                })
                .await
            }
        }
    }

    async fn write_by_ring(
        &self,
        core: &std::rc::Rc<CoreContext>,
        until: WriteUntil,
        mut parts: Vec<Bytes>,
        mut position: u64,
    ) -> io::Result<()> {
        parts.retain(|part| !part.is_empty());
        while !parts.is_empty() {
            let (result, back) =
                operation::write_some(core, &self.descriptor, parts, position, until).await;
            parts = back;
            match result {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(done) => {
                    position += done as u64;
                    advance(&mut parts, done);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        core.metrics.writes.one();
        if until == WriteUntil::Durable {
            core.metrics.syncs.one();
        }
        Ok(())
    }

    /// Reads `len` bytes from `position` on; fewer only where the file ends.
    pub async fn read_at(self: &Arc<Self>, position: u64, len: usize) -> io::Result<Bytes> {
        self.read_by(Reader::Core, position, len).await
    }

    /// As `read_at`, for bytes that are known not to be in the page cache: no part of it runs on
    /// the core.
    pub(super) async fn read_cold(
        self: &Arc<Self>,
        position: u64,
        len: usize,
    ) -> io::Result<Bytes> {
        self.read_by(Reader::Kernel, position, len).await
    }

    async fn read_by(
        self: &Arc<Self>,
        reader: Reader,
        position: u64,
        len: usize,
    ) -> io::Result<Bytes> {
        match context::current() {
            Some(core) => self.read_by_ring(&core, reader, position, len).await,
            None => {
                let file = self.descriptor.clone();
                on_worker(move || read_whole(file.file(), position, len)).await
            }
        }
    }

    async fn read_by_ring(
        &self,
        core: &std::rc::Rc<CoreContext>,
        reader: Reader,
        position: u64,
        len: usize,
    ) -> io::Result<Bytes> {
        let mut bytes = Vec::with_capacity(len);
        if reader == Reader::Core && len <= AT_ONCE_BYTES && core.may_read_at_once() {
            read_resident(&self.descriptor, position, len, &mut bytes);
        }
        while bytes.len() < len {
            let want = (len - bytes.len()).min(OPERATION_BYTES_MAX) as u32;
            let at = position + bytes.len() as u64;
            let (result, back) =
                operation::read_some(core, &self.descriptor, bytes, (at, want), reader).await;
            bytes = back;
            match result {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(bytes.into())
    }

    /// Makes everything durable that was written before the call. After an error the kernel may
    /// have dropped those bytes: never write to this file again.
    pub async fn sync_data(self: &Arc<Self>) -> io::Result<()> {
        match context::current() {
            Some(core) => {
                operation::sync_data(&core, &self.descriptor).await?;
                core.metrics.syncs.one();
                Ok(())
            }
            None => {
                let file = self.descriptor.clone();
                on_worker(move || file.file().sync_data()).await
            }
        }
    }

    /// Cuts or extends the file to `len` bytes and voids every slice of it that was made before.
    pub async fn truncate(self: &Arc<Self>, len: u64) -> io::Result<()> {
        let file = self.clone();
        on_worker(move || {
            // Before, so that nobody trusts bytes that are about to go; after, so that a slice made
            // meanwhile is void as well.
            file.generation.fetch_add(1, Ordering::SeqCst);
            let result = file.descriptor.file().set_len(len);
            file.generation.fetch_add(1, Ordering::SeqCst);
            result
        })
        .await
    }

    /// Length in bytes.
    pub async fn len(self: &Arc<Self>) -> io::Result<u64> {
        let file = self.descriptor.clone();
        on_worker(move || Ok(file.file().metadata()?.len())).await
    }

    /// Grows with every truncation.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// The same file under a name that it has now; without the truncations that others see.
    pub fn renamed(&self, path: &Path) -> Arc<SegmentFile> {
        let (descriptor, path) = (self.descriptor.clone(), path.to_path_buf());
        Arc::new(SegmentFile { descriptor, path, generation: AtomicU64::new(0) })
    }

    /// The path it was opened by; a rename since then is not followed.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn descriptor(&self) -> &Arc<Descriptor> {
        &self.descriptor
    }
}

/// The kernel shall read what it is asked for and no more. Its read-ahead starts on the thread that
/// comes upon a marked page, also inside `sendfile`: a lagging consumer would have the core find
/// pages and wait for room in the device's queue. What takes no such advice is read as it is.
fn no_read_ahead(file: &File) {
    let _ = posix_fadvise(file, 0, 0, PosixFadviseAdvice::POSIX_FADV_RANDOM);
}

/// Drops the first `done` bytes of `parts`.
fn advance(parts: &mut Vec<Bytes>, mut done: usize) {
    let whole = parts
        .iter()
        .take_while(|part| {
            let fits = part.len() <= done;
            done -= if fits { part.len() } else { 0 };
            fits
        })
        .count();
    parts.drain(..whole);
    if let Some(first) = parts.first_mut() {
        first.advance(done);
    }
}

fn read_whole(file: &File, position: u64, len: usize) -> io::Result<Bytes> {
    let mut bytes = vec![0; len];
    let mut filled = 0;
    while filled < len {
        match file.read_at(&mut bytes[filled..], position + filled as u64) {
            Ok(0) => break,
            Ok(done) => filled += done,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes.into())
}
