//! Committed offsets, byte by byte: who may commit what, what comes back, and where errors stand
//! in which version.

use crate::broker::Broker;
use crate::bytes::*;
use crate::groups::coordinated;

/// Who commits: generation and member id.
pub type By<'a> = (i32, &'a str);
pub const NOBODY: By = (-1, "");

/// OffsetCommit with one offset (v2 to v7): the partition's error.
pub fn commit(
    client: &mut Client,
    version: i16,
    group: &str,
    by: By,
    topic: &str,
    offset: i64,
) -> i16 {
    let mut body = Body::new().text(group).i32(by.0).text(by.1);
    if version >= 7 {
        body = body.i16(-1);
    }
    if version <= 4 {
        body = body.i64(-1);
    }
    body = body.i32(1).text(topic).i32(1).i32(0).i64(offset);
    if version >= 6 {
        body = body.i32(7);
    }
    let mut reply = client.ask(OFFSET_COMMIT, version, body.text("a note"));
    if version >= 3 {
        reply.i32();
    }
    assert_eq!(reply.i32(), 1);
    assert_eq!(reply.text().as_deref(), Some(topic));
    assert_eq!((reply.i32(), reply.i32()), (1, 0));
    let error = reply.i16();
    assert!(reply.is_at_end());
    error
}

/// OffsetCommit v8 to v10 with one offset; the topic is a name or an id.
fn commit_flexible(
    client: &mut Client,
    version: i16,
    group: &str,
    by: By,
    topic: &Body,
    partition: i32,
) -> i16 {
    let body = Body::new().compact(group).i32(by.0).compact(by.1).varint(0).varint(2);
    let body = body.raw(&topic.0).varint(2).i32(partition).i64(33).i32(-1).varint(0);
    let body = body.no_tags().no_tags().no_tags();
    let mut reply = client.ask_flexible(OFFSET_COMMIT, version, body);
    assert_eq!((reply.i32(), reply.varint()), (0, 2));
    assert_eq!(reply.take(topic.0.len()), topic.0);
    assert_eq!((reply.varint(), reply.i32()), (2, partition));
    reply.i16()
}

/// OffsetFetch with one partition (v1 to v5): offset, note, error of the partition, and of all.
pub fn fetch(
    client: &mut Client,
    version: i16,
    group: &str,
    topic: &str,
) -> (i64, String, i16, i16) {
    let body = Body::new().text(group).i32(1).text(topic).i32(1).i32(0);
    let mut reply = client.ask(OFFSET_FETCH, version, body);
    if version >= 3 {
        reply.i32();
    }
    assert_eq!(reply.i32(), 1);
    assert_eq!(reply.text().as_deref(), Some(topic));
    assert_eq!((reply.i32(), reply.i32()), (1, 0));
    let offset = reply.i64();
    if version >= 5 {
        reply.i32();
    }
    let (note, error) = (reply.text().unwrap(), reply.i16());
    let whole = if version >= 2 { reply.i16() } else { 0 };
    assert!(reply.is_at_end());
    (offset, note, error, whole)
}

#[test]
fn an_offset_comes_back_in_every_version_with_its_note() {
    let mut broker = Broker::start();
    let mut client = coordinated(&broker);
    assert_eq!(client.metadata("t", true), 0);
    for version in 2..=7 {
        assert_eq!(fetch(&mut client, 1, &format!("g{version}"), "t"), (-1, String::new(), 0, 0));
        let group = format!("g{version}");
        assert_eq!(commit(&mut client, version, &group, NOBODY, "t", 100), 0, "v{version}");
        for fetched in 1..=5 {
            let expected = (100, "a note".to_owned(), 0, 0);
            assert_eq!(fetch(&mut client, fetched, &group, "t"), expected, "v{fetched}");
        }
    }
    broker.kill_and_restart();
    let mut client = coordinated(&broker);
    assert_eq!(fetch(&mut client, 5, "g7", "t").0, 100, "an answered commit is durable");
}

#[test]
fn what_there_is_not_is_said_per_partition_before_the_group_is_asked() {
    let broker = Broker::start();
    let mut client = broker.connect();
    assert_eq!(client.metadata("t", true), 0);
    // Nobody has looked for a coordinator yet, so there is none; and still:
    assert_eq!(commit(&mut client, 2, "g", NOBODY, "gone", 1), 3);
    assert_eq!(commit(&mut client, 2, "g", NOBODY, "t", 1), 16);
    let mut client = coordinated(&broker);
    let named = Body::new().compact("t");
    assert_eq!(commit_flexible(&mut client, 8, "g", NOBODY, &named, 0), 0);
    assert_eq!(commit_flexible(&mut client, 8, "g", NOBODY, &named, 9), 3);
    let stranger = Body::new().raw(&[7; 16]);
    assert_eq!(commit_flexible(&mut client, 10, "g", NOBODY, &stranger, 0), 100);
}

#[test]
fn a_generation_is_refused_where_there_is_no_member() {
    let broker = Broker::start();
    let mut client = coordinated(&broker);
    assert_eq!(client.metadata("t", true), 0);
    assert_eq!(commit(&mut client, 7, "nobody", (3, "m"), "t", 1), 22, "no such group");
    let named = Body::new().compact("t");
    assert_eq!(commit_flexible(&mut client, 9, "nobody", (3, "m"), &named, 0), 69);
    assert_eq!(commit(&mut client, 7, "g", NOBODY, "t", 1), 0);
    assert_eq!(commit(&mut client, 7, "g", (3, "m"), "t", 1), 25, "not in this group");
}

