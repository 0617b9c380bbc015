//! What can be decided, as records: the only things that change an image.
//!
//! They are on disk for ever. Tag and version of each stand in `record_bytes.rs`; a body that has
//! been released never changes: what needs another field gets another version there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::id::NodeId;
use crate::record::{LeaderEpoch, ProducerId};

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetadataRecord {
    /// The cluster has an id.
    Cluster(ClusterNamed),
    /// A broker started: every partition it leads gets the next leader epoch.
    Broker(BrokerRegistered),
    /// A topic exists, with all of its partitions.
    Topic(TopicCreated),
    /// A topic is gone.
    TopicDeleted(TopicDeleted),
    /// Producer ids below `next` may have been handed out.
    ProducerIds(ProducerIdsGiven),
}

/// The id of the cluster, as in `meta.properties`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterNamed {
    /// Usually 22 characters of base64url; any text that Kafka took.
    pub cluster_id: String,
}

/// Where clients or brokers reach a broker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The name of the listener.
    pub name: String,
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Kafka's number of the security protocol: 0 is PLAINTEXT, 1 SSL, 2 and 3 the same by SASL.
    pub security: i16,
}

/// A broker that started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokerRegistered {
    /// Its number.
    pub node: NodeId,
    /// The number of this registration; higher than any before it in the cluster.
    pub epoch: i64,
    /// Tells two processes with one number apart.
    pub incarnation: Uuid,
    /// The ids of its log dirs, in configured order.
    pub directories: Vec<Uuid>,
    /// Where it is reached.
    pub endpoints: Vec<Endpoint>,
    /// `broker.rack`.
    pub rack: Option<String>,
}

/// A partition as it was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionState {
    /// Brokers that hold a replica, the preferred leader first.
    pub replicas: Vec<NodeId>,
    /// Those of them that are in sync.
    pub isr: Vec<NodeId>,
    /// The log dir of each replica, in the order of `replicas`; nil: not known.
    pub directories: Vec<Uuid>,
    /// The leader; -1 for none.
    pub leader: NodeId,
    /// Rises with every change of the leader and every start of it.
    pub leader_epoch: LeaderEpoch,
    /// Rises with every change.
    pub partition_epoch: i32,
}

/// A topic that came to be. Also how a snapshot and an import say that it exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicCreated {
    /// A name that no other topic has.
    pub name: String,
    /// An id that no topic ever had.
    pub id: Uuid,
    /// By number.
    pub partitions: Vec<PartitionState>,
    /// What was set for this topic.
    pub configs: BTreeMap<String, String>,
}

/// A topic that went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicDeleted {
    /// Its id.
    pub id: Uuid,
}

/// A block of producer ids that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProducerIdsGiven {
    /// The first id after the block.
    pub next: ProducerId,
}
