//! One request of every kind in every version, written by the kafka-protocol crate: the frames
//! that the tests of the codec read, cut, and damage.

#![allow(dead_code, reason = "each test binary uses its part of the samples")]
#![allow(clippy::unwrap_used, reason = "a test")]

pub mod groups;

use bytes::{BufMut, BytesMut};
use corelog_net::wire::messages::*;
use corelog_net::wire::{ApiKey, StrBytes};
use kafka_protocol::protocol::{Encodable, encode_request_header_into_buffer};
use uuid::Uuid;

/// A frame without its length, and what it is.
pub struct Sample {
    pub key: ApiKey,
    pub version: i16,
    pub frame: BytesMut,
}

/// Every request in every version.
pub fn all() -> Vec<Sample> {
    let mut samples = Vec::new();
    for key in ApiKey::all() {
        for version in key.versions() {
            samples.push(Sample { key, version, frame: frame(key, version, &body(key, version)) });
        }
    }
    samples
}

/// Puts a request header in front of a body.
pub fn frame(key: ApiKey, version: i16, body: &[u8]) -> BytesMut {
    let header = RequestHeader::default()
        .with_request_api_key(key.code())
        .with_request_api_version(version)
        .with_correlation_id(77)
        .with_client_id(Some(text("a-client")));
    let mut frame = BytesMut::new();
    encode_request_header_into_buffer(&mut frame, &header).unwrap();
    frame.put_slice(body);
    frame
}

/// What the crate writes for a message.
pub fn encoded(message: &impl Encodable, version: i16) -> BytesMut {
    let mut body = BytesMut::new();
    message.encode(&mut body, version).unwrap();
    body
}

pub fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

pub fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn body(key: ApiKey, version: i16) -> BytesMut {
    match key {
        ApiKey::Produce => encoded(&produce(version), version),
        ApiKey::Fetch => encoded(&fetch(version), version),
        // The crate stops at 10; 11 has the same layout.
        ApiKey::ListOffsets => encoded(&list_offsets(version), version.min(10)),
        ApiKey::Metadata => encoded(&metadata(version), version),
        ApiKey::OffsetCommit => groups::offset_commit(version),
        ApiKey::OffsetFetch => groups::offset_fetch(version),
        ApiKey::FindCoordinator => encoded(&find_coordinator(version), version),
        ApiKey::JoinGroup => encoded(&groups::join(version), version),
        ApiKey::Heartbeat => encoded(&groups::heartbeat(version), version),
        ApiKey::LeaveGroup => encoded(&groups::leave(version), version),
        ApiKey::SyncGroup => encoded(&groups::sync(version), version),
        ApiKey::DescribeGroups => encoded(&groups::describe(version), version),
        ApiKey::ListGroups => encoded(&groups::list(version), version),
        ApiKey::ApiVersions => encoded(&api_versions(version), version),
        ApiKey::CreateTopics => encoded(&create_topics(), version),
        ApiKey::DeleteTopics => encoded(&delete_topics(version), version),
        ApiKey::DeleteRecords => encoded(&delete_records(), version),
        ApiKey::InitProducerId => encoded(&init_producer_id(version), version),
        ApiKey::OffsetForLeaderEpoch => encoded(&epochs(version), version),
        ApiKey::DescribeConfigs => encoded(&describe_configs(version), version),
        ApiKey::DeleteGroups => encoded(&groups::delete(), version),
        ApiKey::OffsetDelete => encoded(&groups::offset_delete(), version),
        ApiKey::DescribeCluster => encoded(&describe_cluster(version), version),
        ApiKey::ConsumerGroupHeartbeat => encoded(&groups::beat(version), version),
        ApiKey::ConsumerGroupDescribe => encoded(&groups::describe_consumer(), version),
        ApiKey::DescribeTopicPartitions => encoded(&describe_topic_partitions(), version),
    }
}

