//! What can go wrong in a log. Each says which file and where.

use std::io;
use std::path::PathBuf;

use crate::record::Offset;

/// Why a log cannot be opened or changed.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The disk refused. The log takes no more changes; what is written can be read.
    #[error("{action} of {path}: {source}", path = path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// An earlier write or sync failed; nothing is changed after that.
    #[error("{path} takes no changes since an earlier write failed", path = path.display())]
    Poisoned {
        /// The log's directory.
        path: PathBuf,
    },
    /// Bytes that were on stable storage are not what was written.
    #[error("{path} is damaged at byte {position}, below the recovery point {recovery_point}",
        path = path.display())]
    Corrupt {
        /// The segment file.
        path: PathBuf,
        /// Where the first bad batch starts.
        position: u64,
        /// Everything below was durable.
        recovery_point: Offset,
    },
    /// The directory belongs to another topic of this name.
    #[error("{path} belongs to topic id {found}, not {expected}", path = path.display())]
    OtherTopic {
        /// The log's directory.
        path: PathBuf,
        /// The id in `partition.metadata`.
        found: uuid::Uuid,
        /// The id that was asked for.
        expected: uuid::Uuid,
    },
    /// A batch does not continue the log. A bug of the caller.
    #[error("batch at offset {offset} does not continue {path}, which ends at {end}",
        path = path.display())]
    NotNext {
        /// The log's directory.
        path: PathBuf,
        /// First offset of the batch.
        offset: Offset,
        /// Where the log ends.
        end: Offset,
    },
    /// The log cannot start above its end or below its start.
    #[error("{path} cannot start at {offset}: it holds {start} to {end}", path = path.display())]
    StartOutOfRange {
        /// The log's directory.
        path: PathBuf,
        /// The start that was asked for.
        offset: Offset,
        /// First offset.
        start: Offset,
        /// End of the log.
        end: Offset,
    },
}

/// Why records cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Below the log's start or above its end.
    #[error("offset {offset} is outside {start} to {end}")]
    OutOfRange {
        /// The offset that was asked for.
        offset: Offset,
        /// First offset.
        start: Offset,
        /// End of the log.
        end: Offset,
    },
    /// The disk refused.
    #[error("read of {path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// There is no batch where one has to be.
    #[error("{path} is damaged at byte {position}", path = path.display())]
    Corrupt {
        /// The segment file.
        path: PathBuf,
        /// Where a batch was expected.
        position: u64,
    },
    /// The log was truncated while it was read, again and again.
    #[error("the log is being truncated")]
    Truncated,
}

impl LogError {
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
        source: io::Error,
    ) -> LogError {
        LogError::Io { action, path: path.into(), source }
    }
}
