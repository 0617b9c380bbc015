//! What a fuzz target does with its input: everything the broker and its client do with bytes from
//! a socket. The targets and the tests that replay the corpus share it. Reads every element of
//! every array, and allocates nothing of its own.

use std::fmt::{self, Debug, Write};

use bytes::BytesMut;
use corelog_net::wire::answer::{
    admin, classic_groups as membership, data, describe, group_offsets as committed,
    groups as described, metadata as cluster_metadata,
};
use corelog_net::wire::fetch::FetchRequest;
use corelog_net::wire::request::{
    api_versions, classic_groups, cluster, configs, consumer_groups, coordinator, group_offsets,
    groups, metadata, offsets, records, topics,
};
use corelog_net::wire::{
    Answer, ApiKey, FrameSplitter, Malformed, ProduceRequest, Request, RequestHeader,
    split_response,
};

/// A frame without its length: the header says which request it is.
pub fn request(mut frame: BytesMut) -> Result<(), Malformed> {
    let header = RequestHeader::split(&mut frame)?;
    let version = header.version;
    match header.api_key {
        ApiKey::Produce => produce(version, frame),
        ApiKey::Fetch => read::<FetchRequest>(version, frame),
        ApiKey::ListOffsets => read::<offsets::ListOffsetsRequest>(version, frame),
        ApiKey::Metadata => read::<metadata::MetadataRequest>(version, frame),
        ApiKey::OffsetCommit => read::<group_offsets::OffsetCommitRequest>(version, frame),
        ApiKey::OffsetFetch => read::<group_offsets::OffsetFetchRequest>(version, frame),
        ApiKey::FindCoordinator => read::<coordinator::FindCoordinatorRequest>(version, frame),
        ApiKey::JoinGroup => read::<classic_groups::JoinGroupRequest>(version, frame),
        ApiKey::Heartbeat => read::<classic_groups::HeartbeatRequest>(version, frame),
        ApiKey::LeaveGroup => read::<classic_groups::LeaveGroupRequest>(version, frame),
        ApiKey::SyncGroup => read::<classic_groups::SyncGroupRequest>(version, frame),
        ApiKey::DescribeGroups => read::<groups::DescribeGroupsRequest>(version, frame),
        ApiKey::ListGroups => read::<groups::ListGroupsRequest>(version, frame),
        ApiKey::ApiVersions => read::<api_versions::ApiVersionsRequest>(version, frame),
        ApiKey::CreateTopics => read::<topics::CreateTopicsRequest>(version, frame),
        ApiKey::DeleteTopics => read::<topics::DeleteTopicsRequest>(version, frame),
        ApiKey::DeleteRecords => read::<records::DeleteRecordsRequest>(version, frame),
        ApiKey::InitProducerId => read::<coordinator::InitProducerIdRequest>(version, frame),
        ApiKey::OffsetForLeaderEpoch => {
            read::<offsets::OffsetForLeaderEpochRequest>(version, frame)
        }
        ApiKey::DescribeConfigs => read::<configs::DescribeConfigsRequest>(version, frame),
        ApiKey::DeleteGroups => read::<groups::DeleteGroupsRequest>(version, frame),
        ApiKey::OffsetDelete => read::<group_offsets::OffsetDeleteRequest>(version, frame),
        ApiKey::ConsumerGroupHeartbeat => {
            read::<consumer_groups::ConsumerGroupHeartbeatRequest>(version, frame)
        }
        ApiKey::ConsumerGroupDescribe => {
            read::<consumer_groups::ConsumerGroupDescribeRequest>(version, frame)
        }
        ApiKey::DescribeCluster => read::<cluster::DescribeClusterRequest>(version, frame),
        ApiKey::DescribeTopicPartitions => {
            read::<metadata::DescribeTopicPartitionsRequest>(version, frame)
        }
    }
}

