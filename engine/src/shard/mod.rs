//! One core's world: its partitions, and the way to those of other cores.
//!
//! A [`Shard`] is what the wire talks to on each core. It groups a request by owner core, sends
//! at most one message to each, and gathers the answers. Knows partitions, committers,
//! coordinators and the metadata image; never frames, versions or error codes.

mod asking;
mod claims;
mod cleaning;
mod deadlines;
mod deleting;
mod dropping;
mod facts;
mod fetching;
mod grouping;
mod housekeeping;
mod message;
mod nursery;
mod observer;
mod offline;
mod opening;
mod producing;
mod progress;
mod serving;
mod world;

pub use crate::group::coordinator::GroupFacts;
pub use claims::Claims;
pub use cleaning::{CleaningEnd, DirtyLog};
pub use facts::PartitionFacts;
pub use fetching::FetchSpec;
pub use grouping::GroupTicket;
pub use message::{
    DeleteAnswers, DeleteAsk, EpochAnswers, EpochAsk, FetchAnswers, OffsetAnswers, OffsetAsk,
    ShardMessage,
};
pub use observer::Observer;
pub use offline::OfflineDirs;
pub use producing::ProduceTicket;
pub use progress::RecoveryProgress;
pub use world::{CheckpointNote, LogDir, Shard, ShardShared};
