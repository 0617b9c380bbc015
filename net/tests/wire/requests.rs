//! Our request tables against the kafka-protocol crate: what it writes, we read, field by field,
//! in every version.

use crate::samples::{self, all, id, text};
use bytes::BytesMut;
use corelog_net::wire::fetch::FetchRequest;
use corelog_net::wire::request::api_versions::ApiVersionsRequest;
use corelog_net::wire::request::cluster::DescribeClusterRequest;
use corelog_net::wire::request::configs::DescribeConfigsRequest;
use corelog_net::wire::request::coordinator::{FindCoordinatorRequest, InitProducerIdRequest};
use corelog_net::wire::request::metadata::{DescribeTopicPartitionsRequest, MetadataRequest};
use corelog_net::wire::request::offsets::{ListOffsetsRequest, OffsetForLeaderEpochRequest};
use corelog_net::wire::request::records::DeleteRecordsRequest;
use corelog_net::wire::request::topics::{CreateTopicsRequest, DeleteTopicsRequest};
use corelog_net::wire::{ApiKey, Request, RequestHeader, TopicRef};

/// Reads the sample of every version of one request.
pub fn each<R: Request>(mut check: impl FnMut(i16, R)) {
    let mut seen = 0;
    for sample in all().into_iter().filter(|sample| sample.key == R::KEY) {
        let mut frame = sample.frame;
        let header = RequestHeader::split(&mut frame).unwrap();
        assert_eq!((header.api_key, header.version), (R::KEY, sample.version));
        assert_eq!(header.correlation_id, 77);
        assert_eq!(header.client_id, Some(text("a-client")));
        assert!(header.is_served());
        check(sample.version, R::decode(sample.version, frame).unwrap());
        seen += 1;
    }
    assert_eq!(seen, R::KEY.versions().count());
}

#[test]
fn fetch_is_read_in_every_version() {
    each(|version, request: FetchRequest| {
        assert_eq!(request.fetcher(), 2);
        assert_eq!((request.max_wait_ms, request.min_bytes), (500, 1));
        assert_eq!((request.max_bytes, request.isolation_level), (1 << 25, 1));
        let session = (request.session_id, request.session_epoch);
        assert_eq!(session, if version >= 7 { (8, 9) } else { (0, -1) });
        assert_eq!(request.rack_id, text(if version >= 11 { "rack" } else { "" }));
        assert_eq!(request.cluster_id, (version >= 12).then(|| text("cluster")));
        assert_eq!(request.replica_state.replica_epoch, if version >= 15 { 10 } else { -1 });
        let named = |name, number| {
            if version >= 13 { TopicRef::Id(id(number)) } else { TopicRef::Name(text(name)) }
        };
        let topics: Vec<_> = request.topics.iter().collect();
        assert_eq!(topics.len(), 1);
        assert_eq!(topics[0].topic, named("first", 1));
        let partitions: Vec<_> = topics[0].partitions.iter().collect();
        assert_eq!(partitions.iter().map(|p| p.partition).collect::<Vec<_>>(), [0, 3]);
        for partition in partitions {
            assert_eq!(partition.fetch_offset, 1 << 40);
            assert_eq!(partition.partition_max_bytes, 1 << 20);
            assert_eq!(partition.log_start_offset, if version >= 5 { 3 } else { -1 });
            assert_eq!(partition.current_leader_epoch, if version >= 9 { 4 } else { -1 });
            assert_eq!(partition.last_fetched_epoch, if version >= 12 { 5 } else { -1 });
            assert_eq!(partition.replica_directory_id, id(if version >= 17 { 6 } else { 0 }));
            assert_eq!(partition.high_watermark, if version >= 18 { 7 } else { i64::MAX });
        }
        let forgotten: Vec<_> = request.forgotten_topics.iter().collect();
        assert_eq!(forgotten.len(), usize::from(version >= 7));
        for topic in forgotten {
            assert_eq!(topic.topic, named("second", 2));
            assert_eq!(topic.partitions.iter().collect::<Vec<_>>(), [1, 2]);
        }
    });
}

#[test]
fn list_offsets_is_read_in_every_version_up_to_eleven() {
    each(|version, request: ListOffsetsRequest| {
        assert_eq!(request.replica_id, -1);
        assert_eq!(request.isolation_level, i8::from(version >= 2));
        assert_eq!(request.timeout_ms, if version >= 10 { 1234 } else { 0 });
        let topics: Vec<_> = request.topics.iter().collect();
        assert_eq!((topics.len(), &topics[0].name), (1, &text("first")));
        assert_eq!(topics[0].partitions.len(), 2);
        for partition in &topics[0].partitions {
            assert_eq!((partition.partition_index, partition.timestamp), (4, -6));
            assert_eq!(partition.current_leader_epoch, if version >= 4 { 2 } else { -1 });
        }
    });
}

#[test]
fn epochs_are_read_in_every_version() {
    each(|version, request: OffsetForLeaderEpochRequest| {
        assert_eq!(request.replica_id, if version >= 3 { -1 } else { -2 });
        let topics: Vec<_> = request.topics.iter().collect();
        assert_eq!((topics.len(), &topics[0].topic), (1, &text("first")));
        let partitions: Vec<_> = topics[0].partitions.iter().collect();
        assert_eq!(partitions.len(), 1);
        assert_eq!(partitions[0].partition, 1);
        assert_eq!((partitions[0].current_leader_epoch, partitions[0].leader_epoch), (2, 3));
    });
}

