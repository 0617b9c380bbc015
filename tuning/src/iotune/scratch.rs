//! A file to measure with. It has no name from the start, so that nothing is left behind however
//! the measurement ends.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

/// Alignment of direct I/O that every disk takes.
const ALIGNED: usize = 4096;

/// Least bytes of one file: smaller ones would mostly be truncated.
pub const ROOM_MIN: u64 = 16 << 20;

/// A growing file of at most `room` bytes; then it begins again.
#[derive(Debug)]
pub struct Scratch {
    file: File,
    room: u64,
    end: u64,
}

impl Scratch {
    /// An empty file in `folder`; `number` tells those of one process apart.
    pub fn new(folder: &Path, number: usize, room: u64) -> io::Result<Scratch> {
        let name = format!(".corelog-iotune-{}-{number}", std::process::id());
        let path = folder.join(name);
        let file =
            OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        std::fs::remove_file(&path)?;
        Ok(Scratch { file, room, end: 0 })
    }

    /// Appends as a log does: behind what is there, so that the file grows.
    pub fn append(&mut self, block: &[u8]) -> io::Result<()> {
        if self.end + block.len() as u64 > self.room {
            self.file.set_len(0)?;
            self.end = 0;
        }
        self.file.write_all_at(block, self.end)?;
        self.end += block.len() as u64;
        Ok(())
    }

    /// What an answer to a producer waits for.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Bytes in the file.
    pub fn len(&self) -> u64 {
        self.end
    }

    /// The same file past the page cache. Fails where the file system has no such thing.
    pub fn direct(&self) -> io::Result<File> {
        let itself = format!("/proc/self/fd/{}", self.file.as_raw_fd());
        let direct = nix::fcntl::OFlag::O_DIRECT.bits();
        OpenOptions::new().read(true).custom_flags(direct).open(itself)
    }
}

/// Bytes that do not compress.
pub fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(len);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// Memory that direct reads may go to.
#[derive(Debug)]
pub struct Aligned {
    memory: Vec<u8>,
    start: usize,
    len: usize,
}

impl Aligned {
    /// `len` bytes.
    pub fn new(len: usize) -> Aligned {
        let memory = vec![0; len + ALIGNED];
        let start = memory.as_ptr().align_offset(ALIGNED).min(ALIGNED);
        Aligned { memory, start, len }
    }

    /// The bytes.
    pub fn bytes(&mut self) -> &mut [u8] {
        self.memory.get_mut(self.start..self.start + self.len).unwrap_or_default()
    }
}
