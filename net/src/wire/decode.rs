//! From a frame's body to a typed request or answer: which structure stands under which key. The
//! Produce request is not here, because it takes its frame apart (`produce.rs`). Any thread.

use bytes::Bytes;

use super::answer::admin::{CreateTopicsAnswer, DeleteTopicsAnswer};
use super::answer::classic_groups::{
    FindCoordinatorAnswer, HeartbeatAnswer, JoinGroupAnswer, LeaveGroupAnswer, SyncGroupAnswer,
};
use super::answer::data::{FetchAnswer, InitProducerIdAnswer, ListOffsetsAnswer, ProduceAnswer};
use super::answer::describe::{DescribeConfigsAnswer, DescribeTopicPartitionsAnswer};
use super::answer::group_offsets::{OffsetCommitAnswer, OffsetDeleteAnswer, OffsetFetchAnswer};
use super::answer::groups::{
    ConsumerGroupDescribeAnswer, DeleteGroupsAnswer, DescribeGroupsAnswer, ListGroupsAnswer,
};
use super::answer::metadata::{ApiVersionsAnswer, DescribeClusterAnswer, MetadataAnswer};
use super::api_key::ApiKey;
use super::fetch::FetchRequest;
use super::malformed::Malformed;
use super::reader::{Field, Reader};
use super::request::api_versions::ApiVersionsRequest;
use super::request::classic_groups::{
    HeartbeatRequest, JoinGroupRequest, LeaveGroupRequest, SyncGroupRequest,
};
use super::request::cluster::DescribeClusterRequest;
use super::request::configs::DescribeConfigsRequest;
use super::request::consumer_groups::{
    ConsumerGroupDescribeRequest, ConsumerGroupHeartbeatRequest,
};
use super::request::coordinator::{FindCoordinatorRequest, InitProducerIdRequest};
use super::request::group_offsets::{OffsetCommitRequest, OffsetDeleteRequest, OffsetFetchRequest};
use super::request::groups::{DeleteGroupsRequest, DescribeGroupsRequest, ListGroupsRequest};
use super::request::metadata::{DescribeTopicPartitionsRequest, MetadataRequest};
use super::request::offsets::{ListOffsetsRequest, OffsetForLeaderEpochRequest};
use super::request::records::DeleteRecordsRequest;
use super::request::topics::{CreateTopicsRequest, DeleteTopicsRequest};

/// A request that is read as a whole.
pub trait Request: Field {
    /// Its key.
    const KEY: ApiKey;

    /// Reads the request from what [`super::RequestHeader::split`] left of its frame. Arrays stay
    /// in the frame: nothing is allocated for them. Bytes after the last field are ignored, as
    /// Kafka ignores them.
    fn decode(version: i16, body: impl Into<Bytes>) -> Result<Self, Malformed> {
        read(Self::KEY, version, body.into())
    }
}

/// A response that the client reads.
pub trait Answer: Field {
    /// Key of the request it answers.
    const KEY: ApiKey;

    /// Reads the response from what [`super::split_response`] left of its frame. Arrays stay in
    /// the frame, as in requests.
    fn decode(version: i16, body: impl Into<Bytes>) -> Result<Self, Malformed> {
        read(Self::KEY, version, body.into())
    }
}

fn read<T: Field>(key: ApiKey, version: i16, body: Bytes) -> Result<T, Malformed> {
    if !key.versions().contains(&version) {
        return Err(Malformed::Version(version));
    }
    T::read(&mut Reader::new(body, version, key.is_flexible(version)))
}

macro_rules! keys {
    ($what:ident: $($key:ident $message:ty),* $(,)?) => {
        $(impl $what for $message {
            const KEY: ApiKey = ApiKey::$key;
        })*
    };
}

keys! {
    Request:
    Fetch FetchRequest,
    ListOffsets ListOffsetsRequest,
    DeleteRecords DeleteRecordsRequest,
    Metadata MetadataRequest,
    OffsetCommit OffsetCommitRequest,
    OffsetFetch OffsetFetchRequest,
    FindCoordinator FindCoordinatorRequest,
    JoinGroup JoinGroupRequest,
    Heartbeat HeartbeatRequest,
    LeaveGroup LeaveGroupRequest,
    SyncGroup SyncGroupRequest,
    DescribeGroups DescribeGroupsRequest,
    ListGroups ListGroupsRequest,
    ApiVersions ApiVersionsRequest,
    CreateTopics CreateTopicsRequest,
    DeleteTopics DeleteTopicsRequest,
    InitProducerId InitProducerIdRequest,
    OffsetForLeaderEpoch OffsetForLeaderEpochRequest,
    DescribeConfigs DescribeConfigsRequest,
    DeleteGroups DeleteGroupsRequest,
    OffsetDelete OffsetDeleteRequest,
    DescribeCluster DescribeClusterRequest,
    ConsumerGroupHeartbeat ConsumerGroupHeartbeatRequest,
    ConsumerGroupDescribe ConsumerGroupDescribeRequest,
    DescribeTopicPartitions DescribeTopicPartitionsRequest,
}

keys! {
    Answer:
    Produce ProduceAnswer,
    Fetch FetchAnswer,
    ListOffsets ListOffsetsAnswer,
    Metadata MetadataAnswer,
    OffsetCommit OffsetCommitAnswer,
    OffsetFetch OffsetFetchAnswer,
    FindCoordinator FindCoordinatorAnswer,
    JoinGroup JoinGroupAnswer,
    Heartbeat HeartbeatAnswer,
    LeaveGroup LeaveGroupAnswer,
    SyncGroup SyncGroupAnswer,
    DescribeGroups DescribeGroupsAnswer,
    ListGroups ListGroupsAnswer,
    ApiVersions ApiVersionsAnswer,
    CreateTopics CreateTopicsAnswer,
    DeleteTopics DeleteTopicsAnswer,
    InitProducerId InitProducerIdAnswer,
    DescribeConfigs DescribeConfigsAnswer,
    DeleteGroups DeleteGroupsAnswer,
    OffsetDelete OffsetDeleteAnswer,
    DescribeCluster DescribeClusterAnswer,
    ConsumerGroupDescribe ConsumerGroupDescribeAnswer,
    DescribeTopicPartitions DescribeTopicPartitionsAnswer,
}
