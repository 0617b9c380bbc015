//! Where things are in logs: first and last offsets, offsets by time; of many partitions at once,
//! one question per leader.

use std::collections::{BTreeMap, BTreeSet};

use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::{BrokerId, ListOffsetsRequest};

use super::cluster::{Cluster, topic_name};
use super::error::ClientError;
use super::groups::TopicPartition;
use crate::wire::answer::data::ListOffsetsAnswer;
use crate::wire::{ApiKey, ErrorCode};

/// What ListOffsets calls the offset behind the last record.
pub const LATEST: i64 = -1;
/// What it calls the offset of the first one.
pub const EARLIEST: i64 = -2;

impl Cluster {
    /// Who leads each partition of these topics, -1 = nobody. Topics that there are not are left
    /// out.
    ///
    /// # Errors
    /// See [`Cluster::metadata`].
    pub async fn leaders(
        &mut self,
        topics: &BTreeSet<&str>,
    ) -> Result<BTreeMap<TopicPartition, i32>, ClientError> {
        let names: Vec<&str> = topics.iter().copied().collect();
        let answer = self.metadata(Some(&names), false).await?;
        let mut leaders = BTreeMap::new();
        for topic in &answer.topics {
            let Some(name) = topic.name else { continue };
            for partition in &topic.partitions {
                leaders.insert((name.to_string(), partition.index), partition.leader_id);
            }
        }
        Ok(leaders)
    }

    /// How many partitions each of these topics has. Topics that there are not are left out.
    ///
    /// # Errors
    /// See [`Cluster::metadata`].
    pub async fn partition_counts(
        &mut self,
        topics: &BTreeSet<&str>,
    ) -> Result<BTreeMap<String, i32>, ClientError> {
        let mut counts = BTreeMap::new();
        for (topic, _) in self.leaders(topics).await?.into_keys() {
            *counts.entry(topic).or_default() += 1;
        }
        Ok(counts)
    }

    /// The offset of the first record that is not older than `timestamp` in Unix milliseconds, or
    /// [`LATEST`] or [`EARLIEST`]. `None`: no such record. Partitions that there are not, or that
    /// nobody leads, are left out.
    ///
    /// # Errors
    /// The first refusal.
    pub async fn offsets_at(
        &mut self,
        partitions: &[TopicPartition],
        timestamp: i64,
    ) -> Result<BTreeMap<TopicPartition, Option<i64>>, ClientError> {
        let topics = partitions.iter().map(|(topic, _)| topic.as_str()).collect();
        let leaders = self.leaders(&topics).await?;
        let mut by_leader: BTreeMap<i32, BTreeMap<&str, Vec<i32>>> = BTreeMap::new();
        for place in partitions {
            let Some(leader) = leaders.get(place).filter(|leader| **leader >= 0) else { continue };
            let topics = by_leader.entry(*leader).or_default();
            topics.entry(&place.0).or_default().push(place.1);
        }
        let mut found = BTreeMap::new();
        for (leader, topics) in by_leader {
            self.offsets_of(leader, topics, timestamp, &mut found).await?;
        }
        Ok(found)
    }

    async fn offsets_of(
        &mut self,
        leader: i32,
        topics: BTreeMap<&str, Vec<i32>>,
        timestamp: i64,
        into: &mut BTreeMap<TopicPartition, Option<i64>>,
    ) -> Result<(), ClientError> {
        let asked = topics.into_iter().map(|(topic, partitions)| {
            let asked = partitions.into_iter().map(|index| {
                ListOffsetsPartition::default()
                    .with_partition_index(index)
                    .with_current_leader_epoch(-1)
                    .with_timestamp(timestamp)
            });
            ListOffsetsTopic::default()
                .with_name(topic_name(topic))
                .with_partitions(asked.collect())
        });
        let request = ListOffsetsRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_topics(asked.collect());
        let connection = self.broker(leader).await?;
        let version = connection.version(ApiKey::ListOffsets, 1..=i16::MAX)?;
        let answer: ListOffsetsAnswer = connection.call(&request, version).await?;
        for topic in &answer.topics {
            for partition in &topic.partitions {
                if partition.error_code != ErrorCode::None.code() {
                    let what =
                        format!("offsets of partition {} of '{}'", partition.index, topic.name);
                    return Err(ClientError::refused(what, partition.error_code, None));
                }
                let place = (topic.name.to_string(), partition.index);
                into.insert(place, Some(partition.offset).filter(|offset| *offset >= 0));
            }
        }
        Ok(())
    }
}
