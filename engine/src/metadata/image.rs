//! What all records add up to: the state of the cluster that every core holds.
//!
//! A clone is a handful of reference counts. A change copies the maps it touches, which hold
//! references, and the one topic it is about; images that were handed out never change. Lives on
//! every thread; changed only by `apply`.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use super::id::{LogId, NodeId};
use super::name::topic_names_collide;
use super::record::{
    BrokerRegistered, ClusterNamed, Endpoint, MetadataRecord, PartitionState, ProducerIdsGiven,
    TopicCreated,
};
use crate::config::TopicConfig;
use crate::record::{LeaderEpoch, ProducerId};
use crate::runtime::FixedMap;

/// The cluster.
#[derive(Debug, Clone)]
pub struct Image {
    /// Grows with every change that is published.
    pub version: u64,
    /// Rises with every topic that is created: who looks for names looks again when it did.
    pub created: u64,
    /// The id of the cluster; empty until a record names it.
    pub cluster_id: Arc<str>,
    /// No producer id from here on was ever handed out.
    pub next_producer_id: ProducerId,
    /// What topics have that were given nothing.
    pub defaults: Arc<TopicConfig>,
    pub(super) brokers: Arc<BTreeMap<NodeId, Arc<BrokerImage>>>,
    pub(super) by_name: Arc<BTreeMap<Arc<str>, Arc<TopicImage>>>,
    pub(super) by_id: Arc<FixedMap<Uuid, Arc<TopicImage>>>,
}

/// A registered broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerImage {
    /// Its number.
    pub node: NodeId,
    /// The number of its last registration.
    pub epoch: i64,
    /// The process that registered.
    pub incarnation: Uuid,
    /// The ids of its log dirs.
    pub directories: Vec<Uuid>,
    /// Where it is reached.
    pub endpoints: Vec<Endpoint>,
    /// `broker.rack`.
    pub rack: Option<String>,
}

/// A topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicImage {
    /// Its name.
    pub name: Arc<str>,
    /// Its id.
    pub id: Uuid,
    /// By number.
    pub partitions: Vec<PartitionImage>,
    /// What was set for this topic, as text.
    pub configs: BTreeMap<String, String>,
    /// What holds for it: its own settings over the defaults.
    pub config: Arc<TopicConfig>,
    /// Apache Kafka wrote it with a policy that is not obeyed yet (the text names it): such a topic
    /// is never trimmed, nor deleted from.
    pub imported_unsupported: Option<Arc<str>>,
}

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionImage {
    /// The leader; -1 for none.
    pub leader: NodeId,
    /// Rises with every change of the leader and every start of it.
    pub leader_epoch: LeaderEpoch,
    /// Rises with every change.
    pub partition_epoch: i32,
    /// Brokers that hold a replica, the preferred leader first.
    pub replicas: Vec<NodeId>,
    /// Those of them that are in sync.
    pub isr: Vec<NodeId>,
    /// The log dir of each replica, in the order of `replicas`; nil: not known.
    pub directories: Vec<Uuid>,
}

impl Image {
    /// An empty cluster, in which topics that were given nothing have these settings.
    pub fn empty(defaults: Arc<TopicConfig>) -> Image {
        Image {
            version: 0,
            created: 0,
            cluster_id: Arc::from(""),
            next_producer_id: 0,
            defaults,
            brokers: Arc::default(),
            by_name: Arc::default(),
            by_id: Arc::default(),
        }
    }

    /// All topics, by name.
    pub fn topics(&self) -> impl ExactSizeIterator<Item = &Arc<TopicImage>> {
        self.by_name.values()
    }

    /// A topic by its name.
    pub fn topic(&self, name: &str) -> Option<&Arc<TopicImage>> {
        self.by_name.get(name)
    }

    /// Topics from `name` on, by name: for replies that go on where another one ended.
    pub fn topics_from(&self, name: &str) -> impl Iterator<Item = &Arc<TopicImage>> {
        use std::ops::Bound::{Included, Unbounded};
        self.by_name.range::<str, _>((Included(name), Unbounded)).map(|(_, topic)| topic)
    }

