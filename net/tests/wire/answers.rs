//! The client's tables against the kafka-protocol crate: responses it writes as a broker, in every
//! version, read field by field; and requests written for a broker.

use crate::samples::{self, id, text};
use bytes::{Buf, Bytes, BytesMut};
use corelog_net::wire::answer::admin::{CreateTopicsAnswer, DeleteTopicsAnswer};
use corelog_net::wire::answer::data::{
    FetchAnswer, InitProducerIdAnswer, ListOffsetsAnswer, ProduceAnswer,
};
use corelog_net::wire::answer::describe::{DescribeConfigsAnswer, DescribeTopicPartitionsAnswer};
use corelog_net::wire::answer::metadata::{
    ApiVersionsAnswer, DescribeClusterAnswer, MetadataAnswer,
};
use corelog_net::wire::messages::*;
use corelog_net::wire::{
    Answer, ApiKey, RequestHeader, TopicRef, request_frame, response_frame, split_response,
};
use kafka_protocol::protocol::Encodable;

fn header(api_key: ApiKey, version: i16) -> RequestHeader {
    RequestHeader { api_key, version, correlation_id: 12, client_id: Some(text("me")) }
}

/// Writes what `of` gives for every version with the crate and reads it back with our table.
pub fn each<A: Answer, M: Encodable>(of: impl Fn(i16) -> M, check: impl Fn(i16, A)) {
    for version in A::KEY.versions() {
        let mut frame = response_frame(&header(A::KEY, version), &of(version)).unwrap();
        assert_eq!(frame.get_i32() as usize, frame.len());
        assert_eq!(split_response(A::KEY, version, &mut frame).unwrap(), 12);
        check(version, A::decode(version, frame).unwrap());
    }
}

#[test]
fn answers_to_produce_are_read() {
    use produce_response::{PartitionProduceResponse, TopicProduceResponse};
    let of = |version| {
        let mut topic = TopicProduceResponse::default().with_partition_responses(vec![
            PartitionProduceResponse::default()
                .with_index(3)
                .with_error_code(87)
                .with_base_offset(44)
                .with_error_message((version >= 8).then(|| text("bad"))),
        ]);
        if version >= 13 {
            topic.topic_id = id(4);
        } else {
            topic.name = text("t").into();
        }
        ProduceResponse::default().with_responses(vec![topic]).with_throttle_time_ms(6)
    };
    each(of, |version, answer: ProduceAnswer| {
        let topic = answer.topics.iter().next().unwrap();
        let expected = if version >= 13 { TopicRef::Id(id(4)) } else { TopicRef::Name(text("t")) };
        assert_eq!((topic.topic, answer.throttle_time_ms), (expected, 6));
        let partition = topic.partitions.iter().next().unwrap();
        assert_eq!((partition.index, partition.error_code), (3, 87));
        assert_eq!(partition.base_offset, 44);
        assert_eq!(partition.error_message, (version >= 8).then(|| text("bad")));
    });
}

#[test]
fn answers_to_fetch_are_read() {
    use fetch_response::{AbortedTransaction, FetchableTopicResponse, PartitionData};
    let of = |version| {
        let aborted = AbortedTransaction::default().with_producer_id(5.into()).with_first_offset(6);
        let topic = FetchableTopicResponse::default().with_partitions(vec![
            PartitionData::default()
                .with_partition_index(3)
                .with_high_watermark(9)
                .with_aborted_transactions(Some(vec![aborted]))
                .with_records(Some(Bytes::from_static(b"batches"))),
        ]);
        let mut response = FetchResponse::default().with_responses(vec![topic]);
        if version >= 7 {
            response.session_id = 8;
        }
        response
    };
    each(of, |version, answer: FetchAnswer| {
        assert_eq!(answer.session_id, if version >= 7 { 8 } else { 0 });
        let topic = answer.topics.iter().next().unwrap();
        let partition = topic.partitions.iter().next().unwrap();
        assert_eq!((partition.index, partition.high_watermark), (3, 9));
        assert_eq!(partition.records.as_deref(), Some(&b"batches"[..]));
        let aborted = partition.aborted_transactions.unwrap().iter().next().unwrap();
        assert_eq!((aborted.producer_id, aborted.first_offset), (5, 6));
    });
}

