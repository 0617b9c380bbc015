//! Settings: what they are called, what they default to, what is valid, what was given.
//!
//! Every key is a record in one of the tables under `keys/`; `broker.rs` and `topic.rs` turn texts
//! into typed values; `describe.rs` answers what is set and why. Pure: opens no file, reads no
//! clock, knows neither the protocol nor any part of the broker that obeys a key.

mod broker;
mod check;
mod cleaner;
mod describe;
mod endpoints;
mod environment;
mod error;
mod groups;
mod http;
mod inherit;
mod key;
mod keys;
mod listener;
mod notes;
mod properties;
mod topic;
mod values;

pub use broker::{BrokerConfig, CoreConfig, Loaded, NetworkConfig, UpkeepConfig};
pub use cleaner::CleanerConfig;
pub use describe::{Described, Source, Synonym, describe_broker, describe_topic};
pub use environment::Environment;
pub use error::{ConfigError, Note};
pub use groups::{GroupSettings, MigrationPolicy, OffsetsTopicConfig};
pub use http::HttpListener;
pub use key::{Key, Kind, Rule, Standing};
pub use keys::{BROKER_GROUPS, TOPIC_KEYS, broker_key, topic_key};
pub use listener::{Endpoint, SecurityProtocol};
pub use properties::{Given, MEASURED_FILE_KEY};
pub use topic::{CleanupPolicy, Fraction, Imported, TimestampType, TopicConfig};

#[cfg(test)]
mod config_test;
#[cfg(test)]
mod groups_test;
#[cfg(test)]
mod listener_test;
#[cfg(test)]
mod topic_test;
