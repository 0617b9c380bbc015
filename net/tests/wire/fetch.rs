//! Our Fetch response against the kafka-protocol crate, in every version: the parts, laid end to
//! end, are what it would have written byte for byte.

use crate::samples::{encoded, id, text};
use bytes::{Buf, Bytes, BytesMut};
use corelog_engine::runtime::{Part, PartQueue};
use corelog_net::wire::fetch_response::{
    AbortedTransaction, EpochEndOffset, FetchPartitionResponse, FetchResponse, FetchTopicResponse,
};
use corelog_net::wire::{ApiKey, ErrorCode, LeaderHint, NodeEndpoint, RequestHeader, TopicRef};
use kafka_protocol::messages::fetch_response as crate_response;
use kafka_protocol::messages::{FetchResponse as CrateResponse, ResponseHeader};
use kafka_protocol::protocol::Decodable;
use proptest::collection::vec;
use proptest::prelude::*;

pub fn header(version: i16) -> RequestHeader {
    RequestHeader { api_key: ApiKey::Fetch, version, correlation_id: 41, client_id: None }
}

/// All parts end to end; only memory.
fn laid_out(parts: PartQueue) -> Bytes {
    let mut all = BytesMut::new();
    for part in parts {
        match part {
            Part::Memory(bytes) => all.extend_from_slice(&bytes),
            Part::File(_) => panic!("no file was given"),
        }
    }
    all.freeze()
}

proptest! {
    #[test]
    fn the_parts_are_what_the_crate_would_write(version in 4i16..=18, topics in topics()) {
        let theirs = crate_version_of(&topics, version);
        let request = header(version);
        let mut rest = laid_out(response_of(&topics, version).into_parts(&request).unwrap());
        prop_assert_eq!(rest.get_i32() as usize, rest.len());
        let read = ResponseHeader::decode(&mut rest, i16::from(version >= 12)).unwrap();
        prop_assert_eq!(read.correlation_id, 41);
        prop_assert_eq!(&encoded(&theirs, version)[..], &rest[..]);
        prop_assert_eq!(CrateResponse::decode(&mut rest, version).unwrap(), theirs);
        prop_assert!(rest.is_empty());
    }
}

/// One partition of a response, in plain values, from which both sides are built.
#[derive(Debug, Clone)]
struct Plain {
    index: i32,
    offsets: (i64, i64, i64),
    diverging: Option<(i32, i64)>,
    leader: Option<(i32, i32)>,
    aborted: Option<Vec<(i64, i64)>>,
    replica: i32,
    records: Vec<Vec<u8>>,
}

type Topics = Vec<(String, u128, Vec<Plain>)>;

prop_compose! {
    fn partition()(
        index: i32, offsets: (i64, i64, i64), replica: i32,
        diverging in proptest::option::of((0i32.., 0i64..)),
        leader in proptest::option::of((0i32.., 0i32..)),
        aborted in proptest::option::of(vec(any::<(i64, i64)>(), 0..3)),
        records in vec(vec(any::<u8>(), 0..200), 0..3),
    ) -> Plain {
        Plain { index, offsets, diverging, leader, aborted, replica, records }
    }
}

fn topics() -> impl Strategy<Value = Topics> {
    vec(("[a-z]{1,200}", any::<u128>(), vec(partition(), 0..4)), 0..4)
}

fn response_of(topics: &Topics, version: i16) -> FetchResponse {
    let partition = |plain: &Plain| FetchPartitionResponse {
        high_watermark: plain.offsets.0,
        last_stable_offset: plain.offsets.1,
        log_start_offset: plain.offsets.2,
        diverging_epoch: plain
            .diverging
            .map(|(epoch, end_offset)| EpochEndOffset { epoch, end_offset }),
        current_leader: plain
            .leader
            .map(|(leader_id, leader_epoch)| LeaderHint { leader_id, leader_epoch }),
        aborted_transactions: plain.aborted.as_ref().map(|aborted| {
            let transaction =
                |&(producer_id, first_offset)| AbortedTransaction { producer_id, first_offset };
            aborted.iter().map(transaction).collect()
        }),
        preferred_read_replica: plain.replica,
        records: plain.records.iter().map(|r| Part::Memory(Bytes::from(r.clone()))).collect(),
        ..FetchPartitionResponse::refused(plain.index, ErrorCode::FencedLeaderEpoch)
    };
    let topic = |(name, number, partitions): &(String, u128, Vec<Plain>)| FetchTopicResponse {
        topic: if version >= 13 { TopicRef::Id(id(*number)) } else { TopicRef::Name(text(name)) },
        partitions: partitions.iter().map(partition).collect(),
    };
    FetchResponse {
        throttle_time_ms: 5,
        error: ErrorCode::None,
        session_id: 6,
        topics: topics.iter().map(topic).collect(),
        node_endpoints: vec![NodeEndpoint {
            node_id: 1,
            host: text("a.host"),
            port: 9092,
            rack: None,
        }],
    }
}

fn crate_version_of(topics: &Topics, version: i16) -> CrateResponse {
    let topics = topics.iter().map(|(name, number, partitions)| {
        let theirs = crate_response::FetchableTopicResponse::default()
            .with_partitions(partitions.iter().map(|p| crate_partition(p, version)).collect());
        if version >= 13 {
            theirs.with_topic_id(id(*number))
        } else {
            theirs.with_topic(text(name).into())
        }
    });
    let mut theirs =
        CrateResponse::default().with_throttle_time_ms(5).with_responses(topics.collect());
    if version >= 7 {
        theirs.session_id = 6;
    }
    if version >= 16 {
        theirs.node_endpoints = vec![
            crate_response::NodeEndpoint::default()
                .with_node_id(1.into())
                .with_host(text("a.host"))
                .with_port(9092)
                .with_rack(None),
        ];
    }
    theirs
}

fn crate_partition(plain: &Plain, version: i16) -> crate_response::PartitionData {
    let aborted = plain.aborted.as_ref().map(|aborted| {
        let transaction = |&(producer, first): &(i64, i64)| {
            crate_response::AbortedTransaction::default()
                .with_producer_id(producer.into())
                .with_first_offset(first)
        };
        aborted.iter().map(transaction).collect()
    });
    let mut theirs = crate_response::PartitionData::default()
        .with_partition_index(plain.index)
        .with_error_code(74)
        .with_high_watermark(plain.offsets.0)
        .with_last_stable_offset(plain.offsets.1)
        .with_aborted_transactions(aborted)
        .with_records(Some(plain.records.concat().into()));
    if version >= 5 {
        theirs.log_start_offset = plain.offsets.2;
    }
    if version >= 11 {
        theirs.preferred_read_replica = plain.replica.into();
    }
    if version >= 12 {
        if let Some((epoch, end_offset)) = plain.diverging {
            theirs.diverging_epoch = crate_response::EpochEndOffset::default()
                .with_epoch(epoch)
                .with_end_offset(end_offset);
        }
        if let Some((leader_id, leader_epoch)) = plain.leader {
            theirs.current_leader = crate_response::LeaderIdAndEpoch::default()
                .with_leader_id(leader_id.into())
                .with_leader_epoch(leader_epoch);
        }
    }
    theirs
}
