//! What a group says to commits, fetches, deletions and descriptions.

use std::sync::Arc;
use std::time::Duration;

use super::ClassicState::{self, PreparingRebalance, Stable};
use super::world_test::*;
use crate::group::GroupError;
use crate::group::offsets::Expiry;
use crate::group::request::{Join, Leaving};

#[test]
fn members_commit_in_their_generation() {
    let mut world = World::new();
    assert_eq!(world.group.may_commit(&commit("", -1)), Ok(())); // a tool
    let members = world.first_members(1);
    let id = &members[0].member_id;
    let rebalancing = Err(GroupError::RebalanceInProgress);
    assert_eq!(world.group.may_commit(&commit(id, 1)), rebalancing);
    world.settle(&members);
    assert_eq!(world.group.may_commit(&commit(id, 1)), Ok(()));
    assert_eq!(world.group.may_commit(&commit(id, 0)), Err(GroupError::IllegalGeneration));
    assert_eq!(world.group.may_commit(&commit(id, -1)), Err(GroupError::IllegalGeneration));
    let unknown = Err(GroupError::UnknownMemberId);
    assert_eq!(world.group.may_commit(&commit("other", 1)), unknown);
    assert_eq!(world.group.may_commit(&commit("", -1)), unknown);
    // In the join phase what was read before can still be committed.
    world.new_id();
    world.join(&member(id));
    assert_eq!(world.group.state(), PreparingRebalance);
    assert_eq!(world.group.may_commit(&commit(id, 1)), Ok(()));
}

#[test]
fn a_commit_is_a_sign_of_life() {
    let mut world = World::new();
    let members = world.stable(1);
    for _ in 0..5 {
        world.pass(Duration::from_secs(9));
        let id = Arc::clone(&members[0].member_id);
        let effects = world.step(|group, context| group.committed(context, &id));
        world.take_in(effects);
    }
    assert_eq!(world.group.state(), Stable);
}

#[test]
fn subscriptions_keep_offsets_from_being_deleted() {
    let mut world = World::new();
    assert!(!world.group.is_subscribed_to("t"));
    assert_eq!(world.group.may_delete_offsets(), Ok(()));
    let members = world.stable(1);
    assert!(world.group.is_subscribed_to("t") && !world.group.is_subscribed_to("other"));
    assert_eq!(world.group.may_delete_offsets(), Ok(()));
    assert_eq!(world.group.may_delete(), Err(GroupError::NonEmptyGroup));
    let member_id = Arc::clone(&members[0].member_id);
    world.leave(&[Leaving { member_id, instance_id: None, reason: None }]);
    assert!(!world.group.is_subscribed_to("t"));
    assert_eq!(world.group.may_delete(), Ok(()));

    // What cannot be read may be anything.
    let mut world = World::new();
    let odd = vec![(Arc::from("range"), bytes::Bytes::from_static(b"?"))];
    let id = world.new_id();
    world.join(&Join { protocols: odd.clone(), ..member(&id) });
    world.pass(DELAY);
    assert!(world.group.is_subscribed_to("t"));
    assert_eq!(world.group.expiry(), Expiry::Never);

    // Members of another type read nothing of ours, and guard all their offsets.
    let mut world = World::new();
    let connect = Join { protocol_type: Arc::from("connect"), protocols: odd, ..instance("", "i") };
    world.join(&connect);
    world.pass(DELAY);
    assert!(!world.group.is_subscribed_to("t"));
    assert_eq!(world.group.may_delete_offsets(), Err(GroupError::NonEmptyGroup));
}

#[test]
fn offsets_age_by_what_the_group_is() {
    let mut world = World::new();
    assert_eq!(world.group.expiry(), Expiry::SinceCommit); // nobody was ever in it
    let members = world.first_members(1);
    assert_eq!(world.group.expiry(), Expiry::Never);
    world.settle(&members);
    assert_eq!(world.group.expiry(), Expiry::SinceCommit);
    world.pass(SESSION);
    let empty_since = world.wall();
    world.pass(Duration::from_secs(1));
    assert_eq!(world.group.expiry(), Expiry::SinceEmpty(empty_since));
    let mut older = world.log.last().unwrap().clone().unwrap();
    older.state_timestamp = -1;
    world.group.replay(Some(&older));
    assert_eq!(world.group.expiry(), Expiry::SinceCommit);
}

#[test]
fn descriptions_show_metadata_of_a_stable_group_only() {
    let mut world = World::new();
    let described = world.group.describe();
    assert_eq!((described.state, &*described.protocol_type), ("Empty", ""));
    let members = world.first_members(1);
    let described = world.group.describe();
    assert_eq!((described.state, &*described.protocol_type), ("CompletingRebalance", "consumer"));
    assert_eq!((&*described.protocol, described.members[0].metadata.len()), ("", 0));
    world.settle(&members);
    let described = world.group.describe();
    assert_eq!((described.state, &*described.protocol), ("Stable", "range"));
    let one = &described.members[0];
    assert_eq!((&*one.client_id, &*one.client_host), ("client", "/10.0.0.1"));
    assert_eq!(one.metadata, protocols(&["range"])[0].1);
    assert_eq!(one.assignment, members[0].member_id.as_bytes());
    let listed = world.group.listed();
    assert_eq!(
        (listed.state, &*listed.protocol_type, listed.group_type),
        ("Stable", "consumer", "classic")
    );
}

#[test]
fn a_group_that_is_closed_answers_everybody_and_stops_its_timers() {
    let mut world = World::new();
    let members = world.first_members(2);
    let sync = world.sync(&follower(&members[1 - leader(&members)]));
    world.new_id();
    let why = GroupError::NotCoordinator;
    let effects = world.step(|group, context| group.close(context, &why));
    world.take_in(effects);
    assert_eq!(world.synced(sync), Err(GroupError::NotCoordinator));
    assert!(world.timers.is_empty());
    assert_eq!(world.group.state(), ClassicState::Dead);

    let gone = GroupError::CoordinatorNotAvailable;
    let id = &members[0].member_id;
    assert_eq!(world.heartbeat(id, 1), Err(gone.clone()));
    assert_eq!(world.group.may_commit(&commit(id, 1)), Err(gone.clone()));
    let token = world.join(&member(id));
    assert_eq!(world.joined(token).error, Some(gone.clone()));
    let token = world.sync(&follower(&members[0]));
    assert_eq!(world.synced(token), Err(gone));
    let not_found = GroupError::GroupIdNotFound(Arc::from("Group g is in dead state."));
    assert_eq!(world.group.may_fetch(), Err(not_found.clone()));
    assert_eq!(world.group.may_delete(), Err(not_found));

    let mut world = World::new();
    let id = world.new_id();
    let join = world.join(&member(&id));
    let effects = world.step(|group, context| group.close(context, &why));
    world.take_in(effects);
    assert_eq!(world.joined(join).error, Some(GroupError::NotCoordinator));
    assert_eq!(world.group.state(), ClassicState::Dead);
}
