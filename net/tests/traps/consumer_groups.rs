//! Members of consumer groups (KIP-848), byte by byte: what a heartbeat is answered, and what
//! commits and fetches of offsets say about epochs.

use std::time::{Duration, Instant};

use crate::broker::Broker;
use crate::bytes::*;
use crate::groups::{coordinated, join_body};

/// A ConsumerGroupHeartbeat v1 in the making.
#[derive(Clone, Default)]
struct Beat {
    member: &'static str,
    epoch: i32,
    instance: Option<&'static str>,
    timeout: i32,
    topics: Option<&'static [&'static str]>,
    pattern: Option<&'static str>,
    assignor: Option<&'static str>,
    /// Of the only topic there is.
    owned: Option<Vec<i32>>,
}

/// What came back.
#[derive(Debug, PartialEq, Eq)]
struct Beaten {
    error: i16,
    message: String,
    epoch: i32,
    /// Partitions, when the answer has an assignment.
    assigned: Option<Vec<i32>>,
}

fn nullable(body: Body, text: Option<&str>) -> Body {
    match text {
        Some(text) => body.compact(text),
        None => body.varint(0),
    }
}

impl Beat {
    fn joining(member: &'static str) -> Beat {
        let owned = Some(Vec::new());
        Beat { member, timeout: 5000, topics: Some(&["t"]), owned, ..Beat::default() }
    }

    fn at(member: &'static str, epoch: i32) -> Beat {
        Beat { member, epoch, timeout: -1, ..Beat::default() }
    }

    fn send(&self, client: &mut Client, group: &str) -> Beaten {
        let body = Body::new().compact(group).compact(self.member).i32(self.epoch);
        let mut body = nullable(body, self.instance).varint(0).i32(self.timeout);
        match self.topics {
            Some(topics) => {
                body = body.varint(topics.len() as u32 + 1);
                body = topics.iter().fold(body, |body, topic| body.compact(topic));
            }
            None => body = body.varint(0),
        }
        body = nullable(nullable(body, self.pattern), self.assignor);
        body = match &self.owned {
            None => body.varint(0),
            Some(owned) if owned.is_empty() => body.varint(1),
            Some(owned) => {
                let body = body.varint(2).raw(&[9; 16]).varint(owned.len() as u32 + 1);
                owned.iter().fold(body, |body, partition| body.i32(*partition)).no_tags()
            }
        };
        read(&mut client.ask_flexible(CONSUMER_GROUP_HEARTBEAT, 1, body.no_tags()))
    }
}

fn read(reply: &mut Reply) -> Beaten {
    reply.i32();
    let (error, message) = (reply.i16(), reply.compact().unwrap_or_default());
    reply.compact();
    let epoch = reply.i32();
    reply.i32();
    let assigned = (reply.take(1)[0] == 1).then(|| {
        let mut partitions = Vec::new();
        for _ in 1..reply.varint() {
            reply.skip(16);
            partitions.extend((1..reply.varint()).map(|_| reply.i32()).collect::<Vec<_>>());
            assert_eq!(reply.varint(), 0);
        }
        assert_eq!(reply.varint(), 0);
        partitions.sort_unstable();
        partitions
    });
    assert_eq!(reply.varint(), 0);
    assert!(reply.is_at_end());
    Beaten { error, message, epoch, assigned }
}

fn broker() -> (Broker, Client) {
    let broker = Broker::with(&["num.partitions=3", "group.initial.rebalance.delay.ms=0"]);
    let mut client = coordinated(&broker);
    assert_eq!(client.metadata("t", true), 0);
    (broker, client)
}

/// Joins and beats until the member has all three partitions; its epoch.
fn settle(client: &mut Client, group: &str, beat: &Beat) -> i32 {
    let mut beaten = beat.send(client, group);
    let started = Instant::now();
    loop {
        assert_eq!(beaten.error, 0, "{beaten:?}");
        if beaten.assigned.as_deref() == Some(&[0, 1, 2]) {
            return beaten.epoch;
        }
        assert!(started.elapsed() < Duration::from_secs(15), "{beaten:?}");
        std::thread::sleep(Duration::from_millis(50));
        let instance = beat.instance;
        beaten = Beat { instance, ..Beat::at(beat.member, beaten.epoch) }.send(client, group);
    }
}

