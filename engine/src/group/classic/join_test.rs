//! JoinGroup and the join phase.

use std::sync::Arc;
use std::time::Duration;

use super::ClassicState::{CompletingRebalance, Empty, PreparingRebalance, Stable};
use super::world_test::*;
use crate::group::GroupError;
use crate::group::request::Join;

fn refused(world: &mut World, request: &Join) -> (Option<GroupError>, Arc<str>) {
    let token = world.join(request);
    let joined = world.joined(token);
    assert_eq!((joined.generation, &*joined.leader), (-1, ""));
    assert!(joined.members.is_empty() && joined.protocol.is_none());
    (joined.error, joined.member_id)
}

#[test]
fn a_new_member_is_given_an_id_and_has_to_come_with_it() {
    let mut world = World::new();
    let (error, id) = refused(&mut world, &member(""));
    assert_eq!(error, Some(GroupError::MemberIdRequired));
    assert!(id.starts_with("client-") && id.len() == "client-".len() + 36, "{id}");
    assert_eq!((world.group.size(), world.group.state()), (0, Empty));
    assert_eq!(world.log.len(), 1); // the group is there now
    let value = world.log[0].clone().unwrap();
    assert_eq!((value.generation, &*value.protocol_type, value.members.len()), (0, "", 0));
    assert_eq!(value.state_timestamp, world.wall());

    let token = world.join(&member(&id));
    assert!(world.waits(token));
    world.pass(DELAY);
    let joined = world.joined(token);
    assert_eq!((joined.error.clone(), joined.generation), (None, 1));
    assert_eq!((&joined.leader, &joined.member_id), (&id, &id));
    assert_eq!(joined.protocol.as_deref(), Some("range"));
    assert_eq!(joined.members.len(), 1);
    assert_eq!(world.group.state(), CompletingRebalance);
    assert_eq!(world.log.len(), 1); // a generation is written with its assignments
}

#[test]
fn an_older_client_is_taken_in_at_once() {
    let mut world = World::new();
    let token = world.join(&Join { requires_known_member_id: false, ..member("") });
    assert!(world.waits(token));
    assert_eq!((world.group.size(), world.log.len()), (1, 1));
    world.pass(DELAY);
    assert!(world.joined(token).member_id.starts_with("client-"));
}

#[test]
fn an_id_that_does_not_come_back_is_forgotten() {
    let mut world = World::new();
    let members = world.stable(1);
    let id = world.new_id();
    let mut rejoin = member(&members[0].member_id);
    rejoin.session_timeout_ms = 60_000;
    let token = world.join(&rejoin); // the leader: a rebalance
    assert_eq!(world.group.state(), PreparingRebalance); // it waits for the other one
    world.pass(SESSION);
    assert_eq!(world.group.state(), CompletingRebalance);
    assert_eq!(world.joined(token).members.len(), 1);
    assert_eq!(refused(&mut world, &member(&id)).0, Some(GroupError::UnknownMemberId));
}

#[test]
fn nobody_but_a_new_member_makes_a_group() {
    let mut world = World::new();
    let answer = refused(&mut world, &member("gone"));
    assert_eq!(answer, (Some(GroupError::UnknownMemberId), Arc::from("gone")));
    assert!(world.group.is_unused() && world.log.is_empty());
}

#[test]
fn session_timeouts_have_bounds() {
    let mut world = World::new();
    for session_timeout_ms in [5_999, 1_800_001, -1] {
        let (error, _) = refused(&mut world, &Join { session_timeout_ms, ..member("") });
        assert_eq!(error, Some(GroupError::InvalidSessionTimeout));
    }
    assert!(world.group.is_unused());
    for session_timeout_ms in [6_000, 1_800_000] {
        let (error, _) = refused(&mut world, &Join { session_timeout_ms, ..member("") });
        assert_eq!(error, Some(GroupError::MemberIdRequired));
    }
}

