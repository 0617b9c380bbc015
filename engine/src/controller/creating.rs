//! How the controller decides on new topics: Kafka's checks in Kafka's order. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use super::ask::{
    AssignmentError, CreateRequestError, CreateTopicError, InvalidConfig, NewTopic,
    ReplicationError,
};
use super::decider::{Decider, Taken, count};
use crate::metadata::{
    CLUSTER_METADATA_TOPIC, MetadataRecord, NodeId, PartitionState, TopicCreated, TopicImage,
    check_topic_name, place,
};

/// Partitions that one request may create, as in Kafka.
const PARTITIONS_PER_REQUEST_MAX: u64 = 10_000;

/// The answer for one topic.
pub type Created = Result<Arc<TopicImage>, CreateTopicError>;

impl Decider {
    /// Creates topics; one answer per topic, in order. Those that can be created are, even when
    /// others cannot. With `validate_only` nothing is decided, and the answers are the same.
    pub fn create_topics(
        &mut self,
        topics: &[NewTopic],
        validate_only: bool,
        new_id: &mut dyn FnMut() -> Uuid,
    ) -> Vec<Created> {
        let named = count(topics.iter().map(|topic| topic.name.as_str()));
        let once = |topic: &&NewTopic| named.get(topic.name.as_str()) == Some(&1);
        let wanted = topics.iter().filter(once).map(|topic| self.partitions_wanted(topic));
        if wanted.fold(0, u64::saturating_add) > PARTITIONS_PER_REQUEST_MAX {
            return topics.iter().map(|_| Err(CreateTopicError::TooManyPartitions)).collect();
        }
        let mut taken = Taken::default();
        let mut create = |topic: &NewTopic| {
            if !once(&topic) {
                return Err(CreateRequestError::Duplicate.into());
            }
            let created = self.check(topic, &mut taken, new_id)?;
            if validate_only {
                return Ok(Arc::new(self.image.topic_of(&created)));
            }
            let id = created.id;
            self.decide(MetadataRecord::Topic(created));
            self.image.topic_by_id(id).cloned().ok_or(CreateTopicError::Unavailable)
        };
        topics.iter().map(&mut create).collect()
    }

    fn partitions_wanted(&self, topic: &NewTopic) -> u64 {
        if !topic.assignments.is_empty() {
            return topic.assignments.len() as u64;
        }
        u64::try_from(topic.partitions.unwrap_or(self.config.num_partitions)).unwrap_or(0)
    }

    fn check(
        &self,
        topic: &NewTopic,
        taken: &mut Taken,
        new_id: &mut dyn FnMut() -> Uuid,
    ) -> Result<TopicCreated, CreateTopicError> {
        let name = &topic.name;
        if name == CLUSTER_METADATA_TOPIC {
            return Err(CreateRequestError::Prohibited.into());
        }
        if self.image.topic(name).is_some() {
            return Err(CreateTopicError::TopicExists(name.clone()));
        }
        if let Some(existing) = self.image.colliding(name) {
            let existing = existing.name.to_string();
            return Err(CreateTopicError::Collides { name: name.clone(), existing });
        }
        check_topic_name(name)?;
        self.check_configs(topic)?;
        let replicas = self.replicas(topic)?;
        let partitions = replicas.into_iter().map(|on| self.new_partition(on, taken)).collect();
        let configs = topic.set_configs();
        Ok(TopicCreated { name: name.clone(), id: self.unused(new_id), partitions, configs })
    }

    fn check_configs(&self, topic: &NewTopic) -> Result<(), InvalidConfig> {
        let null = topic.configs.iter().filter(|(_, value)| value.is_none());
        let null: Vec<&str> = null.map(|(name, _)| name.as_str()).collect();
        if !null.is_empty() {
            return Err(InvalidConfig::Null(null.join(",")));
        }
        self.config.topic(&topic.set_configs())?;
        Ok(())
    }

    fn replicas(&self, topic: &NewTopic) -> Result<Vec<Vec<NodeId>>, CreateTopicError> {
        if !topic.assignments.is_empty() {
            if topic.replication.is_some() {
                return Err(CreateRequestError::AssignedAndReplicated.into());
            }
            if topic.partitions.is_some() {
                return Err(CreateRequestError::AssignedAndCounted.into());
            }
            return Ok(self.assigned(&topic.assignments)?);
        }
        let replicas = topic.replication.unwrap_or(self.config.default_replication_factor);
        if topic.replication.is_some_and(|given| given <= 0) {
            return Err(ReplicationError::NotPositive.into());
        }
        let partitions = topic.partitions.unwrap_or(self.config.num_partitions);
        let Some(partitions) = usize::try_from(partitions).ok().filter(|count| *count > 0) else {
            return Err(CreateTopicError::InvalidPartitions);
        };
        let brokers: Vec<NodeId> = self.image.brokers().map(|broker| broker.node).collect();
        // Where a topic begins follows from how many there are, so that small ones spread.
        let start = self.image.topics().len();
        let count = usize::try_from(replicas).unwrap_or(0);
        let placed = place(&brokers, partitions, count, start, start);
        Ok(placed.map_err(|why| ReplicationError::Unplaceable { replicas, why })?)
    }

    fn assigned(
        &self,
        assignments: &[(i32, Vec<NodeId>)],
    ) -> Result<Vec<Vec<NodeId>>, AssignmentError> {
        let mut placed = BTreeMap::new();
        let mut before = None;
        for (partition, replicas) in assignments {
            if placed.contains_key(partition) {
                return Err(AssignmentError::Repeated(*partition));
            }
            self.check_brokers(replicas)?;
            let found = replicas.len();
            if let Some(before) = before.filter(|before| *before != found) {
                return Err(AssignmentError::Uneven { found, before });
            }
            before = Some(found);
            placed.insert(*partition, replicas.clone());
        }
        if !placed.keys().copied().eq((0..).take(placed.len())) {
            return Err(AssignmentError::NotConsecutive);
        }
        Ok(placed.into_values().collect())
    }

    fn check_brokers(&self, replicas: &[NodeId]) -> Result<(), AssignmentError> {
        if replicas.is_empty() {
            return Err(AssignmentError::NoReplicas);
        }
        let mut sorted = replicas.to_vec();
        sorted.sort_unstable();
        let mut before = None;
        for broker in sorted {
            if self.image.broker(broker).is_none() {
                return Err(AssignmentError::UnknownBroker(broker));
            }
            if before.replace(broker) == Some(broker) {
                return Err(AssignmentError::BrokerTwice(broker));
            }
        }
        Ok(())
    }

    fn new_partition(&self, replicas: Vec<NodeId>, taken: &mut Taken) -> PartitionState {
        let directory = |node: &NodeId| self.emptiest_directory(*node, taken).unwrap_or_default();
        PartitionState {
            directories: replicas.iter().map(directory).collect(),
            leader: replicas.first().copied().unwrap_or(-1),
            isr: replicas.clone(),
            replicas,
            leader_epoch: 0,
            partition_epoch: 0,
        }
    }

    fn unused(&self, new_id: &mut dyn FnMut() -> Uuid) -> Uuid {
        loop {
            let id = new_id();
            if !id.is_nil() && self.image.topic_by_id(id).is_none() {
                return id;
            }
        }
    }
}
