//! Groups, byte by byte: what is refused, in which code, and where it stands in which version.

use crate::broker::Broker;
use crate::bytes::*;

pub fn coordinated(broker: &Broker) -> Client {
    let mut client = broker.connect();
    assert_eq!(client.ask(FIND_COORDINATOR, 0, Body::new().text("g")).i16(), 0);
    client
}

#[test]
fn before_anybody_looked_for_a_coordinator_this_is_none() {
    let broker = Broker::start();
    let mut client = broker.connect();
    let heartbeat = Body::new().text("g").i32(1).text("m");
    assert_eq!(client.ask(HEARTBEAT, 0, heartbeat.clone()).i16(), 16);
    let mut client = coordinated(&broker);
    assert_eq!(client.ask(HEARTBEAT, 0, heartbeat).i16(), 25);
}

#[test]
fn an_empty_group_id_is_refused_where_kafka_refuses_it() {
    let broker = Broker::start();
    let mut client = coordinated(&broker);
    assert_eq!(client.ask(HEARTBEAT, 0, Body::new().text("").i32(1).text("m")).i16(), 24);
    assert_eq!(client.ask(LEAVE_GROUP, 0, Body::new().text("").text("m")).i16(), 24);
    let sync = Body::new().text("").i32(1).text("m").i32(0);
    assert_eq!(client.ask(SYNC_GROUP, 0, sync).i16(), 24);
    let mut reply = client.ask(JOIN_GROUP, 0, join_body(0, "", "m", 10_000, &[]));
    assert_eq!((reply.i16(), reply.i32()), (24, -1));
    assert_eq!((reply.text().as_deref(), reply.text().as_deref()), (Some(""), Some("")));
    assert_eq!(reply.text().as_deref(), Some("m"), "the id it came with");
    let describe = Body::new().varint(2).compact("").i8(0).no_tags();
    let mut reply = client.ask_flexible(CONSUMER_GROUP_DESCRIBE, 0, describe);
    assert_eq!((reply.i32(), reply.varint(), reply.i16()), (0, 2, 24));
    // DescribeGroups takes it, as it always did.
    let mut reply = client.ask(DESCRIBE_GROUPS, 0, Body::new().i32(1).text(""));
    assert_eq!((reply.i32(), reply.i16(), reply.text().as_deref()), (1, 0, Some("")));
    assert_eq!(reply.text().as_deref(), Some("Dead"));
}

/// JoinGroup, v0 to v5.
pub fn join_body(
    version: i16,
    group: &str,
    member: &str,
    session_timeout_ms: i32,
    protocols: &[&str],
) -> Body {
    let mut body = Body::new().text(group).i32(session_timeout_ms);
    if version >= 1 {
        body = body.i32(10_000);
    }
    body = body.text(member);
    if version >= 5 {
        body = body.i16(-1);
    }
    body = body.text("consumer").i32(protocols.len() as i32);
    for protocol in protocols {
        body = body.text(protocol).i32(4).raw(&[0; 4]);
    }
    body
}

#[test]
fn a_member_that_nobody_knows_is_told_so() {
    let broker = Broker::start();
    let mut client = coordinated(&broker);
    for version in 0..=2 {
        let mut reply = client.ask(LEAVE_GROUP, version, Body::new().text("g").text("m"));
        if version >= 1 {
            reply.i32();
        }
        assert_eq!(reply.i16(), 25, "v{version}");
        assert!(reply.is_at_end());
    }
    let body = Body::new().text("g").i32(2).text("m").i16(-1).text("").text("static");
    let mut reply = client.ask(LEAVE_GROUP, 3, body);
    assert_eq!((reply.i32(), reply.i16(), reply.i32()), (0, 0, 2));
    assert_eq!((reply.text().as_deref(), reply.text(), reply.i16()), (Some("m"), None, 25));
    let static_member = (reply.text(), reply.text(), reply.i16());
    assert_eq!(static_member, (Some(String::new()), Some("static".to_owned()), 25));
    let sync = Body::new().text("g").i32(1).text("m").i32(0);
    assert_eq!(client.ask(SYNC_GROUP, 0, sync).i16(), 25);
    // From v5 a member has to say what it believes the protocol to be.
    let sync = Body::new().compact("g").i32(1).compact("m").varint(0).varint(0).varint(0);
    let mut reply = client.ask_flexible(SYNC_GROUP, 5, sync.varint(1).no_tags());
    assert_eq!((reply.i32(), reply.i16()), (0, 23));
}

