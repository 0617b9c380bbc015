//! The simulated disk as processes see it, and for each change whether it is durable yet. What a
//! crash leaves of it is decided in `survival`, not here.
//!
//! A file holds its durable bytes, the bytes as they read now, and the changes between the two in
//! order. Names work alike: a durable tree, the tree as it is, and the changes between. Nodes are
//! numbered; a name points to a number, so an unlinked file lives on for whoever has it open.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Component, Path};

/// The root directory.
pub(super) const ROOT: u64 = 0;
/// What a disk can lose piecewise.
pub(super) const SECTOR_BYTES: u64 = 512;

/// A change of a file that no sync has covered.
#[derive(Clone, Debug)]
pub(super) struct FileChange {
    pub order: u64,
    pub what: FileEdit,
    /// A sync that was to cover it failed: the kernel has dropped it and will not write it.
    pub dropped: bool,
}

#[derive(Clone, Debug)]
pub(super) enum FileEdit {
    Write { position: u64, bytes: Vec<u8> },
    SetLen(u64),
}

#[derive(Clone, Debug, Default)]
pub(super) struct FileNode {
    pub durable: Vec<u8>,
    pub current: Vec<u8>,
    pub pending: Vec<FileChange>,
}

/// A name in a directory.
pub(super) type NameKey = (u64, String);

/// A change of names that no directory sync has covered. Its parts take effect together.
#[derive(Clone, Debug)]
pub(super) struct NameChange {
    pub order: u64,
    pub names: Vec<(NameKey, Option<u64>)>,
}

/// One disk.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    pub files: BTreeMap<u64, FileNode>,
    pub directories: BTreeSet<u64>,
    pub names: BTreeMap<NameKey, u64>,
    pub durable_names: BTreeMap<NameKey, u64>,
    pub pending_names: Vec<NameChange>,
    pub locks: BTreeSet<u64>,
    /// Room for file bytes.
    pub space_max: u64,
    pub numbers: u64,
}

pub(super) fn error(kind: io::ErrorKind) -> io::Error {
    kind.into()
}

impl FileEdit {
    pub fn apply(&self, content: &mut Vec<u8>) {
        match self {
            FileEdit::SetLen(len) => content.resize(*len as usize, 0),
            FileEdit::Write { position, bytes } => {
                let (start, end) = (*position as usize, *position as usize + bytes.len());
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[start..end].copy_from_slice(bytes);
            }
        }
    }
}

impl Disk {
    pub fn new() -> Disk {
        Disk {
            files: BTreeMap::new(),
            directories: BTreeSet::from([ROOT]),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            pending_names: Vec::new(),
            locks: BTreeSet::new(),
            space_max: 1 << 40,
            numbers: ROOT,
        }
    }

    /// The same disk for the next process.
    pub fn without_locks(&self) -> Disk {
        Disk { locks: BTreeSet::new(), ..self.clone() }
    }

    pub fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// The node behind `path`.
    pub fn find(&self, path: &Path) -> io::Result<u64> {
        let mut at = ROOT;
        for part in path.components() {
            let Component::Normal(name) = part else { continue };
            if !self.directories.contains(&at) {
                return Err(error(io::ErrorKind::NotADirectory));
            }
            let key = (at, name.to_string_lossy().into_owned());
            at = *self.names.get(&key).ok_or_else(|| error(io::ErrorKind::NotFound))?;
        }
        Ok(at)
    }

    pub fn find_directory(&self, path: &Path) -> io::Result<u64> {
        let node = self.find(path)?;
        if !self.directories.contains(&node) {
            return Err(error(io::ErrorKind::NotADirectory));
        }
        Ok(node)
    }

    pub fn find_file(&self, path: &Path) -> io::Result<u64> {
        let node = self.find(path)?;
        if !self.files.contains_key(&node) {
            return Err(error(io::ErrorKind::IsADirectory));
        }
        Ok(node)
    }

    /// The directory and the name that `path` stands for; the name need not exist.
    pub fn place(&self, path: &Path) -> io::Result<NameKey> {
        let name = path.file_name().ok_or_else(|| error(io::ErrorKind::InvalidInput))?;
        let parent = self.find_directory(path.parent().unwrap_or(Path::new("/")))?;
        Ok((parent, name.to_string_lossy().into_owned()))
    }

    /// Changes names together, now; durable after a sync of one of their directories.
    pub fn rename_nodes(&mut self, names: Vec<(NameKey, Option<u64>)>) {
        for (key, node) in &names {
            set_name(&mut self.names, key, *node);
        }
        let order = self.number();
        self.pending_names.push(NameChange { order, names });
    }

