//! Directories: names, small whole files, renames, unlinks, and what makes names durable. All of
//! it runs on workers; a core never waits for a directory. `Send + Sync`; any runtime thread.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};

use crate::runtime::{DirEntry, EntryKind, Survey, on_worker};

/// A directory that existed when it was opened.
#[derive(Clone, Debug)]
pub struct Directory {
    path: PathBuf,
}

/// A taken lock; dropping it gives it back.
#[derive(Debug)]
pub struct DirLock {
    #[expect(dead_code, reason = "its drop gives the lock back")]
    file: Flock<File>,
}

impl Directory {
    /// One that is known to be there.
    pub(super) fn at(path: PathBuf) -> Directory {
        Directory { path }
    }

    /// Opens an existing directory.
    pub async fn open(path: &Path) -> io::Result<Directory> {
        let path = path.to_path_buf();
        on_worker(move || {
            if !fs::metadata(&path)?.is_dir() {
                return Err(io::ErrorKind::NotADirectory.into());
            }
            Ok(Directory { path })
        })
        .await
    }

    /// Opens a directory; creates it and its parents when they are absent. New names are made
    /// durable: every parent of a new directory is synced.
    pub async fn create_all(path: &Path) -> io::Result<Directory> {
        let path = path.to_path_buf();
        on_worker(move || {
            let mut absent = Vec::new();
            let mut at = path.as_path();
            while !at.as_os_str().is_empty() && !at.try_exists()? {
                absent.push(at);
                match at.parent() {
                    Some(parent) => at = parent,
                    None => break,
                }
            }
            fs::create_dir_all(&path)?;
            for child in absent.iter().rev() {
                sync_path(&parent_of(child))?;
            }
            Ok(Directory { path })
        })
        .await
    }

    /// The path it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Everything in it, sorted by name.
    pub async fn entries(&self) -> io::Result<Vec<DirEntry>> {
        let path = self.path.clone();
        on_worker(move || entries_of(&path)).await
    }

    /// Opens an existing directory, lists it, and reads those of its small files that are named
    /// and there; `FileTooLarge` when one of them has more than `bytes_max` bytes.
    pub async fn survey(
        path: &Path,
        names: &'static [&'static str],
        bytes_max: usize,
    ) -> io::Result<Survey> {
        let path = path.to_path_buf();
        on_worker(move || {
            let entries = entries_of(&path)?;
            let mut contents = BTreeMap::new();
            for name in names.iter().filter(|name| entries.iter().any(|one| one.name == **name)) {
                match read_small(&path.join(name), bytes_max) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                    content => contents.insert(*name, content?),
                };
            }
            Ok(Survey { directory: Directory { path }, entries, contents })
        })
        .await
    }

    /// The whole content of a small file; `FileTooLarge` above `bytes_max`.
    pub async fn read(&self, name: &str, bytes_max: usize) -> io::Result<Vec<u8>> {
        let path = self.path.join(name);
        on_worker(move || read_small(&path, bytes_max)).await
    }

    /// Replaces a small file as a whole, durably: after a crash there is the old content or the
    /// new one. Writes `name.tmp`, syncs it, renames it, syncs the directory.
    pub async fn replace(&self, name: &str, content: Vec<u8>) -> io::Result<()> {
        let path = self.path.join(name);
        let draft = self.path.join(format!("{name}.tmp"));
        on_worker(move || {
            let mut options = OpenOptions::new();
            let mut file = options.write(true).create(true).truncate(true).open(&draft)?;
            file.write_all(&content)?;
            file.sync_all()?;
            fs::rename(&draft, &path)?;
            sync_path(&parent_of(&path))
        })
        .await
    }

    /// Renames inside this directory, replacing `to`. Durable after `sync`.
    pub async fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let (from, to) = (self.path.join(from), self.path.join(to));
        on_worker(move || fs::rename(from, to)).await
    }

    /// Renames out of this directory. Durable after a sync of both directories.
    pub async fn rename_to(&self, from: &str, to_path: &Path) -> io::Result<()> {
        let (from, to) = (self.path.join(from), to_path.to_path_buf());
        on_worker(move || fs::rename(from, to)).await
    }

    /// Removes a file. Durable after `sync`.
    pub async fn unlink(&self, name: &str) -> io::Result<()> {
        let path = self.path.join(name);
        on_worker(move || fs::remove_file(path)).await
    }

    /// Removes a directory with everything in it. Durable after `sync`.
    pub async fn remove_tree(&self, name: &str) -> io::Result<()> {
        let path = self.path.join(name);
        on_worker(move || fs::remove_dir_all(path)).await
    }

    /// Makes the names in it durable.
    pub async fn sync(&self) -> io::Result<()> {
        let path = self.path.clone();
        on_worker(move || sync_path(&path)).await
    }

    /// Takes the lock file `name` for as long as the answer lives; creates the file when it is
    /// absent. `WouldBlock` = another process has it.
    pub async fn lock(&self, name: &str) -> io::Result<DirLock> {
        let path = self.path.join(name);
        on_worker(move || {
            let mut options = OpenOptions::new();
            let file = options.read(true).write(true).create(true).truncate(false).open(path)?;
            match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                Ok(file) => Ok(DirLock { file }),
                Err((_, errno)) => Err(errno.into()),
            }
        })
        .await
    }

    /// Bytes that an unprivileged process may still write to this file system.
    pub async fn free_bytes(&self) -> io::Result<u64> {
        let path = self.path.clone();
        on_worker(move || {
            let stat = nix::sys::statvfs::statvfs(&path)?;
            Ok(stat.blocks_available().saturating_mul(stat.fragment_size()))
        })
        .await
    }
}

fn entries_of(path: &Path) -> io::Result<Vec<DirEntry>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let metadata = match entry.metadata() {
            Ok(metadata) => metadata,
            // Gone since the listing began.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        let (kind, bytes) = match metadata.file_type() {
            t if t.is_file() => (EntryKind::File, metadata.len()),
            t if t.is_dir() => (EntryKind::Directory, 0),
            _ => (EntryKind::Other, 0),
        };
        let name = entry.file_name().to_string_lossy().into_owned();
        entries.push(DirEntry { name, kind, bytes });
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

fn read_small(path: &Path, bytes_max: usize) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    let limit = (bytes_max as u64).saturating_add(1);
    File::open(path)?.take(limit).read_to_end(&mut content)?;
    if content.len() > bytes_max {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(content)
}

fn parent_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

pub(super) fn sync_path(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
