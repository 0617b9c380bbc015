//! Directories of the simulated disk; the same promises as the ring's. Any task of the world.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::runtime::planted::{Bug, is_planted};
use crate::runtime::{DirEntry, EntryKind, Survey};

use super::disk::{Disk, FileEdit, error};
use super::fault::OpKind;
use super::operation::{operate, operate_or};
use super::world::{current, try_current};

/// A directory that existed when it was opened.
#[derive(Clone, Debug)]
pub struct Directory {
    path: PathBuf,
}

/// A taken lock; dropping it gives it back.
#[derive(Debug)]
pub struct DirLock {
    node: u64,
}

impl Drop for DirLock {
    fn drop(&mut self) {
        if let Some(world) = try_current() {
            world.disk.borrow_mut().locks.remove(&self.node);
        }
    }
}

impl Directory {
    /// One that is known to be there.
    pub(super) fn at(path: PathBuf) -> Directory {
        Directory { path }
    }

    /// Opens an existing directory.
    pub async fn open(path: &Path) -> io::Result<Directory> {
        let owned = path.to_path_buf();
        operate(OpKind::Look, path, move |disk| disk.find_directory(&owned)).await?;
        Ok(Directory { path: path.to_path_buf() })
    }

    /// Opens a directory; creates it and its parents when they are absent. New names are made
    /// durable: every parent of a new directory is synced.
    pub async fn create_all(path: &Path) -> io::Result<Directory> {
        let mut parents: Vec<_> = path.ancestors().map(Path::to_path_buf).collect();
        parents.reverse();
        for at in parents.into_iter().filter(|at| at.file_name().is_some()) {
            let inner = at.clone();
            let found = operate(OpKind::Look, &at, move |disk| match disk.find_directory(&inner) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
                found => found.map(|_| true),
            });
            if found.await? {
                continue;
            }
            let inner = at.clone();
            operate(OpKind::CreateDirectory, &at, move |disk| disk.create_directory(&inner))
                .await?;
            sync_directory(at.parent().unwrap_or(Path::new("/"))).await?;
        }
        Ok(Directory { path: path.to_path_buf() })
    }

    /// The path it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Everything in it, sorted by name.
    pub async fn entries(&self) -> io::Result<Vec<DirEntry>> {
        let path = self.path.clone();
        operate(OpKind::Look, &self.path, move |disk| {
            let directory = disk.find_directory(&path)?;
            let names = disk.names.range((directory, String::new())..);
            let here = names.take_while(|((parent, _), _)| *parent == directory);
            let entries = here.map(|((_, name), node)| match disk.files.get(node) {
                Some(file) => entry(name, EntryKind::File, file.current.len() as u64),
                None => entry(name, EntryKind::Directory, 0),
            });
            Ok(entries.collect())
        })
        .await
    }

    /// Opens an existing directory, lists it, and reads those of its small files that are named
    /// and there; `FileTooLarge` when one of them has more than `bytes_max` bytes.
    pub async fn survey(
        path: &Path,
        names: &'static [&'static str],
        bytes_max: usize,
    ) -> io::Result<Survey> {
        let directory = Directory::open(path).await?;
        let entries = directory.entries().await?;
        let mut contents = BTreeMap::new();
        for name in names.iter().filter(|name| entries.iter().any(|one| one.name == **name)) {
            contents.insert(*name, directory.read(name, bytes_max).await?);
        }
        Ok(Survey { directory, entries, contents })
    }

    /// The whole content of a small file; `FileTooLarge` above `bytes_max`.
    pub async fn read(&self, name: &str, bytes_max: usize) -> io::Result<Vec<u8>> {
        let path = self.path.join(name);
        operate(OpKind::Read, &path.clone(), move |disk| {
            let node = disk.find_file(&path)?;
            let content = &disk.file(node).current;
            if content.len() > bytes_max {
                return Err(error(io::ErrorKind::FileTooLarge));
            }
            Ok(content.clone())
        })
        .await
    }

    /// Replaces a small file as a whole, durably: after a crash there is the old content or the
    /// new one. Writes `name.tmp`, syncs it, renames it, syncs the directory.
    pub async fn replace(&self, name: &str, content: Vec<u8>) -> io::Result<()> {
        let draft_name = format!("{name}.tmp");
        let draft = self.path.join(&draft_name);
        let path = draft.clone();
        let node = operate(OpKind::Create, &draft, move |disk| match disk.find_file(&path) {
            Ok(node) => {
                disk.edit(node, FileEdit::SetLen(0));
                Ok(node)
            }
            Err(_) => disk.create_file(&path),
        })
        .await?;
        operate(OpKind::Write, &draft, move |disk| disk.write(node, 0, content)).await?;
        let order = current().disk.borrow().numbers;
        let sync = move |disk: &mut Disk| {
            disk.sync_file(node, order);
            Ok(())
        };
        operate_or(OpKind::SyncData, &draft, sync, move |disk| disk.fail_sync(node, order)).await?;
        self.rename(&draft_name, name).await?;
        self.sync().await
    }

    /// Renames inside this directory, replacing `to`. Durable after `sync`.
    pub async fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.rename_to(from, &self.path.join(to)).await
    }

    /// Renames out of this directory. Durable after a sync of both directories.
    pub async fn rename_to(&self, from: &str, to_path: &Path) -> io::Result<()> {
        let (from, to) = (self.path.join(from), to_path.to_path_buf());
        operate(OpKind::Rename, &from.clone(), move |disk| {
            let node = disk.find(&from)?;
            let (from, to) = (disk.place(&from)?, disk.place(&to)?);
            let target = disk.names.get(&to).copied();
            if target.is_some_and(|target| disk.directories.contains(&target) && target != node) {
                return Err(error(io::ErrorKind::DirectoryNotEmpty));
            }
            if from != to {
                disk.rename_nodes(vec![(from, None), (to, Some(node))]);
            }
            Ok(())
        })
        .await
    }

    /// Removes a file. Durable after `sync`.
    pub async fn unlink(&self, name: &str) -> io::Result<()> {
        let path = self.path.join(name);
        operate(OpKind::Unlink, &path.clone(), move |disk| {
            disk.find_file(&path)?;
            let key = disk.place(&path)?;
            disk.rename_nodes(vec![(key, None)]);
            Ok(())
        })
        .await
    }

    /// Removes a directory with everything in it, one name at a time. Durable after `sync`.
    pub async fn remove_tree(&self, name: &str) -> io::Result<()> {
        let path = self.path.join(name);
        operate(OpKind::Unlink, &path.clone(), move |disk| {
            let root = disk.find_directory(&path)?;
            let mut found = vec![(disk.place(&path)?, root)];
            let mut next = 0;
            while let Some((_, node)) = found.get(next) {
                let inside: Vec<_> =
                    disk.names.iter().filter(|((parent, _), _)| parent == node).collect();
                found.extend(inside.into_iter().map(|(key, node)| (key.clone(), *node)));
                next += 1;
            }
            for (key, _) in found.into_iter().rev() {
                disk.rename_nodes(vec![(key, None)]);
            }
            Ok(())
        })
        .await
    }

    /// Makes the names in it durable.
    pub async fn sync(&self) -> io::Result<()> {
        sync_directory(&self.path).await
    }

    /// Takes the lock file `name` for as long as the answer lives; creates the file when it is
    /// absent. `WouldBlock` = somebody else has it.
    pub async fn lock(&self, name: &str) -> io::Result<DirLock> {
        let path = self.path.join(name);
        operate(OpKind::Look, &path.clone(), move |disk| {
            let node = match disk.find_file(&path) {
                Ok(node) => node,
                Err(_) => disk.create_file(&path)?,
            };
            if !disk.locks.insert(node) {
                return Err(error(io::ErrorKind::WouldBlock));
            }
            Ok(DirLock { node })
        })
        .await
    }

    /// Bytes that may still be written.
    pub async fn free_bytes(&self) -> io::Result<u64> {
        operate(OpKind::Look, &self.path, |disk| Ok(disk.space_max.saturating_sub(disk.used())))
            .await
    }
}

fn entry(name: &str, kind: EntryKind, bytes: u64) -> DirEntry {
    DirEntry { name: name.to_owned(), kind, bytes }
}

async fn sync_directory(path: &Path) -> io::Result<()> {
    let (owned, order) = (path.to_path_buf(), current().disk.borrow().numbers);
    operate(OpKind::SyncDirectory, path, move |disk| {
        let directory = disk.find_directory(&owned)?;
        if is_planted(Bug::SkippedDirectorySync) {
            return Ok(());
        }
        disk.sync_directory(directory, order);
        Ok(())
    })
    .await
}
