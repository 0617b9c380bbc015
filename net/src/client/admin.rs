//! Topics: create, delete, list, describe.

use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_topic_partitions_request::{Cursor, TopicRequest};
use kafka_protocol::messages::{
    CreateTopicsRequest, DeleteTopicsRequest, DescribeConfigsRequest,
    DescribeTopicPartitionsRequest,
};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::cluster::{Cluster, topic_name};
use super::connection::{ANY, REQUEST_TIMEOUT};
use super::error::ClientError;
use crate::wire::answer::admin::{CreateTopicsAnswer, DeleteTopicsAnswer};
use crate::wire::answer::describe::{
    DescribeConfigsAnswer, DescribeTopicPartitionsAnswer, DescribedPartition, DescribedTopicAnswer,
};
use crate::wire::{ErrorCode, Seq};

/// Resource type of a topic in DescribeConfigs.
const TOPIC_RESOURCE: i8 = 2;
/// Source of a value that nobody set.
const SOURCE_DEFAULT: i8 = 5;
/// Partitions asked for in one DescribeTopicPartitions.
const PARTITIONS_PER_PAGE: i32 = 2000;

/// A topic to create.
#[derive(Debug, Clone, Default)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// The broker's default when `None`.
    pub partitions: Option<i32>,
    /// The broker's default when `None`.
    pub replication_factor: Option<i16>,
    /// Its own configuration.
    pub configs: Vec<(String, String)>,
}

/// A topic in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicEntry {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: Uuid,
    /// True for the broker's own topics.
    pub internal: bool,
    /// How many partitions it has.
    pub partitions: usize,
}

/// Everything about a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicState {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: Uuid,
    /// By number.
    pub partitions: Vec<PartitionState>,
    /// Settings that are not the default, in the broker's order.
    pub configs: Vec<(String, String)>,
}

/// One partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionState {
    /// Its number.
    pub partition: i32,
    /// `None` when there is none.
    pub leader: Option<i32>,
    /// Brokers that hold a copy.
    pub replicas: Vec<i32>,
    /// Brokers whose copy is in sync.
    pub isr: Vec<i32>,
    /// Eligible leader replicas (KIP-966); `None` when the broker does not say.
    pub elr: Option<Vec<i32>>,
    /// Last known ones; `None` when the broker does not say.
    pub last_known_elr: Option<Vec<i32>>,
}

impl Cluster {
    /// Creates a topic.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with the broker's words.
    pub async fn create_topic(&mut self, topic: &NewTopic) -> Result<(), ClientError> {
        let configs = topic.configs.iter().map(|(name, value)| {
            CreatableTopicConfig::default()
                .with_name(StrBytes::from_string(name.clone()))
                .with_value(Some(StrBytes::from_string(value.clone())))
        });
        let creatable = CreatableTopic::default()
            .with_name(topic_name(&topic.name))
            .with_num_partitions(topic.partitions.unwrap_or(-1))
            .with_replication_factor(topic.replication_factor.unwrap_or(-1))
            .with_configs(configs.collect());
        let request = CreateTopicsRequest::default()
            .with_topics(vec![creatable])
            .with_timeout_ms(REQUEST_TIMEOUT.as_millis() as i32);
        let answer: CreateTopicsAnswer = self.ask(&request, ANY).await?;
        let what = format!("cannot create topic '{}'", topic.name);
        match answer.topics.iter().next() {
            Some(result) if result.error_code == 0 => Ok(()),
            Some(result) => {
                let message = result.error_message.as_deref();
                Err(ClientError::refused(what, result.error_code, message))
            }
            None => Err(ClientError::refused(what, ErrorCode::UnknownServerError.code(), None)),
        }
    }

    /// Deletes a topic by name.
    ///
    /// # Errors
    /// [`ClientError::NoSuchTopic`], or [`ClientError::Refused`] with the broker's words.
    pub async fn delete_topic(&mut self, name: &str) -> Result<(), ClientError> {
        // Versions up to 5 carry bare names, later ones states: filling both serves all.
        let request = DeleteTopicsRequest::default()
            .with_topics(vec![DeleteTopicState::default().with_name(Some(topic_name(name)))])
            .with_timeout_ms(REQUEST_TIMEOUT.as_millis() as i32);
        let answer: DeleteTopicsAnswer = self.ask(&request, 6..=i16::MAX).await?;
        let result = answer.topics.iter().next();
        let code = result
            .as_ref()
            .map_or(ErrorCode::UnknownServerError.code(), |result| result.error_code);
        match ErrorCode::from_code(code) {
            Some(ErrorCode::None) => Ok(()),
            Some(ErrorCode::UnknownTopicOrPartition) => {
                Err(ClientError::NoSuchTopic(name.to_owned()))
            }
            Some(_) | None => {
                let message = result.and_then(|result| result.error_message);
                let what = format!("cannot delete topic '{name}'");
                Err(ClientError::refused(what, code, message.as_deref()))
            }
        }
    }

