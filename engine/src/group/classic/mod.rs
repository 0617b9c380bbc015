//! Classic groups: the leader among the members assigns, the coordinator keeps them in step.
//! Core-local.
//!
//! A group goes round: members join until all are there (join phase), the leader hands in who gets
//! what and everybody fetches it (sync phase), and then they stay until one comes, leaves or is
//! silent too long. Rules, order of checks and moments of writing are Apache Kafka's.
//!
//! | file | one idea |
//! |---|---|
//! | `group` | the group: its state, and the questions it answers |
//! | `state` | the states there are |
//! | `member`, `members` | one member; all of them, counted as they come and go |
//! | `join` | JoinGroup: who may, and what it leads to |
//! | `instance` | JoinGroup of a static member that is there already (KIP-345) |
//! | `rebalance` | the join phase: how it begins, waits and ends |
//! | `sync` | SyncGroup and the sync phase |
//! | `leave` | LeaveGroup |
//! | `session` | silence: heartbeats, commits, and what runs out |
//! | `durable` | the record of the group, replay, and the start after a load |
//! | `convert` | the way into this protocol and out of it |
//! | `subscription` | the topics that consumers subscribe to |
//! | `step` | what one step looks at and what it wants done |
//!
//! Must not know: offsets, versions of requests, what metadata and assignments mean (but for the
//! topics in a consumer's subscription).

mod convert;
mod durable;
mod group;
mod instance;
mod join;
mod leave;
mod member;
mod members;
mod rebalance;
mod session;
mod state;
mod step;
mod subscription;
mod sync;

pub use convert::ClassicMember;
pub use group::ClassicGroup;
pub use join::check_session_timeout;
pub use state::ClassicState;

#[cfg(test)]
mod client_test;
#[cfg(test)]
mod commit_test;
#[cfg(test)]
mod durable_test;
#[cfg(test)]
mod instance_test;
#[cfg(test)]
mod join_test;
#[cfg(test)]
mod leave_test;
#[cfg(test)]
mod simulation_test;
#[cfg(test)]
mod storm_test;
#[cfg(test)]
mod sync_test;
#[cfg(test)]
mod world_test;
