//! Records: what is refused, with which code, and what a reader gets.

use corelog_engine::record::{BatchBuilder, Codec};

use crate::broker::Broker;
use crate::bytes::*;

fn broker_with_topic(overrides: &[&str]) -> (Broker, Client) {
    let broker = Broker::with(overrides);
    let mut client = broker.connect();
    assert_eq!(client.metadata("t", true), 0);
    (broker, client)
}

#[test]
fn a_bad_batch_is_refused_in_kafkas_codes_and_changes_nothing() {
    let (_broker, mut client) = broker_with_topic(&["message.max.bytes=2000"]);
    let good = batch(Codec::None, 2, 10);
    let mut damaged = good.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let twice = [&good[..], &good[..]].concat();
    let mut old = good.clone();
    old[16] = 1;
    let mut codec = good.clone();
    codec[22] = 5;
    let large = batch(Codec::None, 1, 3000);
    let cases: [(&str, &[u8], i16); 7] = [
        ("nothing", b"", 87),
        ("two batches", &twice, 87),
        ("half a batch", &good[..good.len() - 1], 87),
        ("format v1", &old, 87),
        ("a flipped bit", &damaged, 2),
        ("an unknown codec", &codec, 76),
        ("too large", &large, 10),
    ];
    for (what, batch, error) in cases {
        assert_eq!(client.produce("t", -1, batch), (error, -1, -1), "{what}");
    }
    let zstd = batch(Codec::Zstd, 1, 10);
    assert_eq!(client.produce_in(6, "t", -1, &zstd).0, 76, "older than zstd");
    assert_eq!(client.produce("t", 2, &good).0, 21, "acks is -1, 0 or 1");
    assert_eq!(client.produce("nowhere", -1, &good).0, 3);
    assert_eq!(client.produce("t", -1, &good), (0, 0, -1), "still the first");
    assert_eq!(client.produce("t", 1, &zstd), (0, 2, -1));
}

#[test]
fn a_compacted_topic_names_the_records_without_a_key() {
    let (_broker, mut client) = broker_with_topic(&["log.cleanup.policy=compact"]);
    for codec in [Codec::None, Codec::Zstd] {
        let keyed = batch(codec, 2, 10);
        assert_eq!(client.produce("t", -1, &keyed).0, 0);
        let mut builder = BatchBuilder::new(codec);
        for key in [Some(&b"k"[..]), None, Some(&b""[..]), None] {
            builder.push(now_ms(), key, Some(b"v"));
        }
        let some = builder.finish().unwrap();
        assert_eq!(client.produce("t", -1, &some), (87, -1, -1));
        let mut reply = client.ask(PRODUCE, 8, produce_body("t", -1, &some));
        reply.skip(4);
        assert_eq!(reply.text().as_deref(), Some("t"));
        assert_eq!((reply.i32(), reply.i32(), reply.i16()), (1, 0, 87));
        reply.skip(24);
        assert_eq!(reply.i32(), 2, "two records");
        for index in [1, 3] {
            assert_eq!(reply.i32(), index);
            assert!(reply.text().unwrap().contains("key"));
        }
        assert!(reply.text().unwrap().starts_with("2 records"));
    }
}

#[test]
fn sequences_of_an_idempotent_producer_are_kept() {
    let (mut broker, mut client) = broker_with_topic(&[]);
    let mut reply = client.ask(INIT_PRODUCER_ID, 0, Body::new().i16(-1).i32(0));
    let id = reply.skip(6).i64();
    for sequence in 0..7 {
        let answer = client.produce("t", -1, &sequenced(id, 0, sequence));
        assert_eq!(answer, (0, i64::from(sequence), -1));
    }
    for round in ["before", "after"] {
        for sequence in 2..7 {
            let answer = client.produce("t", -1, &sequenced(id, 0, sequence));
            assert_eq!(answer, (0, i64::from(sequence), -1), "a duplicate {round} a kill");
        }
        assert_eq!(client.produce("t", -1, &sequenced(id, 0, 8)).0, 45, "a gap {round} a kill");
        broker.kill_and_restart();
        client = broker.connect();
    }
    assert_eq!(client.produce("t", -1, &sequenced(id, 1, 0)).0, 0, "a new epoch");
    assert_eq!(client.produce("t", -1, &sequenced(id, 0, 7)).0, 47, "an old epoch");
    assert_eq!(client.produce("t", -1, &sequenced(id + 1, 0, 77)).0, 0, "an unknown producer");
}

