//! Why a cleaning ends without a result. The log is as it was.

use std::io;
use std::path::{Path, PathBuf};

use super::filter::FilterError;
use crate::log::LogError;

/// Why a log could not be cleaned.
#[derive(Debug, thiserror::Error)]
pub enum CleanError {
    /// The disk refused.
    #[error("{action} of {path}: {source}", path = path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// There is no sound batch where one has to be.
    #[error("{path} is damaged at byte {position}", path = path.display())]
    Corrupt {
        /// The segment file.
        path: PathBuf,
        /// Where a batch was expected.
        position: u64,
    },
    /// A batch could not be judged.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The result would not leave enough room on the disk.
    #[error("{needed} bytes are needed for a while, {free} are free above the reserve")]
    DiskLow {
        /// Size of what is cleaned.
        needed: u64,
        /// Bytes that may be taken.
        free: u64,
    },
    /// The log takes no changes.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The log was truncated or deleted, or the broker stops.
    #[error("abandoned")]
    Abandoned,
}

impl CleanError {
    pub(super) fn io(action: &'static str, path: &Path, source: io::Error) -> CleanError {
        CleanError::Io { action, path: path.to_path_buf(), source }
    }
}
