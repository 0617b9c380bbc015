//! Members of classic groups, byte by byte: joining, waiting for others, being fenced, and what
//! happens around a member that waits.

use std::time::{Duration, Instant};

use crate::broker::Broker;
use crate::bytes::*;
use crate::groups::{coordinated, join_body};

/// What JoinGroup v5 answered.
struct Joined {
    error: i16,
    generation: i32,
    leader: String,
    member: String,
    members: Vec<String>,
}

fn read_joined(reply: &mut Reply) -> Joined {
    reply.i32();
    let (error, generation) = (reply.i16(), reply.i32());
    reply.text();
    let (leader, member) = (reply.text().unwrap(), reply.text().unwrap());
    let members = (0..reply.i32()).map(|_| {
        let member = reply.text().unwrap();
        reply.text();
        let metadata = reply.i32() as usize;
        reply.skip(metadata);
        member
    });
    let members = members.collect();
    assert!(reply.is_at_end());
    Joined { error, generation, leader, member, members }
}

fn join(client: &mut Client, group: &str, member: &str) -> Joined {
    let body = join_body(5, group, member, 10_000, &["range"]);
    read_joined(&mut client.ask(JOIN_GROUP, 5, body))
}

/// Joins as a new member: once for an id, once with it.
fn enter(client: &mut Client, group: &str) -> Joined {
    let first = join(client, group, "");
    assert_eq!((first.error, first.generation), (79, -1));
    assert_eq!(first.member, format!("traps-{}", &first.member[6..]), "client id and a UUID");
    assert!(first.members.is_empty());
    join(client, group, &first.member)
}

/// SyncGroup v3: error and assignment.
fn sync(
    client: &mut Client,
    group: &str,
    generation: i32,
    member: &str,
    assign: &[(&str, &[u8])],
) -> (i16, Vec<u8>) {
    let mut body = Body::new().text(group).i32(generation).text(member).i16(-1);
    body = body.i32(assign.len() as i32);
    for (member, assignment) in assign {
        body = body.text(member).i32(assignment.len() as i32).raw(assignment);
    }
    let mut reply = client.ask(SYNC_GROUP, 3, body);
    reply.i32();
    let (error, length) = (reply.i16(), reply.i32() as usize);
    (error, reply.take(length).to_vec())
}

fn beat(client: &mut Client, group: &str, generation: i32, member: &str) -> i16 {
    client.ask(HEARTBEAT, 0, Body::new().text(group).i32(generation).text(member)).i16()
}

fn leave(client: &mut Client, group: &str, member: &str) -> i16 {
    client.ask(LEAVE_GROUP, 0, Body::new().text(group).text(member)).i16()
}

fn broker() -> Broker {
    Broker::with(&["group.initial.rebalance.delay.ms=0"])
}

#[test]
fn a_member_is_given_an_id_leads_is_assigned_and_leaves() {
    let broker = broker();
    let mut client = coordinated(&broker);
    let joined = enter(&mut client, "g");
    assert_eq!((joined.error, joined.generation), (0, 1));
    assert_eq!(
        (&joined.leader, &joined.members[..]),
        (&joined.member, &[joined.member.clone()][..])
    );
    let me = joined.member;
    assert_eq!(sync(&mut client, "g", 7, &me, &[]).0, 22);
    assert_eq!(sync(&mut client, "g", 1, "other", &[]).0, 25);
    assert_eq!(sync(&mut client, "g", 1, &me, &[(&me, b"all")]), (0, b"all".to_vec()));
    assert_eq!(beat(&mut client, "g", 1, &me), 0);
    assert_eq!(beat(&mut client, "g", 2, &me), 22);
    assert_eq!(beat(&mut client, "g", 1, "other"), 25);
    // With a member in it, a group cannot be deleted.
    let mut reply = client.ask(DELETE_GROUPS, 0, Body::new().i32(1).text("g"));
    assert_eq!((reply.skip(4 + 4).text().as_deref(), reply.i16()), (Some("g"), 68));
    assert_eq!(leave(&mut client, "g", &me), 0);
    assert_eq!(leave(&mut client, "g", &me), 25);
}

