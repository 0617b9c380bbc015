//! Records of a group, replay, and the start after a load.

use std::sync::Arc;
use std::time::Duration;

use super::ClassicState::{Empty, PreparingRebalance, Stable};
use super::world_test::*;
use super::{ClassicGroup, ClassicMember};
use crate::group::GroupError;
use crate::group::request::Sync;
use crate::record::offsets_topic::ClassicGroupValue;

/// What a group is, apart from when it became so: a record is written a moment before.
pub(super) fn timeless(value: ClassicGroupValue) -> ClassicGroupValue {
    ClassicGroupValue { state_timestamp: 0, ..value }
}

#[test]
fn a_stable_group_comes_back_as_it_was() {
    let mut world = World::new();
    let token = world.join(&instance("", "i0"));
    let id = world.new_id();
    let other = world.join(&member(&id));
    world.pass(DELAY * 2);
    let members = [token, other].map(|token| world.joined(token));
    world.settle(&members);
    let before = (world.group.value(), world.group.describe());
    world.restart();
    assert_eq!(timeless(world.group.value()), timeless(before.0));
    assert_eq!(world.group.describe(), before.1);
    assert!(world.group.is_subscribed_to("t"));

    // Nobody has to join again: sessions have begun anew.
    world.pass(SESSION - Duration::from_nanos(1));
    assert_eq!(world.heartbeat(&members[0].member_id, 1), Ok(()));
    assert_eq!(world.heartbeat(&members[1].member_id, 1), Ok(()));
    let token = world.sync(&follower(&members[1]));
    assert_eq!(world.synced(token).unwrap().assignment, members[1].member_id.as_bytes());
}

#[test]
fn members_that_do_not_come_back_after_a_load_are_out() {
    let mut world = World::new();
    let members = world.stable(2);
    world.restart();
    world.pass(Duration::from_secs(9));
    assert_eq!(world.heartbeat(&members[0].member_id, 1), Ok(()));
    world.pass(Duration::from_secs(1));
    assert_eq!((world.group.state(), world.group.size()), (PreparingRebalance, 1));
}

#[test]
fn a_restart_in_mid_rebalance_goes_back_to_the_last_generation() {
    let mut world = World::new();
    let members = world.stable(1);
    let again = world.join(&member(&members[0].member_id));
    assert_eq!(world.joined(again).generation, 2);
    world.restart();
    assert_eq!((world.group.state(), world.group.generation()), (Stable, 1));
    let sync = world.sync(&Sync { generation: 2, ..follower(&members[0]) });
    assert_eq!(world.synced(sync), Err(GroupError::IllegalGeneration));
    let again = world.join(&member(&members[0].member_id));
    assert_eq!(world.joined(again).generation, 2);
}

#[test]
fn a_group_that_is_too_large_for_the_settings_rebalances_after_a_load() {
    let mut world = World::new();
    let members = world.stable(3);
    world.settings.members_max = 2;
    world.restart();
    assert_eq!(world.group.state(), PreparingRebalance);
    let tokens: Vec<_> =
        members.iter().map(|joined| world.join(&member(&joined.member_id))).collect();
    assert_eq!(world.joined(tokens[2]).error, Some(GroupError::GroupMaxSizeReached));
    assert_eq!(world.joined(tokens[0]).generation, 2);
    assert_eq!(world.group.size(), 2);
}

#[test]
fn an_empty_group_is_deleted_with_a_tombstone() {
    let mut world = World::new();
    let members = world.stable(1);
    let refused = world.step(|group, context| group.delete(context));
    assert_eq!(refused, Err(GroupError::NonEmptyGroup));
    world.pass(SESSION);
    world.new_id();
    let effects = world.step(|group, context| group.delete(context)).unwrap();
    world.take_in(effects);
    assert_eq!(world.log.last(), Some(&None));
    assert!(world.timers.is_empty() && world.group.is_unused());
    world.restart();
    assert!(world.group.is_unused());
    let token = world.join(&member(&members[0].member_id));
    assert_eq!(world.joined(token).error, Some(GroupError::UnknownMemberId));
    // What was never written needs no tombstone.
    let mut unused = World::new();
    let effects = unused.step(|group, context| group.delete(context)).unwrap();
    assert!(effects.is_empty());
}

#[test]
fn a_record_that_makes_no_sense_is_taken_as_far_as_it_does() {
    let mut world = World::new();
    world.stable(2);
    let mut value = world.log.last().unwrap().clone().unwrap();
    value.leader = Some(Arc::from("nobody"));
    let twice = value.members[0].clone();
    value.members.push(twice);
    value.members[1].instance_id = Some(Arc::from("i"));
    value.members[2].instance_id = Some(Arc::from("i"));
    world.log.push(Some(value));
    world.restart();
    assert_eq!((world.group.state(), world.group.size()), (Stable, 2));
    let leader = world.group.value().leader.unwrap();
    assert!(world.group.describe().members.iter().any(|member| member.member_id == leader));
    world.pass(SESSION);
    world.pass(REBALANCE);
    assert_eq!(world.group.state(), Empty);
}

#[test]
fn a_group_takes_its_members_along_when_it_changes_its_protocol() {
    let mut world = World::new();
    world.stable(2);
    let members = world.group.members();
    assert_eq!(members.len(), 2);
    assert_eq!(members[0].protocols, protocols(&["range", "sticky"]));
    let why = GroupError::RebalanceInProgress;
    let effects = world.step(|group, context| group.close(context, &why));
    world.take_in(effects);

    let wall = world.wall();
    let changed: Vec<ClassicMember> = members
        .iter()
        .map(|member| ClassicMember { assignment: bytes::Bytes::new(), ..member.clone() })
        .collect();
    world.group = ClassicGroup::of_members(Arc::from("g"), 7, wall, changed);
    let effects = world.step(|group, context| group.converted(context, false));
    world.take_in(effects);
    assert_eq!((world.group.state(), world.group.generation()), (Stable, 7));
    assert!(world.group.is_subscribed_to("t"));
    assert_eq!(world.heartbeat(&members[0].member_id, 7), Ok(()));
    let written = world.log.last().unwrap().clone().unwrap();
    assert_eq!(written, world.group.value());
    assert_eq!(written.protocol.as_deref(), Some("range"));
    world.pass(SESSION);
    assert_eq!(world.group.state(), Empty);

    world.group = ClassicGroup::of_members(Arc::from("g"), 9, wall, members.clone());
    let effects = world.step(|group, context| group.converted(context, true));
    world.take_in(effects);
    assert_eq!(world.group.state(), PreparingRebalance);
    let tokens: Vec<_> =
        members.iter().map(|joined| world.join(&member(&joined.member_id))).collect();
    assert_eq!(world.joined(tokens[0]).generation, 10);
}
