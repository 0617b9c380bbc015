//! Huge pages and this process: none, so that its memory is what it uses. Any thread.

use std::io;

/// Keeps transparent huge pages away from this process. An allocator that asks for them makes an
/// idle broker twelve megabytes larger, and the buffers of a busy one gain nothing by them: what
/// they cost is the copy. To be called before the cores start.
pub fn refuse_huge_pages() -> io::Result<()> {
    Ok(nix::sys::prctl::set_thp_disable(true)?)
}
