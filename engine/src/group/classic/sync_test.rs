//! SyncGroup and the sync phase.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::ClassicState::{CompletingRebalance, PreparingRebalance, Stable};
use super::world_test::*;
use crate::group::GroupError;
use crate::group::answer::Joined;
use crate::group::request::{Join, Sync};

fn assigning(joined: &Joined, to: &[(&Joined, &'static str)]) -> Sync {
    let assignments = to
        .iter()
        .map(|(member, what)| (Arc::clone(&member.member_id), Bytes::from_static(what.as_bytes())));
    Sync { assignments: assignments.collect(), ..follower(joined) }
}

#[test]
fn everybody_gets_what_the_leader_assigned() {
    let mut world = World::new();
    let members = world.first_members(3);
    let leads = leader(&members);
    let (early, late) = (&members[(leads + 1) % 3], &members[(leads + 2) % 3]);
    let first = world.sync(&follower(early));
    assert!(world.waits(first));
    let strangers = (Arc::from("nobody"), Bytes::from_static(b"x"));
    let mut request = assigning(&members[leads], &[(early, "early"), (&members[leads], "own")]);
    request.assignments.push(strangers);
    let of_leader = world.sync(&request);
    assert_eq!(world.group.state(), Stable);
    assert_eq!(&world.synced(first).unwrap().assignment[..], b"early");
    let own = world.synced(of_leader).unwrap();
    assert_eq!(&own.assignment[..], b"own");
    assert_eq!(
        (own.protocol_type.as_deref(), own.protocol.as_deref()),
        (Some("consumer"), Some("range"))
    );
    let last = world.sync(&follower(late)); // the leader left it out
    assert_eq!(world.synced(last).unwrap().assignment.len(), 0);

    let written = world.log.last().unwrap().clone().unwrap();
    assert_eq!((written.generation, written.members.len()), (1, 3));
    assert_eq!(written.leader.as_ref(), Some(&members[leads].member_id));
    let member = &written.members[0];
    assert_eq!((&*member.client_id, &*member.client_host), ("client", "/10.0.0.1"));
    assert_eq!((member.session_timeout_ms, member.rebalance_timeout_ms), (10_000, 60_000));
    assert_eq!(member.subscription, protocols(&["range"])[0].1);
}

#[test]
fn a_sync_has_to_fit_the_group() {
    let mut world = World::new();
    let token = world.sync(&follower_of_nobody());
    assert_eq!(world.synced(token), Err(GroupError::UnknownMemberId));
    let members = world.first_members(1);
    let right = follower(&members[0]);
    let cases = [
        (Sync { member_id: Arc::from("x"), ..right.clone() }, GroupError::UnknownMemberId),
        (Sync { instance_id: Some(Arc::from("i")), ..right.clone() }, GroupError::UnknownMemberId),
        (Sync { generation: 2, ..right.clone() }, GroupError::IllegalGeneration),
        (Sync { generation: 0, ..right.clone() }, GroupError::IllegalGeneration),
        (
            Sync { protocol_type: Some(Arc::from("connect")), ..right.clone() },
            GroupError::InconsistentGroupProtocol,
        ),
        (
            Sync { protocol: Some(Arc::from("sticky")), ..right.clone() },
            GroupError::InconsistentGroupProtocol,
        ),
    ];
    for (request, error) in cases {
        let token = world.sync(&request);
        assert_eq!(world.synced(token), Err(error), "{request:?}");
    }
    let older = Sync { protocol: None, protocol_type: None, ..right };
    let token = world.sync(&older);
    assert!(world.synced(token).is_ok());
}

#[test]
fn a_member_that_is_left_out_loses_what_it_had() {
    let mut world = World::new();
    let members = world.stable(2);
    let tokens = [leader(&members), 1 - leader(&members)]
        .map(|at| world.join(&member(&members[at].member_id)));
    let again = tokens.map(|token| world.joined(token));
    world.sync(&assigning(&again[leader(&again)], &[]));
    let token = world.sync(&follower(&again[1 - leader(&again)]));
    assert_eq!(world.synced(token).unwrap().assignment.len(), 0);
}

fn follower_of_nobody() -> Sync {
    Sync {
        member_id: Arc::from("m"),
        instance_id: None,
        generation: 1,
        protocol_type: None,
        protocol: None,
        assignments: Vec::new(),
    }
}

#[test]
fn a_rebalance_ends_the_wait_for_an_assignment() {
    let mut world = World::new();
    let members = world.first_members(2);
    let leads = leader(&members);
    let waiting = world.sync(&follower(&members[1 - leads]));
    let id = world.new_id();
    world.join(&member(&id));
    assert_eq!(world.group.state(), PreparingRebalance);
    assert_eq!(world.synced(waiting), Err(GroupError::RebalanceInProgress));
    let late = world.sync(&assigning(&members[leads], &[]));
    assert_eq!(world.synced(late), Err(GroupError::RebalanceInProgress));
}

#[test]
fn a_sync_that_is_repeated_ends_the_one_before() {
    let mut world = World::new();
    let members = world.first_members(2);
    let leads = leader(&members);
    let first = world.sync(&follower(&members[1 - leads]));
    let second = world.sync(&follower(&members[1 - leads]));
    assert_eq!(world.synced(first), Err(GroupError::RebalanceInProgress));
    world.sync(&assigning(&members[leads], &[]));
    assert!(world.synced(second).is_ok());
}

#[test]
fn members_that_do_not_sync_are_out() {
    let mut world = World::new();
    let members = world.first_members(3);
    let leads = leader(&members);
    let (alive, dead) = (&members[(leads + 1) % 3], &members[(leads + 2) % 3]);
    world.sync(&assigning(&members[leads], &[]));
    let beats = |world: &mut World| {
        [&members[leads], alive, dead].map(|joined| world.heartbeat(&joined.member_id, 1))
    };
    for _ in 0..11 {
        world.pass(Duration::from_secs(5));
        assert_eq!(beats(&mut world), [Ok(()), Ok(()), Ok(())]);
    }
    let token = world.sync(&follower(alive));
    assert!(world.synced(token).is_ok());
    world.pass(Duration::from_secs(5));
    assert_eq!(world.group.state(), PreparingRebalance);
    let again = Err(GroupError::RebalanceInProgress);
    assert_eq!(beats(&mut world), [again.clone(), again, Err(GroupError::UnknownMemberId)]);
}

#[test]
fn a_leader_that_does_not_assign_is_out() {
    let mut world = World::new();
    let members = world.first_members(2);
    let leads = leader(&members);
    let waiting = world.sync(&follower(&members[1 - leads]));
    for _ in 0..12 {
        let _ = world.heartbeat(&members[leads].member_id, 1);
        world.pass(Duration::from_secs(5));
    }
    assert_eq!(world.synced(waiting), Err(GroupError::RebalanceInProgress));
    let token = world.join(&member(&members[1 - leads].member_id));
    let joined = world.joined(token);
    assert_eq!((joined.generation, joined.members.len()), (2, 1));
}

#[test]
fn who_waits_for_the_leader_need_not_send_heartbeats() {
    let mut world = World::new();
    let patient = |id: &str| Join { rebalance_timeout_ms: 600_000, ..member(id) };
    let ids = [world.new_id(), world.new_id()];
    let tokens = [world.join(&patient(&ids[0])), world.join(&patient(&ids[1]))];
    world.pass(DELAY * 2);
    let members = tokens.map(|token| world.joined(token));
    let leads = leader(&members);
    let waiting = world.sync(&follower(&members[1 - leads]));
    for _ in 0..20 {
        world.pass(Duration::from_secs(5));
        assert_eq!(world.heartbeat(&members[leads].member_id, 1), Ok(()));
    }
    assert_eq!(world.group.state(), CompletingRebalance);
    world.sync(&assigning(&members[leads], &[]));
    assert!(world.synced(waiting).is_ok());
    // From now on it has to.
    world.pass(SESSION - Duration::from_nanos(1));
    assert_eq!(world.heartbeat(&members[leads].member_id, 1), Ok(()));
    world.pass(Duration::from_nanos(1));
    assert_eq!(world.group.state(), PreparingRebalance);
    assert_eq!(world.group.size(), 1);
}
