//! Our Produce codec against the kafka-protocol crate, in every version and both directions: what
//! it writes, we read; what we write, it reads and would have written byte for byte.

use crate::samples::{self, encoded, id, text};
use bytes::{Buf, Bytes, BytesMut};
use corelog_net::wire::messages::produce_response as crate_response;
use corelog_net::wire::{
    ApiKey, ErrorCode, LeaderHint, Malformed, NodeEndpoint, ProducePartitionResponse,
    ProduceRequest, ProduceResponse, ProduceTopicResponse, RecordError, RequestHeader, TopicRef,
};
use kafka_protocol::messages::produce_request::{
    PartitionProduceData, ProduceRequest as CrateRequest, TopicProduceData,
};
use kafka_protocol::messages::{ProduceResponse as CrateResponse, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable};
use proptest::collection::vec;
use proptest::prelude::*;

type Topic = (String, u128, Vec<(i32, Option<Vec<u8>>)>);

fn topics() -> impl Strategy<Value = Vec<Topic>> {
    let records = proptest::option::of(vec(any::<u8>(), 0..300));
    vec(("[a-z]{1,20}", any::<u128>(), vec((any::<i32>(), records), 0..4)), 0..4)
}

fn crate_request(version: i16, acks: i16, topics: &[Topic]) -> CrateRequest {
    let topics = topics.iter().map(|(name, number, partitions)| {
        let partitions = partitions.iter().map(|(index, records)| {
            PartitionProduceData::default()
                .with_index(*index)
                .with_records(records.clone().map(Bytes::from))
        });
        let topic = TopicProduceData::default().with_partition_data(partitions.collect());
        if version >= 13 {
            topic.with_topic_id(id(*number))
        } else {
            topic.with_name(text(name).into())
        }
    });
    CrateRequest::default()
        .with_transactional_id((acks > 0).then(|| text("tx").into()))
        .with_acks(acks)
        .with_timeout_ms(1500)
        .with_topic_data(topics.collect())
}

fn topic_ref(version: i16, name: &str, number: u128) -> TopicRef {
    if version >= 13 { TopicRef::Id(id(number)) } else { TopicRef::Name(text(name)) }
}

proptest! {
    #[test]
    fn what_the_crate_writes_is_read_piece_by_piece(
        version in 3i16..=13, acks in -1i16..=1, topics in topics()
    ) {
        let body = encoded(&crate_request(version, acks, &topics), version);
        let mut request = ProduceRequest::decode(version, body).unwrap();
        prop_assert_eq!((request.acks, request.timeout_ms), (acks, 1500));
        prop_assert_eq!(request.transactional_id.clone(), (acks > 0).then(|| text("tx")));
        prop_assert_eq!(request.topics_left(), topics.len());
        for (name, number, partitions) in &topics {
            let topic = request.next_topic().unwrap();
            prop_assert_eq!(topic, topic_ref(version, name, *number));
            prop_assert_eq!(request.partitions_left(), partitions.len());
            for (index, records) in partitions {
                let partition = request.next_partition().unwrap();
                prop_assert_eq!(partition.index, *index);
                prop_assert_eq!(partition.records.as_deref(), records.as_deref());
            }
            prop_assert!(request.next_partition().is_none());
        }
        prop_assert!(request.next_topic().is_none());
    }

    #[test]
    fn a_request_cut_anywhere_is_refused(
        version in 3i16..=13,
        topics in topics(),
        cut in 0.0..1.0,
    ) {
        let mut body = encoded(&crate_request(version, 1, &topics), version);
        body.truncate((body.len() as f64 * cut) as usize);
        prop_assert!(ProduceRequest::decode(version, body).is_err());
    }

    #[test]
    fn what_we_answer_is_what_the_crate_would_write(
        version in 3i16..=13,
        response in response(),
    ) {
        let request = header(version);
        let ours = response.encode(&request).unwrap();
        let mut rest = ours.clone();
        prop_assert_eq!(rest.get_i32() as usize, rest.len());
        let header_version = i16::from(version >= 9);
        let read = ResponseHeader::decode(&mut rest, header_version).unwrap();
        prop_assert_eq!(read.correlation_id, request.correlation_id);
        let theirs = crate_version_of(&response, version);
        prop_assert_eq!(&encoded(&theirs, version)[..], &rest[..]);
        prop_assert_eq!(CrateResponse::decode(&mut rest, version).unwrap(), theirs);
        prop_assert!(rest.is_empty());
    }
}

#[test]
fn batches_leave_the_frame_exclusively_and_uncopied() {
    let body = encoded(&samples::produce(9), 9);
    let frame = body.as_ptr_range();
    let mut request = ProduceRequest::decode(9, body).unwrap();
    let mut pieces = Vec::new();
    while request.next_topic().is_some() {
        while let Some(partition) = request.next_partition() {
            pieces.extend(partition.records);
        }
    }
    for piece in pieces.iter_mut().filter(|piece| !piece.is_empty()) {
        assert!(frame.contains(&piece.as_ptr()), "copied out of the frame");
        piece.fill(1);
    }
    assert_eq!(pieces.iter().map(BytesMut::len).sum::<usize>(), 400);
}

