//! A directory for one test. It is in the world, so it goes with it.

use std::path::{Path, PathBuf};

use super::disk::ROOT;
use super::world::current;

/// A fresh, empty, durable directory.
#[derive(Debug)]
pub struct ScratchDir(PathBuf);

impl ScratchDir {
    /// Creates it, at once.
    #[expect(clippy::expect_used, reason = "the name is new")]
    #[expect(clippy::new_without_default, reason = "it does I/O")]
    pub fn new() -> ScratchDir {
        let world = current();
        let mut disk = world.disk.borrow_mut();
        let path = PathBuf::from(format!("/scratch-{}", disk.numbers));
        disk.create_directory(&path).expect("a scratch directory");
        let order = disk.numbers;
        disk.sync_directory(ROOT, order);
        ScratchDir(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}