#[test]
fn what_a_group_cannot_take_is_refused_at_the_door() {
    let broker = Broker::with(&["group.initial.rebalance.delay.ms=0", "group.max.size=1"]);
    let mut client = coordinated(&broker);
    let error = |client: &mut Client, body| client.ask(JOIN_GROUP, 3, body).skip(4).i16();
    assert_eq!(error(&mut client, join_body(3, "g", "", 5_999, &["range"])), 26);
    assert_eq!(error(&mut client, join_body(3, "g", "", 1_800_001, &["range"])), 26);
    assert_eq!(error(&mut client, join_body(3, "g", "", 10_000, &[])), 23);
    assert_eq!(error(&mut client, join_body(3, "g", "nobody", 10_000, &["range"])), 25);
    assert_eq!(error(&mut client, join_body(3, "g", "", 10_000, &["range"])), 0);
    assert_eq!(error(&mut client, join_body(3, "g", "", 10_000, &["range"])), 81);
}

#[test]
fn a_second_member_makes_the_first_one_join_again_and_waits_for_it() {
    let broker = broker();
    let (mut first, mut second) = (coordinated(&broker), broker.connect());
    let me = enter(&mut first, "g").member;
    assert_eq!(sync(&mut first, "g", 1, &me, &[(&me, b"all")]).0, 0);
    let other = join(&mut second, "g", "").member;
    second.send(JOIN_GROUP, 5, join_body(5, "g", &other, 10_000, &["range"]));
    let started = Instant::now();
    while beat(&mut first, "g", 1, &me) != 27 {
        assert!(started.elapsed() < Duration::from_secs(10), "nobody told the first member");
    }
    let again = join(&mut first, "g", &me);
    assert_eq!((again.error, again.generation, &again.leader), (0, 2, &me));
    let mut reply = second.receive().unwrap();
    reply.i32();
    let waited = read_joined(&mut reply);
    assert_eq!((waited.error, waited.generation, &waited.leader), (0, 2, &me));
    assert_eq!((waited.member, waited.members.len()), (other.clone(), 0));
    let mut both = [me.clone(), other.clone()];
    both.sort();
    let mut members = again.members;
    members.sort();
    assert_eq!(members, both);
    // The second waits for what the leader says.
    let wait = Body::new().text("g").i32(2).text(&other).i16(-1).i32(0);
    second.send(SYNC_GROUP, 3, wait);
    assert_eq!(sync(&mut first, "g", 2, &me, &[(&me, b"a"), (&other, b"b")]), (0, b"a".to_vec()));
    let mut reply = second.receive().unwrap();
    assert_eq!((reply.skip(4 + 4).i16(), reply.i32(), reply.take(1)), (0, 1, &b"b"[..]));
}

