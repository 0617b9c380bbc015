//! The small Kafka client behind the `corelog` command: one request at a time, tokio, one thread.
//!
//! | file | one idea |
//! |---|---|
//! | `connection` | a socket to one broker, and the versions both sides know |
//! | `cluster` | who the brokers are, who leads what |
//! | `admin` | topics: create, delete, list, describe |
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
mod error;
mod partitioner;
mod producer;

pub use admin::{NewTopic, PartitionState, TopicEntry, TopicState};
pub use cluster::Cluster;
pub use consumer::{Consumed, Consumer, Start};
pub use error::ClientError;
pub use producer::{Outgoing, Producer};
