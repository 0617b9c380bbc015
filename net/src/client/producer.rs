//! Batches to the leaders of one topic, one at a time. Not idempotent: a batch is sent again only
//! when the broker said that it did not take it.

use std::time::{Duration, Instant};

use bytes::Bytes;
use corelog_engine::record::{BatchBuilder, Codec};
use kafka_protocol::messages::ProduceRequest;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};

use uuid::Uuid;

use super::cluster::{Cluster, topic_name};
use super::connection::REQUEST_TIMEOUT;
use super::error::ClientError;
use super::partitioner::partition_of;
use crate::wire::answer::data::ProduceAnswer;
use crate::wire::{ApiKey, ErrorCode};

/// From this version on a request names topics by id.
const BY_ID: i16 = 13;
/// Between two questions who leads a partition.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// A record on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// `None` is null.
    pub key: Option<Vec<u8>>,
    /// `None` is null.
    pub value: Option<Vec<u8>>,
    /// Unix milliseconds.
    pub timestamp: i64,
}

/// A topic to produce to.
pub struct Producer {
    cluster: Cluster,
    topic: String,
    id: Uuid,
    leaders: Vec<i32>,
    acks: i16,
    codec: Codec,
    keyless: usize,
}

impl Producer {
    /// Finds the topic, creating it if the broker creates topics on demand. `acks` is 0, 1 or -1.
    ///
    /// # Errors
    /// When the topic is not there within a few seconds, or see [`Cluster::topic`].
    pub async fn open(
        cluster: Cluster,
        topic: &str,
        acks: i16,
        codec: Codec,
    ) -> Result<Producer, ClientError> {
        let mut producer = Producer {
            cluster,
            topic: topic.to_owned(),
            id: Uuid::nil(),
            leaders: Vec::new(),
            acks,
            codec,
            keyless: 0,
        };
        let give_up = Instant::now() + REQUEST_TIMEOUT / 3;
        loop {
            match producer.learn().await {
                Err(error) if Instant::now() > give_up || !may_pass(&error) => return Err(error),
                Err(_) => tokio::time::sleep(RETRY_PAUSE).await,
                Ok(()) => return Ok(producer),
            }
        }
    }

    /// Partitions of the topic.
    pub fn partitions(&self) -> usize {
        self.leaders.len()
    }

    /// The partition for a record: by its key; without one, the same until the next call of
    /// [`Producer::turn`].
    pub fn partition_for(&self, key: Option<&[u8]>) -> i32 {
        let count = self.leaders.len().max(1);
        let place = key.map_or(self.keyless % count, |key| partition_of(key, count));
        i32::try_from(place).unwrap_or(0)
    }

    /// Records without a key go to the next partition from now on.
    pub fn turn(&mut self) {
        self.keyless = self.keyless.wrapping_add(1);
    }

    /// Sends records as one batch and waits for the acks asked for. The offset of the first record;
    /// -1 with acks=0.
    ///
    /// # Errors
    /// [`ClientError::Refused`] for what will not pass, [`ClientError::NoLeader`] for what did not.
    pub async fn send(&mut self, partition: i32, records: &[Outgoing]) -> Result<i64, ClientError> {
        let mut builder = BatchBuilder::new(self.codec);
        for record in records {
            builder.push(record.timestamp, record.key.as_deref(), record.value.as_deref());
        }
        let batch = builder.finish().map_err(|error| ClientError::Damaged {
            partition,
            offset: 0,
            why: error.to_string(),
        })?;
        let batch = batch.freeze();
        let give_up = Instant::now() + REQUEST_TIMEOUT;
        loop {
            match self.send_once(partition, batch.clone()).await {
                Err(error) if Instant::now() > give_up || !may_pass(&error) => return Err(error),
                Err(_) => {
                    tokio::time::sleep(RETRY_PAUSE).await;
                    self.learn().await?;
                }
                sent => return sent,
            }
        }
    }

    async fn send_once(&mut self, partition: i32, batch: Bytes) -> Result<i64, ClientError> {
        let place = usize::try_from(partition).ok();
        let Some(leader) = place.and_then(|place| self.leaders.get(place).copied()) else {
            let (topic, count) = (self.topic.clone(), self.leaders.len());
            return Err(ClientError::NoSuchPartition { topic, partition, count });
        };
        if leader < 0 {
            return Err(ClientError::NoLeader { topic: self.topic.clone(), partition });
        }
        let request = self.request(partition, batch);
        let acks = self.acks;
        let has_id = !self.id.is_nil();
        let connection = self.cluster.broker(leader).await?;
        let newest = if has_id { i16::MAX } else { BY_ID - 1 };
        let version = connection.version(ApiKey::Produce, 3..=newest)?;
        if acks == 0 {
            connection.send(ApiKey::Produce, &request, version).await?;
            return Ok(-1);
        }
        let answer: ProduceAnswer = connection.call(&request, version).await?;
        let result = answer.topics.iter().next().and_then(|topic| topic.partitions.iter().next());
        let what = format!("cannot produce to partition {partition} of topic '{}'", self.topic);
        match result {
            Some(result) if result.error_code == 0 => Ok(result.base_offset),
            Some(result) => {
                let message = result.error_message.as_deref();
                Err(ClientError::refused(what, result.error_code, message))
            }
            None => Err(ClientError::refused(what, ErrorCode::UnknownServerError.code(), None)),
        }
    }

    fn request(&self, partition: i32, batch: Bytes) -> ProduceRequest {
        let data = PartitionProduceData::default().with_index(partition).with_records(Some(batch));
        let topic = TopicProduceData::default()
            .with_name(topic_name(&self.topic))
            .with_topic_id(self.id)
            .with_partition_data(vec![data]);
        ProduceRequest::default()
            .with_acks(self.acks)
            .with_timeout_ms(REQUEST_TIMEOUT.as_millis() as i32)
            .with_topic_data(vec![topic])
    }

    async fn learn(&mut self) -> Result<(), ClientError> {
        let topic = self.cluster.topic(&self.topic, true).await?;
        let mut leaders = vec![-1; topic.partitions.len()];
        for partition in &topic.partitions {
            let place = usize::try_from(partition.index).unwrap_or(usize::MAX);
            if let Some(leader) = leaders.get_mut(place) {
                *leader = partition.leader_id;
            }
        }
        (self.id, self.leaders) = (topic.topic_id, leaders);
        Ok(())
    }
}

/// True for what goes by when a topic has just been created or a leader has changed.
fn may_pass(error: &ClientError) -> bool {
    const PASSING: [ErrorCode; 5] = [
        ErrorCode::UnknownTopicOrPartition,
        ErrorCode::LeaderNotAvailable,
        ErrorCode::NotLeaderOrFollower,
        ErrorCode::UnknownTopicId,
        ErrorCode::NotEnoughReplicas,
    ];
    match error {
        ClientError::NoLeader { .. } | ClientError::NoSuchTopic(_) => true,
        refused => PASSING.iter().any(|code| refused.is(*code)),
    }
}
