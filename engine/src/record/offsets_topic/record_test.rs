//! Every record comes back from its bytes; bytes that are no record are an error and no more.

use std::sync::Arc;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn text() -> impl Strategy<Value = Arc<str>> {
    "[a-z0-9.é-]{0,12}".prop_map(|text| Arc::from(text.as_str()))
}

fn blob() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..20).prop_map(Bytes::from)
}

fn uuid() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

fn committed() -> impl Strategy<Value = CommittedOffset> {
    (any::<i64>(), any::<i32>(), text(), any::<i64>(), option::of(0..i64::MAX), uuid()).prop_map(
        |(offset, leader_epoch, metadata, commit_timestamp, expires, topic_id)| CommittedOffset {
            offset,
            // The version with an expire timestamp has neither of the two.
            leader_epoch: if expires.is_some() { -1 } else { leader_epoch },
            metadata,
            commit_timestamp,
            expire_timestamp: expires.unwrap_or(-1),
            topic_id: if expires.is_some() { Uuid::nil() } else { topic_id },
        },
    )
}

fn classic_member() -> impl Strategy<Value = ClassicMemberValue> {
    let names = (text(), option::of(text()), text(), text());
    (names, 0..i32::MAX, any::<i32>(), blob(), blob()).prop_map(
        |(names, rebalance_timeout_ms, session_timeout_ms, subscription, assignment)| {
            let (member_id, instance_id, client_id, client_host) = names;
            ClassicMemberValue {
                member_id,
                instance_id,
                client_id,
                client_host,
                rebalance_timeout_ms,
                session_timeout_ms,
                subscription,
                assignment,
            }
        },
    )
}

fn classic() -> impl Strategy<Value = ClassicGroupValue> {
    let names = (text(), option::of(text()), option::of(text()));
    (names, any::<i32>(), any::<i64>(), vec(classic_member(), 0..4)).prop_map(
        |(names, generation, state_timestamp, members)| {
            let (protocol_type, protocol, leader) = names;
            ClassicGroupValue {
                protocol_type,
                generation,
                protocol,
                leader,
                state_timestamp,
                members,
            }
        },
    )
}

fn member() -> impl Strategy<Value = MemberValue> {
    let names = (option::of(text()), option::of(text()), text(), text());
    let classic = (any::<i32>(), vec((text(), blob()), 0..3));
    let wants = (vec(text(), 0..4), option::of(text()), any::<i32>(), option::of(text()));
    (names, wants, option::of(classic)).prop_map(|(names, wants, classic)| {
        let (instance_id, rack_id, client_id, client_host) = names;
        let (topics, pattern, rebalance_timeout_ms, assignor) = wants;
        let classic = classic.map(|(session_timeout_ms, protocols)| ClassicMetadata {
            session_timeout_ms,
            protocols,
        });
        MemberValue {
            instance_id,
            rack_id,
            client_id,
            client_host,
            topics,
            pattern,
            rebalance_timeout_ms,
            assignor,
            classic,
        }
    })
}

fn target() -> impl Strategy<Value = Vec<TopicPartitions>> {
    let topic = (uuid(), vec(any::<i32>(), 0..4))
        .prop_map(|(topic, partitions)| TopicPartitions { topic, partitions });
    vec(topic, 0..3)
}

fn owned() -> impl Strategy<Value = Vec<OwnedPartitions>> {
    let topic = (uuid(), vec((any::<i32>(), any::<i32>()), 0..4))
        .prop_map(|(topic, partitions)| OwnedPartitions { topic, partitions });
    vec(topic, 0..3)
}

fn current() -> impl Strategy<Value = CurrentValue> {
    (any::<i32>(), any::<i32>(), any::<i8>(), owned(), owned()).prop_map(
        |(member_epoch, previous_member_epoch, state, assigned, revoking)| CurrentValue {
            member_epoch,
            previous_member_epoch,
            state,
            assigned,
            revoking,
        },
    )
}

