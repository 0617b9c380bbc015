//! Members of the classic protocol in a consumer group, and the way back to a classic group.

use bytes::Bytes;

use super::downgrade::Downgrade;
use super::rig::{Rig, beat, caller, joining, text};
use crate::group::answer::{Answer, Joined, Left, Synced};
use crate::group::consumer_protocol::{Assignment, NamedPartitions, assignment_bytes};
use crate::group::request::{ConsumerHeartbeat, Heartbeat, Join, Leaving, Sync};
use crate::group::{GroupError, MigrationPolicy, TimerKey, Token};

/// `ConsumerProtocol`'s subscription of version 1 to topic t, owning these of its partitions.
fn subscription(owned: &[u8]) -> Bytes {
    let mut bytes = vec![0, 1, 0, 0, 0, 1, 0, 1, b't', 255, 255, 255, 255, 0, 0, 0, 1, 0, 1, b't'];
    bytes.extend([0, 0, 0, owned.len() as u8]);
    owned.iter().for_each(|partition| bytes.extend([0, 0, 0, *partition]));
    bytes.into()
}

fn join_as(member: &str, owned: &[u8]) -> Join {
    Join {
        member_id: text(member),
        instance_id: None,
        protocol_type: text("consumer"),
        protocols: vec![(text("p"), subscription(owned)), (text("q"), subscription(owned))],
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 30_000,
        reason: None,
        requires_known_member_id: true,
        supports_skipping_assignment: true,
    }
}

fn join(rig: &mut Rig, request: &Join) -> Joined {
    let who = caller();
    let answers = rig.step(|group, context| group.join(context, Token(1), &who, request));
    match answers.into_iter().next() {
        Some(Answer::Join(joined)) => joined,
        other => panic!("{other:?}"),
    }
}

fn sync(rig: &mut Rig, member: &str, generation: i32) -> Result<Synced, GroupError> {
    let request = Sync {
        member_id: text(member),
        instance_id: None,
        generation,
        protocol_type: Some(text("consumer")),
        protocol: Some(text("p")),
        assignments: Vec::new(),
    };
    match rig.step(|group, context| group.sync(context, Token(1), &request)).pop() {
        Some(Answer::Sync(synced)) => synced,
        other => panic!("{other:?}"),
    }
}

fn heartbeat(rig: &mut Rig, member: &str, generation: i32) -> Result<(), GroupError> {
    let request = Heartbeat { member_id: text(member), instance_id: None, generation };
    match rig.step(|group, context| group.classic_heartbeat(context, Token(1), &request)).pop() {
        Some(Answer::Heartbeat(answer)) => answer,
        other => panic!("{other:?}"),
    }
}

fn leave(rig: &mut Rig, leaving: &[Leaving]) -> Vec<Left> {
    match rig.step(|group, context| group.leave_group(context, Token(1), leaving)).pop() {
        Some(Answer::Leave(Ok(left))) => left,
        other => panic!("{other:?}"),
    }
}

/// A group with a member of each protocol: a has t-0 and t-1 in epoch 3, c is to have the rest.
fn mixed() -> Rig {
    let mut rig = Rig::new(&[("t", 4)]);
    rig.join("a", &["t"]);
    rig.pass(1000);
    let joined = join(&mut rig, &join_as("c", &[]));
    assert_eq!((joined.error, joined.generation), (None, 3));
    rig.beat(&beat("a", 2)).unwrap();
    let kept = ConsumerHeartbeat { owned: Some(vec![rig.set("t", &[0, 1])]), ..beat("a", 2) };
    rig.beat(&kept).unwrap();
    rig
}

#[test]
fn a_new_member_is_given_an_id_and_comes_back_with_it() {
    let mut rig = Rig::new(&[("t", 4)]);
    rig.join("a", &["t"]);
    rig.pass(1000);
    let joined = join(&mut rig, &join_as("", &[]));
    assert_eq!(joined.error, Some(GroupError::MemberIdRequired));
    assert!(rig.wrote.is_empty());
    let id = joined.member_id;
    let joined = join(&mut rig, &join_as(&id, &[]));
    assert_eq!((joined.error, joined.member_id, joined.generation), (None, id.clone(), 3));
    assert_eq!(joined.protocol_type.as_deref(), Some("consumer"));
    assert_eq!(joined.protocol.as_deref(), Some("p"));
    assert!(rig.timers.contains_key(&TimerKey::MemberSync(id.clone())));
    let session = rig.timers[&TimerKey::Session(id)].since(rig.now);
    assert_eq!(session.as_secs(), 10, "its own session timeout");
    rig.check_replay();
}