    /// All topics, by name.
    ///
    /// # Errors
    /// See [`Cluster::metadata`].
    pub async fn topics(&mut self) -> Result<Vec<TopicEntry>, ClientError> {
        let answer = self.metadata(None, false).await?;
        let mut topics: Vec<TopicEntry> = answer
            .topics
            .iter()
            .filter_map(|topic| {
                Some(TopicEntry {
                    name: topic.name?.to_string(),
                    id: topic.topic_id,
                    internal: topic.is_internal,
                    partitions: topic.partitions.len(),
                })
            })
            .collect();
        topics.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(topics)
    }

    /// Everything about these topics, in the order of `names`.
    ///
    /// # Errors
    /// [`ClientError::NoSuchTopic`] for the first that does not exist, or a refusal.
    pub async fn describe_topics(
        &mut self,
        names: &[String],
    ) -> Result<Vec<TopicState>, ClientError> {
        let mut states = Vec::with_capacity(names.len());
        for name in names {
            let (id, partitions) = self.partitions(name).await?;
            let configs = self.topic_configs(name).await?;
            states.push(TopicState { name: name.clone(), id, partitions, configs });
        }
        Ok(states)
    }

    /// Partitions page by page; by Metadata from brokers without DescribeTopicPartitions.
    async fn partitions(&mut self, name: &str) -> Result<(Uuid, Vec<PartitionState>), ClientError> {
        let mut id = Uuid::nil();
        let mut partitions = Vec::new();
        let mut request = DescribeTopicPartitionsRequest::default()
            .with_topics(vec![TopicRequest::default().with_name(topic_name(name))])
            .with_response_partition_limit(PARTITIONS_PER_PAGE);
        loop {
            let answer: DescribeTopicPartitionsAnswer = match self.ask(&request, ANY).await {
                Err(ClientError::Unserved { .. }) => {
                    return self.partitions_by_metadata(name).await;
                }
                answer => answer?,
            };
            for topic in &answer.topics {
                check_topic(name, &topic)?;
                id = topic.topic_id;
                partitions.extend(topic.partitions.iter().map(partition_state));
            }
            let Some(next) = answer.next_cursor.0 else { break };
            let cursor = Cursor::default()
                .with_topic_name(topic_name(&next.topic_name))
                .with_partition_index(next.partition_index);
            request = request.with_cursor(Some(cursor));
        }
        partitions.sort_by_key(|state| state.partition);
        Ok((id, partitions))
    }

    async fn partitions_by_metadata(
        &mut self,
        name: &str,
    ) -> Result<(Uuid, Vec<PartitionState>), ClientError> {
        let topic = self.topic(name, false).await?;
        let states = topic.partitions.iter().map(|partition| PartitionState {
            partition: partition.index,
            leader: leader(partition.leader_id),
            replicas: ids(&partition.replica_nodes),
            isr: ids(&partition.isr_nodes),
            elr: None,
            last_known_elr: None,
        });
        let mut states: Vec<PartitionState> = states.collect();
        states.sort_by_key(|state| state.partition);
        Ok((topic.topic_id, states))
    }

    /// Settings of a topic that somebody set, on the topic or on the broker.
    async fn topic_configs(&mut self, name: &str) -> Result<Vec<(String, String)>, ClientError> {
        let resource = DescribeConfigsResource::default()
            .with_resource_type(TOPIC_RESOURCE)
            .with_resource_name(StrBytes::from_string(name.to_owned()))
            .with_configuration_keys(None);
        let request = DescribeConfigsRequest::default().with_resources(vec![resource]);
        let answer: DescribeConfigsAnswer = self.ask(&request, 1..=i16::MAX).await?;
        let Some(result) = answer.results.iter().next() else { return Ok(Vec::new()) };
        if result.error_code != 0 {
            let message = result.error_message.as_deref();
            let what = format!("configuration of topic '{name}'");
            return Err(ClientError::refused(what, result.error_code, message));
        }
        let set = result.configs.iter().filter(|entry| entry.config_source != SOURCE_DEFAULT);
        Ok(set
            .map(|entry| {
                let value = entry.value.map(|value| value.to_string()).unwrap_or_default();
                (entry.name.to_string(), value)
            })
            .collect())
    }
}

fn check_topic(name: &str, topic: &DescribedTopicAnswer) -> Result<(), ClientError> {
    match ErrorCode::from_code(topic.error_code) {
        Some(ErrorCode::None) => Ok(()),
        Some(ErrorCode::UnknownTopicOrPartition) => Err(ClientError::NoSuchTopic(name.to_owned())),
        Some(_) | None => {
            Err(ClientError::refused(format!("topic '{name}'"), topic.error_code, None))
        }
    }
}

fn partition_state(partition: DescribedPartition) -> PartitionState {
    PartitionState {
        partition: partition.index,
        leader: leader(partition.leader_id),
        replicas: ids(&partition.replica_nodes),
        isr: ids(&partition.isr_nodes),
        elr: partition.eligible_leader_replicas.as_ref().map(ids),
        last_known_elr: partition.last_known_elr.as_ref().map(ids),
    }
}

fn leader(id: i32) -> Option<i32> {
    Some(id).filter(|id| *id >= 0)
}

fn ids(brokers: &Seq<i32>) -> Vec<i32> {
    brokers.iter().collect()
}