#[test]
fn partitions_that_are_not_taken_are_passed_over() {
    let body = encoded(&samples::produce(13), 13);
    let mut request = ProduceRequest::decode(13, body).unwrap();
    assert_eq!(request.next_topic(), Some(TopicRef::Id(id(1))));
    assert_eq!(request.next_topic(), Some(TopicRef::Id(id(2))));
    assert_eq!(request.next_partition().unwrap().index, 0);
    assert_eq!(request.next_topic(), None);
}

#[test]
fn versions_before_three_are_refused() {
    for version in [-1, 0, 1, 2, 14] {
        let error = ProduceRequest::decode(version, BytesMut::zeroed(64)).unwrap_err();
        assert_eq!(error, Malformed::Version(version));
    }
}

fn header(version: i16) -> RequestHeader {
    RequestHeader { api_key: ApiKey::Produce, version, correlation_id: -9, client_id: None }
}

prop_compose! {
    fn partition()(
        index: i32, base_offset: i64, log_start_offset: i64,
        error in prop_oneof![Just(ErrorCode::None), Just(ErrorCode::NotLeaderOrFollower)],
        message in proptest::option::of("[a-z ]{0,300}"),
        records in vec((any::<i32>(), proptest::option::of("[a-z]{0,9}")), 0..3),
        leader in proptest::option::of((0i32.., 0i32..)),
    ) -> ProducePartitionResponse {
        ProducePartitionResponse {
            base_offset,
            log_start_offset,
            record_errors: records
                .into_iter()
                .map(|(batch_index, m)| {
                    RecordError { batch_index, message: m.as_deref().map(text) }
                })
                .collect(),
            error_message: message.as_deref().map(text),
            current_leader: leader
                .map(|(leader_id, leader_epoch)| LeaderHint { leader_id, leader_epoch }),
            ..ProducePartitionResponse::refused(index, error)
        }
    }
}

prop_compose! {
    fn response()(
        topics in vec(("[a-z]{1,200}", any::<u128>(), vec(partition(), 0..3)), 0..3),
        throttle_time_ms: i32,
        endpoints in vec((any::<i32>(), "[a-z.]{0,20}", proptest::option::of("[a-z]{0,5}")), 0..3),
        with_ids: bool,
    ) -> ProduceResponse {
        ProduceResponse {
            topics: topics
                .into_iter()
                .map(|(name, number, partitions)| ProduceTopicResponse {
                    topic: match with_ids {
                        true => TopicRef::Id(id(number)),
                        false => TopicRef::Name(text(&name)),
                    },
                    partitions,
                })
                .collect(),
            throttle_time_ms,
            node_endpoints: endpoints
                .into_iter()
                .map(|(node_id, host, rack)| NodeEndpoint {
                    node_id,
                    host: text(&host),
                    port: 9092,
                    rack: rack.as_deref().map(text),
                })
                .collect(),
        }
    }
}

fn crate_version_of(response: &ProduceResponse, version: i16) -> CrateResponse {
    let topics = response.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|p| crate_partition(p, version)).collect();
        let theirs =
            crate_response::TopicProduceResponse::default().with_partition_responses(partitions);
        match &topic.topic {
            TopicRef::Id(id) if version >= 13 => theirs.with_topic_id(*id),
            TopicRef::Name(name) if version < 13 => theirs.with_name(name.clone().into()),
            _ => theirs,
        }
    });
    let theirs = CrateResponse::default()
        .with_responses(topics.collect())
        .with_throttle_time_ms(response.throttle_time_ms);
    if version < 10 {
        return theirs;
    }
    let endpoints = response.node_endpoints.iter().map(|endpoint| {
        crate_response::NodeEndpoint::default()
            .with_node_id(endpoint.node_id.into())
            .with_host(endpoint.host.clone())
            .with_port(endpoint.port)
            .with_rack(endpoint.rack.clone())
    });
    theirs.with_node_endpoints(endpoints.collect())
}

fn crate_partition(
    ours: &ProducePartitionResponse,
    version: i16,
) -> crate_response::PartitionProduceResponse {
    let mut theirs = crate_response::PartitionProduceResponse::default()
        .with_index(ours.index)
        .with_error_code(ours.error.code())
        .with_base_offset(ours.base_offset)
        .with_log_append_time_ms(ours.log_append_time_ms);
    if version >= 5 {
        theirs.log_start_offset = ours.log_start_offset;
    }
    if version >= 8 {
        let records = ours.record_errors.iter().map(|record| {
            crate_response::BatchIndexAndErrorMessage::default()
                .with_batch_index(record.batch_index)
                .with_batch_index_error_message(record.message.clone())
        });
        theirs = theirs
            .with_record_errors(records.collect())
            .with_error_message(ours.error_message.clone());
    }
    if let Some(leader) = ours.current_leader.filter(|_| version >= 10) {
        theirs.current_leader = crate_response::LeaderIdAndEpoch::default()
            .with_leader_id(leader.leader_id.into())
            .with_leader_epoch(leader.leader_epoch);
    }
    theirs
}

#[test]
fn encoding_through_the_crate_gives_the_same_frame() {
    let request = header(8);
    let body = crate_version_of(&ProduceResponse::default(), 8);
    let theirs = corelog_net::wire::response_frame(&request, &body).unwrap();
    assert_eq!(ProduceResponse::default().encode(&request).unwrap(), theirs);
    assert_eq!(body.compute_size(8).unwrap() + 8, theirs.len());
}
