//! Plain answers and questions of the file calls, shared by both backends. Values; any thread.

use std::collections::BTreeMap;

use super::Directory;

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// Must exist; reads only.
    Read,
    /// Must exist; reads and writes.
    ReadWrite,
    /// Must not exist (`AlreadyExists` otherwise); reads and writes.
    CreateNew,
}

/// What stands behind a name in a directory. Links are not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A plain file.
    File,
    /// A directory.
    Directory,
    /// Anything else: a link, a socket, a device.
    Other,
}

/// One name in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirEntry {
    /// File name without the path. A name that is not UTF-8 is shown with replacement characters.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
    /// Length of a file in bytes; 0 for anything else.
    pub bytes: u64,
}

/// A directory with what is in it, from one look.
#[derive(Clone, Debug)]
pub struct Survey {
    /// The directory.
    pub directory: Directory,
    /// Everything in it, sorted by name.
    pub entries: Vec<DirEntry>,
    /// The small files that were asked for, as far as they are there.
    pub contents: BTreeMap<&'static str, Vec<u8>>,
}
