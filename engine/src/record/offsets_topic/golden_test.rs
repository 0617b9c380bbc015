//! Keys and values that Apache Kafka 4.3.1 wrote: its `GroupCoordinatorRecordSerde`, over records
//! of its `GroupCoordinatorRecordHelpers` where there is one, else over its generated messages.

use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use super::*;

const TOPIC: Uuid = Uuid::from_u128(0x0102_0304_0506_0708_1112_1314_1516_1718);
const WHEN: i64 = 1_700_000_000_000;

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digit).collect()
}

fn decoded(key: &str, value: Option<&str>) -> Option<GroupRecord> {
    GroupRecord::decode(&bytes(key), value.map(bytes).as_deref()).unwrap()
}

/// The bytes mean the record, and the record becomes the same bytes.
fn same(key: &str, value: Option<&str>, record: GroupRecord) {
    assert_eq!(decoded(key, value).as_ref(), Some(&record));
    assert_eq!(record.key_bytes(), bytes(key), "key of {record:?}");
    assert_eq!(record.value_bytes().as_deref(), value.map(bytes).as_deref(), "{record:?}");
}

fn text(text: &str) -> Arc<str> {
    Arc::from(text)
}

fn names(names: &[&str]) -> Vec<Arc<str>> {
    names.iter().map(|name| text(name)).collect()
}

const OFFSET_KEY: &str = "000100016700066f726465727300000003";

fn offset(value: Option<CommittedOffset>) -> GroupRecord {
    GroupRecord::Offset { group: text("g"), topic: text("orders"), partition: 3, value }
}

fn committed() -> CommittedOffset {
    CommittedOffset {
        offset: 42,
        leader_epoch: 7,
        metadata: text("note"),
        commit_timestamp: WHEN,
        expire_timestamp: -1,
        topic_id: TOPIC,
    }
}

#[test]
fn an_offset_is_written_as_kafka_writes_it() {
    let value = "0004000000000000002a00000007056e6f74650000018bcfe5680001001001020304050607081112\
                 131415161718";
    same(OFFSET_KEY, Some(value), offset(Some(committed())));
    let value = "0004000000000000002affffffff010000018bcfe5680000";
    let plain = CommittedOffset {
        leader_epoch: -1,
        metadata: text(""),
        topic_id: Uuid::nil(),
        ..committed()
    };
    same(OFFSET_KEY, Some(value), offset(Some(plain)));
    same(OFFSET_KEY, None, offset(None));
}

#[test]
fn an_offset_that_expires_is_written_in_the_version_that_says_so() {
    let value = "0001000000000000002a00046e6f74650000018bcfe568000000018bcfe65260";
    let expires = CommittedOffset { expire_timestamp: WHEN + 60_000, ..committed() };
    let record = offset(Some(expires.clone()));
    assert_eq!(record.value_bytes().unwrap(), bytes(value));
    let kept = CommittedOffset { leader_epoch: -1, topic_id: Uuid::nil(), ..expires };
    assert_eq!(decoded(OFFSET_KEY, Some(value)), Some(offset(Some(kept))));
}

#[test]
fn offsets_of_every_older_version_are_read() {
    let without = CommittedOffset { leader_epoch: -1, topic_id: Uuid::nil(), ..committed() };
    for value in [
        "0000000000000000002a00046e6f74650000018bcfe56800",
        "0002000000000000002a00046e6f74650000018bcfe56800",
    ] {
        assert_eq!(decoded(OFFSET_KEY, Some(value)), Some(offset(Some(without.clone()))));
    }
    let value = "0003000000000000002a0000000700046e6f74650000018bcfe56800";
    let with_epoch = CommittedOffset { leader_epoch: 7, ..without.clone() };
    assert_eq!(decoded(OFFSET_KEY, Some(value)), Some(offset(Some(with_epoch))));
    let key = "000000016700066f726465727300000003";
    let value = "0000000000000000002a00046e6f74650000018bcfe56800";
    assert_eq!(decoded(key, Some(value)), Some(offset(Some(without))));
}

const CLASSIC_KEY: &str = "0002000167";

fn classic(value: Option<ClassicGroupValue>) -> GroupRecord {
    GroupRecord::Classic { group: text("g"), value }
}