#[test]
fn a_member_that_waits_holds_up_nobody() {
    let broker = broker();
    let (mut first, mut waiting) = (coordinated(&broker), broker.connect());
    assert_eq!(enter(&mut first, "g").error, 0);
    let member = join(&mut waiting, "g", "").member;
    waiting.send(JOIN_GROUP, 5, join_body(5, "g", &member, 10_000, &["range"]));
    let started = Instant::now();
    for at in 0..20 {
        let mut other = broker.connect();
        assert_eq!(enter(&mut other, &format!("other-{at}")).error, 0);
        assert_eq!(other.metadata("t", true), 0);
    }
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn what_comes_behind_a_join_on_its_connection_is_answered_behind_it() {
    let broker = broker();
    let (mut first, mut waiting) = (coordinated(&broker), broker.connect());
    let me = enter(&mut first, "g");
    let member = join(&mut waiting, "g", "").member;
    let joining = waiting.send(JOIN_GROUP, 5, join_body(5, "g", &member, 10_000, &["range"]));
    let asking = waiting.send(API_VERSIONS, 0, Body::new());
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(leave(&mut first, "g", &me.member), 0);
    assert_eq!(waiting.receive().unwrap().i32(), joining);
    assert_eq!(waiting.receive().unwrap().i32(), asking);
}

#[test]
fn a_connection_that_closes_while_its_member_waits_breaks_nothing() {
    let broker =
        Broker::with(&["group.initial.rebalance.delay.ms=0", "group.min.session.timeout.ms=100"]);
    let mut first = coordinated(&broker);
    let me = enter(&mut first, "g");
    for _ in 0..10 {
        let mut gone = broker.connect();
        let member = join(&mut gone, "g", "").member;
        gone.send(JOIN_GROUP, 5, join_body(5, "g", &member, 300, &["range"]));
    }
    std::thread::sleep(Duration::from_millis(500));
    // The group waits for nobody but until their sessions end.
    let again = join(&mut first, "g", &me.member);
    assert_eq!(again.error, 0);
    assert!(again.generation > 1);
    let mut last = again;
    let started = Instant::now();
    while last.members.len() != 1 {
        assert!(started.elapsed() < Duration::from_secs(15), "{} members", last.members.len());
        last = join(&mut first, "g", &me.member);
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// JoinGroup v5 of a static member.
fn join_static(client: &mut Client, group: &str, member: &str, instance: &str) -> Joined {
    let body = Body::new().text(group).i32(10_000).i32(10_000).text(member).text(instance);
    let body = body.text("consumer").i32(1).text("range").i32(4).raw(&[0; 4]);
    read_joined(&mut client.ask(JOIN_GROUP, 5, body))
}

#[test]
fn a_static_member_comes_back_without_a_rebalance_and_its_twin_is_fenced() {
    let broker = broker();
    let mut client = coordinated(&broker);
    let first = join_static(&mut client, "g", "", "one");
    assert_eq!((first.error, first.generation), (0, 1), "no id is needed first");
    let before = first.member;
    assert_eq!(sync(&mut client, "g", 1, &before, &[(&before, b"all")]).0, 0);
    let back = join_static(&mut client, "g", "", "one");
    assert_eq!((back.error, back.generation), (0, 1));
    assert_ne!(back.member, before);
    assert_eq!(sync(&mut client, "g", 1, &back.member, &[]), (0, b"all".to_vec()));
    assert_eq!(join_static(&mut client, "g", &before, "one").error, 82);
    let beat = |client: &mut Client, member: &str, instance: &str| {
        let body = Body::new().text("g").i32(1).text(member).text(instance);
        client.ask(HEARTBEAT, 3, body).skip(4).i16()
    };
    assert_eq!(beat(&mut client, &before, "one"), 82);
    assert_eq!(beat(&mut client, &back.member, "one"), 0);
    assert_eq!(beat(&mut client, &back.member, "two"), 25);
    let body = Body::new().text("g").i32(2).text(&before).text("one").text("").text("one");
    let mut reply = client.ask(LEAVE_GROUP, 3, body);
    assert_eq!((reply.skip(4).i16(), reply.i32()), (0, 2));
    assert_eq!((reply.text(), reply.text(), reply.i16()), (Some(before), Some("one".into()), 82));
    assert_eq!((reply.text().as_deref(), reply.text().as_deref()), (Some(""), Some("one")));
    assert_eq!(reply.i16(), 0);
}

#[test]
fn a_rebalance_refuses_commits_of_members_until_it_is_over() {
    let broker = broker();
    let mut client = coordinated(&broker);
    assert_eq!(client.metadata("t", true), 0);
    let commit = |client: &mut Client, generation: i32, member: &str| {
        let body = Body::new().text("g").i32(generation).text(member).i64(-1);
        let body = body.i32(1).text("t").i32(1).i32(0).i64(1).i16(-1);
        client.ask(OFFSET_COMMIT, 2, body).skip(4 + 3 + 4 + 4).i16()
    };
    let me = enter(&mut client, "g").member;
    assert_eq!(commit(&mut client, 1, &me), 27, "joined, but not synced");
    assert_eq!(sync(&mut client, "g", 1, &me, &[(&me, b"all")]).0, 0);
    assert_eq!(commit(&mut client, 1, &me), 0);
    assert_eq!(commit(&mut client, 2, &me), 22);
    assert_eq!(commit(&mut client, 1, "other"), 25);
    assert_eq!(commit(&mut client, -1, ""), 25, "nobody in particular, while there are members");
    assert_eq!(leave(&mut client, "g", &me), 0);
    assert_eq!(commit(&mut client, -1, ""), 0);
}
