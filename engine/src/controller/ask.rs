//! What can be asked of the controller, and why it says no. Values; any thread.
//!
//! The texts are the ones Kafka answers; which error code belongs to which variant is the business
//! of whoever speaks the protocol.

use std::collections::BTreeMap;

use thiserror::Error;
use uuid::Uuid;

use crate::config::ConfigError;
use crate::metadata::{CLUSTER_METADATA_TOPIC, InvalidTopicName, NodeId, PlacementError};

/// A topic to be created.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewTopic {
    /// As the client wrote it.
    pub name: String,
    /// `None`: what the broker is set to (-1 on the wire).
    pub partitions: Option<i32>,
    /// Replicas per partition; `None`: what the broker is set to (-1 on the wire).
    pub replication: Option<i16>,
    /// Partition and its brokers, the leader first; empty: the controller places them.
    pub assignments: Vec<(i32, Vec<NodeId>)>,
    /// Settings; a later one of the same name wins, one without value is an error.
    pub configs: Vec<(String, Option<String>)>,
}

impl NewTopic {
    /// The settings that have a value.
    pub(super) fn set_configs(&self) -> BTreeMap<String, String> {
        let set = |(name, value): &(String, Option<String>)| {
            value.as_ref().map(|value| (name.clone(), value.clone()))
        };
        self.configs.iter().filter_map(set).collect()
    }
}

/// Why a topic is not created.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CreateTopicError {
    /// TOPIC_ALREADY_EXISTS.
    #[error("Topic '{0}' already exists.")]
    TopicExists(String),
    /// INVALID_TOPIC_EXCEPTION.
    #[error(transparent)]
    InvalidName(#[from] InvalidTopicName),
    /// INVALID_TOPIC_EXCEPTION.
    #[error("Topic '{name}' collides with existing topic: {existing}")]
    Collides {
        /// The new topic.
        name: String,
        /// The one that is there.
        existing: String,
    },
    /// INVALID_PARTITIONS.
    #[error("Number of partitions was set to an invalid non-positive value.")]
    InvalidPartitions,
    /// INVALID_REPLICATION_FACTOR.
    #[error(transparent)]
    InvalidReplicationFactor(#[from] ReplicationError),
    /// INVALID_REPLICA_ASSIGNMENT.
    #[error(transparent)]
    InvalidReplicaAssignment(#[from] AssignmentError),
    /// INVALID_CONFIG.
    #[error(transparent)]
    InvalidConfig(#[from] InvalidConfig),
    /// INVALID_REQUEST.
    #[error(transparent)]
    InvalidRequest(#[from] CreateRequestError),
    /// POLICY_VIOLATION.
    #[error("Excessively large number of partitions per request.")]
    TooManyPartitions,
    /// The metadata log cannot be written, or the broker stops: the node is going down.
    #[error("The metadata cannot be changed any more.")]
    Unavailable,
}

/// What is wrong with a number of replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ReplicationError {
    /// Zero or less.
    #[error("Replication factor must be larger than 0, or -1 to use the default value.")]
    NotPositive,
    /// More than there are brokers.
    #[error("Unable to replicate the partition {replicas} time(s): {why}")]
    Unplaceable {
        /// What was asked for.
        replicas: i16,
        /// What stands against it.
        why: PlacementError,
    },
}

/// What is wrong with replicas that were named one by one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AssignmentError {
    /// A partition stands twice in the list.
    #[error("Found multiple manual partition assignments for partition {0}")]
    Repeated(i32),
    /// A partition without replicas.
    #[error("The manual partition assignment includes an empty replica list.")]
    NoReplicas,
    /// A replica on a broker that there is not.
    #[error(
        "The manual partition assignment includes broker {0}, but no such broker is registered."
    )]
    UnknownBroker(NodeId),
    /// Two replicas on one broker.
    #[error("The manual partition assignment includes the broker {0} more than once.")]
    BrokerTwice(NodeId),
    /// Partitions of one topic have as many replicas each.
    #[error(
        "The manual partition assignment includes a partition with {found} replica(s), but this \
         is not consistent with previous partitions, which have {before} replica(s)."
    )]
    Uneven {
        /// Replicas of this partition.
        found: usize,
        /// Replicas of those before it.
        before: usize,
    },
    /// A number is left out.
    #[error("partitions should be a consecutive 0-based integer sequence")]
    NotConsecutive,
}

/// What is wrong with the settings of a new topic.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidConfig {
    /// Names with null as value.
    #[error("Null value not supported for topic configs: {0}")]
    Null(String),
    /// An unknown name, an invalid value, or one that is not obeyed yet.
    #[error(transparent)]
    Setting(#[from] ConfigError),
}

/// What makes no sense in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CreateRequestError {
    /// The request names the topic twice; none of the two is created.
    #[error("Duplicate topic name.")]
    Duplicate,
    /// A name that Kafka keeps for itself.
    #[error("Creation of internal topic {CLUSTER_METADATA_TOPIC} is prohibited.")]
    Prohibited,
    /// Assignments and a number of replicas.
    #[error(
        "A manual partition assignment was specified, but replication factor was not set to -1."
    )]
    AssignedAndReplicated,
    /// Assignments and a number of partitions.
    #[error("A manual partition assignment was specified, but numPartitions was not set to -1.")]
    AssignedAndCounted,
}

/// A topic that a request names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum TopicRef {
    /// By its name.
    Name(String),
    /// By its id.
    Id(Uuid),
}

/// Why a topic is not deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DeleteTopicError {
    /// UNKNOWN_TOPIC_OR_PARTITION: no topic has this name.
    #[error("This server does not host this topic-partition.")]
    UnknownName,
    /// UNKNOWN_TOPIC_ID: no topic has this id.
    #[error("This server does not host this topic ID.")]
    UnknownId,
    /// INVALID_REQUEST: the id is nil.
    #[error("Neither topic name nor id were specified.")]
    NilId,
    /// INVALID_REQUEST: the request says this name more than once.
    #[error("Duplicate topic name.")]
    DuplicateName,
    /// INVALID_REQUEST: the request says this id more than once.
    #[error("Duplicate topic id.")]
    DuplicateId,
    /// INVALID_REQUEST: the request says name and id of one topic.
    #[error("The provided topic name maps to an ID that was already supplied.")]
    NameAndId,
    /// TOPIC_DELETION_DISABLED: `delete.topic.enable` is false.
    #[error("Topic deletion is disabled.")]
    Disabled,
    /// The metadata log cannot be written, or the broker stops: the node is going down.
    #[error("The metadata cannot be changed any more.")]
    Unavailable,
}

/// Why no producer ids are handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProducerIdError {
    /// There are none left.
    #[error(
        "Exhausted all producerIds as the next block's end producerId has exceeded the int64 type \
         limit"
    )]
    Exhausted,
    /// The metadata log cannot be written, or the broker stops: the node is going down.
    #[error("The metadata cannot be changed any more.")]
    Unavailable,
}

/// Why a broker is not registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RegisterError {
    /// The metadata log cannot be written, or the broker stops: the node is going down.
    #[error("The metadata cannot be changed any more.")]
    Unavailable,
}
