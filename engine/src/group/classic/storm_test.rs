//! Many members at once: what a step costs must not depend on how many there are.

use std::sync::Arc;

use super::ClassicState::Stable;
use super::world_test::*;
use crate::group::answer::Answer;
use crate::group::request::{Caller, Join, Sync};
use crate::group::{Effect, Token};

/// Joins `count` members to an empty group and settles them; how many effects that took.
fn storm(world: &mut World, count: usize) -> usize {
    let mut effects = 0;
    let ids: Vec<Arc<str>> = (0..count).map(|_| world.new_id()).collect();
    let tokens: Vec<_> = ids.iter().map(|id| world.join(&member(id))).collect();
    while world.waits(tokens[0]) {
        world.pass(DELAY);
    }
    let members: Vec<_> = tokens.into_iter().map(|token| world.joined(token)).collect();
    let leads = leader(&members);
    let everybody = members[leads]
        .members
        .iter()
        .map(|member| (Arc::clone(&member.member_id), bytes::Bytes::from_static(b"assignment")));
    let everybody: Vec<_> = everybody.collect();
    for (at, joined) in members.iter().enumerate() {
        let assignments = if at == leads { everybody.clone() } else { Vec::new() };
        let request = Sync { assignments, ..follower(joined) };
        let from = Token(u64::MAX - at as u64);
        let step = world.step(|group, context| group.sync(context, from, &request));
        effects += step.len();
    }
    assert_eq!((world.group.state(), world.group.size()), (Stable, count));
    effects
}

#[test]
fn a_storm_of_members_costs_a_handful_of_effects_each() {
    for count in [10, 1_000] {
        let mut world = World::new();
        let effects = storm(&mut world, count);
        // An answer each, one record, and the timer of the sync phase.
        assert!(effects <= count + 3, "{effects} effects for {count} members");
    }
}

#[test]
fn one_member_that_comes_again_touches_nobody_else() {
    let mut world = World::new();
    storm(&mut world, 1_000);
    let ids: Vec<Arc<str>> =
        world.group.members().into_iter().map(|member| member.member_id).collect();
    let mut answered = 0;
    for (at, id) in ids.iter().enumerate() {
        let request = Join { protocols: protocols(&["sticky", "range"]), ..member(id) };
        let caller = Caller { client_id: Arc::default(), host: Arc::default() };
        let from = Token(at as u64);
        let step = world.step(|group, context| group.join(context, from, &caller, &request));
        if at + 1 < ids.len() {
            assert!(step.len() <= 2, "{step:?}");
        }
        let answers = step
            .iter()
            .filter(|effect| matches!(effect, Effect::Answer { answer: Answer::Join(_), .. }));
        answered += answers.count();
    }
    assert_eq!(answered, 1_000); // all by the last one
}

/// Times for the eye: `cargo test --release storm_time -- --ignored --nocapture`.
#[test]
#[ignore = "prints times"]
fn storm_time() {
    for count in [500, 1_000, 2_000, 4_000] {
        let mut world = World::new();
        let before = crate::runtime::now();
        storm(&mut world, count);
        let took = crate::runtime::now().since(before);
        println!("{count} members joined and synced in {took:?}, {:?} each", took / count as u32);
    }
}
