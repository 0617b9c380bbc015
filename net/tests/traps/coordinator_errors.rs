//! What a coordinator says when it cannot answer, byte by byte: while it reads its log, while it
//! cannot write, and when there is none.

use std::time::{Duration, Instant};

use crate::broker::Broker;
use crate::bytes::*;
use crate::groups::{coordinated, join_body};
use crate::offsets::{NOBODY, commit, fetch, forget};
use crate::unstable_offsets::fetch_all;

const LOADING: i16 = 14;
const NOT_AVAILABLE: i16 = 15;

fn join(client: &mut Client, group: &str) -> i16 {
    client.ask(JOIN_GROUP, 5, join_body(5, group, "", 10_000, &["range"])).skip(4).i16()
}

fn sync(client: &mut Client, group: &str) -> i16 {
    client.ask(SYNC_GROUP, 0, Body::new().text(group).i32(1).text("m").i32(0)).i16()
}

fn beat(client: &mut Client, group: &str) -> i16 {
    client.ask(HEARTBEAT, 0, Body::new().text(group).i32(1).text("m")).i16()
}

fn leave(client: &mut Client, group: &str) -> i16 {
    client.ask(LEAVE_GROUP, 0, Body::new().text(group).text("m")).i16()
}

/// A member of the consumer protocol joins.
fn consumer_joins(client: &mut Client, group: &str) -> i16 {
    let body = Body::new().compact(group).compact("m").i32(0).varint(0).varint(0).i32(5000);
    let body = body.varint(2).compact("t").varint(0).varint(0).varint(1).no_tags();
    client.ask_flexible(CONSUMER_GROUP_HEARTBEAT, 1, body).skip(4).i16()
}

fn describe(client: &mut Client, group: &str) -> i16 {
    client.ask(DESCRIBE_GROUPS, 0, Body::new().i32(1).text(group)).skip(4).i16()
}

fn consumer_describe(client: &mut Client, group: &str) -> i16 {
    let body = Body::new().varint(2).compact(group).i8(0).no_tags();
    client.ask_flexible(CONSUMER_GROUP_DESCRIBE, 0, body).skip(4 + 1).i16()
}

fn delete(client: &mut Client, group: &str) -> i16 {
    let mut reply = client.ask(DELETE_GROUPS, 0, Body::new().i32(1).text(group));
    assert_eq!(reply.skip(4 + 4).text().as_deref(), Some(group));
    reply.i16()
}

/// ListGroups: its error, and how many groups there are.
fn list(client: &mut Client) -> (i16, i32) {
    let mut reply = client.ask(LIST_GROUPS, 0, Body::new());
    (reply.i16(), reply.i32())
}

#[test]
fn until_a_log_is_read_its_groups_are_loading() {
    let mut broker = Broker::start();
    let mut client = coordinated(&broker);
    assert_eq!(client.metadata("t", true), 0);
    assert_eq!(commit(&mut client, 2, "g", NOBODY, "t", 5), 0);
    broker.kill_and_restart_with(&["corelog.test.hold.load=true"]);
    // Who coordinates is known all the same.
    let mut client = coordinated(&broker);
    assert_eq!(join(&mut client, "g"), LOADING);
    assert_eq!(sync(&mut client, "g"), LOADING);
    assert_eq!(leave(&mut client, "g"), LOADING);
    assert_eq!(beat(&mut client, "g"), 0, "nobody is thrown out meanwhile");
    assert_eq!(consumer_joins(&mut client, "g"), LOADING);
    assert_eq!(commit(&mut client, 2, "g", NOBODY, "t", 6), LOADING);
    assert_eq!(forget(&mut client, "g", "t"), (LOADING, None));
    assert_eq!(fetch(&mut client, 1, "g", "t"), (-1, String::new(), LOADING, 0));
    let body = Body::new().text("g").i32(1).text("t").i32(1).i32(0);
    let mut reply = client.ask(OFFSET_FETCH, 2, body);
    assert_eq!((reply.i32(), reply.i16()), (0, LOADING), "no topics, one error");
    for stable in [false, true] {
        assert_eq!(fetch_all(&mut client, stable), (LOADING, vec![]));
    }
    assert_eq!(describe(&mut client, "g"), LOADING);
    assert_eq!(consumer_describe(&mut client, "g"), LOADING);
    assert_eq!(delete(&mut client, "g"), LOADING);
    assert_eq!(list(&mut client), (LOADING, 0));
    // What is wrong whatever the log says is not put off.
    assert_eq!(beat(&mut client, ""), 24);
    assert_eq!(commit(&mut client, 2, "g", NOBODY, "gone", 6), 3);
    // A partition that has nothing to read has no groups, and says so.
    assert_eq!(describe(&mut client, "h"), 0);
    assert_eq!(beat(&mut client, "h"), 25);

    broker.kill_and_restart_with(&[]);
    let mut client = loaded(&broker);
    assert_eq!(list(&mut client), (0, 1));
    assert_eq!(fetch(&mut client, 2, "g", "t").0, 5);
}

