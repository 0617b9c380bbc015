//! An index file: sorted entries of fixed size, the youngest of them still in memory.
//!
//! Entries on disk stay on disk. A lookup that the youngest entries cannot answer reads blocks of
//! 4 KiB, about nine of them for a full segment, so that an idle log costs no memory for its
//! indexes. Must not know what an entry means. Core-local; a lookup takes a view and holds no
//! borrow.

use std::io;
use std::sync::Arc;

use bytes::Bytes;

use crate::runtime::SegmentFile;

/// A format of entries.
pub trait Entry: Copy {
    /// Size of an entry on disk.
    const BYTES: usize;
    /// Reads an entry; `None` when there are too few bytes.
    fn decode(bytes: &[u8]) -> Option<Self>;
    /// Writes an entry.
    fn encode(self, into: &mut Vec<u8>);
    /// Whether this is a preallocated slot that nobody wrote, when it is not the first one.
    fn is_empty_slot(self) -> bool;
    /// Whether this entry may stand after an earlier one.
    fn follows(self, earlier: Self) -> bool;
}

/// Bytes of a block that a lookup reads.
const BLOCK_BYTES: usize = 4096;
/// Youngest entries kept in memory before they are written: one block's worth.
const TAIL_ENTRIES: usize = 512;

/// An index file that its segment's writer appends to.
pub struct IndexFile<E> {
    file: Arc<SegmentFile>,
    stored: u32,
    tail: Vec<E>,
    last: Option<E>,
}

/// What a lookup needs, owned.
pub struct IndexView<E> {
    file: Arc<SegmentFile>,
    stored: u32,
    found: Option<E>,
}

impl<E: Entry> IndexFile<E> {
    /// An index whose first `stored` entries on disk are valid, `last` being the last of them.
    pub fn new(file: Arc<SegmentFile>, stored: u32, last: Option<E>) -> IndexFile<E> {
        IndexFile { file, stored, tail: Vec::new(), last }
    }

    /// Number of entries.
    pub fn entries(&self) -> u32 {
        self.stored.saturating_add(u32::try_from(self.tail.len()).unwrap_or(u32::MAX))
    }

    /// The file itself.
    pub fn file(&self) -> &Arc<SegmentFile> {
        &self.file
    }

    /// Adds an entry when it may stand after the last one; says whether it did.
    pub fn push(&mut self, entry: E) -> bool {
        if self.last.is_some_and(|last| !entry.follows(last)) {
            return false;
        }
        self.tail.push(entry);
        self.last = Some(entry);
        true
    }

    /// Whether enough entries wait in memory to be worth a write.
    pub fn wants_storing(&self) -> bool {
        self.tail.len() >= TAIL_ENTRIES
    }

    /// The write that brings the file up to date: content and position; `None` when it is.
    pub fn unstored(&self) -> Option<(Bytes, u64, u32)> {
        if self.tail.is_empty() {
            return None;
        }
        let mut bytes = Vec::with_capacity(self.tail.len() * E::BYTES);
        self.tail.iter().for_each(|entry| entry.encode(&mut bytes));
        let position = u64::from(self.stored) * E::BYTES as u64;
        Some((Bytes::from(bytes), position, u32::try_from(self.tail.len()).unwrap_or(u32::MAX)))
    }

    /// The first `count` entries that waited are in the file now.
    pub fn mark_stored(&mut self, count: u32) {
        self.tail.drain(..(count as usize).min(self.tail.len()));
        self.stored = self.stored.saturating_add(count);
    }

    /// Takes a view for a lookup of the last entry that `before` accepts. `before` must accept a
    /// prefix of the entries.
    pub fn view(&self, before: impl Fn(E) -> bool) -> IndexView<E> {
        let in_tail = self.tail.partition_point(|entry| before(*entry));
        let found = in_tail.checked_sub(1).and_then(|last| self.tail.get(last).copied());
        IndexView { file: self.file.clone(), stored: self.stored, found }
    }

    /// Bytes that the file has when all entries are stored.
    pub fn bytes(&self) -> u64 {
        u64::from(self.entries()) * E::BYTES as u64
    }
}

impl<E: Entry> IndexView<E> {
    /// The last entry that `before` accepts, among those on disk and in memory. `share` says about
    /// how far into the file that is, from 0 to 1: entries lie evenly, so a good guess saves reads.
    pub async fn floor(self, share: f64, before: impl Fn(E) -> bool) -> io::Result<Option<E>> {
        if self.found.is_some() {
            return Ok(self.found);
        }
        let guess = (share.clamp(0.0, 1.0) * f64::from(self.stored)) as u32;
        floor_in_file(&self.file, self.stored, guess, before).await
    }
}

/// Search in a file whose first `stored` entries are valid: from the guess on in growing steps,
/// then by halves.
async fn floor_in_file<E: Entry>(
    file: &Arc<SegmentFile>,
    stored: u32,
    guess: u32,
    before: impl Fn(E) -> bool,
) -> io::Result<Option<E>> {
    let per_block = (BLOCK_BYTES / E::BYTES) as u32;
    let (mut low, mut high) = (0, stored.div_ceil(per_block));
    let mut next = (guess / per_block).min(high.saturating_sub(1));
    let (mut step, mut went_up, mut went_down) = (1, false, false);
    let mut best = None;
    while low < high {
        let block = next;
        let count = per_block.min(stored - block * per_block);
        let entries = read_entries::<E>(file, block * per_block, count).await?;
        let accepted = entries.partition_point(|entry| before(*entry));
        match accepted.checked_sub(1) {
            Some(last) => {
                best = entries.get(last).copied();
                if accepted < entries.len() {
                    break;
                }
                (low, went_up) = (block + 1, true);
                next = low.saturating_add(step - 1);
            }
            None => {
                (high, went_down) = (block, true);
                next = high.saturating_sub(step);
            }
        }
        step = step.saturating_mul(2);
        if went_up && went_down {
            next = low + high.saturating_sub(low) / 2;
        }
        next = next.clamp(low, high.saturating_sub(1).max(low));
    }
    Ok(best)
}

/// Reads `count` entries from the `first` one on; fewer at the end of the file.
pub async fn read_entries<E: Entry>(
    file: &Arc<SegmentFile>,
    first: u32,
    count: u32,
) -> io::Result<Vec<E>> {
    let position = u64::from(first) * E::BYTES as u64;
    let bytes = file.read_at(position, count as usize * E::BYTES).await?;
    Ok(bytes.chunks_exact(E::BYTES).filter_map(E::decode).collect())
}

/// How many entries of a file are in use: Kafka preallocates an active index, so a file may end in
/// empty slots. Only a search for the first empty slot, no check of the entries.
pub async fn used_entries<E: Entry>(file: &Arc<SegmentFile>, slots: u32) -> io::Result<u32> {
    let (mut low, mut high) = (0, slots);
    while low < high {
        let middle = low + (high - low) / 2;
        let entry = read_entries::<E>(file, middle, 1).await?.into_iter().next();
        if entry.is_some_and(|entry| !entry.is_empty_slot()) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}