#[test]
fn a_request_that_contradicts_itself_is_refused_in_kafkas_words() {
    let (_broker, mut client) = broker();
    let join = Beat::joining("m");
    let cases = [
        (Beat { member: "", ..join.clone() }, 42, "MemberId can't be empty."),
        (Beat { instance: Some(""), ..join.clone() }, 42, "InstanceId can't be empty."),
        (
            Beat { timeout: -1, ..join.clone() },
            42,
            "RebalanceTimeoutMs must be provided in first request.",
        ),
        (
            Beat { owned: Some(vec![1]), ..join.clone() },
            42,
            "TopicPartitions must be empty when (re-)joining.",
        ),
        (
            Beat { topics: None, ..join.clone() },
            42,
            "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when \
             (re-)joining.",
        ),
        (Beat::at("m", -3), 42, "MemberEpoch is invalid."),
        (Beat::at("m", -2), 42, "InstanceId can't be null."),
        (
            Beat { assignor: Some("magic"), ..join.clone() },
            112,
            "ServerAssignor magic is not supported. Supported assignors: uniform, range.",
        ),
    ];
    for (beat, error, message) in cases {
        let beaten = beat.send(&mut client, "g");
        assert_eq!((beaten.error, beaten.message.as_str()), (error, message));
        assert_eq!((beaten.epoch, beaten.assigned), (0, None));
    }
    let nameless = join.send(&mut client, "");
    assert_eq!((nameless.error, nameless.message.as_str()), (42, "GroupId can't be empty."));
    let pattern = Beat { topics: None, pattern: Some("[a"), ..join };
    assert_eq!(pattern.send(&mut client, "g").error, 128);
    assert_eq!(Beat::at("m", 5).send(&mut client, "g").error, 69, "no such group");
    assert_eq!(Beat::at("m", -1).send(&mut client, "g").error, 69);
}

#[test]
fn a_member_is_assigned_is_fenced_when_it_is_ahead_and_leaves() {
    let (_broker, mut client) = broker();
    let epoch = settle(&mut client, "g", &Beat::joining("m"));
    let steady = Beat::at("m", epoch).send(&mut client, "g");
    assert_eq!((steady.error, steady.epoch, steady.assigned), (0, epoch, None));
    let ahead = Beat::at("m", epoch + 1).send(&mut client, "g");
    assert_eq!(ahead.error, 110);
    assert!(ahead.message.starts_with("The consumer group member has a greater member epoch"));
    assert_eq!(Beat::at("other", epoch).send(&mut client, "g").error, 25);
    // The classic requests know no such member, and DescribeGroups no such group.
    let heartbeat = Body::new().text("g").i32(epoch).text("m");
    assert_eq!(client.ask(HEARTBEAT, 0, heartbeat).i16(), 25);
    let describe = Body::new().varint(2).compact("g").i8(0).no_tags();
    let mut reply = client.ask_flexible(DESCRIBE_GROUPS, 6, describe);
    assert_eq!((reply.i32(), reply.varint(), reply.i16()), (0, 2, 69));
    assert_eq!(reply.compact().as_deref(), Some("Group g is not a classic group."));
    let mut reply = client.ask(DELETE_GROUPS, 0, Body::new().i32(1).text("g"));
    assert_eq!((reply.skip(4 + 4).text().as_deref(), reply.i16()), (Some("g"), 68));
    let left = Beat::at("m", -1).send(&mut client, "g");
    assert_eq!((left.error, left.epoch), (0, -1));
    assert_eq!(Beat::at("m", epoch).send(&mut client, "g").error, 25);
}

#[test]
fn a_static_member_holds_its_place_while_it_is_away() {
    let (_broker, mut client) = broker();
    let first = Beat { instance: Some("i"), ..Beat::joining("m") };
    let epoch = settle(&mut client, "g", &first);
    let twin = Beat { instance: Some("i"), ..Beat::joining("n") };
    assert_eq!(twin.send(&mut client, "g").error, 111, "m has not left");
    let away = Beat { instance: Some("i"), ..Beat::at("m", -2) }.send(&mut client, "g");
    assert_eq!((away.error, away.epoch), (0, -2));
    assert_eq!(settle(&mut client, "g", &twin), epoch, "its place was kept");
    let old = Beat { instance: Some("i"), ..Beat::at("m", epoch) };
    assert_eq!(old.send(&mut client, "g").error, 82);
}

/// OffsetCommit v7 or v9 of one offset.
fn commit(client: &mut Client, version: i16, member: &str, epoch: i32) -> i16 {
    if version < 8 {
        let body = Body::new().text("g").i32(epoch).text(member).i16(-1).i32(1).text("t");
        let body = body.i32(1).i32(0).i64(5).i32(-1).i16(-1);
        return client.ask(OFFSET_COMMIT, version, body).skip(4 + 4 + 3 + 4 + 4).i16();
    }
    let body = Body::new().compact("g").i32(epoch).compact(member).varint(0).varint(2);
    let body = body.compact("t").varint(2).i32(0).i64(5).i32(-1).varint(0);
    let body = body.no_tags().no_tags().no_tags();
    client.ask_flexible(OFFSET_COMMIT, version, body).skip(4 + 1 + 2 + 1 + 4).i16()
}