fn group_of_two() -> ClassicGroupValue {
    let member = ClassicMemberValue {
        member_id: text("m1"),
        instance_id: None,
        client_id: text("c"),
        client_host: text("/10.0.0.1"),
        rebalance_timeout_ms: 300_000,
        session_timeout_ms: 45_000,
        subscription: Bytes::from_static(&[1, 2]),
        assignment: Bytes::from_static(&[3]),
    };
    let other = ClassicMemberValue {
        member_id: text("m2"),
        instance_id: Some(text("i2")),
        client_id: text("c"),
        client_host: text("/10.0.0.2"),
        rebalance_timeout_ms: 60_000,
        session_timeout_ms: 10_000,
        subscription: Bytes::from_static(&[4]),
        assignment: Bytes::new(),
    };
    ClassicGroupValue {
        protocol_type: text("consumer"),
        generation: 5,
        protocol: Some(text("range")),
        leader: Some(text("m1")),
        state_timestamp: WHEN,
        members: vec![member, other],
    }
}

#[test]
fn a_classic_group_is_written_as_kafka_writes_it() {
    let value = "00030008636f6e73756d657200000005000572616e676500026d310000018bcfe568000000000200\
                 026d31ffff00016300092f31302e302e302e31000493e00000afc8000000020102000000010300\
                 026d320002693200016300092f31302e302e302e320000ea6000002710000000010400000000";
    same(CLASSIC_KEY, Some(value), classic(Some(group_of_two())));
    let value = "0003000000000000ffffffff0000018bcfe5680000000000";
    let empty = ClassicGroupValue { state_timestamp: WHEN, ..ClassicGroupValue::default() };
    same(CLASSIC_KEY, Some(value), classic(Some(empty)));
    same(CLASSIC_KEY, None, classic(None));
}

#[test]
fn classic_groups_of_every_version_are_read() {
    let newest = "000409636f6e73756d6572000000050672616e6765036d310000018bcfe5680003036d310002630a\
                  2f31302e302e302e31000493e00000afc8030102020300036d3203693202630a2f31302e302e302e\
                  320000ea60000027100204010000";
    assert_eq!(decoded(CLASSIC_KEY, Some(newest)), Some(classic(Some(group_of_two()))));
    let mut older = group_of_two();
    older.members[1].instance_id = None;
    let value = "00020008636f6e73756d657200000005000572616e676500026d310000018bcfe568000000000200\
                 026d3100016300092f31302e302e302e31000493e00000afc8000000020102000000010300026d32\
                 00016300092f31302e302e302e320000ea6000002710000000010400000000";
    assert_eq!(decoded(CLASSIC_KEY, Some(value)), Some(classic(Some(older.clone()))));
    older.state_timestamp = -1;
    let value = "00010008636f6e73756d657200000005000572616e676500026d310000000200026d310001630009\
                 2f31302e302e302e31000493e00000afc8000000020102000000010300026d3200016300092f3130\
                 2e302e302e320000ea6000002710000000010400000000";
    assert_eq!(decoded(CLASSIC_KEY, Some(value)), Some(classic(Some(older.clone()))));
    for member in &mut older.members {
        member.rebalance_timeout_ms = member.session_timeout_ms;
    }
    let value = "00000008636f6e73756d657200000005000572616e676500026d310000000200026d310001630009\
                 2f31302e302e302e310000afc8000000020102000000010300026d3200016300092f31302e302e30\
                 2e3200002710000000010400000000";
    assert_eq!(decoded(CLASSIC_KEY, Some(value)), Some(classic(Some(older))));
}

#[test]
fn epochs_are_written_as_kafka_writes_them() {
    let epoch = |value| GroupRecord::Epoch { group: text("g"), value };
    let value = GroupEpochValue { epoch: 9, metadata_hash: 0x1122_3344_5566_7788 };
    same("0003000167", Some("0000000000090100081122334455667788"), epoch(Some(value)));
    let value = GroupEpochValue { epoch: 9, metadata_hash: 0 };
    same("0003000167", Some("00000000000900"), epoch(Some(value)));
    same("0003000167", None, epoch(None));
    let group = text("g");
    same("0004000167", None, GroupRecord::PartitionMetadata { group, value: None });

    let target = |value| GroupRecord::TargetEpoch { group: text("g"), value };
    let value = TargetEpochValue { epoch: 9, timestamp: WHEN };
    same("0006000167", Some("0000000000090100080000018bcfe56800"), target(Some(value)));
    let value = TargetEpochValue { epoch: 9, timestamp: 0 };
    same("0006000167", Some("00000000000900"), target(Some(value)));
}

