//! Records of one topic, from given offsets on, in the order of each partition.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use corelog_engine::record::{BatchHeader, Records, check_crc, decompressed_max};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};

use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::{BrokerId, FetchRequest, ListOffsetsRequest};

use uuid::Uuid;

use super::cluster::{Cluster, topic_name};
use super::error::ClientError;
use super::offsets::{EARLIEST, LATEST};
use crate::wire::answer::data::{FetchAnswer, FetchedPartition, ListOffsetsAnswer};
use crate::wire::{ApiKey, ErrorCode};

/// From this version on a request names topics by id.
const BY_ID: i16 = 13;
/// Bytes asked for in one fetch, and per partition.
const FETCH_BYTES: i32 = 16 << 20;
const PARTITION_BYTES: i32 = 4 << 20;
/// What a batch may decompress to.
const DECOMPRESS_BYTES: usize = 64 << 20;
/// How long the broker may hold a fetch that finds nothing.
const WAIT_MS: i32 = 500;
/// Between two questions who leads a partition.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// Where to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At the first record that is kept.
    Earliest,
    /// Behind the last record.
    Latest,
    /// At this offset.
    At(i64),
}

/// A record that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumed {
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Unix milliseconds.
    pub timestamp: i64,
    /// True if the broker's clock set the timestamp.
    pub log_append_time: bool,
    /// `None` is null.
    pub key: Option<Vec<u8>>,
    /// `None` is null.
    pub value: Option<Vec<u8>>,
    /// In the producer's order; keys may repeat.
    pub headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

struct Position {
    leader: i32,
    next: i64,
}

/// A topic to consume from.
pub struct Consumer {
    cluster: Cluster,
    topic: String,
    id: Uuid,
    positions: BTreeMap<i32, Position>,
    /// Where to go on when an offset is not there; `None` = that is an error.
    fallback: Option<Start>,
}

impl Consumer {
    /// Finds the topic and where to begin in each partition, or in `only` one of them.
    ///
    /// # Errors
    /// [`ClientError::NoSuchTopic`], [`ClientError::NoSuchPartition`], or a refusal.
    pub async fn open(
        mut cluster: Cluster,
        topic: &str,
        only: Option<i32>,
        start: Start,
    ) -> Result<Consumer, ClientError> {
        let found = cluster.topic(topic, false).await?;
        let count = found.partitions.len();
        let wanted = found
            .partitions
            .iter()
            .filter(|partition| only.is_none_or(|only| only == partition.index));
        let positions: BTreeMap<i32, Position> = wanted
            .map(|partition| {
                let position = Position { leader: partition.leader_id, next: 0 };
                (partition.index, position)
            })
            .collect();
        if let (Some(partition), true) = (only, positions.is_empty()) {
            let topic = topic.to_owned();
            return Err(ClientError::NoSuchPartition { topic, partition, count });
        }
        let mut consumer = Consumer {
            cluster,
            topic: topic.to_owned(),
            id: found.topic_id,
            positions,
            fallback: None,
        };
        consumer.seek(start).await?;
        Ok(consumer)
    }

    /// Finds the topic; reads nothing until partitions are assigned.
    ///
    /// # Errors
    /// [`ClientError::NoSuchTopic`], or a refusal.
    pub async fn idle(mut cluster: Cluster, topic: &str) -> Result<Consumer, ClientError> {
        let found = cluster.topic(topic, false).await?;
        Ok(Consumer {
            cluster,
            topic: topic.to_owned(),
            id: found.topic_id,
            positions: BTreeMap::new(),
            fallback: None,
        })
    }

    /// Reads these partitions and no others from now on; from `fallback` on where an offset is
    /// not there.
    ///
    /// # Errors
    /// See [`Cluster::topic`] and [`Cluster::offsets_at`].
    pub async fn assign(
        &mut self,
        starts: BTreeMap<i32, Start>,
        fallback: Start,
    ) -> Result<(), ClientError> {
        self.fallback = Some(fallback);
        let unknown = |partition| (partition, Position { leader: -1, next: 0 });
        self.positions = starts.keys().copied().map(unknown).collect();
        if !starts.is_empty() {
            self.learn_leaders().await?;
        }
        for (partition, start) in starts {
            self.seek_partition(partition, start).await?;
        }
        Ok(())
    }

