//! How far groups have come: read, set from outside, forgotten.

use std::collections::BTreeMap;

use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_delete_request::{
    OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_protocol::messages::{OffsetCommitRequest, OffsetDeleteRequest, OffsetFetchRequest};
use kafka_protocol::protocol::StrBytes;

use super::cluster::{Cluster, topic_name};
use super::connection::ANY;
use super::error::ClientError;
use super::groups::{TopicPartition, group_id};
use crate::wire::answer::group_offsets::{
    OffsetCommitAnswer, OffsetDeleteAnswer, OffsetFetchAnswer,
};

/// Versions of OffsetFetch with groups and with names of topics.
const FETCH: std::ops::RangeInclusive<i16> = 8..=9;
/// Versions of OffsetCommit with names of topics.
const COMMIT: std::ops::RangeInclusive<i16> = 2..=9;

/// A committed offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The next offset to read.
    pub offset: i64,
    /// Leader epoch of the record before it, when it was said.
    pub leader_epoch: Option<i32>,
    /// The note it was committed with.
    pub metadata: String,
}

/// Who commits: a member in its generation, or nobody in particular.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committer {
    /// Empty outside of any membership.
    pub member_id: String,
    /// -1 outside of any membership.
    pub generation: i32,
}

impl Committer {
    /// Nobody in particular: only groups without members take that.
    pub fn outside() -> Committer {
        Committer { member_id: String::new(), generation: -1 }
    }
}

impl Cluster {
    /// All offsets that a group has committed.
    ///
    /// # Errors
    /// A refusal, of the group or of one of its partitions.
    pub async fn committed(
        &mut self,
        group: &str,
    ) -> Result<BTreeMap<TopicPartition, Committed>, ClientError> {
        let asked =
            OffsetFetchRequestGroup::default().with_group_id(group_id(group)).with_topics(None);
        let request = OffsetFetchRequest::default().with_groups(vec![asked]);
        let code = |answer: &OffsetFetchAnswer| {
            answer.groups.iter().next().map_or(0, |group| group.error_code)
        };
        let answer = self.ask_coordinator(group, &request, FETCH, code).await?;
        let refused = |code| {
            ClientError::refused(format!("committed offsets of group '{group}'"), code, None)
        };
        if code(&answer) != 0 {
            return Err(refused(code(&answer)));
        }
        let mut committed = BTreeMap::new();
        for topic in answer.groups.iter().next().iter().flat_map(|group| group.topics.iter()) {
            for partition in &topic.partitions {
                if partition.error_code != 0 {
                    return Err(refused(partition.error_code));
                }
                if partition.committed_offset < 0 {
                    continue;
                }
                let epoch = partition.committed_leader_epoch;
                let found = Committed {
                    offset: partition.committed_offset,
                    leader_epoch: Some(epoch).filter(|epoch| *epoch >= 0),
                    metadata: partition.metadata.map(|note| note.to_string()).unwrap_or_default(),
                };
                committed.insert((topic.name.to_string(), partition.partition_index), found);
            }
        }
        Ok(committed)
    }

    /// Commits offsets.
    ///
    /// # Errors
    /// The first refusal, with its partition.
    pub async fn commit(
        &mut self,
        group: &str,
        by: &Committer,
        offsets: &BTreeMap<TopicPartition, i64>,
    ) -> Result<(), ClientError> {
        if offsets.is_empty() {
            return Ok(());
        }
        let mut topics: Vec<OffsetCommitRequestTopic> = Vec::new();
        for ((topic, index), offset) in offsets {
            let partition = OffsetCommitRequestPartition::default()
                .with_partition_index(*index)
                .with_committed_offset(*offset)
                .with_committed_metadata(Some(StrBytes::new()));
            match topics.last_mut() {
                Some(last) if &**last.name == topic => last.partitions.push(partition),
                _ => topics.push(
                    OffsetCommitRequestTopic::default()
                        .with_name(topic_name(topic))
                        .with_partitions(vec![partition]),
                ),
            }
        }
        let request = OffsetCommitRequest::default()
            .with_group_id(group_id(group))
            .with_generation_id_or_member_epoch(by.generation)
            .with_member_id(StrBytes::from_string(by.member_id.clone()))
            .with_topics(topics);
        let first = |answer: &OffsetCommitAnswer| {
            let mut partitions = answer.topics.iter().flat_map(|topic| {
                let name = topic.name.to_string();
                topic.partitions.iter().map(move |one| (name.clone(), one)).collect::<Vec<_>>()
            });
            partitions.find(|(_, partition)| partition.error_code != 0)
        };
        let code = |answer: &OffsetCommitAnswer| first(answer).map_or(0, |(_, one)| one.error_code);
        let answer = self.ask_coordinator(group, &request, COMMIT, code).await?;
        match first(&answer) {
            None => Ok(()),
            Some((topic, partition)) => {
                let index = partition.partition_index;
                let what = format!("cannot commit offset of {topic}-{index} for group '{group}'");
                Err(ClientError::refused(what, partition.error_code, None))
            }
        }
    }

    /// Makes a group forget offsets; the error of each partition, 0 = forgotten.
    ///
    /// # Errors
    /// What concerns the group as a whole.
    pub async fn forget_offsets(
        &mut self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<BTreeMap<TopicPartition, i16>, ClientError> {
        let mut topics: BTreeMap<&str, Vec<OffsetDeleteRequestPartition>> = BTreeMap::new();
        for (topic, index) in partitions {
            let partition = OffsetDeleteRequestPartition::default().with_partition_index(*index);
            topics.entry(topic).or_default().push(partition);
        }
        let topics = topics.into_iter().map(|(topic, partitions)| {
            OffsetDeleteRequestTopic::default()
                .with_name(topic_name(topic))
                .with_partitions(partitions)
        });
        let request = OffsetDeleteRequest::default()
            .with_group_id(group_id(group))
            .with_topics(topics.collect());
        let code = |answer: &OffsetDeleteAnswer| answer.error_code;
        let answer = self.ask_coordinator(group, &request, ANY, code).await?;
        if answer.error_code != 0 {
            let what = format!("group '{group}'");
            return Err(ClientError::refused(what, answer.error_code, None));
        }
        let mut forgotten = BTreeMap::new();
        for topic in &answer.topics {
            for partition in &topic.partitions {
                let place = (topic.name.to_string(), partition.partition_index);
                forgotten.insert(place, partition.error_code);
            }
        }
        Ok(forgotten)
    }
}
