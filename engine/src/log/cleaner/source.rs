//! A closed segment as a cleaning reads it: whole batches, a piece at a time.
//!
//! Holds the file open, so that it can be read to the end whatever becomes of its name. `Send`.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use super::error::CleanError;
use super::group::Size;
use super::tempo::{Abandon, Tempo};
use crate::record::{BatchHeader, HEADER_BYTES, Offset, check_crc};
use crate::runtime::SegmentFile;

/// A segment to read.
#[derive(Clone, Debug)]
pub struct Source {
    /// The records.
    pub file: Arc<SegmentFile>,
    /// That file's generation when the cleaning began.
    pub generation: u64,
    /// Its sizes when the cleaning began.
    pub size: Size,
    /// When it was created, Unix milliseconds.
    pub created_ms: i64,
}

impl Source {
    /// The whole batches that stand in about `bytes` bytes from `position` on, which is a batch
    /// boundary below the end; one at least, however large.
    async fn read(&self, position: u64, bytes: usize) -> Result<Bytes, CleanError> {
        let left = self.size.bytes.saturating_sub(position);
        let at_most = usize::try_from(left).unwrap_or(usize::MAX);
        let mut piece = self.bytes(position, bytes.max(HEADER_BYTES).min(at_most)).await?;
        let mut whole = whole_batches(&piece);
        if whole == 0 {
            let Ok(header) = BatchHeader::parse(&piece) else {
                return Err(self.corrupt(position));
            };
            whole = header.size_in_bytes();
            if whole > at_most {
                return Err(self.corrupt(position));
            }
            piece = self.bytes(position, whole).await?;
        }
        if piece.len() < whole {
            return Err(self.corrupt(position));
        }
        Ok(piece.slice(..whole))
    }

    async fn bytes(&self, position: u64, len: usize) -> Result<Bytes, CleanError> {
        let read = self.file.read_at(position, len).await;
        read.map_err(|error| CleanError::io("read", self.file.path(), error))
    }

    fn corrupt(&self, position: u64) -> CleanError {
        corrupt(self.file.path(), position)
    }
}

/// Bytes of the whole batches at the beginning of a piece.
fn whole_batches(piece: &[u8]) -> usize {
    let mut whole = 0;
    while let Some(rest) = piece.get(whole..)
        && let Ok(header) = BatchHeader::parse(rest)
        && header.size_in_bytes() <= rest.len()
    {
        whole += header.size_in_bytes();
    }
    whole
}

/// Walks over the batches of a piece; each CRC is checked, or damage would get a new one.
pub struct Batches {
    piece: Bytes,
    at: usize,
    floor: Offset,
    /// Where the piece begins in its file.
    position: u64,
    path: Arc<Path>,
}

impl Batches {
    /// The batches of a piece that was read at `position` of a file.
    fn new(piece: Bytes, position: u64, path: Arc<Path>) -> Batches {
        Batches { piece, at: 0, floor: Offset::MIN, position, path }
    }

    /// The next batch with its header; `None` at the end.
    pub fn next(&mut self) -> Result<Option<(BatchHeader, Bytes)>, CleanError> {
        if self.at == self.piece.len() {
            return Ok(None);
        }
        let position = self.position + self.at as u64;
        let rest = self.piece.slice(self.at..);
        let sound = BatchHeader::parse(&rest).ok().filter(|header| {
            header.base_offset >= self.floor
                && header.last_offset_delta >= 0
                && header.size_in_bytes() <= rest.len()
                && check_crc(&rest)
        });
        let Some(header) = sound else { return Err(corrupt(&self.path, position)) };
        self.at += header.size_in_bytes();
        self.floor = header.next_offset();
        Ok(Some((header, rest.slice(..header.size_in_bytes()))))
    }
}

/// Pieces of segments, one after the other, at a tempo.
pub struct Pieces {
    sources: VecDeque<Source>,
    position: u64,
    read_bytes: usize,
    bytes_read: u64,
    tempo: Tempo,
    abandon: Abandon,
}

impl Pieces {
    /// From the first byte of the first source on.
    pub fn new(sources: &[Source], read_bytes: usize, tempo: Tempo, abandon: Abandon) -> Pieces {
        let sources = sources.iter().cloned().collect();
        Pieces { sources, position: 0, read_bytes, bytes_read: 0, tempo, abandon }
    }

    /// The batches of the next piece; `None` behind the last.
    pub async fn next(&mut self) -> Result<Option<Batches>, CleanError> {
        while let Some(source) = self.sources.front() {
            let position = self.position;
            if position >= source.size.bytes {
                self.sources.pop_front();
                self.position = 0;
                continue;
            }
            let piece = source.read(position, self.read_bytes).await?;
            let batches = Batches::new(piece, position, Arc::from(source.file.path()));
            let bytes = batches.piece.len() as u64;
            self.position += bytes;
            self.bytes_read += bytes;
            self.tempo.spend(bytes, &self.abandon).await?;
            return Ok(Some(batches));
        }
        Ok(None)
    }

    /// Bytes read so far.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read
    }
}

fn corrupt(path: &Path, position: u64) -> CleanError {
    CleanError::Corrupt { path: path.to_path_buf(), position }
}