fn record() -> impl Strategy<Value = GroupRecord> {
    let epochs = (any::<i32>(), any::<i64>());
    let pattern = (vec(text(), 0..4), any::<i64>(), any::<i64>());
    prop_oneof![
        (text(), text(), any::<i32>(), option::of(committed())).prop_map(
            |(group, topic, partition, value)| GroupRecord::Offset {
                group,
                topic,
                partition,
                value
            }
        ),
        (text(), option::of(classic()))
            .prop_map(|(group, value)| GroupRecord::Classic { group, value }),
        (text(), option::of(epochs)).prop_map(|(group, value)| GroupRecord::Epoch {
            group,
            value: value.map(|(epoch, metadata_hash)| GroupEpochValue { epoch, metadata_hash }),
        }),
        (text(), text(), option::of(member()))
            .prop_map(|(group, member, value)| GroupRecord::Member { group, member, value }),
        (text(), option::of(epochs)).prop_map(|(group, value)| GroupRecord::TargetEpoch {
            group,
            value: value.map(|(epoch, timestamp)| TargetEpochValue { epoch, timestamp }),
        }),
        (text(), text(), option::of(target()))
            .prop_map(|(group, member, value)| GroupRecord::Target { group, member, value }),
        (text(), text(), option::of(current()))
            .prop_map(|(group, member, value)| GroupRecord::Current { group, member, value }),
        (text(), text(), option::of(pattern)).prop_map(|(group, pattern, value)| {
            let value = value.map(|(topics, version, timestamp)| PatternValue {
                topics,
                version,
                timestamp,
            });
            GroupRecord::Pattern { group, pattern, value }
        }),
    ]
}

proptest! {
    #[test]
    fn every_record_comes_back(record in record()) {
        let (key, value) = (record.key_bytes(), record.value_bytes());
        prop_assert_eq!(GroupRecord::decode(&key, value.as_deref()), Ok(Some(record)));
    }

    #[test]
    fn any_end_of_a_value_is_an_error(record in record(), part in 0.0..1.0) {
        let Some(value) = record.value_bytes() else { return Ok(()) };
        let cut = (value.len() as f64 * part) as usize;
        let decoded = GroupRecord::decode(&record.key_bytes(), Some(&value[..cut]));
        prop_assert_eq!(decoded, Err(DecodeError::OutOfBounds));
    }

    #[test]
    fn any_bytes_are_read_or_refused(kind in 0_i16..18, version in -1_i16..6, rest: Vec<u8>) {
        let key: Vec<u8> = kind.to_be_bytes().into_iter().chain(rest.iter().copied()).collect();
        let _ = GroupRecord::decode(&key, None);
        let name = [0, 1, b'g', 0, 1, b'n', 0, 0, 0, 1];
        let key: Vec<u8> = kind.to_be_bytes().into_iter().chain(name).collect();
        let value: Vec<u8> = version.to_be_bytes().into_iter().chain(rest).collect();
        let _ = GroupRecord::decode(&key, Some(&value));
    }
}

#[test]
fn a_newer_version_of_a_value_is_not_guessed() {
    let key = GroupRecord::Classic { group: Arc::from("g"), value: None }.key_bytes();
    let decoded = GroupRecord::decode(&key, Some(&[0, 5, 0, 0]));
    assert_eq!(decoded, Err(DecodeError::UnknownVersion { kind: 2, version: 5 }));
}

#[test]
fn a_count_is_believed_as_far_as_there_are_bytes() {
    let key = GroupRecord::Target { group: Arc::default(), member: Arc::default(), value: None };
    let huge = [0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f];
    let decoded = GroupRecord::decode(&key.key_bytes(), Some(&huge));
    assert_eq!(decoded, Err(DecodeError::OutOfBounds));
}

#[test]
fn names_that_plain_fields_cannot_hold_make_the_value_compact() {
    let long = Arc::from("x".repeat(PLAIN_TEXT_BYTES_MAX + 1));
    let value = ClassicGroupValue { protocol_type: long, ..ClassicGroupValue::default() };
    let record = GroupRecord::Classic { group: Arc::from("g"), value: Some(value) };
    let bytes = record.value_bytes().unwrap();
    assert_eq!(bytes[..2], [0, 4]);
    assert_eq!(GroupRecord::decode(&record.key_bytes(), Some(&bytes)), Ok(Some(record)));
}
