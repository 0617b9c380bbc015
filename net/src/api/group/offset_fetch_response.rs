//! The response to OffsetFetch, whose form changed in v8: before, one group whose topics stand at
//! the top; since, any number of groups. Pure.

use uuid::Uuid;

use crate::wire::messages::TopicName;
use crate::wire::messages::offset_fetch_response::{
    OffsetFetchResponse, OffsetFetchResponseGroup, OffsetFetchResponsePartition,
    OffsetFetchResponsePartitions, OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use crate::wire::{ErrorCode, StrBytes};

/// First version with several groups.
const GROUPS_FROM: i16 = 8;
/// First version that names topics by id.
const IDS_FROM: i16 = 10;

/// What is said about a group.
pub(super) struct Group {
    /// Its id.
    pub id: StrBytes,
    /// Its offsets.
    pub topics: Vec<Topic>,
    /// What is wrong with all of it.
    pub error: ErrorCode,
}

/// Offsets of a topic.
pub(super) struct Topic {
    /// Its name.
    pub name: StrBytes,
    /// Its id; nil when nobody knows.
    pub id: Uuid,
    /// By partition.
    pub partitions: Vec<Partition>,
}

/// The offset of a partition.
pub(super) struct Partition {
    /// The partition.
    pub index: i32,
    /// The next offset to read, -1 = none.
    pub offset: i64,
    /// Leader epoch of the record before it, -1 = not known.
    pub leader_epoch: i32,
    /// The note it was committed with.
    pub metadata: StrBytes,
    /// What is wrong.
    pub error: ErrorCode,
}

impl Partition {
    /// A partition without an offset; without an error, nothing was committed.
    pub(super) fn refused(index: i32, error: ErrorCode) -> Partition {
        Partition { index, offset: -1, leader_epoch: -1, metadata: StrBytes::new(), error }
    }
}

/// The response in the form of `version`.
pub(super) fn response(groups: Vec<Group>, version: i16) -> OffsetFetchResponse {
    let response = OffsetFetchResponse::default();
    if version >= GROUPS_FROM {
        return response
            .with_groups(groups.into_iter().map(|group| new_group(group, version)).collect());
    }
    let Some(group) = groups.into_iter().next() else { return response };
    let topics = group.topics.into_iter().map(|topic| {
        OffsetFetchResponseTopic::default()
            .with_name(TopicName(topic.name))
            .with_partitions(topic.partitions.into_iter().map(old_partition).collect())
    });
    response.with_error_code(group.error.code()).with_topics(topics.collect())
}

fn new_group(group: Group, version: i16) -> OffsetFetchResponseGroup {
    let topics = group.topics.into_iter().map(|topic| {
        let response = OffsetFetchResponseTopics::default()
            .with_partitions(topic.partitions.into_iter().map(new_partition).collect());
        match version {
            IDS_FROM.. => response.with_topic_id(topic.id),
            _ => response.with_name(TopicName(topic.name)),
        }
    });
    OffsetFetchResponseGroup::default()
        .with_group_id(group.id.into())
        .with_topics(topics.collect())
        .with_error_code(group.error.code())
}

fn old_partition(partition: Partition) -> OffsetFetchResponsePartition {
    OffsetFetchResponsePartition::default()
        .with_partition_index(partition.index)
        .with_committed_offset(partition.offset)
        .with_committed_leader_epoch(partition.leader_epoch)
        .with_metadata(Some(partition.metadata))
        .with_error_code(partition.error.code())
}

fn new_partition(partition: Partition) -> OffsetFetchResponsePartitions {
    OffsetFetchResponsePartitions::default()
        .with_partition_index(partition.index)
        .with_committed_offset(partition.offset)
        .with_committed_leader_epoch(partition.leader_epoch)
        .with_metadata(Some(partition.metadata))
        .with_error_code(partition.error.code())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{ApiKey, RequestHeader, response_frame};

    #[test]
    fn every_version_can_say_everything() {
        for version in ApiKey::OffsetFetch.versions() {
            let partition = Partition { leader_epoch: 4, ..Partition::refused(1, ErrorCode::None) };
            let topic = Topic { name: "t".into(), id: Uuid::nil(), partitions: vec![partition] };
            let group =
                Group { id: "g".into(), topics: vec![topic], error: ErrorCode::NotCoordinator };
            let (api_key, client_id) = (ApiKey::OffsetFetch, None);
            let header = RequestHeader { api_key, version, correlation_id: 1, client_id };
            response_frame(&header, &response(vec![group], version)).unwrap();
        }
    }
}