#[test]
fn all_members_need_one_protocol_that_all_can_do() {
    let inconsistent = Some(GroupError::InconsistentGroupProtocol);
    let mut world = World::new();
    let none = Join { protocols: Vec::new(), ..member("") };
    let untyped = Join { protocol_type: Arc::default(), ..member("") };
    assert_eq!(refused(&mut world, &none).0, inconsistent);
    assert_eq!(refused(&mut world, &untyped).0, inconsistent);

    world.stable(1);
    let other = Join { protocols: protocols(&["other"]), ..member("") };
    let connect = Join { protocol_type: Arc::from("connect"), ..member("") };
    assert_eq!(refused(&mut world, &other).0, inconsistent);
    assert_eq!(refused(&mut world, &connect).0, inconsistent);
    assert_eq!(world.group.state(), Stable);
}

#[test]
fn the_protocol_with_most_votes_wins_among_those_that_all_can_do() {
    let mut world = World::new();
    let votes = [["a", "b"], ["b", "a"], ["b", "a"]];
    let tokens: Vec<_> = votes
        .iter()
        .map(|votes| {
            let voter = |id: &str| Join { protocols: protocols(votes), ..member(id) };
            let id = world.new_id_for(&voter(""));
            world.join(&voter(&id))
        })
        .collect();
    world.pass(DELAY * 2);
    let joined: Vec<_> = tokens.into_iter().map(|token| world.joined(token)).collect();
    assert!(joined.iter().all(|joined| joined.protocol.as_deref() == Some("b")));
    world.settle(&joined);

    let only_a = |id: &str| Join { protocols: protocols(&["a"]), ..member(id) };
    let id = world.new_id_for(&only_a(""));
    let last = world.join(&only_a(&id));
    let others: Vec<_> = joined
        .iter()
        .zip(votes)
        .map(|(joined, votes)| {
            let again = Join { protocols: protocols(&votes), ..member(&joined.member_id) };
            world.join(&again)
        })
        .collect();
    for token in others.into_iter().chain([last]) {
        assert_eq!(world.joined(token).protocol.as_deref(), Some("a"));
    }
}

#[test]
fn a_new_group_waits_for_more_members_as_long_as_more_come() {
    let mut world = World::new();
    let ids: Vec<_> = (0..3).map(|_| world.new_id()).collect();
    let first = world.join(&member(&ids[0]));
    world.pass(DELAY - Duration::from_secs(1));
    let second = world.join(&member(&ids[1]));
    world.pass(Duration::from_secs(1));
    assert!(world.waits(first)); // one came: three seconds more
    world.pass(DELAY - Duration::from_secs(1));
    let third = world.join(&member(&ids[2]));
    world.pass(DELAY);
    assert!(world.waits(third));
    world.pass(Duration::from_secs(1));
    for token in [first, second, third] {
        assert_eq!(world.joined(token).generation, 1);
    }
}

#[test]
fn a_new_group_does_not_wait_longer_than_its_members_would() {
    let mut world = World::new();
    let impatient = |id: &str| Join { rebalance_timeout_ms: 7_000, ..member(id) };
    let ids: Vec<_> = (0..8).map(|_| world.new_id()).collect();
    let first = world.join(&impatient(&ids[0]));
    for id in &ids[1..8] {
        assert!(world.waits(first));
        world.pass(Duration::from_secs(1));
        world.join(&impatient(id));
    }
    // 3 s, 3 s more, and of the 1 s that is left then at most that.
    assert!(!world.waits(first));
    assert_eq!(world.joined(first).error, None);
}

#[test]
fn a_member_that_comes_makes_all_others_come_again() {
    let mut world = World::new();
    let members = world.stable(2);
    let id = world.new_id();
    let new = world.join(&member(&id));
    assert_eq!(world.group.state(), PreparingRebalance);
    for joined in &members {
        let beat = world.heartbeat(&joined.member_id, 1);
        assert_eq!(beat, Err(GroupError::RebalanceInProgress));
    }
    let one = world.join(&member(&members[0].member_id));
    assert!(world.waits(one));
    let other = world.join(&member(&members[1].member_id));
    for token in [new, one, other] {
        assert_eq!(world.joined(token).generation, 2);
    }
}

