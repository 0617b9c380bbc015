//! What callers hand to a committer and hear back from it: plain values.

use std::sync::Arc;

use thiserror::Error;

use crate::log::cleaner::Replacement;
use crate::metadata::LogId;
use crate::record::Offset;
use crate::runtime::sync::oneshot;

/// How far a log has come. `durable <= written`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    /// Readable on this node below this offset.
    pub written: Offset,
    /// On stable storage below this offset: survives power loss, in order, without holes.
    pub durable: Offset,
}

/// A change other than an append, ordered with the appends of the same log.
pub enum Change {
    /// Drop everything at and above `to`.
    Truncate {
        /// New end of the log.
        to: Offset,
    },
    /// Raise the log start: retention or DeleteRecords.
    StartAt(Offset),
    /// Put compacted segments in the place of those that they were made of.
    Replace(Box<Replacement>),
    /// Remove the log; its files go after `file.delete.delay.ms`.
    Delete,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It is done.
    Done,
    /// It was made for what the log no longer has; nothing was changed. Only a `Replace`.
    Outdated,
}

/// Resolves once the change is done; an error when the log dir went offline first.
pub type Ticket = oneshot::Receiver<Applied>;

/// Why the committer takes no append now. Nothing was queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// The log dir failed; it stays offline until the process restarts.
    #[error("the log dir is offline")]
    Offline,
    /// Free space would fall below the reserve; recovers by itself.
    #[error("the disk is nearly full")]
    DiskLow,
    /// Too many bytes wait for the disk.
    #[error("the queue of the log dir is full")]
    Busy,
    /// No such log here.
    #[error("no such log")]
    UnknownLog,
}

/// What happened to a log, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitEvent {
    /// Readable below `ends.written`.
    Written {
        /// Which log.
        log: LogId,
        /// Both ends, as of now.
        ends: Ends,
    },
    /// On stable storage below `ends.durable`.
    Durable {
        /// Which log.
        log: LogId,
        /// Both ends, as of now.
        ends: Ends,
    },
    /// An unclean restart reads this log from `recovery_point` on.
    Checkpointed {
        /// Which log.
        log: LogId,
        /// Everything below is on stable storage, and so are its indexes and producers.
        recovery_point: Offset,
    },
    /// A write or sync failed. Nothing of this dir is acknowledged any more.
    Offline {
        /// The error, for the log and for operators.
        why: Arc<str>,
    },
}
