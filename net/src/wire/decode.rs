//! From a frame's body to a typed request: which structure stands under which key. Produce is not
//! here, because it takes its frame apart (`produce.rs`). Any thread.

use bytes::Bytes;

use super::api_key::ApiKey;
use super::fetch::FetchRequest;
use super::malformed::Malformed;
use super::reader::{Field, Reader};
use super::request::api_versions::ApiVersionsRequest;
use super::request::cluster::DescribeClusterRequest;
use super::request::configs::DescribeConfigsRequest;
use super::request::coordinator::{FindCoordinatorRequest, InitProducerIdRequest};
use super::request::metadata::{DescribeTopicPartitionsRequest, MetadataRequest};
use super::request::offsets::{ListOffsetsRequest, OffsetForLeaderEpochRequest};
use super::request::topics::{CreateTopicsRequest, DeleteTopicsRequest};

/// A request that is read as a whole.
pub trait Request: Field {
    /// Its key.
    const KEY: ApiKey;

    /// Reads the request from what [`super::RequestHeader::split`] left of its frame. Arrays stay
    /// in the frame: nothing is allocated for them. Bytes after the last field are ignored, as
    /// Kafka ignores them.
    fn decode(version: i16, body: impl Into<Bytes>) -> Result<Self, Malformed> {
        if !Self::KEY.versions().contains(&version) {
            return Err(Malformed::Version(version));
        }
        let flexible = Self::KEY.is_flexible(version);
        Self::read(&mut Reader::new(body.into(), version, flexible))
    }
}

macro_rules! requests {
    ($($key:ident: $request:ty),* $(,)?) => {
        $(impl Request for $request {
            const KEY: ApiKey = ApiKey::$key;
        })*
    };
}

requests! {
    Fetch: FetchRequest,
    ListOffsets: ListOffsetsRequest,
    Metadata: MetadataRequest,
    FindCoordinator: FindCoordinatorRequest,
    ApiVersions: ApiVersionsRequest,
    CreateTopics: CreateTopicsRequest,
    DeleteTopics: DeleteTopicsRequest,
    InitProducerId: InitProducerIdRequest,
    OffsetForLeaderEpoch: OffsetForLeaderEpochRequest,
    DescribeConfigs: DescribeConfigsRequest,
    DescribeCluster: DescribeClusterRequest,
    DescribeTopicPartitions: DescribeTopicPartitionsRequest,
}
