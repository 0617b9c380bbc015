//! Kafka's cluster as records of ours. Pure.

use std::collections::BTreeSet;

use thiserror::Error;
use uuid::Uuid;

use super::cluster::{KafkaCluster, KafkaTopic};
use super::kafka_record::KafkaPartition;
use crate::metadata::{
    BrokerRegistered, ClusterNamed, MetadataRecord, NodeId, PartitionState, ProducerIdsGiven,
    TopicCreated, uuid_text,
};

/// Ids below this mean "unassigned", "lost" and the like in Kafka.
const RESERVED_DIRECTORIES: u128 = 100;

/// Why a cluster is not taken over.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ImportRefused {
    /// Data stands on other brokers, so what is here is not all of it.
    #[error(
        "partition {partition} of topic {topic} has replicas on brokers {replicas:?}; only \
         clusters of one broker can be taken over, and this is broker {node}"
    )]
    OtherBrokers {
        /// The first such topic.
        topic: String,
        /// Its partition.
        partition: i32,
        /// Where it stands.
        replicas: Vec<NodeId>,
        /// This node.
        node: NodeId,
    },
    /// Partitions are numbered from 0 without gaps.
    #[error("topic {0} has no partitions, or not all of them: the metadata log has a hole")]
    Partitions(String),
    /// A log dir that the metadata name is not among `log.dirs`.
    #[error(
        "partition {partition} of topic {topic} stands in log dir {}, which is none of `log.dirs`",
        uuid_text(*.directory)
    )]
    Directory {
        /// The topic.
        topic: String,
        /// Its partition.
        partition: i32,
        /// The id of the log dir.
        directory: Uuid,
    },
}

/// The place that the cluster is taken over to.
#[derive(Debug, Clone)]
pub struct Here {
    pub cluster_id: String,
    pub node: NodeId,
    /// The log dirs by id, with the partitions that stand there as directories `topic-N`.
    pub directories: Vec<(Uuid, BTreeSet<String>)>,
}

/// Records that lead from nothing to this cluster.
///
/// # Errors
/// Something would be lost.
pub fn convert(cluster: &KafkaCluster, here: &Here) -> Result<Vec<MetadataRecord>, ImportRefused> {
    let cluster_id = here.cluster_id.clone();
    let mut records = vec![MetadataRecord::Cluster(ClusterNamed { cluster_id })];
    if let Some(epoch) = cluster.brokers.get(&here.node) {
        // Before the topics, so that it raises nothing; the start that follows does.
        records.push(MetadataRecord::Broker(BrokerRegistered {
            node: here.node,
            epoch: *epoch,
            incarnation: Uuid::nil(),
            directories: here.directories.iter().map(|(id, _)| *id).collect(),
            endpoints: Vec::new(),
            rack: None,
        }));
    }
    for (id, topic) in &cluster.topics {
        records.push(MetadataRecord::Topic(convert_topic(cluster, here, *id, topic)?));
    }
    let next = cluster.next_producer_id;
    records.push(MetadataRecord::ProducerIds(ProducerIdsGiven { next }));
    Ok(records)
}

fn convert_topic(
    cluster: &KafkaCluster,
    here: &Here,
    id: Uuid,
    topic: &KafkaTopic,
) -> Result<TopicCreated, ImportRefused> {
    let name = topic.name.clone();
    let whole = topic.partitions.keys().copied().eq((0..).take(topic.partitions.len()));
    if topic.partitions.is_empty() || !whole {
        return Err(ImportRefused::Partitions(name));
    }
    let partitions = topic.partitions.iter();
    let partitions = partitions.map(|(number, state)| partition(here, &name, *number, state));
    let partitions = partitions.collect::<Result<_, _>>()?;
    let configs = cluster.topic_configs.get(&name).cloned().unwrap_or_default();
    Ok(TopicCreated { name, id, partitions, configs })
}

fn partition(
    here: &Here,
    topic: &str,
    partition: i32,
    state: &KafkaPartition,
) -> Result<PartitionState, ImportRefused> {
    if state.replicas != [here.node] {
        return Err(ImportRefused::OtherBrokers {
            topic: topic.to_string(),
            partition,
            replicas: state.replicas.clone(),
            node: here.node,
        });
    }
    // A broker that was stopped in order has left the lead; the only replica has everything.
    Ok(PartitionState {
        replicas: vec![here.node],
        isr: vec![here.node],
        directories: vec![directory(here, topic, partition, state)?],
        leader: here.node,
        leader_epoch: state.leader_epoch,
        partition_epoch: state.partition_epoch,
    })
}

/// Where it stands: what is on disk first, what the metadata say second. A partition that is in
/// neither has never been written to, and goes to the first log dir.
fn directory(
    here: &Here,
    topic: &str,
    partition: i32,
    state: &KafkaPartition,
) -> Result<Uuid, ImportRefused> {
    let said = state.directories.first().copied();
    let said = said.filter(|id| id.as_u128() >= RESERVED_DIRECTORIES);
    let name = format!("{topic}-{partition}");
    let holds = |(_, names): &&(Uuid, BTreeSet<String>)| names.contains(&name);
    let found = || here.directories.iter().filter(holds).map(|(id, _)| *id);
    if let Some(said) = said
        && here.directories.iter().any(|(id, _)| *id == said)
        && (found().count() == 0 || found().any(|id| id == said))
    {
        return Ok(said);
    }
    match (found().next(), said, here.directories.first()) {
        (Some(found), _, _) => Ok(found),
        (None, None, Some((first, _))) => Ok(*first),
        (None, said, _) => Err(ImportRefused::Directory {
            topic: topic.to_string(),
            partition,
            directory: said.unwrap_or_default(),
        }),
    }
}
