//! Static members (KIP-345, KIP-814).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::ClassicState::{CompletingRebalance, PreparingRebalance, Stable};
use super::world_test::*;
use crate::group::GroupError;
use crate::group::answer::Joined;
use crate::group::request::{Join, Leaving, Sync};

/// A stable group of static members `i0`, `i1`, ...
fn static_group(world: &mut World, count: usize) -> Vec<Joined> {
    let names: Vec<String> = (0..count).map(|at| format!("i{at}")).collect();
    let tokens: Vec<_> = names.iter().map(|name| world.join(&instance("", name))).collect();
    world.pass(DELAY * 2);
    let members: Vec<Joined> = tokens.into_iter().map(|token| world.joined(token)).collect();
    world.settle(&members);
    members
}

#[test]
fn a_static_member_needs_no_round_for_its_id() {
    let mut world = World::new();
    let members = static_group(&mut world, 2);
    assert!(members[0].member_id.starts_with("i0-"));
    let described = world.group.describe();
    let instances: Vec<_> =
        described.members.iter().map(|member| member.instance_id.as_deref()).collect();
    assert_eq!(instances, [Some("i0"), Some("i1")]);
}

#[test]
fn a_follower_that_restarts_comes_back_without_a_rebalance() {
    let mut world = World::new();
    let members = static_group(&mut world, 3);
    let old = members.iter().position(|joined| joined.member_id != joined.leader).unwrap();
    let name = format!("i{old}");
    let written = world.log.len();
    let token = world.join(&instance("", &name));
    let back = world.joined(token);
    assert_eq!((back.error.clone(), back.generation), (None, 1));
    assert_ne!(back.member_id, members[old].member_id);
    assert_eq!(back.leader, members[old].leader);
    assert!(back.members.is_empty() && !back.skip_assignment);
    assert_eq!(world.group.state(), Stable);
    // The new id is written, with the assignment that is still its own.
    assert_eq!(world.log.len(), written + 1);
    let value = world.log.last().unwrap().clone().unwrap();
    let place = value.members.iter().find(|member| member.member_id == back.member_id).unwrap();
    assert_eq!(place.assignment, members[old].member_id.as_bytes());
    let token = world.sync(&Sync { instance_id: Some(name.clone().into()), ..follower(&back) });
    assert_eq!(world.synced(token).unwrap().assignment, members[old].member_id.as_bytes());

    // The old id is fenced, wherever it shows up.
    let stale = &members[old].member_id;
    let fenced = Err(GroupError::FencedInstanceId);
    assert_eq!(world.heartbeat_of(stale, Some(&name), 1), fenced);
    assert_eq!(world.heartbeat(stale, 1), Err(GroupError::UnknownMemberId));
    let token =
        world.sync(&Sync { instance_id: Some(name.clone().into()), ..follower(&members[old]) });
    assert_eq!(world.synced(token), Err(GroupError::FencedInstanceId));
    let token = world.join(&instance(stale, &name));
    assert_eq!(world.joined(token).error, Some(GroupError::FencedInstanceId));
    let mut stale_commit = commit(stale, 1);
    stale_commit.instance_id = Some(name.clone().into());
    assert_eq!(world.group.may_commit(&stale_commit), fenced);
}

#[test]
fn a_leader_that_restarts_leads_but_skips_the_assignment() {
    let mut world = World::new();
    let members = static_group(&mut world, 2);
    let leads = leader(&members);
    let name = format!("i{leads}");
    let token = world.join(&instance("", &name));
    let back = world.joined(token);
    assert!(back.skip_assignment);
    assert_eq!((back.members.len(), &back.leader), (2, &back.member_id));

    world.pass(Duration::from_secs(5));
    // One that cannot skip must not believe that it leads.
    let older = Join { supports_skipping_assignment: false, ..instance("", &name) };
    let token = world.join(&older);
    let again = world.joined(token);
    assert_eq!((again.members.len(), again.skip_assignment), (0, false));
    assert_eq!(again.leader, back.member_id);
    assert_ne!(again.member_id, back.member_id);
    assert_eq!(world.group.state(), Stable);

    // Its session is its own: the restart began it anew.
    world.pass(SESSION - Duration::from_nanos(1));
    assert_eq!(world.group.size(), 1);
    assert_eq!(
        world.heartbeat_of(&again.member_id, Some(&name), 1),
        Err(GroupError::RebalanceInProgress)
    );
}