/// OffsetFetch v9 of all offsets: the group's error.
fn fetch(client: &mut Client, member: Option<&str>, epoch: i32) -> i16 {
    let body = nullable(Body::new().varint(2).compact("g"), member).i32(epoch).varint(0);
    let mut reply = client.ask_flexible(OFFSET_FETCH, 9, body.no_tags().i8(1).no_tags());
    assert_eq!((reply.i32(), reply.varint()), (0, 2));
    assert_eq!(reply.compact().as_deref(), Some("g"));
    for _ in 1..reply.varint() {
        assert_eq!(reply.compact().as_deref(), Some("t"));
        assert_eq!((reply.varint(), reply.i32(), reply.i64(), reply.i32()), (2, 0, 5, -1));
        reply.compact();
        assert_eq!((reply.i16(), reply.varint(), reply.varint()), (0, 0, 0));
    }
    reply.i16()
}

#[test]
fn commits_and_fetches_say_when_an_epoch_is_not_the_members() {
    let (_broker, mut client) = broker();
    let epoch = settle(&mut client, "g", &Beat::joining("m"));
    assert_eq!(commit(&mut client, 9, "m", epoch), 0);
    assert_eq!(commit(&mut client, 9, "m", epoch + 3), 113);
    assert_eq!(commit(&mut client, 9, "other", epoch), 25);
    assert_eq!(commit(&mut client, 9, "", -1), 25, "nobody in particular");
    assert_eq!(commit(&mut client, 7, "m", epoch), 35, "it knows no epochs");
    assert_eq!(fetch(&mut client, Some("m"), epoch), 0);
    assert_eq!(fetch(&mut client, Some("m"), epoch + 3), 113);
    assert_eq!(fetch(&mut client, Some("m"), -1), 113);
    assert_eq!(fetch(&mut client, Some("other"), epoch), 25);
    assert_eq!(fetch(&mut client, None, -1), 0, "nobody in particular");
    // The group reads the topic whose offsets are to be forgotten.
    let body = Body::new().text("g").i32(1).text("t").i32(1).i32(0);
    let mut reply = client.ask(OFFSET_DELETE, 0, body);
    assert_eq!((reply.i16(), reply.skip(4 + 4 + 3 + 4 + 4).i16()), (0, 86));
}

#[test]
fn without_the_protocol_it_is_an_unsupported_version() {
    let broker = Broker::with(&["group.coordinator.rebalance.protocols=classic"]);
    let mut client = coordinated(&broker);
    assert_eq!(Beat::joining("m").send(&mut client, "g").error, 35);
    let describe = Body::new().varint(2).compact("g").i8(0).no_tags();
    let mut reply = client.ask_flexible(CONSUMER_GROUP_DESCRIBE, 1, describe);
    assert_eq!((reply.i32(), reply.varint(), reply.i16()), (0, 2, 35));
}

#[test]
fn a_classic_group_takes_a_member_of_the_new_protocol_and_goes_on() {
    let (_broker, mut client) = broker();
    let subscription = [&[0, 0, 0, 0, 0, 1, 0, 1, b't'][..], &[0xff; 4]].concat();
    let mut body = join_body(3, "g", "", 10_000, &[]).0;
    body.truncate(body.len() - 4);
    let body = Body(body).i32(1).text("range").i32(subscription.len() as i32).raw(&subscription);
    let mut reply = client.ask(JOIN_GROUP, 3, body);
    assert_eq!((reply.i32(), reply.i16(), reply.i32()), (0, 0, 1));
    let member = (reply.text(), reply.text(), reply.text().unwrap()).2;
    let assignment = [&[0, 0, 0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 3][..], &[0; 12], &[0xff; 4]];
    let mut assignment = assignment.concat();
    (assignment[16], assignment[20], assignment[24]) = (0, 1, 2);
    let body = Body::new().text("g").i32(1).text(&member).i32(1).text(&member);
    let body = body.i32(assignment.len() as i32).raw(&assignment);
    assert_eq!(client.ask(SYNC_GROUP, 0, body).i16(), 0);
    assert_eq!(Beat::at("n", 3).send(&mut client, "g").error, 69, "not a consumer group yet");
    let joined = Beat::joining("n").send(&mut client, "g");
    assert_eq!((joined.error, joined.assigned), (0, Some(vec![])), "{}", joined.message);
    let heartbeat = Body::new().text("g").i32(1).text(&member);
    assert_eq!(client.ask(HEARTBEAT, 0, heartbeat).i16(), 27, "the classic member rejoins");
}
