//! Consumer groups: who is in them, who owns what, how far they have come.
//!
//! A group lives on the core that owns its partition of `__consumer_offsets`, and is what replaying
//! that partition gives. Membership is a decider: [`Event`]s in, [`Effect`]s out, no I/O.
//! Everything here is core-local.
//!
//! Must not know: versions and error codes of the protocol, connections, other cores.

pub mod answer;
pub mod classic;
pub mod consumer;
pub mod consumer_protocol;
pub mod coordinator;
mod durable;
mod error;
mod event;
#[expect(clippy::module_inception, reason = "the group of the folder of groups")]
mod group;
mod members;
mod membership;
pub mod migrate;
pub mod offsets;
pub mod request;

pub use crate::config::{GroupSettings, MigrationPolicy};
pub use error::GroupError;
pub use event::{Context, DeletedTopics, Effect, Effects, Event, TimerKey, Token};
pub use group::Group;
