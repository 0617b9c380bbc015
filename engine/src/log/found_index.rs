//! Index files as a start finds them: how far they are filled, whether they can be their segment's,
//! and cut to the entries that are kept.
//!
//! Knows entries and sizes, never batches. Core-local.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::runtime::{OpenMode, SegmentFile};

use super::index_file::{Entry, IndexFile, read_entries, used_entries};
use super::recovery_table::IndexFacts;

/// An open file and its length in bytes.
pub type Open = (Arc<SegmentFile>, u64);

/// One index file as found.
pub struct Found<E> {
    /// Open for reading and writing.
    pub file: Arc<SegmentFile>,
    /// Its length.
    pub bytes: u64,
    /// Entries that are in use: Kafka leaves empty slots behind them.
    pub used: u32,
    /// The last of them.
    pub last: Option<E>,
    /// What the table is asked with.
    pub facts: IndexFacts,
}

/// Looks at an index file; an absent one is created empty.
pub async fn look<E: Entry>(open: Option<Open>, path: PathBuf) -> io::Result<Found<E>> {
    let Some((file, bytes)) = open else {
        let file = SegmentFile::open(&path, OpenMode::CreateNew).await?;
        return Ok(Found { file, bytes: 0, used: 0, last: None, facts: IndexFacts::Missing });
    };
    let slots = u32::try_from(bytes / E::BYTES as u64).unwrap_or(u32::MAX);
    let used = match slots.checked_sub(1) {
        // The common case costs one read: the last slot is in use.
        Some(last) if last_slot_used::<E>(&file, last).await? => slots,
        Some(_) => used_entries::<E>(&file, slots).await?,
        None => 0,
    };
    let edges = match used.checked_sub(1) {
        Some(last) => {
            let first = read_entries::<E>(&file, 0, 1).await?.into_iter().next();
            let last_entry = read_entries::<E>(&file, last, 1).await?.into_iter().next();
            (first, last_entry, last > 0)
        }
        None => (None, None, false),
    };
    let facts = if bytes % E::BYTES as u64 != 0 {
        IndexFacts::Torn
    } else if let (Some(first), Some(last), true) = edges
        && !last.follows(first)
    {
        IndexFacts::Contradicts
    } else if used < slots {
        IndexFacts::Preallocated
    } else {
        IndexFacts::Sound
    };
    Ok(Found { file, bytes, used, last: edges.1, facts })
}

async fn last_slot_used<E: Entry>(file: &Arc<SegmentFile>, last: u32) -> io::Result<bool> {
    let entry = read_entries::<E>(file, last, 1).await?.into_iter().next();
    Ok(entry.is_some_and(|entry| !entry.is_empty_slot()))
}

/// Number of entries that a test accepts, which must be a prefix, and the last of them.
pub async fn last_accepted<E: Entry>(
    file: &Arc<SegmentFile>,
    used: u32,
    accepts: impl Fn(&E) -> bool,
) -> io::Result<Option<(u32, E)>> {
    let (mut low, mut high, mut best) = (0, used, None);
    while low < high {
        let middle = low + (high - low) / 2;
        match read_entries::<E>(file, middle, 1).await?.into_iter().next() {
            Some(entry) if accepts(&entry) => {
                best = Some((middle + 1, entry));
                low = middle + 1;
            }
            _ => high = middle,
        }
    }
    Ok(best)
}

/// Cuts the file to its first entries.
pub async fn cut<E: Entry>(found: Found<E>, entries: u32) -> io::Result<IndexFile<E>> {
    let (file, bytes) = (found.file, u64::from(entries) * E::BYTES as u64);
    if found.bytes != bytes {
        file.truncate(bytes).await?;
    }
    let last = match entries.checked_sub(1) {
        Some(last) => read_entries::<E>(&file, last, 1).await?.into_iter().next(),
        None => None,
    };
    Ok(IndexFile::new(file, entries, last))
}

/// The index, when it has exactly so many entries.
pub async fn of_size<E: Entry>(
    open: &Option<Open>,
    entries: u32,
) -> io::Result<Option<IndexFile<E>>> {
    let right = open.as_ref().filter(|(_, bytes)| *bytes == u64::from(entries) * E::BYTES as u64);
    let Some((file, _)) = right else { return Ok(None) };
    let file = file.clone();
    // Zeroed files keep their size.
    let Some(last) = entries.checked_sub(1) else {
        return Ok(Some(IndexFile::new(file, 0, None)));
    };
    let last = read_entries::<E>(&file, last, 1).await?.into_iter().next();
    let used = last.filter(|entry| !entry.is_empty_slot());
    Ok(used.map(|last| IndexFile::new(file, entries, Some(last))))
}