/// Key and version as in a request's first four bytes, then a response frame without its length.
pub fn answer(mut input: BytesMut) -> Result<(), Malformed> {
    if input.len() < 4 {
        return Err(Malformed::Short);
    }
    let head = input.split_to(4);
    let code = i16::from_be_bytes([head[0], head[1]]);
    let version = i16::from_be_bytes([head[2], head[3]]);
    let key = ApiKey::from_code(code).ok_or(Malformed::ApiKey(code))?;
    split_response(key, version, &mut input)?;
    match key {
        ApiKey::Produce => hear::<data::ProduceAnswer>(version, input),
        ApiKey::Fetch => hear::<data::FetchAnswer>(version, input),
        ApiKey::ListOffsets => hear::<data::ListOffsetsAnswer>(version, input),
        ApiKey::Metadata => hear::<cluster_metadata::MetadataAnswer>(version, input),
        ApiKey::OffsetCommit => hear::<committed::OffsetCommitAnswer>(version, input),
        ApiKey::OffsetFetch => hear::<committed::OffsetFetchAnswer>(version, input),
        ApiKey::FindCoordinator => hear::<membership::FindCoordinatorAnswer>(version, input),
        ApiKey::JoinGroup => hear::<membership::JoinGroupAnswer>(version, input),
        ApiKey::Heartbeat => hear::<membership::HeartbeatAnswer>(version, input),
        ApiKey::LeaveGroup => hear::<membership::LeaveGroupAnswer>(version, input),
        ApiKey::SyncGroup => hear::<membership::SyncGroupAnswer>(version, input),
        ApiKey::DescribeGroups => hear::<described::DescribeGroupsAnswer>(version, input),
        ApiKey::ListGroups => hear::<described::ListGroupsAnswer>(version, input),
        ApiKey::ApiVersions => hear::<cluster_metadata::ApiVersionsAnswer>(version, input),
        ApiKey::CreateTopics => hear::<admin::CreateTopicsAnswer>(version, input),
        ApiKey::DeleteTopics => hear::<admin::DeleteTopicsAnswer>(version, input),
        ApiKey::InitProducerId => hear::<data::InitProducerIdAnswer>(version, input),
        ApiKey::DescribeConfigs => hear::<describe::DescribeConfigsAnswer>(version, input),
        ApiKey::DeleteGroups => hear::<described::DeleteGroupsAnswer>(version, input),
        ApiKey::OffsetDelete => hear::<committed::OffsetDeleteAnswer>(version, input),
        ApiKey::ConsumerGroupDescribe => {
            hear::<described::ConsumerGroupDescribeAnswer>(version, input)
        }
        ApiKey::DescribeCluster => hear::<cluster_metadata::DescribeClusterAnswer>(version, input),
        ApiKey::DescribeTopicPartitions => {
            hear::<describe::DescribeTopicPartitionsAnswer>(version, input)
        }
        // The client never asks these.
        ApiKey::DeleteRecords | ApiKey::OffsetForLeaderEpoch | ApiKey::ConsumerGroupHeartbeat => {
            Err(Malformed::ApiKey(code))
        }
    }
}

/// A connection's bytes, arriving in pieces of `step`; every whole frame is read as a request.
/// Gives back how many frames there were before the end or the first error of framing.
pub fn stream(bytes: &[u8], step: usize, frame_bytes_max: usize) -> usize {
    let splitter = FrameSplitter::new(frame_bytes_max);
    let mut arrived = BytesMut::new();
    let mut frames = 0;
    for piece in bytes.chunks(step.max(1)) {
        arrived.extend_from_slice(piece);
        loop {
            match splitter.split(&mut arrived) {
                Ok(Some(frame)) => {
                    let _ = request(frame);
                }
                Ok(None) => break,
                Err(_) => return frames,
            }
            frames += 1;
        }
    }
    frames
}

fn produce(version: i16, body: BytesMut) -> Result<(), Malformed> {
    let whole = body.len();
    let mut request = ProduceRequest::decode(version, body)?;
    let mut records = 0;
    while let Some(topic) = request.next_topic() {
        walk(&topic);
        while let Some(mut partition) = request.next_partition() {
            if let Some(bytes) = &mut partition.records {
                records += bytes.len();
                bytes.fill(0);
            }
        }
    }
    assert!(records <= whole, "pieces of a frame cannot overlap");
    Ok(())
}

fn read<R: Request + Debug>(version: i16, body: BytesMut) -> Result<(), Malformed> {
    R::decode(version, body).map(|request| walk(&request))
}

fn hear<A: Answer + Debug>(version: i16, body: BytesMut) -> Result<(), Malformed> {
    A::decode(version, body).map(|answer| walk(&answer))
}

/// Prints into nothing: that reads every field of every element.
fn walk(message: &impl Debug) {
    struct Nowhere;
    impl Write for Nowhere {
        fn write_str(&mut self, _: &str) -> fmt::Result {
            Ok(())
        }
    }
    assert!(write!(Nowhere, "{message:?}").is_ok(), "printing into nothing cannot fail");
}
