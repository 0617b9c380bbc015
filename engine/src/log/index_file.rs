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
    /// CRC-32 of the stored entries; `None` for a file that came without one.
    checksum: Option<u32>,
}

/// CRC-32 of both indexes of a segment, where known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexChecksums {
    /// Of the offset index's entries.
    pub offsets: Option<u32>,
    /// Of the time index's entries.
    pub times: Option<u32>,
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
        let checksum = (stored == 0).then_some(0);
        IndexFile { file, stored, tail: Vec::new(), last, checksum }
    }

    /// The same index, with the CRC-32 that its stored entries should have.
    pub fn with_checksum(mut self, checksum: Option<u32>) -> IndexFile<E> {
        self.checksum = checksum.or(self.checksum);
        self
    }

    /// Size of the stored entries in the file, and the CRC-32 that they should have.
    pub fn stored_checksum(&self) -> Option<(u64, u32)> {
        let bytes = u64::from(self.stored) * E::BYTES as u64;
        self.checksum.map(|checksum| (bytes, checksum))
    }

    /// CRC-32 of all `entries` entries; `None` when it is not known, or when they are not so many.
    pub fn checksum(&self, entries: u32) -> Option<u32> {
        let stored = self.checksum.filter(|_| self.entries() == entries)?;
        Some(extended(stored, &self.tail))
    }

    /// Takes over what was pushed to `other`, of which nothing was stored meanwhile, after it had
    /// `since` entries.
    pub fn take_youngest(&mut self, other: &IndexFile<E>, since: u32) {
        let known = since.saturating_sub(other.stored) as usize;
        for entry in other.tail.get(known..).unwrap_or_default() {
            self.push(*entry);
        }
    }

    /// The last entry.
    pub fn last(&self) -> Option<E> {
        self.last
    }

    /// Number of entries.
    pub fn entries(&self) -> u32 {
        self.stored.saturating_add(u32::try_from(self.tail.len()).unwrap_or(u32::MAX))
    }

    /// The file itself.
    pub fn file(&self) -> &Arc<SegmentFile> {
        &self.file
    }

    /// The same index in a file that was renamed.
    pub fn in_file(self, file: Arc<SegmentFile>) -> IndexFile<E> {
        IndexFile { file, ..self }
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
        let now_stored = (count as usize).min(self.tail.len());
        let written: Vec<E> = self.tail.drain(..now_stored).collect();
        self.checksum = self.checksum.map(|stored| extended(stored, &written));
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

/// The CRC-32 of entries that has these behind them.
fn extended<E: Entry>(checksum: u32, entries: &[E]) -> u32 {
    let mut bytes = Vec::with_capacity(entries.len() * E::BYTES);
    entries.iter().for_each(|entry| entry.encode(&mut bytes));
    let mut hasher = crc32fast::Hasher::new_with_initial(checksum);
    hasher.update(&bytes);
    hasher.finalize()
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
