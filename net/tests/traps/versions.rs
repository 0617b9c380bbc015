//! What is spoken, and what happens to who speaks otherwise.

use std::collections::BTreeMap;

use crate::broker::Broker;
use crate::bytes::*;

fn listed(reply: &mut Reply) -> BTreeMap<i16, (i16, i16)> {
    let count = reply.i32();
    (0..count).map(|_| (reply.i16(), (reply.i16(), reply.i16()))).collect()
}

#[test]
fn versions_are_advertised_as_old_librdkafka_needs_them() {
    let broker = Broker::start();
    let mut reply = broker.connect().ask(API_VERSIONS, 0, Body::new());
    assert_eq!(reply.i16(), 0);
    let listed = listed(&mut reply);
    assert!(reply.is_at_end());
    assert_eq!(listed[&PRODUCE], (0, 13));
    assert_eq!(listed[&FETCH], (4, 18));
    assert_eq!(listed[&LIST_OFFSETS], (1, 11));
    assert_eq!(listed[&METADATA], (0, 13));
    assert_eq!(listed[&FIND_COORDINATOR], (0, 6));
    assert_eq!(listed[&API_VERSIONS], (0, 4));
    assert_eq!(listed[&INIT_PRODUCER_ID], (0, 5));
    for (key, versions) in [
        (OFFSET_COMMIT, (2, 10)),
        (OFFSET_FETCH, (1, 10)),
        (JOIN_GROUP, (0, 9)),
        (HEARTBEAT, (0, 4)),
        (LEAVE_GROUP, (0, 5)),
        (SYNC_GROUP, (0, 5)),
        (DESCRIBE_GROUPS, (0, 6)),
        (LIST_GROUPS, (0, 5)),
        (DELETE_GROUPS, (0, 2)),
        (OFFSET_DELETE, (0, 0)),
        (CONSUMER_GROUP_HEARTBEAT, (0, 1)),
        (CONSUMER_GROUP_DESCRIBE, (0, 1)),
    ] {
        assert_eq!(listed[&key], versions, "{key}");
    }
    let keys: Vec<i16> = listed.keys().copied().collect();
    let groups = [8, 9, 10, 11, 12, 13, 14, 15, 16, 42, 47, 68, 69];
    let mut expected = [&[0, 1, 2, 3, 18, 19, 20, 21, 22, 23, 32, 60, 75][..], &groups].concat();
    expected.sort_unstable();
    assert_eq!(keys, expected);
}

#[test]
fn an_unknown_version_of_api_versions_is_answered_in_version_0_and_the_connection_lives() {
    let broker = Broker::start();
    let mut client = broker.connect();
    for version in [5, 99, i16::MAX] {
        let body = Body::new().compact("x").compact("1").no_tags();
        let correlation = client.send_flexible(API_VERSIONS, version, body);
        let mut reply = client.receive().unwrap();
        assert_eq!(reply.i32(), correlation);
        assert_eq!(reply.i16(), 35);
        assert_eq!(listed(&mut reply)[&API_VERSIONS], (0, 4));
        assert!(reply.is_at_end());
    }
    assert_eq!(client.ask(API_VERSIONS, 0, Body::new()).i16(), 0);
}

#[test]
fn the_header_of_an_api_versions_response_is_never_flexible() {
    let broker = Broker::start();
    let mut client = broker.connect();
    for version in [3, 4] {
        let body = Body::new().compact("librdkafka").compact("2.8.0").no_tags();
        let correlation = client.send_flexible(API_VERSIONS, version, body);
        let mut reply = client.receive().unwrap();
        assert_eq!(reply.i32(), correlation);
        assert_eq!(reply.i16(), 0, "the error follows at once, no tags between");
        assert_eq!(reply.varint(), 26 + 1);
    }
}