    /// The next offset to read of each partition.
    pub fn positions(&self) -> impl Iterator<Item = (i32, i64)> {
        self.positions.iter().map(|(partition, position)| (*partition, position.next))
    }

    async fn seek_partition(&mut self, partition: i32, start: Start) -> Result<(), ClientError> {
        let next = match start {
            Start::At(offset) => offset,
            Start::Earliest => self.offset_for(partition, EARLIEST).await?,
            Start::Latest => self.offset_for(partition, LATEST).await?,
        };
        if let Some(position) = self.positions.get_mut(&partition) {
            position.next = next;
        }
        Ok(())
    }

    async fn seek(&mut self, start: Start) -> Result<(), ClientError> {
        let partitions: Vec<i32> = self.positions.keys().copied().collect();
        for partition in partitions {
            self.seek_partition(partition, start).await?;
        }
        Ok(())
    }

    async fn offset_for(&mut self, partition: i32, timestamp: i64) -> Result<i64, ClientError> {
        let leader = self.leader(partition)?;
        let asked = ListOffsetsPartition::default()
            .with_partition_index(partition)
            .with_current_leader_epoch(-1)
            .with_timestamp(timestamp);
        let topic = ListOffsetsTopic::default()
            .with_name(topic_name(&self.topic))
            .with_partitions(vec![asked]);
        let request =
            ListOffsetsRequest::default().with_replica_id(BrokerId(-1)).with_topics(vec![topic]);
        let connection = self.cluster.broker(leader).await?;
        let version = connection.version(ApiKey::ListOffsets, 1..=i16::MAX)?;
        let answer: ListOffsetsAnswer = connection.call(&request, version).await?;
        let result = answer.topics.iter().next().and_then(|topic| topic.partitions.iter().next());
        let what = format!("offsets of partition {partition} of topic '{}'", self.topic);
        match result {
            Some(result) if result.error_code == 0 => Ok(result.offset),
            Some(result) => Err(ClientError::refused(what, result.error_code, None)),
            None => Err(ClientError::refused(what, ErrorCode::UnknownServerError.code(), None)),
        }
    }

    fn leader(&self, partition: i32) -> Result<i32, ClientError> {
        let leader = self.positions.get(&partition).map(|position| position.leader);
        leader
            .filter(|leader| *leader >= 0)
            .ok_or_else(|| ClientError::NoLeader { topic: self.topic.clone(), partition })
    }

    /// The next records, at most what one fetch per leader brings; empty when there are none within
    /// half a second.
    ///
    /// # Errors
    /// A refusal, a damaged batch, or a broken connection.
    pub async fn poll(&mut self) -> Result<Vec<Consumed>, ClientError> {
        let mut leaders: Vec<i32> =
            self.positions.values().map(|position| position.leader).collect();
        leaders.sort_unstable();
        leaders.dedup();
        let mut records = Vec::new();
        for leader in leaders.iter().copied().filter(|leader| *leader >= 0) {
            for data in self.fetch(leader).await? {
                self.take(data, &mut records).await?;
            }
        }
        if leaders.iter().any(|leader| *leader < 0) || leaders.is_empty() {
            tokio::time::sleep(RETRY_PAUSE).await;
            self.learn_leaders().await?;
        }
        Ok(records)
    }

    async fn fetch(&mut self, leader: i32) -> Result<Vec<FetchedPartition>, ClientError> {
        let mine = self.positions.iter().filter(|(_, position)| position.leader == leader);
        let partitions = mine.map(|(partition, position)| {
            FetchPartition::default()
                .with_partition(*partition)
                .with_current_leader_epoch(-1)
                .with_fetch_offset(position.next)
                .with_last_fetched_epoch(-1)
                .with_log_start_offset(-1)
                .with_partition_max_bytes(PARTITION_BYTES)
        });
        let topic = FetchTopic::default()
            .with_topic(topic_name(&self.topic))
            .with_topic_id(self.id)
            .with_partitions(partitions.collect());
        let request = FetchRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_max_wait_ms(WAIT_MS)
            .with_min_bytes(1)
            .with_max_bytes(FETCH_BYTES)
            .with_session_epoch(-1)
            .with_topics(vec![topic]);
        let newest = if self.id.is_nil() { BY_ID - 1 } else { i16::MAX };
        let connection = self.cluster.broker(leader).await?;
        let version = connection.version(ApiKey::Fetch, 4..=newest)?;
        let answer: FetchAnswer = connection.call(&request, version).await?;
        if answer.error_code != 0 {
            let what = format!("cannot fetch from topic '{}'", self.topic);
            return Err(ClientError::refused(what, answer.error_code, None));
        }
        Ok(answer.topics.iter().flat_map(|topic| topic.partitions.iter()).collect())
    }

