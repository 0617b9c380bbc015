//! Pages of a sparse file, mapped: touched so that memory fills, made cold so that they are the
//! first to go. The only unsafe code of the load generator. Any thread.

use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::ptr::NonNull;

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap, munmap};

/// Read-only pages of a file.
pub struct Pages {
    start: NonNull<c_void>,
    bytes: usize,
}

impl Pages {
    /// Maps `bytes` of a file; `scattered` = no pages around those that are touched.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn map(file: &File, bytes: usize, scattered: bool) -> io::Result<Pages> {
        // SAFETY: a fresh mapping at an address of the kernel's choice, never read through a
        // reference, unmapped once, in `drop`.
        let start = unsafe {
            mmap(std::ptr::null_mut(), bytes, ProtFlags::READ, MapFlags::SHARED, file, 0)?
        };
        let start = NonNull::new(start).ok_or_else(|| io::Error::other("mapped at null"))?;
        let pages = Pages { start, bytes };
        if scattered {
            pages.advise(0, bytes, Advice::Random)?;
        }
        Ok(pages)
    }

    /// Reads pages in, and marks them as the first to be taken back.
    ///
    /// # Errors
    /// The kernel refuses, or there is not enough memory.
    pub fn touch(&self, from: usize, bytes: usize) -> io::Result<()> {
        self.advise(from, bytes, Advice::LinuxPopulateRead)?;
        self.advise(from, bytes, Advice::LinuxCold)
    }

    fn advise(&self, from: usize, bytes: usize, advice: Advice) -> io::Result<()> {
        let end = from.checked_add(bytes).filter(|end| *end <= self.bytes);
        if end.is_none() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        // SAFETY: the range lies inside the mapping, and these advices change no contents.
        unsafe { madvise(self.start.as_ptr().byte_add(from), bytes, advice)? };
        Ok(())
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours and nothing refers to it any more.
        let _ = unsafe { munmap(self.start.as_ptr(), self.bytes) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_touched_inside_the_mapping_only() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(1 << 20).unwrap();
        let pages = Pages::map(&file, 1 << 20, true).unwrap();
        pages.touch(4096, 8192).unwrap();
        assert!(pages.touch(1 << 20, 4096).is_err());
    }
}