pub fn produce(version: i16) -> ProduceRequest {
    use produce_request::{PartitionProduceData, TopicProduceData};
    let topic = |name: &str, number| {
        let partition = |index, records: Option<&'static [u8]>| {
            PartitionProduceData::default()
                .with_index(index)
                .with_records(records.map(bytes::Bytes::from_static))
        };
        let topic = TopicProduceData::default().with_partition_data(vec![
            partition(0, Some(&[7; 200])),
            partition(9, Some(b"")),
            partition(1, None),
        ]);
        if version >= 13 {
            topic.with_topic_id(id(number))
        } else {
            topic.with_name(text(name).into())
        }
    };
    ProduceRequest::default()
        .with_transactional_id(Some(text("tx").into()))
        .with_acks(-1)
        .with_timeout_ms(30_000)
        .with_topic_data(vec![topic("first", 1), topic("second", 2)])
}

pub fn fetch(version: i16) -> FetchRequest {
    use fetch_request::{FetchPartition, FetchTopic, ForgottenTopic, ReplicaState};
    let partition = |index: i32| {
        let mut partition = FetchPartition::default()
            .with_partition(index)
            .with_fetch_offset(1 << 40)
            .with_partition_max_bytes(1 << 20);
        if version >= 5 {
            partition.log_start_offset = 3;
        }
        if version >= 9 {
            partition.current_leader_epoch = 4;
        }
        if version >= 12 {
            partition.last_fetched_epoch = 5;
        }
        if version >= 17 {
            partition.replica_directory_id = id(6);
        }
        if version >= 18 {
            partition.high_watermark = 7;
        }
        partition
    };
    let mut topic = FetchTopic::default().with_partitions(vec![partition(0), partition(3)]);
    let mut forgotten = ForgottenTopic::default().with_partitions(vec![1, 2]);
    if version >= 13 {
        topic.topic_id = id(1);
        forgotten.topic_id = id(2);
    } else {
        topic.topic = text("first").into();
        forgotten.topic = text("second").into();
    }
    let mut request = FetchRequest::default()
        .with_max_wait_ms(500)
        .with_min_bytes(1)
        .with_max_bytes(1 << 25)
        .with_isolation_level(1)
        .with_topics(vec![topic]);
    if version >= 7 {
        request.session_id = 8;
        request.session_epoch = 9;
        request.forgotten_topics_data = vec![forgotten];
    }
    if version >= 11 {
        request.rack_id = text("rack");
    }
    if version >= 12 {
        request.cluster_id = Some(text("cluster"));
    }
    if version >= 15 {
        request.replica_state =
            ReplicaState::default().with_replica_id(2.into()).with_replica_epoch(10);
    } else {
        request.replica_id = 2.into();
    }
    request
}

pub fn list_offsets(version: i16) -> ListOffsetsRequest {
    use list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
    let mut partition = ListOffsetsPartition::default().with_partition_index(4).with_timestamp(-6);
    if version >= 4 {
        partition.current_leader_epoch = 2;
    }
    let mut request = ListOffsetsRequest::default().with_replica_id((-1).into()).with_topics(vec![
        ListOffsetsTopic::default()
            .with_name(text("first").into())
            .with_partitions(vec![partition.clone(), partition]),
    ]);
    if version >= 2 {
        request.isolation_level = 1;
    }
    if version >= 10 {
        request.timeout_ms = 1234;
    }
    request
}

pub fn metadata(version: i16) -> MetadataRequest {
    use metadata_request::MetadataRequestTopic;
    let named = MetadataRequestTopic::default().with_name(Some(text("first").into()));
    let mut topics = vec![named];
    if version >= 10 {
        topics.push(MetadataRequestTopic::default().with_name(None).with_topic_id(id(5)));
    }
    MetadataRequest::default()
        .with_topics(Some(topics))
        .with_allow_auto_topic_creation(version < 4)
        .with_include_cluster_authorized_operations((8..=10).contains(&version))
        .with_include_topic_authorized_operations(version >= 8)
}

pub fn find_coordinator(version: i16) -> FindCoordinatorRequest {
    let mut request = FindCoordinatorRequest::default();
    if version >= 1 {
        request.key_type = 1;
    }
    if version >= 4 {
        request.coordinator_keys = vec![text("one"), text("two")];
    } else {
        request.key = text("one");
    }
    request
}