#[test]
fn metadata_is_read_in_every_version() {
    each(|version, request: MetadataRequest| {
        let topics: Vec<_> = request.topics.unwrap().iter().collect();
        assert_eq!(topics.len(), if version >= 10 { 2 } else { 1 });
        assert_eq!(topics[0].name, Some(text("first")));
        if version >= 10 {
            assert_eq!((topics[1].name.clone(), topics[1].topic_id), (None, id(5)));
        }
        assert_eq!(request.allow_auto_topic_creation, version < 4);
        let cluster = request.include_cluster_authorized_operations;
        assert_eq!(cluster, (8..=10).contains(&version));
        assert_eq!(request.include_topic_authorized_operations, version >= 8);
    });
}

#[test]
fn metadata_tells_all_topics_from_none() {
    let all = MetadataRequest::decode(1, BytesMut::from(&[0xff; 4][..])).unwrap();
    assert!(all.topics.is_none());
    let none = MetadataRequest::decode(1, BytesMut::from(&[0; 4][..])).unwrap();
    assert!(none.topics.unwrap().is_empty());
}

#[test]
fn topics_to_describe_are_read_with_their_cursor() {
    each(|_, request: DescribeTopicPartitionsRequest| {
        let names: Vec<_> = request.topics.iter().map(|topic| topic.name).collect();
        assert_eq!(names, [text("first")]);
        assert_eq!(request.response_partition_limit, 17);
        let cursor = request.cursor.0.unwrap();
        assert_eq!((cursor.topic_name, cursor.partition_index), (text("first"), 8));
    });
    let without = samples::describe_topic_partitions().with_cursor(None);
    let body = samples::encoded(&without, 0);
    assert!(DescribeTopicPartitionsRequest::decode(0, body).unwrap().cursor.0.is_none());
}

#[test]
fn coordinators_and_producer_ids_are_read_in_every_version() {
    each(|version, request: FindCoordinatorRequest| {
        assert_eq!(request.key_type, i8::from(version >= 1));
        let keys: Vec<_> = request.coordinator_keys.iter().collect();
        if version >= 4 {
            assert_eq!(keys, [text("one"), text("two")]);
        } else {
            assert_eq!((request.key, keys.len()), (text("one"), 0));
        }
    });
    each(|version, request: InitProducerIdRequest| {
        assert_eq!(request.transactional_id, Some(text("tx")));
        assert_eq!(request.transaction_timeout_ms, 60_000);
        let known = (request.producer_id, request.producer_epoch);
        assert_eq!(known, if version >= 3 { (12, 3) } else { (-1, -1) });
    });
}

#[test]
fn topics_to_create_and_delete_are_read_in_every_version() {
    each(|_, request: CreateTopicsRequest| {
        assert_eq!((request.timeout_ms, request.validate_only), (99, true));
        assert_eq!(request.topics.len(), 2);
        for topic in &request.topics {
            assert_eq!((topic.name, topic.num_partitions), (text("first"), 3));
            assert_eq!(topic.replication_factor, 1);
            let assigned: Vec<_> = topic.assignments.iter().collect();
            assert_eq!((assigned.len(), assigned[0].partition_index), (1, 1));
            assert_eq!(assigned[0].broker_ids.iter().collect::<Vec<_>>(), [1, 2]);
            let values: Vec<_> = topic.configs.iter().map(|config| config.value).collect();
            assert_eq!(values, [Some(text("1000")), None]);
        }
    });
    each(|version, request: DeleteTopicsRequest| {
        assert_eq!(request.timeout_ms, 98);
        let states: Vec<_> = request.topics.iter().map(|t| (t.name, t.topic_id)).collect();
        let names: Vec<_> = request.topic_names.iter().collect();
        if version >= 6 {
            assert_eq!(states, [(Some(text("first")), id(0)), (None, id(3))]);
            assert!(names.is_empty());
        } else {
            assert_eq!((states.len(), names), (0, vec![text("first"), text("second")]));
        }
    });
}

#[test]
fn records_to_delete_are_read_in_every_version() {
    each(|_, request: DeleteRecordsRequest| {
        assert_eq!(request.timeout_ms, 97);
        let topics: Vec<_> = request.topics.iter().collect();
        assert_eq!((topics.len(), &topics[0].name), (1, &text("first")));
        let partitions = topics[0].partitions.iter().map(|p| (p.partition_index, p.offset));
        assert_eq!(partitions.collect::<Vec<_>>(), [(0, 1 << 40), (7, -1)]);
    });
}

#[test]
fn descriptions_are_read_in_every_version() {
    each(|version, request: DescribeClusterRequest| {
        assert!(request.include_cluster_authorized_operations);
        assert_eq!(request.endpoint_type, if version >= 1 { 2 } else { 1 });
        assert_eq!(request.include_fenced_brokers, version >= 2);
    });
    each(|version, request: DescribeConfigsRequest| {
        assert!(request.include_synonyms);
        assert_eq!(request.include_documentation, version >= 3);
        let resources: Vec<_> = request.resources.iter().collect();
        assert_eq!((resources[0].resource_type, &resources[0].resource_name), (2, &text("first")));
        assert!(resources[0].configuration_keys.is_none());
        let keys = resources[1].configuration_keys.as_ref().unwrap();
        assert_eq!(keys.iter().collect::<Vec<_>>(), [text("retention.ms")]);
    });
    each(|version, request: ApiVersionsRequest| {
        let name = if version >= 3 { "librdkafka" } else { "" };
        assert_eq!(request.client_software_name, text(name));
    });
}

#[test]
fn versions_without_a_layout_are_refused() {
    for key in ApiKey::all() {
        assert!(!key.versions().contains(&-1));
    }
    assert!(MetadataRequest::decode(14, BytesMut::zeroed(64)).is_err());
    assert!(ListOffsetsRequest::decode(0, BytesMut::zeroed(64)).is_err());
}
