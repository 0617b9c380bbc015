//! An open file shared by everything that uses it: operations in flight, slices on their way to
//! sockets. The last one to let go has it closed by a worker, because closing an unlinked file
//! frees its blocks, which may take long. `Send + Sync`; any thread.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use super::{context, worker};

/// A file that is closed off the cores.
#[derive(Debug)]
pub(super) struct Descriptor(Option<File>);

impl Descriptor {
    pub fn new(file: File) -> Descriptor {
        Descriptor(Some(file))
    }

    /// The file, for calls that block: workers only.
    #[expect(clippy::expect_used, reason = "only drop takes the file out")]
    pub fn file(&self) -> &File {
        self.0.as_ref().expect("the file is there until drop")
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file().as_fd()
    }
}

impl AsRawFd for Descriptor {
    fn as_raw_fd(&self) -> RawFd {
        self.file().as_raw_fd()
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        let file = self.0.take();
        if !context::is_worker() {
            worker::hand_over(Box::new(move || drop(file)));
        }
    }
}
