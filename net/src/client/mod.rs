//! The small Kafka client behind the `corelog` command: one request at a time, tokio, one thread.
//!
//! | file | one idea |
//! |---|---|
//! | `connection` | a socket to one broker, and the versions both sides know |
//! | `cluster` | who the brokers are, who leads what |
//! | `admin` | topics: create, delete, list, describe |
//! | `coordinator` | the broker that coordinates a group |
//! | `groups` | groups: list, describe, delete |
//! | `group_offsets` | how far groups have come: read, set, forgotten |
//! | `member`, `range` | a member of a classic group, and who reads what |
//! | `group_consumer` | records of the partitions that a group gives to a member |
//! | `offsets` | first and last offsets, offsets by time |
//! | `producer` | batches to the leaders of one topic |
//! | `consumer` | records of one topic, from given offsets on |
//! | `partitioner` | which partition a key belongs to |
//! | `error` | what can go wrong, in words for people |
//!
//! Must not know: the command line, how output looks, anything inside the broker but its record
//! format. It proves nothing about the broker: other clients do that.

mod admin;
mod cluster;
mod connection;
mod consumer;
mod coordinator;
mod error;
mod group_consumer;
mod group_offsets;
mod groups;
mod member;
mod offsets;
mod partitioner;
mod producer;
mod range;

pub use admin::{NewTopic, PartitionState, TopicEntry, TopicState};
pub use cluster::Cluster;
pub use consumer::{Consumed, Consumer, Start};
pub use error::ClientError;
pub use group_consumer::GroupConsumer;
pub use group_offsets::{Committed, Committer};
pub use groups::{GroupEntry, GroupState, MemberState, TopicPartition};
pub use member::{Beat, GroupMember};
pub use offsets::{EARLIEST, LATEST};
pub use producer::{Outgoing, Producer};
