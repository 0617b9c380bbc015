//! What is in the page cache: whether a range of a file is, so that `sendfile` does not stall a
//! core on the disk, and bytes that are, without a trip through the ring. Any thread; never blocks.

use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::runtime::{Mono, Slice, now};

use super::descriptor::Descriptor;

/// Number of the system call (Linux 6.5); the same on every architecture.
const SYS_CACHESTAT: libc::c_long = 451;

/// So much is looked up in the page cache at once, when there is so much to send.
const LOOK_BYTES: u32 = 1 << 20;
/// How long what was found there is taken for granted: the kernel evicts nothing that was just read
/// so soon.
const FRESH: Duration = Duration::from_millis(5);

static CACHESTAT_MISSING: AtomicBool = AtomicBool::new(false);

#[repr(C)]
struct Range {
    offset: u64,
    bytes: u64,
}

/// Counts of pages, as `struct cachestat` of the kernel.
#[repr(C)]
#[derive(Default)]
struct Cachestat {
    cached: u64,
    dirty: u64,
    writeback: u64,
    evicted: u64,
    recently_evicted: u64,
}

/// What of the slice that is being sent was in the page cache a moment ago.
#[derive(Default)]
pub(super) struct Found {
    /// Position in the file up to which all was there, and when that was seen.
    until: Option<(u64, Mono)>,
}

impl Found {
    /// Whether the next `len` bytes of the slice need no waiting for the disk. The same slice at
    /// each call, or what is left of it.
    pub fn covers(&mut self, slice: &Slice, len: u32) -> bool {
        let end = slice.position + u64::from(len);
        if self.until.is_some_and(|(until, seen)| end <= until && now() < seen + FRESH) {
            return true;
        }
        let far = slice.bytes.clamp(len, LOOK_BYTES.max(len));
        let is_there = |bytes| is_resident(slice.file.descriptor(), slice.position, bytes);
        let found = match is_there(far) {
            true => Some(far),
            false => (far > len && is_there(len)).then_some(len),
        };
        self.until = found.map(|bytes| (slice.position + u64::from(bytes), now()));
        found.is_some()
    }
}

/// True when every page of the range is in the page cache and filled. False when one is not, or
/// when the kernel would not say.
pub(super) fn is_resident(file: &Descriptor, position: u64, bytes: u32) -> bool {
    if bytes == 0 {
        return true;
    }
    if CACHESTAT_MISSING.load(Ordering::Relaxed) {
        return mincore(file, position, bytes);
    }
    match cachestat(file, position, bytes) {
        // cachestat also counts pages whose read is still on its way: somebody else's cold read.
        // Such a read is as long as the range or ends with the file, so it covers one of its ends.
        Some(cached) => {
            let last = position + u64::from(bytes) - 1;
            cached && byte_is_filled(file, position) && byte_is_filled(file, last)
        }
        None => {
            CACHESTAT_MISSING.store(true, Ordering::Relaxed);
            mincore(file, position, bytes)
        }
    }
}

/// True unless the kernel refuses `cachestat` (older than 6.5, or a seccomp filter).
pub(super) fn cachestat_works(file: &std::fs::File) -> bool {
    let range = Range { offset: 0, bytes: 1 };
    let mut stat = Cachestat::default();
    call_cachestat(file.as_raw_fd(), &range, &mut stat) == 0
}

fn call_cachestat(fd: i32, range: &Range, stat: &mut Cachestat) -> libc::c_long {
    // SAFETY: both pointers are to live values of the layout that the kernel's ABI gives them.
    unsafe { libc::syscall(SYS_CACHESTAT, fd, range as *const Range, stat as *mut Cachestat, 0) }
}

fn cachestat(file: &Descriptor, position: u64, bytes: u32) -> Option<bool> {
    let range = Range { offset: position, bytes: u64::from(bytes) };
    let mut stat = Cachestat::default();
    if call_cachestat(file.as_raw_fd(), &range, &mut stat) != 0 {
        return None;
    }
    let (first, last) = pages(position, bytes);
    Some(stat.cached > last - first)
}