#[test]
fn it_takes_part_in_three_requests() {
    let mut rig = mixed();
    let synced = sync(&mut rig, "c", 3).unwrap();
    assert_eq!(synced.protocol.as_deref(), Some("p"));
    assert_eq!(Assignment::parse(&synced.assignment).unwrap().partitions, []);
    assert!(!rig.timers.contains_key(&TimerKey::MemberSync(text("c"))));
    // a has given up the rest meanwhile, so c is to fetch it.
    assert_eq!(heartbeat(&mut rig, "c", 3), Err(GroupError::RebalanceInProgress));
    assert!(rig.timers.contains_key(&TimerKey::MemberJoin(text("c"))));
    join(&mut rig, &join_as("c", &[]));
    assert!(!rig.timers.contains_key(&TimerKey::MemberJoin(text("c"))));
    let synced = sync(&mut rig, "c", 3).unwrap();
    let given = NamedPartitions { topic: text("t"), partitions: vec![2, 3] };
    assert_eq!(synced.assignment, assignment_bytes(1, &[given]));
    assert_eq!(heartbeat(&mut rig, "c", 3), Ok(()));
    assert!(rig.wrote.is_empty());
    assert_eq!(rig.group.state(), "Stable");
    rig.check_replay();
}

#[test]
fn it_gives_up_what_it_does_not_find_in_its_assignment() {
    let mut rig = mixed();
    join(&mut rig, &join_as("c", &[]));
    sync(&mut rig, "c", 3).unwrap();
    rig.pass(1000);
    rig.join("b", &["t"]);
    assert_eq!(heartbeat(&mut rig, "c", 3), Err(GroupError::RebalanceInProgress));
    assert_eq!(sync(&mut rig, "c", 3).unwrap_err(), GroupError::RebalanceInProgress);
    // It owns both still, so it stays in its epoch and is told what it may keep.
    let joined = join(&mut rig, &join_as("c", &[2, 3]));
    assert_eq!(joined.generation, 3);
    let synced = sync(&mut rig, "c", 3).unwrap();
    let kept = Assignment::parse(&synced.assignment).unwrap().partitions;
    let last = kept[0].partitions[0];
    assert_eq!(kept[0].partitions.len(), 1);
    assert_eq!(heartbeat(&mut rig, "c", 3), Err(GroupError::RebalanceInProgress));
    let joined = join(&mut rig, &join_as("c", &[last as u8]));
    assert_eq!(joined.generation, 4);
    rig.check_replay();
}

#[test]
fn who_does_not_rejoin_or_sync_in_time_is_fenced() {
    let mut rig = mixed();
    assert_eq!(heartbeat(&mut rig, "c", 3), Err(GroupError::RebalanceInProgress));
    rig.run(9000);
    // To be told again does not give it more time.
    assert_eq!(heartbeat(&mut rig, "c", 3), Err(GroupError::RebalanceInProgress));
    rig.run(9000);
    heartbeat(&mut rig, "c", 3).unwrap_err();
    rig.run(9000);
    heartbeat(&mut rig, "c", 3).unwrap_err();
    rig.run(3000);
    assert_eq!(heartbeat(&mut rig, "c", 3), Err(GroupError::UnknownMemberId));
}

#[test]
fn what_does_not_fit_is_refused_as_by_kafka() {
    let mut rig = mixed();
    let error = |rig: &mut Rig, request: Join| join(rig, &request).error.unwrap();
    let other = Join { protocol_type: text("connect"), ..join_as("d", &[]) };
    assert_eq!(error(&mut rig, other), GroupError::InconsistentGroupProtocol);
    let other = Join { protocols: vec![(text("x"), subscription(&[]))], ..join_as("d", &[]) };
    assert_eq!(error(&mut rig, other), GroupError::InconsistentGroupProtocol);
    let bad = Join { protocols: vec![(text("p"), Bytes::from_static(b"?"))], ..join_as("d", &[]) };
    assert_eq!(error(&mut rig, bad), GroupError::InconsistentGroupProtocol);
    let short = Join { session_timeout_ms: 5999, ..join_as("d", &[]) };
    assert_eq!(error(&mut rig, short), GroupError::InvalidSessionTimeout);
    rig.settings.consumer_members_max = 2;
    assert_eq!(error(&mut rig, join_as("d", &[])), GroupError::GroupMaxSizeReached);
    rig.settings.migration = MigrationPolicy::Disabled;
    assert_eq!(error(&mut rig, join_as("c", &[])), GroupError::InconsistentGroupProtocol);
    assert_eq!(sync(&mut rig, "a", 3).unwrap_err(), GroupError::UnknownMemberId);
    assert_eq!(heartbeat(&mut rig, "a", 3), Err(GroupError::UnknownMemberId));
    assert_eq!(heartbeat(&mut rig, "c", 4), Err(GroupError::IllegalGeneration));
    assert_eq!(sync(&mut rig, "c", 2).unwrap_err(), GroupError::IllegalGeneration);
}

