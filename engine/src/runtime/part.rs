//! What a fetch reply or a replication frame is made of: bytes in memory, or a slice of a file
//! that never enters user space. It does not send anything. `Send`; any thread.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use super::SegmentFile;

/// Parts in the order in which they leave.
pub type PartQueue = VecDeque<Part>;

/// One piece of a reply.
#[derive(Clone, Debug)]
pub enum Part {
    /// Bytes that are in memory already.
    Memory(Bytes),
    /// Bytes that the kernel takes from a file.
    File(Slice),
}

/// A range of a file as it was when the slice was made. Segments are append-only, so the bytes do
/// not change, unless the file is truncated: then `generation` differs and the slice is void.
#[derive(Clone, Debug)]
pub struct Slice {
    /// The file; it stays open, even when unlinked, while a slice of it lives.
    pub file: Arc<SegmentFile>,
    /// First byte in the file.
    pub position: u64,
    /// Length in bytes.
    pub bytes: u32,
    /// `file.generation()` at the time when the slice was made.
    pub generation: u64,
}

impl Part {
    /// Length in bytes.
    pub fn bytes(&self) -> u64 {
        match self {
            Part::Memory(bytes) => bytes.len() as u64,
            Part::File(slice) => u64::from(slice.bytes),
        }
    }
}

impl Slice {
    /// True while no truncation touched the file since the slice was made.
    pub fn is_current(&self) -> bool {
        self.file.generation() == self.generation
    }
}