#[test]
fn answers_about_offsets_and_producer_ids_are_read() {
    use list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
    let offsets = |_| {
        let partition = ListOffsetsPartitionResponse::default()
            .with_partition_index(1)
            .with_timestamp(2)
            .with_offset(3);
        ListOffsetsResponse::default().with_topics(vec![
            ListOffsetsTopicResponse::default()
                .with_name(text("t").into())
                .with_partitions(vec![partition]),
        ])
    };
    each(offsets, |_, answer: ListOffsetsAnswer| {
        let topic = answer.topics.iter().next().unwrap();
        let found = topic.partitions.iter().next().unwrap();
        assert_eq!((found.index, found.timestamp, found.offset), (1, 2, 3));
    });
    let of =
        |_| InitProducerIdResponse::default().with_producer_id(7.into()).with_producer_epoch(8);
    each(of, |_, answer: InitProducerIdAnswer| {
        assert_eq!((answer.producer_id, answer.producer_epoch), (7, 8));
    });
}

#[test]
fn answers_about_the_cluster_are_read() {
    let versions = |_| {
        let api = api_versions_response::ApiVersion::default();
        ApiVersionsResponse::default()
            .with_api_keys(vec![api.with_api_key(3).with_min_version(1).with_max_version(9)])
    };
    each(versions, |_, answer: ApiVersionsAnswer| {
        let api = answer.api_keys.iter().next().unwrap();
        assert_eq!((api.api_key, api.min_version, api.max_version), (3, 1, 9));
    });
    let cluster = |version| {
        let mut broker = describe_cluster_response::DescribeClusterBroker::default()
            .with_broker_id(1.into())
            .with_host(text("h"))
            .with_port(9092);
        broker.is_fenced = version >= 2;
        DescribeClusterResponse::default()
            .with_cluster_id(text("c"))
            .with_controller_id(1.into())
            .with_brokers(vec![broker])
    };
    each(cluster, |version, answer: DescribeClusterAnswer| {
        assert_eq!((answer.cluster_id, answer.controller_id), (text("c"), 1));
        let broker = answer.brokers.iter().next().unwrap();
        assert_eq!((broker.broker_id, broker.host, broker.port), (1, text("h"), 9092));
        assert_eq!(broker.is_fenced, version >= 2);
    });
}

#[test]
fn metadata_is_read() {
    use metadata_response::{
        MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
    };
    let of = |version| {
        let partition = MetadataResponsePartition::default()
            .with_partition_index(2)
            .with_leader_id(1.into())
            .with_replica_nodes(vec![1.into(), 5.into()])
            .with_isr_nodes(vec![1.into()]);
        let mut topic = MetadataResponseTopic::default()
            .with_name(Some(text("t").into()))
            .with_partitions(vec![partition]);
        if version >= 10 {
            topic.topic_id = id(3);
        }
        let mut response = MetadataResponse::default()
            .with_brokers(vec![
                MetadataResponseBroker::default()
                    .with_node_id(1.into())
                    .with_host(text("h"))
                    .with_port(9092),
            ])
            .with_topics(vec![topic]);
        if version >= 2 {
            response.cluster_id = Some(text("c"));
        }
        if version >= 13 {
            response.error_code = 129;
        }
        response
    };
    each(of, |version, answer: MetadataAnswer| {
        assert_eq!(answer.cluster_id, (version >= 2).then(|| text("c")));
        assert_eq!(answer.error_code, if version >= 13 { 129 } else { 0 });
        let broker = answer.brokers.iter().next().unwrap();
        assert_eq!((broker.node_id, broker.host, broker.port), (1, text("h"), 9092));
        let topic = answer.topics.iter().next().unwrap();
        assert_eq!(topic.name, Some(text("t")));
        assert_eq!(topic.topic_id, id(if version >= 10 { 3 } else { 0 }));
        let partition = topic.partitions.iter().next().unwrap();
        assert_eq!((partition.index, partition.leader_id), (2, 1));
        assert_eq!(partition.replica_nodes.iter().collect::<Vec<_>>(), [1, 5]);
        assert_eq!(partition.isr_nodes.iter().collect::<Vec<_>>(), [1]);
    });
}

