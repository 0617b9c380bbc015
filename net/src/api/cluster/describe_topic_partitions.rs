//! DescribeTopicPartitions: topics in order of their names, page by page (KIP-966). Core-local.

use std::collections::BTreeSet;

use corelog_engine::metadata::{Image, PartitionImage, TopicImage, is_internal};
use corelog_engine::runtime::LocalBoxFuture;

use crate::api::broker::Broker;
use crate::api::names;
use crate::dispatch::{Call, malformed, reply};
use crate::in_flight::{Outcome, Staged};
use crate::wire::messages::describe_topic_partitions_response::{
    Cursor, DescribeTopicPartitionsResponse, DescribeTopicPartitionsResponsePartition,
    DescribeTopicPartitionsResponseTopic,
};
use crate::wire::messages::{BrokerId, TopicName};
use crate::wire::request::metadata::{DescribeTopicPartitionsRequest, TopicCursor};
use crate::wire::{ErrorCode, Request, StrBytes, response_frame};

/// Answers DescribeTopicPartitions.
pub fn handle(call: Call<Broker>) -> LocalBoxFuture<Staged> {
    Box::pin(async move {
        let Call { state, header, body, .. } = call;
        let request = match DescribeTopicPartitionsRequest::decode(header.version, body) {
            Ok(request) => request,
            Err(error) => return malformed(error),
        };
        if request.topics.len() > names::ENTRIES_MAX {
            return Staged::Done(Outcome::Close("description of too many topics"));
        }
        let most = i64::from(state.config().network.described_partitions_max);
        let limit = i64::from(request.response_partition_limit).min(most).max(1);
        let image = state.image();
        let page = match &request.cursor.0 {
            Some(cursor) if cursor.partition_index < 0 => refuse(&request),
            cursor => describe(&request, &image, cursor.as_ref(), limit as usize),
        };
        Staged::Done(reply(response_frame(&header, &page)))
    })
}

/// A topic of the page: its name, and what there is of it.
type Entry<'a> = (StrBytes, Option<&'a TopicImage>);

fn describe(
    request: &DescribeTopicPartitionsRequest,
    image: &Image,
    cursor: Option<&TopicCursor>,
    limit: usize,
) -> DescribeTopicPartitionsResponse {
    let from = cursor.map_or("", |cursor| cursor.topic_name.as_str());
    let first = |name: &str| match cursor {
        Some(cursor) if cursor.topic_name.as_str() == name => {
            usize::try_from(cursor.partition_index).unwrap_or(0)
        }
        _ => 0,
    };
    if request.topics.is_empty() {
        let all = image.topics_from(from);
        let all = all.map(|topic| (names::text(&topic.name), Some(&**topic)));
        return fill(image, all, first, limit);
    }
    let asked: BTreeSet<StrBytes> = request.topics.iter().map(|topic| topic.name).collect();
    let asked = asked.into_iter().filter(|name| name.as_str() >= from).map(|name| {
        let found = image.topic(&name).map(|topic| &**topic);
        (name, found)
    });
    fill(image, asked, first, limit)
}

/// Fills a page of at most `limit` partitions; the cursor says where the next one begins.
fn fill<'a>(
    image: &Image,
    entries: impl Iterator<Item = Entry<'a>>,
    first: impl Fn(&str) -> usize,
    limit: usize,
) -> DescribeTopicPartitionsResponse {
    let mut left = limit;
    let mut topics = Vec::new();
    for (name, found) in entries {
        let Some(topic) = found else {
            topics.push(absent(name.clone(), names::absent(&name)));
            continue;
        };
        let start = first(&name);
        if left == 0 {
            return page(topics, Some((name, start)));
        }
        let partitions: Vec<_> = topic.partitions.iter().zip(0..).skip(start).take(left).collect();
        left -= partitions.len();
        let end = start + partitions.len();
        let complete = end >= topic.partitions.len();
        topics.push(described(image, topic, partitions));
        if !complete {
            return page(topics, Some((name, end)));
        }
    }
    page(topics, None)
}

fn page(
    topics: Vec<DescribeTopicPartitionsResponseTopic>,
    next: Option<(StrBytes, usize)>,
) -> DescribeTopicPartitionsResponse {
    let cursor = next.map(|(name, partition)| {
        Cursor::default()
            .with_topic_name(TopicName(name))
            .with_partition_index(i32::try_from(partition).unwrap_or(i32::MAX))
    });
    DescribeTopicPartitionsResponse::default().with_topics(topics).with_next_cursor(cursor)
}

fn described(
    image: &Image,
    topic: &TopicImage,
    partitions: Vec<(&PartitionImage, i32)>,
) -> DescribeTopicPartitionsResponseTopic {
    let partitions = partitions.into_iter().map(|(state, index)| partition(image, state, index));
    DescribeTopicPartitionsResponseTopic::default()
        .with_name(Some(TopicName(names::text(&topic.name))))
        .with_topic_id(topic.id)
        .with_is_internal(is_internal(&topic.name))
        .with_partitions(partitions.collect())
        .with_topic_authorized_operations(names::TOPIC_OPERATIONS)
}

fn partition(
    image: &Image,
    state: &PartitionImage,
    index: i32,
) -> DescribeTopicPartitionsResponsePartition {
    let error = match image.broker(state.leader) {
        Some(_) => ErrorCode::None,
        None => ErrorCode::LeaderNotAvailable,
    };
    let ids = |nodes: &[i32]| nodes.iter().copied().map(BrokerId).collect::<Vec<_>>();
    let offline = state.replicas.iter().copied().filter(|node| image.broker(*node).is_none());
    DescribeTopicPartitionsResponsePartition::default()
        .with_error_code(error.code())
        .with_partition_index(index)
        .with_leader_id(BrokerId(state.leader))
        .with_leader_epoch(state.leader_epoch)
        .with_replica_nodes(ids(&state.replicas))
        .with_isr_nodes(ids(&state.isr))
        .with_eligible_leader_replicas(Some(Vec::new()))
        .with_last_known_elr(Some(Vec::new()))
        .with_offline_replicas(offline.map(BrokerId).collect())
}

fn absent(name: StrBytes, error: ErrorCode) -> DescribeTopicPartitionsResponseTopic {
    DescribeTopicPartitionsResponseTopic::default()
        .with_error_code(error.code())
        .with_is_internal(is_internal(&name))
        .with_name(Some(TopicName(name)))
        .with_topic_authorized_operations(names::OPERATIONS_NOT_ASKED)
}

fn refuse(request: &DescribeTopicPartitionsRequest) -> DescribeTopicPartitionsResponse {
    let topics = request.topics.iter();
    page(topics.map(|topic| absent(topic.name, ErrorCode::InvalidRequest)).collect(), None)
}
