//! What a host is to the knobs. Paths are absolute, as they are on the host.

use std::io;

/// A host that can be looked at and changed.
pub trait Host {
    /// The text of a file.
    ///
    /// # Errors
    /// Whatever the kernel says; `NotFound` when it does not offer this.
    fn read(&self, path: &str) -> io::Result<String>;

    /// Writes a file that exists, in one write, as the kernel's own files want it.
    ///
    /// # Errors
    /// Whatever the kernel says; a file is never created.
    fn write(&self, path: &str, value: &str) -> io::Result<()>;

    /// The names in a folder, sorted.
    ///
    /// # Errors
    /// Whatever the kernel says.
    fn list(&self, folder: &str) -> io::Result<Vec<String>>;

    /// The path with its links resolved.
    ///
    /// # Errors
    /// It does not exist.
    fn resolve(&self, path: &str) -> io::Result<String>;

    /// Changes how a mount point keeps access times; all its other options stay.
    ///
    /// # Errors
    /// No such mount point, a mode that is none of [`super::ATIME_MODES`], or what the kernel says.
    fn set_atime(&self, mount_point: &str, mode: &str) -> io::Result<()>;

    /// Makes a small io_uring and drops it.
    ///
    /// # Errors
    /// Why there is none.
    fn try_ring(&self) -> io::Result<()>;

    /// Whether the clock is kept in step with others; `None` when nobody here can say.
    fn clock_synced(&self) -> Option<bool>;

    /// Bytes that an unprivileged process may still write to the file system of `path`.
    ///
    /// # Errors
    /// Whatever the kernel says.
    fn free_bytes(&self, path: &str) -> io::Result<u64>;
}