#[test]
fn answers_about_topics_are_read() {
    use create_topics_response::{CreatableTopicConfigs, CreatableTopicResult};
    let created = |version| {
        let mut topic = CreatableTopicResult::default()
            .with_name(text("t").into())
            .with_error_code(40)
            .with_error_message(Some(text("no")));
        if version >= 5 {
            topic.num_partitions = 4;
            topic.topic_config_error_code = 29;
            topic.configs = Some(vec![CreatableTopicConfigs::default().with_name(text("k"))]);
        }
        CreateTopicsResponse::default().with_topics(vec![topic])
    };
    each(created, |version, answer: CreateTopicsAnswer| {
        let topic = answer.topics.iter().next().unwrap();
        assert_eq!((topic.name, topic.error_code), (text("t"), 40));
        assert_eq!(topic.error_message, Some(text("no")));
        if version >= 5 {
            assert_eq!((topic.num_partitions, topic.topic_config_error_code), (4, 29));
            assert_eq!(topic.configs.unwrap().iter().next().unwrap().name, text("k"));
        }
    });
    let deleted = |_| {
        let result = delete_topics_response::DeletableTopicResult::default();
        DeleteTopicsResponse::default()
            .with_responses(vec![result.with_name(Some(text("t").into())).with_error_code(3)])
    };
    each(deleted, |_, answer: DeleteTopicsAnswer| {
        let topic = answer.topics.iter().next().unwrap();
        assert_eq!((topic.name, topic.error_code), (Some(text("t")), 3));
    });
}

#[test]
fn descriptions_are_read() {
    use describe_configs_response::{
        DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
    };
    let configs = |version| {
        let synonym = DescribeConfigsSynonym::default().with_name(text("log.k")).with_source(5);
        let mut config = DescribeConfigsResourceResult::default()
            .with_name(text("k"))
            .with_value(Some(text("v")))
            .with_config_source(1)
            .with_synonyms(vec![synonym]);
        if version >= 3 {
            config.config_type = 5;
            config.documentation = Some(text("why"));
        }
        DescribeConfigsResponse::default().with_results(vec![
            DescribeConfigsResult::default()
                .with_resource_type(2)
                .with_resource_name(text("t"))
                .with_configs(vec![config]),
        ])
    };
    each(configs, |version, answer: DescribeConfigsAnswer| {
        let resource = answer.results.iter().next().unwrap();
        assert_eq!((resource.resource_type, resource.resource_name), (2, text("t")));
        let config = resource.configs.iter().next().unwrap();
        assert_eq!((config.name, config.value), (text("k"), Some(text("v"))));
        assert_eq!(config.config_type, if version >= 3 { 5 } else { 0 });
        assert_eq!(config.synonyms.iter().next().unwrap().source, 5);
    });
    use describe_topic_partitions_response as page;
    let pages = |_| {
        let partition = page::DescribeTopicPartitionsResponsePartition::default()
            .with_partition_index(3)
            .with_leader_id(1.into())
            .with_eligible_leader_replicas(Some(vec![1.into()]));
        let topic = page::DescribeTopicPartitionsResponseTopic::default()
            .with_name(Some(text("t").into()))
            .with_partitions(vec![partition]);
        DescribeTopicPartitionsResponse::default()
            .with_topics(vec![topic])
            .with_next_cursor(Some(page::Cursor::default().with_partition_index(4)))
    };
    each(pages, |_, answer: DescribeTopicPartitionsAnswer| {
        assert_eq!(answer.next_cursor.0.unwrap().partition_index, 4);
        let topic = answer.topics.iter().next().unwrap();
        let partition = topic.partitions.iter().next().unwrap();
        assert_eq!((partition.index, partition.leader_id), (3, 1));
        let eligible = partition.eligible_leader_replicas.unwrap();
        assert_eq!(eligible.iter().collect::<Vec<_>>(), [1]);
    });
}

#[test]
fn requests_are_written_as_the_crate_writes_them() {
    for version in ApiKey::Metadata.versions() {
        let body = samples::metadata(version);
        let header = header(ApiKey::Metadata, version);
        let mut ours = request_frame(&header, &body).unwrap();
        assert_eq!(ours.get_i32() as usize, ours.len());
        let read = RequestHeader::split(&mut ours).unwrap();
        assert_eq!(read, header);
        assert_eq!(ours, samples::encoded(&body, version));
    }
    let list = samples::list_offsets(11);
    let frame = request_frame(&header(ApiKey::ListOffsets, 11), &list).unwrap();
    assert_eq!(frame[4..8], [0, 2, 0, 11]);
}

#[test]
fn an_api_versions_response_never_has_tags_in_its_header() {
    for version in ApiKey::ApiVersions.versions() {
        let header = header(ApiKey::ApiVersions, version);
        let frame = response_frame(&header, &ApiVersionsResponse::default()).unwrap();
        let body = samples::encoded(&ApiVersionsResponse::default(), version);
        assert_eq!(frame.len(), 8 + body.len());
    }
    assert!(split_response(ApiKey::ApiVersions, 4, &mut BytesMut::zeroed(3)).is_err());
}