#[test]
fn members_are_written_as_kafka_writes_them() {
    let member = |value| GroupRecord::Member { group: text("g"), member: text("m1"), value };
    let key = "000500016700026d31";
    let value = "000003693103723102630a2f31302e302e302e3103076f726465727306757365727304612e2a0004\
                 93e008756e69666f726d01000100";
    let modern = MemberValue {
        instance_id: Some(text("i1")),
        rack_id: Some(text("r1")),
        client_id: text("c"),
        client_host: text("/10.0.0.1"),
        topics: names(&["orders", "users"]),
        pattern: Some(text("a.*")),
        rebalance_timeout_ms: 300_000,
        assignor: Some(text("uniform")),
        classic: None,
    };
    same(key, Some(value), member(Some(modern)));
    let value = "0000000002630a2f31302e302e302e3102076f726465727300000493e000010012010000afc80206\
                 72616e6765040001020000";
    let classic = MemberValue {
        client_id: text("c"),
        client_host: text("/10.0.0.1"),
        topics: names(&["orders"]),
        rebalance_timeout_ms: 300_000,
        classic: Some(ClassicMetadata {
            session_timeout_ms: 45_000,
            protocols: vec![(text("range"), Bytes::from_static(&[0, 1, 2]))],
        }),
        ..MemberValue::default()
    };
    same(key, Some(value), member(Some(classic)));
    same(key, None, member(None));
}

#[test]
fn assignments_are_written_as_kafka_writes_them() {
    let (group, member) = (text("g"), text("m1"));
    let value = "000002010203040506070811121314151617180300000000000000020000";
    let target = vec![TopicPartitions { topic: TOPIC, partitions: vec![0, 2] }];
    let (of_group, of_member) = (Arc::clone(&group), Arc::clone(&member));
    let record = GroupRecord::Target { group: of_group, member: of_member, value: Some(target) };
    same("000700016700026d31", Some(value), record);

    let key = "000800016700026d31";
    let current = |value| GroupRecord::Current {
        group: Arc::clone(&group),
        member: Arc::clone(&member),
        value: Some(value),
    };
    let owned = |partitions: &[(i32, i32)]| {
        vec![OwnedPartitions { topic: TOPIC, partitions: partitions.to_vec() }]
    };
    let value = "0000000000090000000801020102030405060708111213141516171803000000000000000201000903\
                 0000000900000004020102030405060708111213141516171802000000010100050200000003\
                 00";
    let mut has = CurrentValue {
        member_epoch: 9,
        previous_member_epoch: 8,
        state: 1,
        assigned: owned(&[(0, 9), (2, 4)]),
        revoking: owned(&[(1, 3)]),
    };
    same(key, Some(value), current(has.clone()));

    // As Kafka before 4.3 wrote it, by a static member that left for a while.
    let value = "0000fffffffe00000008000201020304050607081112131415161718030000000000000002000100";
    has = CurrentValue {
        member_epoch: -2,
        state: 0,
        assigned: owned(&[(0, 0), (2, 0)]),
        revoking: Vec::new(),
        ..has
    };
    assert_eq!(decoded(key, Some(value)), Some(current(has)));
}

#[test]
fn no_epochs_are_not_written() {
    let key = "000800016700026d31";
    let value = "0000000000090000000800020102030405060708111213141516171801000100";
    let has = CurrentValue {
        member_epoch: 9,
        previous_member_epoch: 8,
        state: 0,
        assigned: vec![OwnedPartitions { topic: TOPIC, partitions: Vec::new() }],
        revoking: Vec::new(),
    };
    let (group, member) = (text("g"), text("m1"));
    same(key, Some(value), GroupRecord::Current { group, member, value: Some(has) });
}

#[test]
fn patterns_are_written_as_kafka_writes_them() {
    let pattern = |value| GroupRecord::Pattern { group: text("g"), pattern: text("a.*"), value };
    let key = "00100001670003612e2a";
    let matched = PatternValue { topics: names(&["abc", "ax"]), version: 12, timestamp: WHEN };
    let value = "00000304616263036178000000000000000c0000018bcfe5680000";
    same(key, Some(value), pattern(Some(matched)));
    same(key, None, pattern(None));
}

#[test]
fn what_belongs_to_other_kinds_of_groups_is_passed_over() {
    let share = "000b000167";
    assert_eq!(decoded(share, Some("000000000009000000000000000100")), None);
}