#[test]
fn a_note_may_be_so_long() {
    let broker = Broker::with(&["offset.metadata.max.bytes=5"]);
    let mut client = coordinated(&broker);
    assert_eq!(client.metadata("t", true), 0);
    assert_eq!(commit(&mut client, 2, "g", NOBODY, "t", 1), 12);
    assert_eq!(fetch(&mut client, 1, "g", "t").0, -1);
}

/// Error and offsets of a group: topic, partition, offset.
type Fetched = (i16, Vec<(String, i32, i64)>);

/// OffsetFetch v8 of several groups, of all their offsets.
fn fetch_all(client: &mut Client, groups: &[&str]) -> Vec<Fetched> {
    let mut body = Body::new().varint(groups.len() as u32 + 1);
    for group in groups {
        body = body.compact(group).varint(0).no_tags();
    }
    let mut reply = client.ask_flexible(OFFSET_FETCH, 8, body.i8(1).no_tags());
    assert_eq!((reply.i32(), reply.varint() as usize), (0, groups.len() + 1));
    let mut answers = Vec::new();
    for group in groups {
        assert_eq!(reply.compact().as_deref(), Some(*group));
        let mut offsets = Vec::new();
        for _ in 1..reply.varint() {
            let topic = reply.compact().unwrap();
            for _ in 1..reply.varint() {
                let (partition, offset) = (reply.i32(), reply.i64());
                reply.i32();
                reply.compact();
                assert_eq!((reply.i16(), reply.varint()), (0, 0));
                offsets.push((topic.clone(), partition, offset));
            }
            assert_eq!(reply.varint(), 0);
        }
        answers.push((reply.i16(), offsets));
        assert_eq!(reply.varint(), 0);
    }
    answers
}

#[test]
fn several_groups_are_answered_at_once_and_in_order() {
    let broker = Broker::start();
    let mut client = coordinated(&broker);
    for topic in ["a", "b"] {
        assert_eq!(client.metadata(topic, true), 0);
        assert_eq!(commit(&mut client, 2, "one", NOBODY, topic, 11), 0);
    }
    assert_eq!(commit(&mut client, 2, "two", NOBODY, "b", 22), 0);
    let of = |topic: &str, offset| (topic.to_owned(), 0, offset);
    assert_eq!(
        fetch_all(&mut client, &["two", "none", "one"]),
        [(0, vec![of("b", 22)]), (0, vec![]), (0, vec![of("a", 11), of("b", 11)])]
    );
}

#[test]
fn errors_of_a_whole_group_stand_where_the_version_has_a_place() {
    let broker = Broker::start();
    let mut client = broker.connect();
    // There is no coordinator yet.
    assert_eq!(fetch(&mut client, 1, "g", "t"), (-1, String::new(), 16, 0));
    for version in [2, 5] {
        let body = Body::new().text("g").i32(1).text("t").i32(1).i32(0);
        let mut reply = client.ask(OFFSET_FETCH, version, body);
        if version >= 3 {
            reply.i32();
        }
        assert_eq!((reply.i32(), reply.i16()), (0, 16), "v{version}: no topics, one error");
    }
    assert_eq!(fetch_all(&mut client, &["g", "h"]), [(16, vec![]), (16, vec![])]);
    // All offsets cannot be asked for in v1.
    client.send(OFFSET_FETCH, 1, Body::new().text("g").i32(-1));
    assert!(client.is_closed());
}

/// OffsetDelete of one partition: the error of the group, and of the partition if there is one.
pub fn forget(client: &mut Client, group: &str, topic: &str) -> (i16, Option<i16>) {
    let body = Body::new().text(group).i32(1).text(topic).i32(1).i32(0);
    let mut reply = client.ask(OFFSET_DELETE, 0, body);
    let (whole, _throttle) = (reply.i16(), reply.i32());
    let partition = (0..reply.i32()).next().map(|_| {
        assert_eq!(reply.text().as_deref(), Some(topic));
        assert_eq!((reply.i32(), reply.i32()), (1, 0));
        reply.i16()
    });
    assert!(reply.is_at_end());
    (whole, partition)
}

#[test]
fn offsets_and_groups_are_forgotten() {
    let broker = Broker::start();
    let mut client = coordinated(&broker);
    assert_eq!(client.metadata("t", true), 0);
    assert_eq!(forget(&mut client, "", "t"), (24, None));
    assert_eq!(forget(&mut client, "none", "gone"), (69, None));
    assert_eq!(commit(&mut client, 2, "g", NOBODY, "t", 5), 0);
    assert_eq!(forget(&mut client, "g", "gone"), (0, Some(3)));
    assert_eq!(forget(&mut client, "g", "t"), (0, Some(0)));
    assert_eq!(fetch(&mut client, 2, "g", "t").0, -1);
    assert_eq!(commit(&mut client, 2, "g", NOBODY, "t", 5), 0);
    // A group that is named twice is deleted once.
    let body = Body::new().i32(3).text("g").text("none").text("g");
    let mut reply = client.ask(DELETE_GROUPS, 0, body);
    assert_eq!((reply.i32(), reply.i32()), (0, 2));
    assert_eq!((reply.text().as_deref(), reply.i16()), (Some("g"), 0));
    assert_eq!((reply.text().as_deref(), reply.i16()), (Some("none"), 69));
    assert_eq!(fetch(&mut client, 2, "g", "t").0, -1);
}