#[test]
fn a_group_that_is_not_there_is_dead_and_from_v6_also_an_error() {
    let broker = Broker::start();
    let mut client = coordinated(&broker);
    for version in 0..=4 {
        let mut body = Body::new().i32(1).text("none");
        if version >= 3 {
            body = body.i8(1);
        }
        let mut reply = client.ask(DESCRIBE_GROUPS, version, body);
        if version >= 1 {
            reply.i32();
        }
        assert_eq!((reply.i32(), reply.i16(), reply.text()), (1, 0, Some("none".to_owned())));
        assert_eq!(reply.text().as_deref(), Some("Dead"), "v{version}");
        assert_eq!((reply.text().as_deref(), reply.text().as_deref()), (Some(""), Some("")));
        assert_eq!(reply.i32(), 0, "no members");
        if version >= 3 {
            // Read, delete, describe, describe configs, alter configs.
            assert_eq!(reply.i32(), 0b1101_0100_1000);
        }
        assert!(reply.is_at_end());
    }
    let body = Body::new().varint(2).compact("none").i8(1).no_tags();
    let mut reply = client.ask_flexible(DESCRIBE_GROUPS, 6, body.clone());
    assert_eq!((reply.i32(), reply.varint(), reply.i16()), (0, 2, 69));
    assert_eq!(reply.compact().as_deref(), Some("Group none not found."));
    assert_eq!(reply.compact().as_deref(), Some("none"));
    assert_eq!(reply.compact().as_deref(), Some("Dead"));
    let mut reply = client.ask_flexible(CONSUMER_GROUP_DESCRIBE, 1, body);
    assert_eq!((reply.i32(), reply.varint(), reply.i16()), (0, 2, 69));
    assert_eq!(reply.compact().as_deref(), Some("Group none not found."));
}

/// ListGroups v5: ids, states and types.
fn listed(client: &mut Client, states: &[&str], types: &[&str]) -> Vec<(String, String, String)> {
    let mut body = Body::new();
    for list in [states, types] {
        body = body.varint(list.len() as u32 + 1);
        for one in list {
            body = body.compact(one);
        }
    }
    let mut reply = client.ask_flexible(LIST_GROUPS, 5, body.no_tags());
    assert_eq!((reply.i32(), reply.i16()), (0, 0));
    let mut groups = Vec::new();
    for _ in 1..reply.varint() {
        let id = reply.compact().unwrap();
        reply.compact();
        groups.push((id, reply.compact().unwrap(), reply.compact().unwrap()));
        assert_eq!(reply.varint(), 0);
    }
    groups.sort();
    groups
}

#[test]
fn groups_of_all_cores_are_listed_by_state_and_type() {
    let broker = Broker::start();
    let mut client = coordinated(&broker);
    assert_eq!(listed(&mut client, &[], &[]), []);
    assert_eq!(client.metadata("t", true), 0);
    let names: Vec<String> = (0..20).map(|at| format!("g{at:02}")).collect();
    for group in &names {
        let body = Body::new().text(group).i32(-1).text("").i64(-1);
        let body = body.i32(1).text("t").i32(1).i32(0).i64(1).i16(-1);
        assert_eq!(client.ask(OFFSET_COMMIT, 2, body).skip(4 + 3 + 4 + 4).i16(), 0);
    }
    let all = listed(&mut client, &[], &[]);
    assert_eq!(all.iter().map(|group| group.0.clone()).collect::<Vec<_>>(), names);
    assert!(all.iter().all(|group| (&*group.1, &*group.2) == ("Empty", "classic")));
    assert_eq!(listed(&mut client, &["stable", " EMPTY "], &["Classic"]), all);
    assert_eq!(listed(&mut client, &["stable"], &[]), []);
    assert_eq!(listed(&mut client, &[], &["consumer"]), []);
    assert_eq!(listed(&mut client, &[], &["nonsense"]), []);
    let mut reply = client.ask(LIST_GROUPS, 0, Body::new());
    assert_eq!((reply.i16(), reply.i32()), (0, 20));
}
