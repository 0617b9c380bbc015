//! What the null responder says to each request. No I/O; on threads of connections.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::BytesMut;
use corelog_engine::runtime::Part;
use corelog_net::wire::fetch::FetchRequest;
use corelog_net::wire::fetch_response::{
    FetchPartitionResponse, FetchResponse, FetchTopicResponse,
};
use corelog_net::wire::messages::api_versions_response::ApiVersion;
use corelog_net::wire::messages::create_topics_response::CreatableTopicResult;
use corelog_net::wire::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use corelog_net::wire::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use corelog_net::wire::messages::{
    ApiVersionsResponse, BrokerId, CreateTopicsResponse, ListOffsetsResponse, MetadataResponse,
    TopicName,
};
use corelog_net::wire::request::metadata::MetadataRequest;
use corelog_net::wire::request::offsets::ListOffsetsRequest;
use corelog_net::wire::request::topics::CreateTopicsRequest;
use corelog_net::wire::{
    ApiKey, EncodeError, ErrorCode, Malformed, ProducePartitionResponse, ProduceRequest,
    ProduceResponse, ProduceTopicResponse, Request, RequestHeader, StrBytes, response_frame,
    response_frame_in,
};
use thiserror::Error;

use super::records::Run;

const NODE: BrokerId = BrokerId(0);
/// What ListOffsets calls the offset of the first record.
const EARLIEST: i64 = -2;
/// The last version of Produce and Fetch that names topics; the null responder has no ids.
const NAMED_TO: i16 = 12;
/// The requests that are answered.
const SERVED: [ApiKey; 6] = [
    ApiKey::Produce,
    ApiKey::Fetch,
    ApiKey::ListOffsets,
    ApiKey::Metadata,
    ApiKey::ApiVersions,
    ApiKey::CreateTopics,
];

