//! The budget for file data that is not in the page cache: read through the ring into memory, by
//! the kernel's threads and not the core's, held until it is sent. Bounded per core, so that
//! lagging consumers cannot take all memory.
//! Core-local.

use std::io;
use std::rc::Rc;

use bytes::Bytes;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::runtime::Slice;

/// The budget of one core; share it as `Rc<ColdReads>` or by reference.
#[derive(Clone, Debug)]
pub struct ColdReads {
    bytes: Rc<Semaphore>,
    bytes_max: u32,
}

/// Cold bytes in memory with the share of the budget that they hold.
pub(super) struct ColdChunk<'a> {
    pub bytes: Bytes,
    _share: Option<SemaphorePermit<'a>>,
}

impl ColdReads {
    /// A budget of `bytes_max` bytes; chunks larger than all of it are read alone.
    pub fn new(bytes_max: usize) -> ColdReads {
        let bytes_max = u32::try_from(bytes_max).unwrap_or(u32::MAX).max(1);
        ColdReads { bytes: Rc::new(Semaphore::new(bytes_max as usize)), bytes_max }
    }

    /// Reads the first `len` bytes of `slice`, waiting for room in the budget first. Fewer bytes
    /// only where the file ends.
    pub(super) async fn read(&self, slice: &Slice, len: u32) -> io::Result<ColdChunk<'_>> {
        // The semaphore is never closed, so there is always a share.
        let share = self.bytes.acquire_many(len.min(self.bytes_max)).await.ok();
        let bytes = slice.file.read_cold(slice.position, len as usize).await?;
        Ok(ColdChunk { bytes, _share: share })
    }
}