fn leaving(member: &str, instance: Option<&str>) -> Leaving {
    Leaving { member_id: text(member), instance_id: instance.map(text), reason: None }
}

#[test]
fn members_of_either_protocol_leave_by_leave_group() {
    let mut rig = mixed();
    rig.settings.migration = MigrationPolicy::Upgrade;
    let fixed = ConsumerHeartbeat { instance_id: Some(text("i")), ..joining("s", &["t"]) };
    rig.beat(&fixed).unwrap();
    let left = leave(
        &mut rig,
        &[
            leaving("a", None),
            leaving("nobody", None),
            leaving("", Some("i")),
            leaving("", Some("j")),
            leaving("a", None),
        ],
    );
    let errors: Vec<Option<GroupError>> = left.into_iter().map(|left| left.error).collect();
    let unknown = Some(GroupError::UnknownMemberId);
    assert_eq!(errors, [None, unknown.clone(), None, unknown, None]);
    let removed =
        ["-current a", "-target a", "-member a", "-current s", "-target s", "-member s", "epoch"];
    assert_eq!(rig.kinds(), removed);
    rig.check_replay();
}

#[test]
fn when_the_last_of_the_new_protocol_leaves_the_group_is_a_classic_one() {
    let mut rig = mixed();
    rig.beat(&beat("a", -1)).unwrap();
    let written = [
        "-current a",
        "-current c",
        "-target a",
        "-target c",
        "-target epoch",
        "-member a",
        "-member c",
        "-topics",
        "-epoch",
    ];
    assert_eq!(rig.kinds(), written);
    assert!(rig.timers.is_empty(), "{:?}", rig.timers);
    let Downgrade { generation, members, rebalance } = rig.group.downgraded().unwrap();
    assert_eq!((generation, rebalance), (3, true));
    let [member] = members.as_slice() else { panic!("{members:?}") };
    assert_eq!((member.session_timeout_ms, member.rebalance_timeout_ms), (10_000, 30_000));
    assert_eq!(member.protocols.len(), 2);
    let had = NamedPartitions { topic: text("t"), partitions: vec![2, 3] };
    assert_eq!(member.assignment, assignment_bytes(1, &[had]));
    assert!(rig.group.is_empty());
    rig.check_replay();
}

#[test]
fn a_policy_against_it_or_a_full_classic_group_keeps_the_group_as_it_is() {
    for full in [false, true] {
        let mut rig = mixed();
        match full {
            true => rig.settings.members_max = 0,
            false => rig.settings.migration = MigrationPolicy::Upgrade,
        }
        rig.beat(&beat("a", -1)).unwrap();
        assert_eq!(rig.group.downgraded(), None);
        // Nobody but c itself makes the assignment that takes in what a had.
        rig.pass(1000);
        assert_eq!(heartbeat(&mut rig, "c", 3), Err(GroupError::RebalanceInProgress));
        assert_eq!(join(&mut rig, &join_as("c", &[])).generation, 4);
        let synced = sync(&mut rig, "c", 4).unwrap();
        let all = NamedPartitions { topic: text("t"), partitions: vec![0, 1, 2, 3] };
        assert_eq!(synced.assignment, assignment_bytes(1, &[all]));
    }
}

#[test]
fn a_static_member_that_comes_back_with_the_old_protocol_takes_the_group_along() {
    let mut rig = Rig::new(&[("t", 4)]);
    let fixed = ConsumerHeartbeat { instance_id: Some(text("i")), ..joining("s", &["t"]) };
    rig.beat(&fixed).unwrap();
    let back = Join { instance_id: Some(text("i")), ..join_as("", &[]) };
    let joined = join(&mut rig, &back);
    assert_eq!((joined.error, joined.generation), (None, 2));
    let Downgrade { members, rebalance, .. } = rig.group.downgraded().unwrap();
    assert!(!rebalance, "it wants what it wanted");
    let [member] = members.as_slice() else { panic!("{members:?}") };
    assert_eq!(member.member_id, joined.member_id);
    let had = NamedPartitions { topic: text("t"), partitions: vec![0, 1, 2, 3] };
    assert_eq!(member.assignment, assignment_bytes(1, &[had]));
    rig.check_replay();
}