#[test]
fn a_fetch_into_a_batch_gets_the_whole_batch() {
    let (_broker, mut client) = broker_with_topic(&[]);
    for codec in [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let sent = batch(codec, 10, 100);
        let (error, base, _) = client.produce("t", -1, &sent);
        assert_eq!(error, 0);
        let (error, high_watermark, got) = client.fetch("t", base + 7, AT_ONCE);
        assert_eq!((error, high_watermark), (0, base + 10));
        assert_eq!(got[..8], base.to_be_bytes(), "the base offset is the leader's");
        assert_eq!(got[16..], sent[16..], "the rest is as it was sent");
    }
    assert_eq!(client.fetch("t", 50, AT_ONCE), (0, 50, vec![]), "at the end there is nothing");
    assert_eq!(client.fetch("t", 51, AT_ONCE).0, 1, "beyond it, out of range");
    assert_eq!(client.fetch("t", -1, AT_ONCE).0, 1);
}

#[test]
fn the_first_batch_comes_even_above_every_limit_and_only_whole_batches_come() {
    let (_broker, mut client) = broker_with_topic(&[]);
    let sent = batch(Codec::None, 1, 1000);
    for _ in 0..3 {
        assert_eq!(client.produce("t", 1, &sent).0, 0);
    }
    let limit = |max_bytes: usize| Limits { max_bytes: max_bytes as i32, ..AT_ONCE };
    for (max_bytes, batches) in [(1, 1), (sent.len(), 1), (2 * sent.len() + 5, 2), (1 << 20, 3)] {
        let (_, _, got) = client.fetch("t", 0, limit(max_bytes));
        assert_eq!(got.len(), batches * sent.len(), "limit {max_bytes}");
    }
}

#[test]
fn the_leader_stamps_its_time_where_the_topic_asks_for_it() {
    let (_broker, mut client) = broker_with_topic(&["log.message.timestamp.type=LogAppendTime"]);
    let before = now_ms();
    let (error, base, stamped) = client.produce("t", -1, &batch(Codec::None, 1, 10));
    assert_eq!((error, base), (0, 0));
    assert!((before..=now_ms()).contains(&stamped));
    let (_, _, got) = client.fetch("t", 0, AT_ONCE);
    assert_eq!(got[35..43], stamped.to_be_bytes(), "max timestamp");
    assert!(corelog_engine::record::check_crc(&got));
}

/// ListOffsets v10: error, timestamp, offset.
fn offset_in(client: &mut Client, version: i16, timestamp: i64) -> (i16, i64, i64) {
    let body = Body::new().i32(-1).i8(0).varint(2).compact("t").varint(2).i32(0).i32(-1);
    let body = body.i64(timestamp).no_tags().no_tags();
    let body = if version >= 10 { body.i32(1000) } else { body };
    let mut reply = client.ask_flexible(LIST_OFFSETS, version, body.no_tags());
    assert_eq!((reply.i32(), reply.varint()), (0, 2));
    reply.compact();
    assert_eq!((reply.varint(), reply.i32()), (2, 0));
    (reply.i16(), reply.i64(), reply.i64())
}

#[test]
fn offsets_by_time_are_exact_inside_compressed_batches() {
    let (_broker, mut client) = broker_with_topic(&[]);
    let start = now_ms() - 100_000;
    for (codec, first) in [(Codec::Gzip, 0), (Codec::Lz4, 10), (Codec::Zstd, 20)] {
        let mut builder = corelog_engine::record::BatchBuilder::new(codec);
        for at in first..first + 10 {
            builder.push(start + at * 10, None, Some(b"value"));
        }
        assert_eq!(client.produce("t", -1, &builder.finish().unwrap()).0, 0);
    }
    for at in 0..30 {
        assert_eq!(offset_in(&mut client, 11, start + at * 10), (0, start + at * 10, at));
        assert_eq!(offset_in(&mut client, 6, start + at * 10 - 9).2, at, "the next one");
    }
    assert_eq!(offset_in(&mut client, 11, start + 291), (0, -1, -1), "there is none");
    assert_eq!(offset_in(&mut client, 11, -1), (0, -1, 30), "latest");
    assert_eq!(offset_in(&mut client, 11, -2), (0, -1, 0), "earliest");
    assert_eq!(offset_in(&mut client, 11, -3), (0, start + 290, 29), "maximal timestamp");
    assert_eq!(offset_in(&mut client, 11, -4), (0, -1, 0), "earliest local");
    assert_eq!(offset_in(&mut client, 11, -5), (0, -1, -1), "latest tiered: there is none");
    assert_eq!(offset_in(&mut client, 11, -6).0, 0, "earliest pending upload");
    let body = Body::new().i32(-1).i32(1).text("t").i32(1).i32(0).i64(-1);
    let mut reply = client.ask(LIST_OFFSETS, 1, body);
    assert_eq!(reply.i32(), 1);
    reply.text();
    assert_eq!((reply.i32(), reply.i32(), reply.i16()), (1, 0, 0));
    assert_eq!((reply.i64(), reply.i64()), (-1, 30), "as old clients ask");
    for (version, timestamp) in [(6, -3), (7, -4), (8, -5), (10, -6), (11, -7)] {
        assert_eq!(offset_in(&mut client, version, timestamp).0, 35, "{version} {timestamp}");
    }
}