    async fn take(
        &mut self,
        data: FetchedPartition,
        into: &mut Vec<Consumed>,
    ) -> Result<(), ClientError> {
        match ErrorCode::from_code(data.error_code) {
            Some(ErrorCode::None) => {}
            Some(ErrorCode::NotLeaderOrFollower | ErrorCode::LeaderNotAvailable) => {
                tokio::time::sleep(RETRY_PAUSE).await;
                return self.learn_leaders().await;
            }
            Some(ErrorCode::OffsetOutOfRange) => return self.out_of_range(data.index).await,
            Some(_) | None => {
                let what =
                    format!("cannot fetch from partition {} of topic '{}'", data.index, self.topic);
                return Err(ClientError::refused(what, data.error_code, None));
            }
        }
        let Some(position) = self.positions.get_mut(&data.index) else { return Ok(()) };
        let records = data.records.unwrap_or_default();
        position.next = unpack(data.index, position.next, records, into)?;
        Ok(())
    }

    /// The broker says only that an offset is not there; people want to know what is.
    async fn out_of_range(&mut self, partition: i32) -> Result<(), ClientError> {
        if let Some(fallback) = self.fallback {
            return self.seek_partition(partition, fallback).await;
        }
        let offset = self.positions.get(&partition).map_or(-1, |position| position.next);
        let first = self.offset_for(partition, EARLIEST).await?;
        let end = self.offset_for(partition, LATEST).await?;
        Err(ClientError::NoSuchOffset { partition, offset, first, end })
    }

    async fn learn_leaders(&mut self) -> Result<(), ClientError> {
        let topic = self.cluster.topic(&self.topic, false).await?;
        for partition in &topic.partitions {
            if let Some(position) = self.positions.get_mut(&partition.index) {
                position.leader = partition.leader_id;
            }
        }
        Ok(())
    }
}

/// Reads the records from `from` on out of whole batches; the last one may be cut off. The offset
/// to go on with.
fn unpack(
    partition: i32,
    from: i64,
    mut batches: Bytes,
    into: &mut Vec<Consumed>,
) -> Result<i64, ClientError> {
    let mut next = from;
    while let Ok(header) = BatchHeader::parse(&batches) {
        let damaged =
            |why: String| ClientError::Damaged { partition, offset: header.base_offset, why };
        if header.size_in_bytes() > batches.len() {
            break;
        }
        let batch = batches.split_to(header.size_in_bytes());
        if !check_crc(&batch) {
            return Err(damaged("its CRC does not match".to_owned()));
        }
        if !header.is_control() {
            let limit = decompressed_max(batch.len()).max(DECOMPRESS_BYTES);
            let records = Records::open(&header, &batch, limit)
                .map_err(|error| damaged(error.to_string()))?;
            for record in records.iter() {
                let record = record.map_err(|error| damaged(error.to_string()))?;
                if record.offset >= next {
                    into.push(consumed(partition, &header, &record));
                }
            }
        }
        next = next.max(header.next_offset());
    }
    Ok(next)
}

fn consumed(
    partition: i32,
    header: &BatchHeader,
    record: &corelog_engine::record::Record<'_>,
) -> Consumed {
    let owned = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
    Consumed {
        partition,
        offset: record.offset,
        timestamp: record.timestamp,
        log_append_time: header.timestamp_type()
            == corelog_engine::record::TimestampType::LogAppendTime,
        key: owned(record.key),
        value: owned(record.value),
        headers: record.headers.map(|(key, value)| (key.to_vec(), owned(value))).collect(),
    }
}
