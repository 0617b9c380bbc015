//! Putting a partition's directory in order before its segments are loaded: leftovers go, complete
//! compactions take their place.
//!
//! Gathers what `recovery_table` asks for and does what it says. Must not know records beyond where
//! a compacted segment ends.

use std::collections::BTreeMap;
use std::io::ErrorKind;

use crate::record::Offset;
use crate::runtime::{DirEntry, Directory, EntryKind, OpenMode, SegmentFile};

use super::error::LogError;
use super::names::{Holds, Name, SWAP, file_name, parse};
use super::rebuild::from_headers;
use super::recovery_table::{FileAction, FileFacts, decide_file};

/// The files of a directory in order.
#[derive(Debug, Default)]
pub struct Listing {
    /// Size of every file of a segment.
    pub files: BTreeMap<(Offset, Holds), u64>,
}

impl Listing {
    /// Base offsets of segments, ascending.
    pub fn bases(&self) -> Vec<Offset> {
        self.of(Holds::Records)
    }

    /// Offsets of files of one kind, ascending.
    pub fn of(&self, wanted: Holds) -> Vec<Offset> {
        self.files.keys().filter(|(_, holds)| *holds == wanted).map(|(base, _)| *base).collect()
    }

    /// Size of a file; `None` when it is not there.
    pub fn bytes(&self, base: Offset, holds: Holds) -> Option<u64> {
        self.files.get(&(base, holds)).copied()
    }
}

/// Puts a directory in order that holds `entries`, and lists it.
pub async fn tidy(dir: &Directory, entries: Vec<DirEntry>) -> Result<Listing, LogError> {
    let names = by_name(entries);
    let replaced = replaced_range(dir, &names).await?;
    let mut changed = false;
    // Whatever is replaced has to be gone before its replacement takes the name.
    for pass in [FileAction::Unlink, FileAction::TakePlace] {
        for (text, (name, _)) in &names {
            let facts = facts_of(name, &names, &replaced);
            if decide_file(facts) != pass {
                continue;
            }
            changed = true;
            let done = match pass {
                FileAction::TakePlace => {
                    dir.rename(text, text.strip_suffix(SWAP).unwrap_or(text)).await
                }
                _ => match dir.unlink(text).await {
                    // A delayed unlink of this process was faster.
                    Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
                    result => result,
                },
            };
            done.map_err(|error| LogError::io("tidying", dir.path().join(text), error))?;
            tracing::info!(file = %dir.path().join(text).display(), action = ?pass, "leftover");
        }
        if changed {
            dir.sync().await.map_err(|error| LogError::io("sync", dir.path(), error))?;
        }
    }
    let names = if changed { list(dir).await? } else { names };
    let files = names.into_values().filter_map(|(name, bytes)| match name {
        Name::Segment(base, holds) => Some(((base, holds), bytes)),
        _ => None,
    });
    Ok(Listing { files: files.collect() })
}

type Names = BTreeMap<String, (Name, u64)>;

fn by_name(entries: Vec<DirEntry>) -> Names {
    let files = entries.into_iter().filter(|entry| entry.kind == EntryKind::File);
    let named = files.map(|entry| {
        let name = parse(&entry.name);
        (entry.name, (name, entry.bytes))
    });
    named.collect()
}

async fn list(dir: &Directory) -> Result<Names, LogError> {
    let entries = dir.entries().await;
    Ok(by_name(entries.map_err(|error| LogError::io("listing", dir.path(), error))?))
}

fn facts_of(name: &Name, names: &Names, replaced: &std::ops::Range<Offset>) -> FileFacts {
    match name {
        Name::Segment(base, holds) => FileFacts::InPlace {
            holds: *holds,
            claimed: names.contains_key(&file_name(*base, Holds::Records))
                || names.contains_key(&format!("{}{SWAP}", file_name(*base, Holds::Records))),
            replaced: replaced.contains(base) && *holds != Holds::Snapshot,
        },
        Name::Deleted => FileFacts::Deleted,
        Name::Cleaned(_) => FileFacts::Cleaned,
        Name::Swap(base, _) => FileFacts::Swap { beside_cleaned: *base >= first_cleaned(names) },
        Name::Unfinished => FileFacts::Unfinished,
        Name::Known => FileFacts::Known,
        Name::Foreign => FileFacts::Foreign,
    }
}

fn first_cleaned(names: &Names) -> Offset {
    let cleaned = names.values().filter_map(|(name, _)| match name {
        Name::Cleaned(base) => Some(*base),
        _ => None,
    });
    cleaned.min().unwrap_or(Offset::MAX)
}

/// The offsets that complete compactions cover.
async fn replaced_range(
    dir: &Directory,
    names: &Names,
) -> Result<std::ops::Range<Offset>, LogError> {
    let (mut from, mut to) = (Offset::MAX, Offset::MIN);
    for (text, (name, bytes)) in names {
        let Name::Swap(base, Holds::Records) = name else { continue };
        if *base >= first_cleaned(names) {
            continue;
        }
        let path = dir.path().join(text);
        let walk = async {
            let file = SegmentFile::open(&path, OpenMode::Read).await?;
            from_headers(&file, *base, *bytes, Offset::MAX, u32::MAX).await
        };
        let walked = walk.await.map_err(|error| LogError::io("read", &path, error))?;
        from = from.min(*base);
        to = to.max(walked.fill.next_offset).max(base.saturating_add(1));
    }
    Ok(from..to)
}
