//! A directory for one test, gone with its value.

use std::path::{Path, PathBuf};

/// A fresh, empty directory. Dropping it removes it with everything in it.
#[derive(Debug)]
pub struct ScratchDir(PathBuf);

impl ScratchDir {
    /// Creates the directory where the system keeps temporary files.
    #[expect(clippy::expect_used, reason = "a test without a directory cannot go on")]
    #[expect(clippy::new_without_default, reason = "it does I/O")]
    pub fn new() -> ScratchDir {
        let name = format!("corelog-{:016x}", super::rng().next_u64());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).expect("a scratch directory");
        ScratchDir(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for ScratchDir {
    fn drop(&mut self) {
        // What is left behind hurts nobody.
        drop(std::fs::remove_dir_all(&self.0));
    }
}
