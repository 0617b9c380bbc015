//! DeleteRecords: how far it may go, what readers get after it, and that it stays done.

use std::time::{Duration, Instant};

use corelog_engine::record::Codec;

use crate::broker::Broker;
use crate::bytes::*;
use crate::topics::create;

/// DeleteRecords v0 on partition 0: low watermark and error.
fn delete(client: &mut Client, topic: &str, before: i64) -> (i64, i16) {
    delete_in(client, topic, 0, before, 0)
}

fn delete_in(
    client: &mut Client,
    topic: &str,
    partition: i32,
    before: i64,
    timeout_ms: i32,
) -> (i64, i16) {
    let body = Body::new().i32(1).text(topic).i32(1).i32(partition).i64(before).i32(timeout_ms);
    let mut reply = client.ask(DELETE_RECORDS, 0, body);
    assert_eq!((reply.i32(), reply.i32()), (0, 1));
    assert_eq!(reply.text().as_deref(), Some(topic));
    assert_eq!((reply.i32(), reply.i32()), (1, partition));
    let told = (reply.i64(), reply.i16());
    assert!(reply.is_at_end());
    told
}

/// ListOffsets v1 of partition 0, -2 = earliest, -1 = latest.
fn offset(client: &mut Client, topic: &str, question: i64) -> i64 {
    let body = Body::new().i32(-1).i32(1).text(topic).i32(1).i32(0).i64(question);
    let mut reply = client.ask(LIST_OFFSETS, 1, body);
    assert_eq!(reply.i32(), 1);
    reply.text();
    assert_eq!((reply.i32(), reply.i32(), reply.i16(), reply.i64()), (1, 0, 0, -1));
    reply.i64()
}

/// Three batches of four records.
fn broker_with_records(overrides: &[&str]) -> (Broker, Client) {
    let broker = Broker::with(overrides);
    let mut client = broker.connect();
    assert_eq!(client.metadata("t", true), 0);
    for _ in 0..3 {
        assert_eq!(client.produce("t", -1, &batch(Codec::None, 4, 100)).0, 0);
    }
    (broker, client)
}

#[test]
fn records_go_up_to_the_offset_and_readers_below_are_out_of_range() {
    let (_broker, mut client) = broker_with_records(&[]);
    let (error, _, all) = client.fetch("t", 0, AT_ONCE);
    assert_eq!(error, 0);
    assert_eq!(delete(&mut client, "t", 5), (5, 0));
    assert_eq!(offset(&mut client, "t", -2), 5);
    assert_eq!(offset(&mut client, "t", -1), 12);
    assert_eq!(client.fetch("t", 4, AT_ONCE).0, 1);
    let (error, high_watermark, rest) = client.fetch("t", 5, AT_ONCE);
    assert_eq!((error, high_watermark), (0, 12));
    assert_eq!(rest, all[all.len() / 3..], "whole batches, from the one that holds the start");
    assert_eq!(delete(&mut client, "t", 3), (5, 0), "what is deleted stays so");
    assert_eq!(delete(&mut client, "t", 0), (5, 0));
    assert_eq!(delete(&mut client, "t", -1), (12, 0), "-1 is the high watermark");
    assert_eq!(offset(&mut client, "t", -2), 12);
    assert_eq!(client.fetch("t", 12, AT_ONCE), (0, 12, vec![]));
    assert_eq!(client.produce("t", -1, &batch(Codec::None, 1, 10)).1, 12, "offsets go on");
}

#[test]
fn what_cannot_be_deleted_is_refused_in_kafkas_codes() {
    let (_broker, mut client) = broker_with_records(&[]);
    assert_eq!(delete(&mut client, "t", 13), (-1, 1), "above the high watermark");
    assert_eq!(delete(&mut client, "t", -2), (-1, 1));
    assert_eq!(delete(&mut client, "t", i64::MIN), (-1, 1));
    assert_eq!(delete(&mut client, "nowhere", 1), (-1, 3));
    assert_eq!(delete_in(&mut client, "t", 9, 1, 1000), (-1, 3));
    assert_eq!(delete_in(&mut client, "t", -1, 1, 1000), (-1, 3));
    assert_eq!(offset(&mut client, "t", -2), 0, "and nothing has happened");
}