/// Why a connection is closed.
#[derive(Debug, Error)]
pub enum Rejected {
    /// Not a request.
    #[error("{0}")]
    Malformed(#[from] Malformed),
    /// No request that is served.
    #[error("{0:?} is not served")]
    Unserved(ApiKey),
    /// The answer cannot be written.
    #[error("{0}")]
    Encode(#[from] EncodeError),
}

/// What the responder pretends to be.
#[derive(Debug, Clone)]
pub struct Pretence {
    /// Where it says it listens.
    pub address: SocketAddr,
    /// Partitions of every topic.
    pub partitions: i32,
    /// What they hold.
    pub run: Run,
}

/// An answer: parts to send in order, after a pause.
pub struct Answer {
    /// The frame.
    pub parts: Vec<bytes::Bytes>,
    /// How long a fetch without records waits.
    pub pause: Duration,
}

impl Answer {
    fn now(frame: impl Into<bytes::Bytes>) -> Answer {
        Answer { parts: vec![frame.into()], pause: Duration::ZERO }
    }
}

impl Pretence {
    /// Answers one request.
    ///
    /// # Errors
    /// [`Rejected`]: the connection has to be closed.
    pub fn answer(&self, mut frame: BytesMut) -> Result<Answer, Rejected> {
        let header = RequestHeader::split(&mut frame)?;
        let version = header.version;
        match header.api_key {
            ApiKey::Produce => produced(&header, ProduceRequest::decode(version, frame)?),
            ApiKey::Fetch => self.fetched(&header, &FetchRequest::decode(version, frame)?),
            ApiKey::ApiVersions if !header.is_served() => {
                let unknown = versions().with_error_code(ErrorCode::UnsupportedVersion.code());
                Ok(Answer::now(response_frame_in(&header, &unknown, 0)?))
            }
            ApiKey::ApiVersions => Ok(Answer::now(response_frame(&header, &versions())?)),
            ApiKey::Metadata => {
                let asked = MetadataRequest::decode(version, frame)?;
                Ok(Answer::now(response_frame(&header, &self.metadata(&asked))?))
            }
            ApiKey::CreateTopics => {
                let asked = CreateTopicsRequest::decode(version, frame)?;
                let created = asked.topics.iter().map(|topic| {
                    CreatableTopicResult::default()
                        .with_name(TopicName(topic.name))
                        .with_error_code(ErrorCode::TopicAlreadyExists.code())
                });
                let answer = CreateTopicsResponse::default().with_topics(created.collect());
                Ok(Answer::now(response_frame(&header, &answer)?))
            }
            ApiKey::ListOffsets => {
                let asked = ListOffsetsRequest::decode(version, frame)?;
                Ok(Answer::now(response_frame(&header, &self.offsets(&asked))?))
            }
            other => Err(Rejected::Unserved(other)),
        }
    }

    fn metadata(&self, asked: &MetadataRequest) -> MetadataResponse {
        let partition = |index: i32| {
            MetadataResponsePartition::default()
                .with_partition_index(index)
                .with_leader_id(NODE)
                .with_replica_nodes(vec![NODE])
                .with_isr_nodes(vec![NODE])
        };
        let topic = |name: StrBytes| {
            MetadataResponseTopic::default()
                .with_name(Some(TopicName(name)))
                .with_partitions((0..self.partitions).map(partition).collect())
        };
        let names = asked.topics.iter().flat_map(|topics| topics.iter());
        let broker = MetadataResponseBroker::default()
            .with_node_id(NODE)
            .with_host(StrBytes::from_string(self.address.ip().to_string()))
            .with_port(i32::from(self.address.port()));
        MetadataResponse::default()
            .with_brokers(vec![broker])
            .with_controller_id(NODE)
            .with_topics(names.filter_map(|asked| asked.name).map(topic).collect())
    }

    fn offsets(&self, asked: &ListOffsetsRequest) -> ListOffsetsResponse {
        let topics = asked.topics.iter().map(|topic| {
            let partitions = topic.partitions.iter().map(|partition| {
                let offset = if partition.timestamp == EARLIEST { 0 } else { self.run.end };
                ListOffsetsPartitionResponse::default()
                    .with_partition_index(partition.partition_index)
                    .with_offset(offset)
            });
            ListOffsetsTopicResponse::default()
                .with_name(TopicName(topic.name.clone()))
                .with_partitions(partitions.collect())
        });
        ListOffsetsResponse::default().with_topics(topics.collect())
    }

    /// From offset 0 to the end, whatever offset below the end is asked for.
    fn fetched(&self, header: &RequestHeader, asked: &FetchRequest) -> Result<Answer, Rejected> {
        let mut has_records = false;
        let mut topics = Vec::new();
        for topic in &asked.topics {
            let partitions = topic.partitions.iter().map(|partition| {
                let is_there = partition.fetch_offset < self.run.end;
                has_records |= is_there;
                FetchPartitionResponse {
                    index: partition.partition,
                    error: ErrorCode::None,
                    high_watermark: self.run.end,
                    last_stable_offset: self.run.end,
                    log_start_offset: 0,
                    diverging_epoch: None,
                    current_leader: None,
                    aborted_transactions: None,
                    preferred_read_replica: -1,
                    records: match is_there {
                        true => vec![Part::Memory(self.run.bytes.clone())],
                        false => Vec::new(),
                    },
                }
            });
            topics
                .push(FetchTopicResponse { topic: topic.topic, partitions: partitions.collect() });
        }
        let response = FetchResponse { topics, ..FetchResponse::refused(ErrorCode::None) };
        let parts = response.into_parts(header)?.into_iter().filter_map(|part| match part {
            Part::Memory(bytes) => Some(bytes),
            Part::File(_) => None, // there are no files
        });
        let wait = Duration::from_millis(u64::try_from(asked.max_wait_ms).unwrap_or(0));
        let pause = if has_records { Duration::ZERO } else { wait };
        Ok(Answer { parts: parts.collect(), pause })
    }
}

fn versions() -> ApiVersionsResponse {
    let served = SERVED.iter().map(|api| {
        let (first, last) = api.versions().into_inner();
        let is_data = matches!(api, ApiKey::Produce | ApiKey::Fetch);
        ApiVersion::default()
            .with_api_key(api.code())
            .with_min_version(first)
            .with_max_version(if is_data { last.min(NAMED_TO) } else { last })
    });
    ApiVersionsResponse::default().with_api_keys(served.collect())
}

fn produced(header: &RequestHeader, mut request: ProduceRequest) -> Result<Answer, Rejected> {
    let mut response = ProduceResponse::default();
    while let Some(topic) = request.next_topic() {
        let mut partitions = Vec::with_capacity(1);
        while let Some(partition) = request.next_partition() {
            partitions.push(ProducePartitionResponse {
                base_offset: 0,
                ..ProducePartitionResponse::refused(partition.index, ErrorCode::None)
            });
        }
        response.topics.push(ProduceTopicResponse { topic, partitions });
    }
    Ok(Answer::now(response.encode(header)?))
}