#[test]
fn a_restart_that_changes_the_protocol_makes_a_rebalance() {
    let mut world = World::new();
    let members = static_group(&mut world, 1);
    assert_eq!(members[0].protocol.as_deref(), Some("range"));
    let other = Join { protocols: protocols(&["sticky", "range"]), ..instance("", "i0") };
    let token = world.join(&other);
    let joined = world.joined(token);
    assert_eq!((joined.generation, joined.protocol.as_deref()), (2, Some("sticky")));
    assert_eq!(world.group.state(), CompletingRebalance);
}

#[test]
fn a_restart_in_the_sync_phase_makes_a_rebalance() {
    let mut world = World::new();
    let names = ["i0", "i1"];
    let tokens = names.map(|name| world.join(&instance("", name)));
    world.pass(DELAY * 2);
    let members = tokens.map(|token| world.joined(token));
    let leads = leader(&members);
    let waiting = world.sync(&follower_of(&members[1 - leads], names[1 - leads]));
    let token = world.join(&instance("", names[1 - leads]));
    assert_eq!(world.synced(waiting), Err(GroupError::FencedInstanceId));
    assert!(world.waits(token));
    assert_eq!(world.group.state(), PreparingRebalance);
    let other = world.join(&instance(&members[leads].member_id, names[leads]));
    assert_eq!(world.joined(other).generation, 2);
    assert_eq!(world.joined(token).generation, 2);
}

fn follower_of(joined: &Joined, name: &str) -> Sync {
    Sync { instance_id: Some(Arc::from(name)), ..follower(joined) }
}

#[test]
fn a_restart_in_the_join_phase_takes_the_place_that_waits() {
    let mut world = World::new();
    let first = world.join(&instance("", "i0"));
    let second = world.join(&instance("", "i0"));
    let fenced = world.joined(first);
    assert_eq!(fenced.error, Some(GroupError::FencedInstanceId));
    assert!(fenced.member_id.starts_with("i0-"));
    world.pass(DELAY);
    let joined = world.joined(second);
    assert_eq!((joined.error, joined.members.len()), (None, 1));
    assert_eq!(world.waiting(), 0);
}

#[test]
fn a_static_member_that_misses_a_rebalance_stays_until_its_session_ends() {
    let mut world = World::new();
    let members = static_group(&mut world, 1);
    let mut quick = instance(&members[0].member_id, "i0");
    quick.rebalance_timeout_ms = 7_000;
    quick.session_timeout_ms = 20_000;
    let token = world.join(&quick); // the leader: generation 2
    let again = world.joined(token);
    world.settle(&[again]);
    let id = world.new_id();
    let waiting = world.join(&Join { rebalance_timeout_ms: 7_000, ..member(&id) });
    world.pass(Duration::from_secs(7));
    // The static member did not come, and is a member all the same; the other one leads now.
    let joined = world.joined(waiting);
    assert_eq!((joined.generation, &joined.leader), (3, &joined.member_id));
    assert_eq!(joined.members.len(), 2);
    world.sync(&Sync {
        assignments: vec![(Arc::clone(&id), Bytes::from_static(b"all"))],
        ..follower(&joined)
    });
    assert_eq!(world.group.state(), Stable);
    world.pass(Duration::from_secs(7));
    assert_eq!((world.group.state(), world.group.size()), (PreparingRebalance, 1));
}

#[test]
fn a_group_of_static_members_that_all_miss_the_rebalance_waits_on() {
    let mut world = World::new();
    let members = static_group(&mut world, 2);
    let leads = leader(&members);
    let left = world.leave(&[Leaving {
        member_id: Arc::default(),
        instance_id: Some(format!("i{leads}").into()),
        reason: None,
    }]);
    assert_eq!(left[0].error, None);
    assert_eq!(world.group.state(), PreparingRebalance);
    let name = format!("i{}", 1 - leads);
    let alive = Arc::clone(&members[1 - leads].member_id);
    for _ in 0..24 {
        world.pass(Duration::from_secs(5));
        let beat = world.heartbeat_of(&alive, Some(&name), 1);
        assert_eq!(beat, Err(GroupError::RebalanceInProgress));
    }
    let token = world.join(&instance(&alive, &name));
    assert_eq!(world.joined(token).generation, 2);
}

#[test]
fn an_instance_that_is_not_there_is_unknown() {
    let mut world = World::new();
    let members = static_group(&mut world, 1);
    let id = &members[0].member_id;
    let unknown = Err(GroupError::UnknownMemberId);
    assert_eq!(world.heartbeat_of(id, Some("other"), 1), unknown);
    let token = world.join(&instance(id, "other"));
    assert_eq!(world.joined(token).error, Some(GroupError::UnknownMemberId));
    // An id that was given to a dynamic member is no instance's.
    let pending = world.new_id();
    let token = world.join(&instance(&pending, "i9"));
    assert_eq!(world.joined(token).error, Some(GroupError::UnknownMemberId));
}