#[test]
fn a_topic_that_is_only_compacted_loses_no_records_by_offset() {
    let (_broker, mut client) = broker_with_records(&[]);
    for (policy, told) in
        [("compact", (-1, 44)), ("compact,delete", (2, 0)), ("delete", (2, 0)), ("", (2, 0))]
    {
        let name = format!("policy-{}", policy.replace(',', "-"));
        assert_eq!(create(&mut client, &name, 1, &[("cleanup.policy", policy)]), 0);
        assert_eq!(client.produce(&name, -1, &batch(Codec::None, 4, 100)).0, 0);
        assert_eq!(delete(&mut client, &name, 2), told, "{policy}");
        assert_eq!(offset(&mut client, &name, -2), told.0.max(0), "{policy}");
    }
    assert_eq!(create(&mut client, "__share_group_state", 1, &[]), 0);
    assert_eq!(delete(&mut client, "__share_group_state", 0), (-1, 17), "the broker's own");
}

#[test]
fn every_partition_of_a_flexible_request_is_answered_in_its_place() {
    let (_broker, mut client) = broker_with_records(&["num.partitions=3"]);
    let mut body = Body::new().varint(3).compact("nowhere").varint(2).i32(0).i64(0).no_tags();
    body = body.no_tags().compact("t").varint(4);
    for (partition, before) in [(2, 0), (0, 7), (1, 1)] {
        body = body.i32(partition).i64(before).no_tags();
    }
    let mut reply = client.ask_flexible(DELETE_RECORDS, 2, body.no_tags().i32(1000).no_tags());
    assert_eq!((reply.i32(), reply.varint()), (0, 3));
    let mut told = Vec::new();
    for topic in ["nowhere", "t"] {
        assert_eq!(reply.compact().as_deref(), Some(topic));
        for _ in 1..reply.varint() {
            told.push((reply.i32(), reply.i64(), reply.i16()));
            assert_eq!(reply.varint(), 0);
        }
        assert_eq!(reply.varint(), 0);
    }
    assert_eq!(told, [(0, -1, 3), (2, 0, 0), (0, 7, 0), (1, -1, 1)]);
    assert_eq!(reply.varint(), 0);
    assert!(reply.is_at_end());
}

#[test]
fn deleted_records_do_not_come_back_after_a_kill() {
    let (mut broker, mut client) = broker_with_records(&[]);
    for (before, start) in [(5, 5), (6, 6), (-1, 12)] {
        assert_eq!(delete(&mut client, "t", before), (start, 0));
        broker.kill_and_restart();
        client = broker.connect();
        assert_eq!(offset(&mut client, "t", -2), start);
        assert_eq!(offset(&mut client, "t", -1), 12);
    }
    assert_eq!(client.produce("t", -1, &batch(Codec::None, 1, 10)).1, 12, "offsets go on");
}

#[test]
fn a_fetch_that_waits_below_the_new_start_ends_out_of_range() {
    let (broker, mut client) = broker_with_records(&[]);
    let wait = Limits { wait_ms: 1500, min_bytes: 1 << 20, max_bytes: 1 << 20 };
    let mut reader = broker.connect();
    let began = Instant::now();
    let asked = reader.send(FETCH, 4, fetch_body("t", 2, wait));
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(delete(&mut client, "t", 9), (9, 0));
    let mut reply = reader.receive().unwrap();
    assert_eq!(reply.i32(), asked);
    assert_eq!(read_fetched(&mut reply), (1, -1, vec![]));
    assert!(began.elapsed() < Duration::from_secs(10));
}
