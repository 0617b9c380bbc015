//! Topics: made by asking, named by ids, gone when deleted.

use crate::broker::Broker;
use crate::bytes::*;

/// Asks for a topic by name (v12): error and topic id.
fn topic_id(client: &mut Client, name: &str) -> (i16, Vec<u8>) {
    let body = Body::new().varint(2).raw(&[0; 16]).compact(name).no_tags();
    let body = body.i8(0).i8(0).no_tags();
    let mut reply = client.ask_flexible(METADATA, 12, body);
    skip_cluster(&mut reply);
    assert_eq!(reply.varint(), 2);
    let error = reply.i16();
    assert_eq!(reply.compact().as_deref(), Some(name));
    (error, reply.take(16).to_vec())
}

fn skip_cluster(reply: &mut Reply) {
    reply.i32();
    for _ in 1..reply.varint() {
        reply.i32();
        reply.compact();
        reply.i32();
        reply.compact();
        reply.varint();
    }
    reply.compact();
    reply.i32();
}

fn delete(client: &mut Client, name: &str) -> i16 {
    let mut reply = client.ask(DELETE_TOPICS, 1, Body::new().i32(1).text(name).i32(5000));
    assert_eq!((reply.i32(), reply.i32()), (0, 1));
    reply.text();
    reply.i16()
}

/// CreateTopics v2 with one topic: its error.
pub fn create(client: &mut Client, name: &str, partitions: i32, configs: &[(&str, &str)]) -> i16 {
    let mut body = Body::new().i32(1).text(name).i32(partitions).i16(1).i32(0);
    body = body.i32(configs.len() as i32);
    for (key, value) in configs {
        body = body.text(key).text(value);
    }
    let mut reply = client.ask(CREATE_TOPICS, 2, body.i32(5000).i8(0));
    assert_eq!((reply.i32(), reply.i32()), (0, 1));
    assert_eq!(reply.text().as_deref(), Some(name));
    reply.i16()
}

#[test]
fn a_topic_is_made_by_asking_for_it_when_the_client_allows_it() {
    let broker = Broker::start();
    let mut client = broker.connect();
    assert_eq!(client.metadata("quiet", false), 3);
    assert_eq!(client.metadata("wanted", true), 0);
    assert_eq!(client.metadata("wanted", false), 0);
    assert_eq!(client.metadata("no/such name", true), 17);
    assert_eq!(client.metadata("no/such name", false), 17);
    assert_eq!(client.metadata("__consumer_offsets", true), 3, "the broker's own are not");
}

#[test]
fn a_produce_behind_the_request_that_makes_its_topic_finds_it() {
    let broker = Broker::start();
    let mut client = broker.connect();
    let batch = batch(corelog_engine::record::Codec::None, 1, 10);
    for round in 0..10 {
        let name = format!("new-{round}");
        let asked = client.send(METADATA, 4, Body::new().i32(1).text(&name).i8(1));
        let produced = client.send(PRODUCE, 7, produce_body(&name, -1, &batch));
        assert_eq!(client.receive().unwrap().i32(), asked);
        let mut reply = client.receive().unwrap();
        assert_eq!(reply.i32(), produced);
        reply.i32();
        reply.text();
        assert_eq!((reply.i32(), reply.i32(), reply.i16(), reply.i64()), (1, 0, 0, 0));
    }
}

#[test]
fn a_topic_made_again_has_another_id() {
    let mut broker = Broker::start();
    let mut client = broker.connect();
    assert_eq!(create(&mut client, "again", 2, &[]), 0);
    assert_eq!(create(&mut client, "again", 2, &[]), 36);
    let (error, first) = topic_id(&mut client, "again");
    assert_eq!(error, 0);
    assert_ne!(first, [0; 16]);
    broker.kill_and_restart();
    let mut client = broker.connect();
    assert_eq!(topic_id(&mut client, "again").1, first, "ids are durable");
    assert_eq!(delete(&mut client, "again"), 0);
    assert_eq!(delete(&mut client, "again"), 3);
    assert_eq!(topic_id(&mut client, "again"), (3, vec![0; 16]));
    assert_eq!(create(&mut client, "again", 2, &[]), 0);
    let (_, second) = topic_id(&mut client, "again");
    assert_ne!(second, first);
    // By the old id, topics are unknown: 100, not 3.
    let batch = batch(corelog_engine::record::Codec::None, 1, 10);
    assert_eq!(produce_by_id(&mut client, &first, &batch), (100, -1));
    assert_eq!(produce_by_id(&mut client, &second, &batch), (0, 0));
    assert_eq!(fetch_by_id(&mut client, &first), (100, 0));
    assert_eq!(fetch_by_id(&mut client, &second), (0, batch.len()));
}

/// Produce 13: error and base offset.
fn produce_by_id(client: &mut Client, id: &[u8], batch: &[u8]) -> (i16, i64) {
    let body = Body::new().varint(0).i16(-1).i32(5000).varint(2).raw(id).varint(2).i32(0);
    let body = body.varint(batch.len() as u32 + 1).raw(batch);
    let mut reply = client.ask_flexible(PRODUCE, 13, body.no_tags().no_tags().no_tags());
    assert_eq!(reply.varint(), 2);
    assert_eq!(reply.take(16), id);
    assert_eq!((reply.varint(), reply.i32()), (2, 0));
    (reply.i16(), reply.i64())
}

/// Fetch 13: error and bytes of records.
fn fetch_by_id(client: &mut Client, id: &[u8]) -> (i16, usize) {
    let head = Body::new().i32(-1).i32(0).i32(0).i32(1 << 20).i8(0).i32(0).i32(-1);
    let body = head.varint(2).raw(id).varint(2).i32(0).i32(-1).i64(0).i32(-1).i64(-1).i32(1 << 20);
    let body = body.no_tags().no_tags().varint(1).compact("").no_tags();
    let mut reply = client.ask_flexible(FETCH, 13, body);
    assert_eq!((reply.i32(), reply.i16(), reply.i32()), (0, 0, 0), "no session");
    assert_eq!(reply.varint(), 2);
    assert_eq!(reply.take(16), id);
    assert_eq!((reply.varint(), reply.i32()), (2, 0));
    let error = reply.i16();
    reply.skip(24);
    assert_eq!(reply.varint(), 0, "no aborted transactions");
    assert_eq!(reply.i32(), -1);
    (error, reply.varint() as usize - 1)
}

#[test]
fn what_a_topic_cannot_have_is_refused_in_kafkas_codes() {
    let broker = Broker::start();
    let mut client = broker.connect();
    assert_eq!(create(&mut client, "a b", 1, &[]), 17);
    assert_eq!(create(&mut client, "none", 0, &[]), 37);
    assert_eq!(create(&mut client, "typo", 1, &[("retention.mss", "1")]), 40);
    assert_eq!(create(&mut client, "value", 1, &[("retention.ms", "soon")]), 40);
    assert_eq!(create(&mut client, "later", 1, &[("remote.storage.enable", "true")]), 40);
    let lags = [("min.compaction.lag.ms", "9"), ("max.compaction.lag.ms", "8")];
    assert_eq!(create(&mut client, "lags", 1, &lags), 40, "no time between them");
    assert_eq!(create(&mut client, "good", 1, &[("retention.ms", "1000")]), 0);
    assert_eq!(create(&mut client, "go.od", 1, &[]), 0);
    assert_eq!(create(&mut client, "go_od", 1, &[]), 17, "collides in metrics");
}
