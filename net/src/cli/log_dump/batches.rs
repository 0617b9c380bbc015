//! Walks the batches of a `.log` file from its start, with or without their bodies.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

use corelog_engine::record::{BatchHeader, HEADER_BYTES};

/// A walk over a file.
pub struct Batches {
    reader: BufReader<File>,
    position: u64,
    bytes: u64,
}

/// A batch and where it starts.
pub struct Located {
    /// Its header.
    pub header: BatchHeader,
    /// First byte in the file.
    pub position: u64,
    /// All its bytes; empty when the walk leaves bodies out.
    pub bytes: Vec<u8>,
}

impl Batches {
    /// Opens the file.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(path: &Path) -> io::Result<Batches> {
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        Ok(Batches { reader: BufReader::with_capacity(1 << 20, file), position: 0, bytes })
    }

    /// First byte that is not part of a batch read so far.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Bytes from there to the end of the file.
    pub fn left(&self) -> u64 {
        self.bytes.saturating_sub(self.position)
    }

    /// The next batch with its bytes; `None` where no whole batch follows.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn next_whole(&mut self) -> io::Result<Option<Located>> {
        let Some((header, mut bytes)) = self.next_header()? else { return Ok(None) };
        let body = (header.size_in_bytes() - HEADER_BYTES) as u64;
        // The length is inside the file, so it may decide how much memory is taken.
        (&mut self.reader).take(body).read_to_end(&mut bytes)?;
        Ok(self.located(header, bytes))
    }

    /// The next batch without its body; `None` where no whole batch follows.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn next_head(&mut self) -> io::Result<Option<Located>> {
        let Some((header, _)) = self.next_header()? else { return Ok(None) };
        let body = header.size_in_bytes() - HEADER_BYTES;
        self.reader.seek_relative(i64::try_from(body).unwrap_or(i64::MAX))?;
        Ok(self.located(header, Vec::new()))
    }

    /// The batch that starts exactly at `position`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn head_at(&mut self, position: u64) -> io::Result<Option<Located>> {
        self.reader.seek(io::SeekFrom::Start(position))?;
        self.position = position;
        self.next_head()
    }

    fn next_header(&mut self) -> io::Result<Option<(BatchHeader, Vec<u8>)>> {
        let mut head = Vec::with_capacity(HEADER_BYTES);
        (&mut self.reader).take(HEADER_BYTES as u64).read_to_end(&mut head)?;
        let header = BatchHeader::parse(&head).ok();
        let whole = header.filter(|header| header.size_in_bytes() as u64 <= self.left());
        Ok(whole.map(|header| (header, head)))
    }

    fn located(&mut self, header: BatchHeader, bytes: Vec<u8>) -> Option<Located> {
        let position = self.position;
        self.position += header.size_in_bytes() as u64;
        Some(Located { header, position, bytes })
    }
}
