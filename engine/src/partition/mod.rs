//! One replica on its owner core: append, read, lead, and who waits for which offset.
//!
//! Decides; never does I/O itself: bytes go down through `commit`, slices come up from `log`.
//! Knows partitions and offsets, never connections, requests or other cores.
//! Everything here is core-local.

mod acked;
mod append;
mod delete;
mod own;
mod read;
mod replica;
mod serve;
mod traffic;
mod waiters;

pub use acked::{AckedState, Acks, high_watermark};
pub use append::{AppendError, AppendPart, Appended, Pending};
pub use delete::DeleteError;
pub use read::{FetchError, FetchPart, Fetched, Isolation, OffsetQuestion, TimedAnswer};
pub use replica::{Partition, PartitionStart, Role};
pub use traffic::Traffic;
pub use waiters::{AppendAnswers, AppendGroup, AppendWaiter, Watch};
