//! LeaveGroup, and what silence does.

use std::sync::Arc;
use std::time::Duration;

use super::ClassicState::{CompletingRebalance, Empty, PreparingRebalance, Stable};
use super::world_test::*;
use crate::group::request::{Heartbeat, Leaving};
use crate::group::{GroupError, Token};

fn leaving(member: &str, instance: Option<&str>) -> Leaving {
    Leaving { member_id: Arc::from(member), instance_id: instance.map(Arc::from), reason: None }
}

#[test]
fn the_last_member_leaves_an_empty_generation() {
    let mut world = World::new();
    let members = world.stable(1);
    let left = world.leave(&[leaving(&members[0].member_id, None)]);
    assert_eq!(left[0].error, None);
    assert_eq!((world.group.state(), world.group.generation()), (Empty, 2));
    let value = world.log.last().unwrap().clone().unwrap();
    assert_eq!((value.generation, value.members.len()), (2, 0));
    assert_eq!((&*value.protocol_type, value.protocol, value.leader), ("consumer", None, None));
    assert_eq!(value.state_timestamp, world.wall());
    assert!(world.timers.is_empty());

    let again = world.first_members(1);
    assert_eq!(again[0].generation, 3);
}

#[test]
fn every_member_of_a_batch_is_answered_for_itself() {
    let mut world = World::new();
    let token = world.join(&instance("", "i0"));
    let ids = [world.new_id(), world.new_id()];
    let others = ids.clone().map(|id| world.join(&member(&id)));
    world.pass(DELAY * 2);
    let members = [token, others[0], others[1]].map(|token| world.joined(token));
    world.settle(&members);
    let pending = world.new_id();
    let left = world.leave(&[
        leaving(&ids[0], None),
        leaving(&ids[0], None),
        leaving("", None),
        leaving("", Some("i9")),
        leaving(&members[1].member_id, Some("i0")),
        leaving("stale", Some("i0")),
        leaving("", Some("i0")),
        leaving(&pending, None),
    ]);
    let unknown = Some(GroupError::UnknownMemberId);
    let fenced = Some(GroupError::FencedInstanceId);
    let errors: Vec<_> = left.iter().map(|left| left.error.clone()).collect();
    assert_eq!(
        errors,
        [None, unknown.clone(), unknown.clone(), unknown, fenced.clone(), fenced, None, None]
    );
    assert_eq!((&*left[6].member_id, left[6].instance_id.as_deref()), ("", Some("i0")));
    assert_eq!((world.group.state(), world.group.size()), (PreparingRebalance, 1));
    let token = world.join(&member(&ids[1]));
    assert_eq!(world.joined(token).generation, 2);
}

#[test]
fn who_waits_and_is_sent_away_is_told() {
    let mut world = World::new();
    let members = world.stable(2);
    let id = world.new_id();
    let new = world.join(&member(&id));
    world.leave(&[leaving(&id, None)]);
    let joined = world.joined(new);
    assert_eq!((joined.error, &*joined.member_id), (Some(GroupError::UnknownMemberId), ""));

    let tokens = [0, 1].map(|at| world.join(&member(&members[at].member_id)));
    let members = tokens.map(|token| world.joined(token));
    let waiting = 1 - leader(&members);
    let sync = world.sync(&follower(&members[waiting]));
    world.leave(&[leaving(&members[waiting].member_id, None)]);
    assert_eq!(world.synced(sync), Err(GroupError::UnknownMemberId));
    assert_eq!(world.waiting(), 0);
}

#[test]
fn the_last_one_that_is_missed_leaves_and_the_join_phase_ends() {
    let mut world = World::new();
    let members = world.stable(2);
    let token = world.join(&member(&members[leader(&members)].member_id));
    assert!(world.waits(token));
    world.leave(&[leaving(&members[1 - leader(&members)].member_id, None)]);
    assert_eq!(world.joined(token).generation, 2);
}

#[test]
fn a_new_group_that_everybody_left_waits_for_its_delay() {
    let mut world = World::new();
    let id = world.new_id();
    let token = world.join(&member(&id));
    world.leave(&[leaving(&id, None)]);
    assert_eq!(world.joined(token).error, Some(GroupError::UnknownMemberId));
    assert_eq!(world.group.state(), PreparingRebalance);
    world.pass(DELAY);
    assert_eq!((world.group.state(), world.group.generation()), (Empty, 1));
}

#[test]
fn silence_for_a_session_timeout_is_the_end_of_a_member() {
    let mut world = World::new();
    let members = world.stable(2);
    let leads = leader(&members);
    world.pass(Duration::from_secs(9));
    assert_eq!(world.heartbeat(&members[1 - leads].member_id, 1), Ok(()));
    world.pass(Duration::from_secs(1));
    assert_eq!((world.group.state(), world.group.size()), (PreparingRebalance, 1));
    let token = world.join(&member(&members[1 - leads].member_id));
    let joined = world.joined(token);
    assert_eq!((joined.generation, &joined.leader), (2, &joined.member_id));
    world.settle(&[joined]);
    world.pass(SESSION);
    assert_eq!((world.group.state(), world.group.generation()), (Empty, 3));
    assert!(world.timers.is_empty());
}

#[test]
fn heartbeats_set_no_timer_anew() {
    let mut world = World::new();
    let members = world.stable(1);
    let timers = world.timers.clone();
    world.pass(Duration::from_secs(3));
    let beat = Heartbeat {
        member_id: Arc::clone(&members[0].member_id),
        instance_id: None,
        generation: 1,
    };
    let effects = world.step(|group, context| group.heartbeat(context, Token(0), &beat));
    assert_eq!((effects.len(), &world.timers), (1, &timers)); // the answer
    world.pass(Duration::from_secs(7)); // the timer comes, and finds the heartbeat
    assert_eq!(world.group.state(), Stable);
    world.pass(Duration::from_secs(3));
    assert_eq!(world.group.state(), Empty);
}

#[test]
fn heartbeats_are_checked() {
    let mut world = World::new();
    assert_eq!(world.heartbeat("m", 0), Err(GroupError::UnknownMemberId));
    let members = world.first_members(1);
    assert_eq!(world.group.state(), CompletingRebalance);
    let id = &members[0].member_id;
    assert_eq!(world.heartbeat(id, 1), Ok(()));
    assert_eq!(world.heartbeat(id, 0), Err(GroupError::IllegalGeneration));
    assert_eq!(world.heartbeat(id, 2), Err(GroupError::IllegalGeneration));
    assert_eq!(world.heartbeat("other", 1), Err(GroupError::UnknownMemberId));
}