    pub fn create_file(&mut self, path: &Path) -> io::Result<u64> {
        let key = self.place(path)?;
        if self.names.contains_key(&key) {
            return Err(error(io::ErrorKind::AlreadyExists));
        }
        let node = self.number();
        self.files.insert(node, FileNode::default());
        self.rename_nodes(vec![(key, Some(node))]);
        Ok(node)
    }

    pub fn create_directory(&mut self, path: &Path) -> io::Result<u64> {
        let key = self.place(path)?;
        if self.names.contains_key(&key) {
            return Err(error(io::ErrorKind::AlreadyExists));
        }
        let node = self.number();
        self.directories.insert(node);
        self.rename_nodes(vec![(key, Some(node))]);
        Ok(node)
    }

    #[expect(clippy::expect_used, reason = "open files keep their nodes")]
    pub fn file(&mut self, node: u64) -> &mut FileNode {
        self.files.get_mut(&node).expect("nodes are never removed while the disk lives")
    }

    /// Bytes that files with names take.
    pub fn used(&self) -> u64 {
        let named = self.names.values().filter_map(|node| self.files.get(node));
        named.map(|file| file.current.len() as u64).sum()
    }

    /// Writes; when the room ends, what fits is written and the answer is "no space".
    pub fn write(&mut self, node: u64, position: u64, mut bytes: Vec<u8>) -> io::Result<()> {
        let len = self.file(node).current.len() as u64;
        let growth = (position + bytes.len() as u64).saturating_sub(len);
        let room = match growth {
            0 => 0,
            _ => self.space_max.saturating_sub(self.used()),
        };
        let full = growth > room;
        if full {
            let end = (len + room).saturating_sub(position);
            bytes.truncate(end as usize);
        }
        if !bytes.is_empty() {
            self.edit(node, FileEdit::Write { position, bytes });
        }
        if full { Err(error(io::ErrorKind::StorageFull)) } else { Ok(()) }
    }

    pub fn edit(&mut self, node: u64, what: FileEdit) {
        let order = self.number();
        let file = self.file(node);
        what.apply(&mut file.current);
        file.pending.push(FileChange { order, what, dropped: false });
    }

    /// Makes the changes up to `order` durable; those that a failed sync has dropped stay lost.
    pub fn sync_file(&mut self, node: u64, order: u64) {
        let file = self.file(node);
        let (covered, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut file.pending)
            .into_iter()
            .partition(|change| change.order <= order && !change.dropped);
        for change in covered {
            change.what.apply(&mut file.durable);
        }
        file.pending = rest;
    }

    /// A sync failed: the kernel forgets that the changes up to `order` still have to be written.
    pub fn fail_sync(&mut self, node: u64, order: u64) {
        let pending = &mut self.file(node).pending;
        for change in pending.iter_mut().filter(|change| change.order <= order) {
            change.dropped = true;
        }
    }

    /// Makes the names in `directory` durable up to `order`, with what they depend on: earlier
    /// changes of the same names, wherever.
    pub fn sync_directory(&mut self, directory: u64, order: u64) {
        let mut wanted: BTreeSet<NameKey> = BTreeSet::new();
        let mut covered = BTreeSet::new();
        for change in self.pending_names.iter().rev() {
            let here = change.names.iter().any(|((parent, _), _)| *parent == directory);
            let needed = change.names.iter().any(|(key, _)| wanted.contains(key));
            if (here && change.order <= order) || needed {
                wanted.extend(change.names.iter().map(|(key, _)| key.clone()));
                covered.insert(change.order);
            }
        }
        for change in &self.pending_names {
            if covered.contains(&change.order) {
                for (key, node) in &change.names {
                    set_name(&mut self.durable_names, key, *node);
                }
            }
        }
        self.pending_names.retain(|change| !covered.contains(&change.order));
    }

    /// Turns one bit of a byte round, durably.
    pub fn flip(&mut self, path: &Path, position: u64) -> bool {
        let Ok(node) = self.find_file(path) else { return false };
        let file = self.file(node);
        let at = position as usize;
        for content in [&mut file.durable, &mut file.current] {
            if let Some(byte) = content.get_mut(at) {
                *byte ^= 0x10;
            }
        }
        at < file.current.len()
    }
}

pub(super) fn set_name(names: &mut BTreeMap<NameKey, u64>, key: &NameKey, node: Option<u64>) {
    match node {
        Some(node) => names.insert(key.clone(), node),
        None => names.remove(key),
    };
}
