//! The only way to change a log, and what makes changes durable.
//!
//! One [`Committer`] per (core, log dir), core-local. Appends, truncations, log starts and
//! deletions of a log happen in the order in which they were queued. A write loop per log turns
//! what has queued up into one vectored write; a sync loop per log makes what was written
//! durable, and starts again when the last sync ends: groups grow with the load, no timer.
//!
//! Knows logs and their ends, never partitions, producers or who waits for an answer.

mod committer;
mod dirty;
mod event;
mod loops;
mod queue;
mod space;

pub use committer::{Committer, CommitterSettings};
pub use event::{Applied, Change, CommitEvent, Ends, Refused, Ticket};
pub use space::DiskSpace;
