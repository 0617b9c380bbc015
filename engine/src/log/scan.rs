//! Walks over the batches of a segment file, header by header, with bounded reads.
//!
//! Two walks: over headers alone (for a position, for rebuilding what derives from headers) and
//! with CRC (for recovery). Both stop at the first thing that is not a batch and say where. Must
//! not know what follows from that. Holds no borrow of a log.

use std::io;
use std::sync::Arc;

use bytes::Bytes;

use crate::record::{BatchHeader, HEADER_BYTES, Offset, crc32c};
use crate::runtime::SegmentFile;
use crate::runtime::planted::{Bug, is_planted};

/// Bytes read at a time when headers alone are wanted.
const HEADER_CHUNK: usize = 16 << 10;
/// Bytes read at a time when all bytes are wanted.
const CRC_CHUNK: usize = 512 << 10;
/// Where the bytes that a batch's CRC covers begin.
const CRC_FROM: u64 = 21;

/// A batch and where it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Located {
    /// Its header.
    pub header: BatchHeader,
    /// First byte in the segment file.
    pub position: u64,
}

impl Located {
    /// First byte behind it.
    pub fn end(&self) -> u64 {
        self.position + self.header.size_in_bytes() as u64
    }
}

/// One step of a walk.
#[derive(Debug)]
pub enum Step {
    /// A batch.
    Batch(Located),
    /// The end of the walk's range, exactly behind a batch.
    End,
    /// No batch where one should start.
    Bad {
        /// Where.
        position: u64,
    },
}

/// A walk over `[position, end)` of a file.
pub struct Walk {
    file: Arc<SegmentFile>,
    position: u64,
    end: u64,
    /// Offsets must not be below this.
    floor: Offset,
    /// Offsets must be below this.
    ceiling: Offset,
    chunk: Bytes,
    chunk_at: u64,
    chunk_bytes: usize,
    checks_crc: bool,
}

impl Walk {
    /// A walk over headers; offsets have to rise from `floor` and stay below `ceiling`.
    pub fn headers(
        file: Arc<SegmentFile>,
        range: std::ops::Range<u64>,
        floor: Offset,
        ceiling: Offset,
    ) -> Walk {
        Walk {
            file,
            position: range.start,
            end: range.end,
            floor,
            ceiling,
            chunk: Bytes::new(),
            chunk_at: 0,
            chunk_bytes: HEADER_CHUNK,
            checks_crc: false,
        }
    }

    /// The same, offsets rising from another floor.
    pub fn above(mut self, floor: Offset) -> Walk {
        self.floor = floor;
        self
    }

    /// The same, every CRC checked.
    pub fn checked(mut self) -> Walk {
        self.chunk_bytes = CRC_CHUNK;
        self.checks_crc = true;
        self
    }

    /// Where the walk stands.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The next batch.
    pub async fn next(&mut self) -> io::Result<Step> {
        if self.position == self.end {
            return Ok(Step::End);
        }
        if self.position > self.end {
            return Ok(Step::Bad { position: self.position });
        }
        let bad = Step::Bad { position: self.position };
        let head = self.bytes(self.position, HEADER_BYTES).await?;
        let Ok(header) = BatchHeader::parse(&head) else { return Ok(bad) };
        let located = Located { header, position: self.position };
        let in_order = header.base_offset >= self.floor
            && header.last_offset_delta >= 0
            && header.last_offset() < self.ceiling;
        if !in_order || located.end() > self.end {
            return Ok(bad);
        }
        let checks_crc = self.checks_crc && !is_planted(Bug::IgnoredTornTail);
        if checks_crc && !self.crc_matches(&located).await? {
            return Ok(bad);
        }
        self.position = located.end();
        self.floor = header.next_offset();
        Ok(Step::Batch(located))
    }

    async fn crc_matches(&mut self, located: &Located) -> io::Result<bool> {
        let (from, to) = (located.position + CRC_FROM, located.end());
        if to - from <= self.chunk_bytes as u64 {
            let covered = self.bytes(from, (to - from) as usize).await?;
            return Ok(covered.len() as u64 == to - from && crc32c(&covered) == located.header.crc);
        }
        // A length that nobody vouches for yet must not decide how much memory is taken.
        let mut digest = crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc32Iscsi);
        let mut at = from;
        while at < to {
            let want = (to - at).min(self.chunk_bytes as u64) as usize;
            let piece = self.bytes(at, want).await?;
            if piece.is_empty() {
                return Ok(false);
            }
            digest.update(&piece);
            at += piece.len() as u64;
        }
        Ok(digest.finalize() == u64::from(located.header.crc))
    }

    /// `len` bytes from `at` on, fewer at the end of the file; reads ahead by a chunk.
    async fn bytes(&mut self, at: u64, len: usize) -> io::Result<Bytes> {
        let inside = |chunk: &Bytes, chunk_at: u64| {
            let skip = usize::try_from(at.checked_sub(chunk_at)?).ok()?;
            (skip.checked_add(len)? <= chunk.len()).then(|| chunk.slice(skip..skip + len))
        };
        if let Some(found) = inside(&self.chunk, self.chunk_at) {
            return Ok(found);
        }
        let left = usize::try_from(self.end.saturating_sub(at)).unwrap_or(usize::MAX);
        self.chunk = self.file.read_at(at, self.chunk_bytes.max(len).min(left)).await?;
        self.chunk_at = at;
        Ok(self.chunk.slice(..len.min(self.chunk.len())))
    }
}
