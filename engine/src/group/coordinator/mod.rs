//! The shell around the groups of a core: loads them, wakes them, writes what they decide, answers.
//!
//! | file | one idea |
//! |---|---|
//! | `place` | which partition of `__consumer_offsets` holds a group, pure |
//! | `coordinator` | the groups of one such partition: a request in, a step, its effects out |
//! | `load`, `replay` | from the log back to groups |
//! | `batches` | the records of a step as batches |
//! | `held` | answers that wait until what they say is durable |
//! | `timers`, `waking` | what groups wait for, and what else wakes them |
//! | `coordinators` | all of a core: started, stopped, woken |
//! | `facts` | what the outside is told of them, one group at a time |
//!
//! Knows partitions and groups, never requests as they travel, other cores, or how topics are made.
//! Everything here is core-local.

mod batches;
#[expect(clippy::module_inception, reason = "the coordinator of the folder of coordinators")]
mod coordinator;
mod coordinators;
mod facts;
mod held;
mod load;
mod place;
mod replay;
mod timers;
mod waking;

pub use coordinators::{CoordinatorSettings, Coordinators, GroupAsk};
pub use facts::GroupFacts;
pub use held::GroupReply;
pub use place::partition_of;