#[test]
fn a_bad_name_of_client_software_is_an_invalid_request() {
    let broker = Broker::start();
    let mut client = broker.connect();
    let body = Body::new().compact("bad name").compact("1").no_tags();
    client.send_flexible(API_VERSIONS, 3, body);
    assert_eq!(client.receive().unwrap().skip(4).i16(), 42);
    assert_eq!(client.ask(API_VERSIONS, 0, Body::new()).i16(), 0, "it may fall back");
}

#[test]
fn any_other_unknown_key_or_version_closes_the_connection() {
    let broker = Broker::start();
    for (key, version) in [
        (999, 0),
        (4, 0),
        (OFFSET_COMMIT, 1),
        (-1, 0),
        (PRODUCE, 2),
        (PRODUCE, 14),
        (METADATA, 14),
        (FETCH, 3),
    ] {
        let mut client = broker.connect();
        client.send(key, version, Body::new().i32(0).i32(0).i32(0));
        assert!(client.is_closed(), "key {key} version {version}");
    }
}

#[test]
fn a_frame_that_is_none_closes_the_connection() {
    use std::io::Write;
    let broker = Broker::start();
    for length in [-1, 0, 7, 104_857_601, i32::MAX] {
        let mut client = broker.connect();
        client.stream.write_all(&i32::to_be_bytes(length)).unwrap();
        assert!(client.is_closed(), "length {length}");
    }
    let mut client = broker.connect();
    // A topic list that counts to two billion.
    client.send(METADATA, 4, Body::new().i32(i32::MAX));
    assert!(client.is_closed());
}

#[test]
fn a_group_has_a_coordinator_and_a_transaction_has_none() {
    let broker = Broker::start();
    let mut client = broker.connect();
    let mut reply = client.ask(FIND_COORDINATOR, 0, Body::new().text("g"));
    assert_eq!((reply.i16(), reply.i32()), (0, 1));
    assert_eq!((reply.text().as_deref(), reply.i32()), (Some("127.0.0.1"), broker.port()));
    let mut reply = client.ask(FIND_COORDINATOR, 1, Body::new().text("g").i8(0));
    assert_eq!((reply.i32(), reply.i16(), reply.text(), reply.i32()), (0, 0, None, 1));
    let mut reply = client.ask(FIND_COORDINATOR, 2, Body::new().text("t").i8(1));
    assert_eq!((reply.i32(), reply.i16()), (0, 35));
    let keys = Body::new().i8(0).varint(3).compact("a").compact("b").no_tags();
    let mut reply = client.ask_flexible(FIND_COORDINATOR, 4, keys);
    assert_eq!((reply.i32(), reply.varint()), (0, 3));
    assert_eq!((reply.compact().as_deref(), reply.i32()), (Some("a"), 1));
    // A share group, before its clients were to ask for it.
    let keys = Body::new().i8(2).varint(2).compact("g:t:0").no_tags();
    let mut reply = client.ask_flexible(FIND_COORDINATOR, 5, keys);
    assert_eq!((reply.i32(), reply.varint()), (0, 2));
    assert_eq!((reply.compact().as_deref(), reply.i32()), (Some("g:t:0"), -1));
    assert_eq!((reply.compact().as_deref(), reply.i32(), reply.i16()), (Some(""), -1, 42));
}

#[test]
fn producer_ids_are_never_given_twice_not_even_across_a_kill() {
    let mut broker = Broker::start();
    let mut ids = std::collections::BTreeSet::new();
    for _ in 0..3 {
        for _ in 0..4 {
            let mut client = broker.connect();
            for _ in 0..3 {
                let mut reply = client.ask(INIT_PRODUCER_ID, 0, Body::new().i16(-1).i32(0));
                assert_eq!((reply.i32(), reply.i16()), (0, 0));
                assert!(ids.insert(reply.i64()));
                assert_eq!(reply.i16(), 0);
            }
        }
        broker.kill_and_restart();
    }
    let mut reply = broker.connect().ask(INIT_PRODUCER_ID, 0, Body::new().text("txn").i32(60_000));
    assert_eq!((reply.i32(), reply.i16(), reply.i64()), (0, 35, -1));
}