pub fn api_versions(version: i16) -> ApiVersionsRequest {
    let mut request = ApiVersionsRequest::default();
    if version >= 3 {
        request.client_software_name = text("librdkafka");
        request.client_software_version = text("2.15.0");
    }
    request
}

pub fn create_topics() -> CreateTopicsRequest {
    use create_topics_request::{CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig};
    let assignment = CreatableReplicaAssignment::default()
        .with_partition_index(1)
        .with_broker_ids(vec![1.into(), 2.into()]);
    let config = |value: Option<&str>| {
        CreatableTopicConfig::default().with_name(text("retention.ms")).with_value(value.map(text))
    };
    let topic = CreatableTopic::default()
        .with_name(text("first").into())
        .with_num_partitions(3)
        .with_replication_factor(1)
        .with_assignments(vec![assignment])
        .with_configs(vec![config(Some("1000")), config(None)]);
    CreateTopicsRequest::default()
        .with_topics(vec![topic.clone(), topic])
        .with_timeout_ms(99)
        .with_validate_only(true)
}

pub fn delete_topics(version: i16) -> DeleteTopicsRequest {
    use delete_topics_request::DeleteTopicState;
    let request = DeleteTopicsRequest::default().with_timeout_ms(98);
    if version >= 6 {
        request.with_topics(vec![
            DeleteTopicState::default().with_name(Some(text("first").into())),
            DeleteTopicState::default().with_topic_id(id(3)),
        ])
    } else {
        request.with_topic_names(vec![text("first").into(), text("second").into()])
    }
}

pub fn delete_records() -> DeleteRecordsRequest {
    use delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
    let partition = |index, offset| {
        DeleteRecordsPartition::default().with_partition_index(index).with_offset(offset)
    };
    let topic = DeleteRecordsTopic::default()
        .with_name(text("first").into())
        .with_partitions(vec![partition(0, 1 << 40), partition(7, -1)]);
    DeleteRecordsRequest::default().with_topics(vec![topic]).with_timeout_ms(97)
}

pub fn init_producer_id(version: i16) -> InitProducerIdRequest {
    let mut request = InitProducerIdRequest::default()
        .with_transactional_id(Some(text("tx").into()))
        .with_transaction_timeout_ms(60_000);
    if version >= 3 {
        request.producer_id = 12.into();
        request.producer_epoch = 3;
    }
    request
}

pub fn epochs(version: i16) -> OffsetForLeaderEpochRequest {
    use offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic};
    let partition = OffsetForLeaderPartition::default()
        .with_partition(1)
        .with_current_leader_epoch(2)
        .with_leader_epoch(3);
    let mut request = OffsetForLeaderEpochRequest::default().with_topics(vec![
        OffsetForLeaderTopic::default()
            .with_topic(text("first").into())
            .with_partitions(vec![partition]),
    ]);
    if version >= 3 {
        request.replica_id = (-1).into();
    }
    request
}

pub fn describe_configs(version: i16) -> DescribeConfigsRequest {
    use describe_configs_request::DescribeConfigsResource;
    let resource = |keys| {
        DescribeConfigsResource::default()
            .with_resource_type(2)
            .with_resource_name(text("first"))
            .with_configuration_keys(keys)
    };
    DescribeConfigsRequest::default()
        .with_resources(vec![resource(None), resource(Some(vec![text("retention.ms")]))])
        .with_include_synonyms(true)
        .with_include_documentation(version >= 3)
}

pub fn describe_cluster(version: i16) -> DescribeClusterRequest {
    let mut request =
        DescribeClusterRequest::default().with_include_cluster_authorized_operations(true);
    if version >= 1 {
        request.endpoint_type = 2;
    }
    if version >= 2 {
        request.include_fenced_brokers = true;
    }
    request
}

pub fn describe_topic_partitions() -> DescribeTopicPartitionsRequest {
    use describe_topic_partitions_request::{Cursor, TopicRequest};
    DescribeTopicPartitionsRequest::default()
        .with_topics(vec![TopicRequest::default().with_name(text("first").into())])
        .with_response_partition_limit(17)
        .with_cursor(Some(
            Cursor::default().with_topic_name(text("first").into()).with_partition_index(8),
        ))
}