/// Reads the byte at `position` if that needs no waiting.
fn byte_is_filled(file: &Descriptor, position: u64) -> bool {
    // 0 = the file ends before: sendfile will say so as well, without waiting.
    read_now(file, position, &mut [MaybeUninit::uninit()]).is_some()
}

/// Appends the `len` bytes at `position` to `into`, or as many of the first as need no waiting;
/// answers how many.
pub(super) fn read_resident(
    file: &Descriptor,
    position: u64,
    len: usize,
    into: &mut Vec<u8>,
) -> usize {
    into.reserve(len);
    let room = &mut into.spare_capacity_mut()[..len];
    let got = read_now(file, position, room).unwrap_or(0);
    let filled = into.len() + got;
    // SAFETY: `len` bytes of spare capacity were reserved above, and the kernel says that it has
    // written the first `got` of them.
    unsafe { into.set_len(filled) };
    got
}

/// Reads into `room` what needs no waiting; `None` when the first byte would.
fn read_now(file: &Descriptor, position: u64, room: &mut [MaybeUninit<u8>]) -> Option<usize> {
    let list = libc::iovec { iov_base: room.as_mut_ptr().cast(), iov_len: room.len() };
    let at = position as libc::off_t;
    // SAFETY: `list` describes `room`, which outlives the call.
    let got = unsafe { libc::preadv2(file.as_raw_fd(), &list, 1, at, libc::RWF_NOWAIT) };
    usize::try_from(got).ok().map(|got| got.min(room.len()))
}

/// First and last page of the range.
fn pages(position: u64, bytes: u32) -> (u64, u64) {
    let page = page_bytes();
    (position / page, (position + u64::from(bytes) - 1) / page)
}

fn page_bytes() -> u64 {
    // SAFETY: no pointers.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    u64::try_from(page).unwrap_or(4096).max(1)
}

/// The older way: map the range, ask for each page, unmap.
fn mincore(file: &Descriptor, position: u64, bytes: u32) -> bool {
    let (first, last) = pages(position, bytes);
    let page = page_bytes();
    let len = ((last - first + 1) * page) as usize;
    let mut filled = vec![0u8; (last - first + 1) as usize];
    // SAFETY: a fresh mapping at an address of the kernel's choice, never dereferenced, and
    // unmapped below; `filled` has the one byte per page that mincore writes.
    unsafe {
        let at = libc::mmap(
            std::ptr::null_mut(),
            len,
            libc::PROT_READ,
            libc::MAP_SHARED,
            file.as_raw_fd(),
            (first * page) as libc::off_t,
        );
        if at == libc::MAP_FAILED {
            return false;
        }
        let answer = libc::mincore(at, len, filled.as_mut_ptr());
        libc::munmap(at, len);
        answer == 0 && filled.iter().all(|page| page & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_asking_agree_on_a_warm_file_and_on_its_end() {
        let path = std::env::temp_dir().join(format!("corelog-residency-{}", std::process::id()));
        std::fs::write(&path, vec![1; 20_000]).unwrap();
        let file = Descriptor::new(std::fs::File::open(&path).unwrap());
        std::fs::remove_file(&path).unwrap();
        assert_eq!(cachestat(&file, 5000, 10_000), Some(true));
        assert!(is_resident(&file, 5000, 10_000) && mincore(&file, 5000, 10_000));
        assert!(is_resident(&file, 0, 0));
        let mut bytes = vec![7];
        assert_eq!(read_resident(&file, 19_000, 5000, &mut bytes), 1000);
        assert!(bytes.len() == 1001 && bytes[0] == 7 && bytes[1..].iter().all(|byte| *byte == 1));
        let beyond = (1 << 20, 4096);
        assert_eq!(read_resident(&file, beyond.0, 10, &mut bytes), 0);
        assert!(!is_resident(&file, beyond.0, beyond.1) && !mincore(&file, beyond.0, beyond.1));
    }
}