/// A connection to a broker that has read the logs of its groups.
fn loaded(broker: &Broker) -> Client {
    let mut client = coordinated(broker);
    let started = Instant::now();
    while list(&mut client).0 == LOADING {
        assert!(started.elapsed() < Duration::from_secs(10), "reads for ever");
    }
    client
}

#[test]
fn while_nothing_can_be_written_a_coordinator_is_not_available() {
    let mut broker = Broker::start();
    let mut client = coordinated(&broker);
    assert_eq!(client.metadata("t", true), 0);
    assert_eq!(commit(&mut client, 2, "g", NOBODY, "t", 5), 0);
    // No disk has so much left.
    broker.kill_and_restart_with(&["corelog.disk.reserve.bytes=4611686018427387904"]);
    let mut client = loaded(&broker);
    assert_eq!(join(&mut client, "g"), NOT_AVAILABLE);
    assert_eq!(sync(&mut client, "g"), NOT_AVAILABLE);
    assert_eq!(leave(&mut client, "g"), NOT_AVAILABLE);
    assert_eq!(consumer_joins(&mut client, "h"), NOT_AVAILABLE);
    assert_eq!(commit(&mut client, 2, "g", NOBODY, "t", 6), NOT_AVAILABLE);
    assert_eq!(forget(&mut client, "g", "t"), (NOT_AVAILABLE, None));
    assert_eq!(delete(&mut client, "g"), NOT_AVAILABLE);
    // What is only read is answered.
    assert_eq!(beat(&mut client, "g"), 25);
    assert_eq!(fetch(&mut client, 2, "g", "t"), (5, "a note".to_owned(), 0, 0));
    assert_eq!(fetch_all(&mut client, true), (0, vec![(5, 0)]));
    assert_eq!(describe(&mut client, "g"), 0);
    assert_eq!(list(&mut client), (0, 1));
}

#[test]
fn without_a_topic_for_them_groups_have_no_coordinator() {
    // More than one request may create: the topic cannot be made.
    let broker = Broker::with(&["offsets.topic.num.partitions=10001"]);
    let mut client = broker.connect();
    let mut reply = client.ask(FIND_COORDINATOR, 0, Body::new().text("g"));
    let place = (reply.i16(), reply.i32(), reply.text().unwrap(), reply.i32());
    assert_eq!(place, (NOT_AVAILABLE, -1, String::new(), -1));
    let body = Body::new().i8(0).varint(2).compact("g").no_tags();
    let mut reply = client.ask_flexible(FIND_COORDINATOR, 4, body);
    assert_eq!((reply.i32(), reply.varint(), reply.compact().as_deref()), (0, 2, Some("g")));
    let place = (reply.i32(), reply.compact().unwrap(), reply.i32(), reply.i16());
    assert_eq!(place, (-1, String::new(), -1, NOT_AVAILABLE));
    assert_eq!(client.ask(HEARTBEAT, 0, Body::new().text("g").i32(1).text("m")).i16(), 16);
}

#[test]
fn as_soon_as_others_see_the_topic_of_groups_they_are_told_that_it_loads() {
    let broker = Broker::with(&["offsets.topic.num.partitions=1000"]);
    let (mut maker, mut other) = (broker.connect(), broker.connect());
    maker.send(FIND_COORDINATOR, 0, Body::new().text("g"));
    let started = Instant::now();
    while other.metadata("__consumer_offsets", false) != 0 {
        assert!(started.elapsed() < Duration::from_secs(10), "is not made");
    }
    loop {
        match describe(&mut other, "g") {
            LOADING => assert!(started.elapsed() < Duration::from_secs(10), "loads for ever"),
            code => break assert_eq!(code, 0),
        }
    }
    assert_eq!(maker.receive().unwrap().skip(4).i16(), 0);
}