    /// A topic by its id.
    pub fn topic_by_id(&self, id: Uuid) -> Option<&Arc<TopicImage>> {
        self.by_id.get(&id)
    }

    /// A partition of a topic.
    pub fn partition(&self, log: LogId) -> Option<&PartitionImage> {
        self.topic_by_id(log.topic)?.partition(log.partition)
    }

    /// The first topic whose name collides with `name` in metrics.
    pub fn colliding(&self, name: &str) -> Option<&Arc<TopicImage>> {
        let may_collide = name.contains(['.', '_']);
        let mut topics = self.topics();
        topics.find(|topic| may_collide && topic_names_collide(&topic.name, name))
    }

    /// All brokers, by number.
    pub fn brokers(&self) -> impl ExactSizeIterator<Item = &Arc<BrokerImage>> {
        self.brokers.values()
    }

    /// A broker by its number.
    pub fn broker(&self, node: NodeId) -> Option<&Arc<BrokerImage>> {
        self.brokers.get(&node)
    }

    /// Records that lead from an empty image to this one: the content of a snapshot.
    pub fn to_records(&self) -> Vec<MetadataRecord> {
        let cluster_id = self.cluster_id.to_string();
        let mut records = vec![MetadataRecord::Cluster(ClusterNamed { cluster_id })];
        // Before the topics: a registration would raise the epochs of those it finds.
        records.extend(self.brokers().map(|broker| broker.to_record()));
        records.extend(self.topics().map(|topic| topic.to_record()));
        let next = self.next_producer_id;
        records.push(MetadataRecord::ProducerIds(ProducerIdsGiven { next }));
        records
    }
}

impl BrokerImage {
    fn to_record(&self) -> MetadataRecord {
        MetadataRecord::Broker(BrokerRegistered {
            node: self.node,
            epoch: self.epoch,
            incarnation: self.incarnation,
            directories: self.directories.clone(),
            endpoints: self.endpoints.clone(),
            rack: self.rack.clone(),
        })
    }
}

impl TopicImage {
    /// A partition by its number.
    pub fn partition(&self, number: i32) -> Option<&PartitionImage> {
        self.partitions.get(usize::try_from(number).ok()?)
    }

    /// Replicas of partition 0, which is what tools show for a topic.
    pub fn replication_factor(&self) -> usize {
        self.partitions.first().map_or(0, |partition| partition.replicas.len())
    }

    fn to_record(&self) -> MetadataRecord {
        MetadataRecord::Topic(TopicCreated {
            name: self.name.to_string(),
            id: self.id,
            partitions: self.partitions.iter().map(PartitionImage::to_state).collect(),
            configs: self.configs.clone(),
        })
    }
}

impl PartitionImage {
    /// The log dir that holds the replica of `node`; `None` when that is not known.
    pub fn directory_on(&self, node: NodeId) -> Option<Uuid> {
        let place = self.replicas.iter().position(|replica| *replica == node)?;
        self.directories.get(place).copied().filter(|id| !id.is_nil())
    }

    /// In-sync replicas that acks=all needs: never more than there are replicas.
    pub fn min_isr(&self, configured: i32) -> usize {
        usize::try_from(configured).unwrap_or(0).clamp(1, self.replicas.len().max(1))
    }

    /// Fewer replicas are in sync than acks=all needs.
    pub fn is_under_min_isr(&self, configured: i32) -> bool {
        self.isr.len() < self.min_isr(configured)
    }

    fn to_state(&self) -> PartitionState {
        PartitionState {
            replicas: self.replicas.clone(),
            isr: self.isr.clone(),
            directories: self.directories.clone(),
            leader: self.leader,
            leader_epoch: self.leader_epoch,
            partition_epoch: self.partition_epoch,
        }
    }
}

impl PartialEq for Image {
    /// The same cluster, whatever the version.
    fn eq(&self, other: &Image) -> bool {
        self.cluster_id == other.cluster_id
            && self.next_producer_id == other.next_producer_id
            && self.brokers == other.brokers
            && self.by_name == other.by_name
    }
}