#[test]
fn members_that_do_not_come_again_are_out() {
    let mut world = World::new();
    let members = world.stable(3);
    let leads = leader(&members);
    let new = {
        let id = world.new_id();
        world.join(&member(&id))
    };
    // All are alive, but only one comes; it was not the leader.
    let comes = (leads + 1) % 3;
    let token = world.join(&member(&members[comes].member_id));
    for _ in 0..12 {
        world.pass(Duration::from_secs(5));
        for joined in &members {
            let _ = world.heartbeat(&joined.member_id, 1);
        }
    }
    let joined = [world.joined(new), world.joined(token)];
    assert_eq!(world.group.size(), 2);
    assert_eq!(joined[leader(&joined)].members.len(), 2);
    let gone = world.heartbeat(&members[leads].member_id, 1);
    assert_eq!(gone, Err(GroupError::UnknownMemberId));
}

#[test]
fn the_leader_can_ask_for_a_rebalance_and_a_follower_cannot() {
    let mut world = World::new();
    let members = world.stable(2);
    let leads = leader(&members);
    let follower = &members[1 - leads];
    let token = world.join(&member(&follower.member_id));
    let told = world.joined(token);
    assert_eq!((told.error, told.generation), (None, 1));
    assert_eq!((told.leader, told.members.len()), (follower.leader.clone(), 0));
    assert_eq!(world.group.state(), Stable);

    let changed =
        Join { protocols: protocols(&["sticky", "range"]), ..member(&follower.member_id) };
    let token = world.join(&changed);
    assert!(world.waits(token)); // the order counts as a change
    let leader = world.join(&member(&members[leads].member_id));
    assert_eq!(world.joined(leader).generation, 2);
    assert_eq!(world.joined(token).generation, 2);
}

#[test]
fn a_member_that_lost_its_answer_is_told_again() {
    let mut world = World::new();
    let members = world.first_members(2);
    let leads = leader(&members);
    for (at, before) in members.iter().enumerate() {
        let token = world.join(&member(&before.member_id));
        let told = world.joined(token);
        assert_eq!(told.generation, 1);
        assert_eq!(told.members.len(), if at == leads { 2 } else { 0 });
    }
    assert_eq!(world.group.state(), CompletingRebalance);
    let changed =
        Join { protocols: protocols(&["sticky", "range"]), ..member(&members[leads].member_id) };
    world.join(&changed);
    assert_eq!(world.group.state(), PreparingRebalance);
}

#[test]
fn a_join_that_is_repeated_ends_the_one_before() {
    let mut world = World::new();
    let id = world.new_id();
    let first = world.join(&member(&id));
    let second = world.join(&member(&id));
    let ended = world.joined(first);
    assert_eq!(ended.error, Some(GroupError::RebalanceInProgress));
    assert_eq!(ended.member_id, id);
    world.pass(REBALANCE);
    assert_eq!(world.joined(second).generation, 1);
    assert_eq!(world.waiting(), 0);
}

#[test]
fn a_group_that_is_full_takes_nobody_in() {
    let mut world = World::new();
    world.settings.members_max = 2;
    let members = world.stable(2);
    let full = (Some(GroupError::GroupMaxSizeReached), Arc::default());
    assert_eq!(refused(&mut world, &member("")), full);
    assert_eq!(world.group.state(), Stable);

    // Ids are given away as long as nobody waits; who comes last is sent away.
    let mut world = World::new();
    world.settings.members_max = 1;
    let ids = [world.new_id(), world.new_id()];
    let first = world.join(&member(&ids[0]));
    assert_eq!(refused(&mut world, &member(&ids[1])), full);
    world.pass(DELAY);
    assert_eq!(world.joined(first).members.len(), 1);
    drop(members);
}

#[test]
fn a_new_member_may_not_wait_for_ever() {
    let mut world = World::new();
    let members = world.stable(1);
    let id = world.new_id();
    let patient = Join { rebalance_timeout_ms: 3_600_000, ..member(&id) };
    let token = world.join(&patient);
    for _ in 0..(300 / 5 - 1) {
        world.pass(Duration::from_secs(5));
        let beat = world.heartbeat(&members[0].member_id, 1);
        assert_eq!(beat, Err(GroupError::RebalanceInProgress));
    }
    assert!(world.waits(token));
    world.pass(Duration::from_secs(5));
    let joined = world.joined(token);
    assert_eq!(joined.error, Some(GroupError::UnknownMemberId));
    assert_eq!(&*joined.member_id, "");
}
