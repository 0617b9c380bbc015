//! Every key that is known, one table per group of keys.

mod cleaner;
mod groups;
mod log;
mod lookup;
mod metrics;
mod native;
mod network;
mod node;
mod remote;
mod replication;
mod sasl;
mod share;
mod tls;
mod topic;
mod transactions;
mod zookeeper;

pub use lookup::{BROKER_GROUPS, broker_key, broker_keys, has_open_prefix, nearest, topic_key};
pub use topic::KEYS as TOPIC_KEYS;
pub use zookeeper::removed;
