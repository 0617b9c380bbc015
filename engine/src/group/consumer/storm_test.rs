//! A thousand members that join at once: what a step costs must not depend on how many there are,
//! and the assignment must not be made for each of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::rig::{Rig, beat, joining};
use crate::group::request::ConsumerHeartbeat;
use crate::record::offsets_topic::{GroupRecord, TopicPartitions};
use crate::runtime::now;

/// What a storm took.
#[derive(Debug, Default)]
struct Storm {
    /// How often the assignment was made.
    assignments: usize,
    records: usize,
    beats: usize,
    /// Milliseconds from the first join to the last change.
    settled: u64,
    /// Of this machine, not of the storm's clock.
    busy: Duration,
}

/// A member as the Java client is one: it beats when it was told to, and at once after giving up
/// partitions.
struct Member {
    id: String,
    epoch: i32,
    owned: Vec<TopicPartitions>,
    /// It says what it owns next time.
    says: bool,
}

/// Lets members join, a millisecond after each other, and beat until nothing changes any more.
fn storm(members: usize, partitions: usize) -> (Storm, Rig) {
    let mut rig = Rig::new(&[("t", partitions)]);
    let mut storm = Storm::default();
    let mut queue: BTreeMap<(u64, usize), ()> = (0..members).map(|n| ((n as u64, n), ())).collect();
    let mut all: Vec<Member> = (0..members)
        .map(|n| Member { id: format!("m{n:05}"), epoch: 0, owned: Vec::new(), says: false })
        .collect();
    while let Some(((at, number), ())) = queue.pop_first() {
        let passed = at - rig.now.as_nanos() / 1_000_000;
        rig.pass(passed);
        let member = &mut all[number];
        let request = match member.epoch {
            0 => joining(&member.id, &["t"]),
            epoch => ConsumerHeartbeat {
                owned: member.says.then(|| member.owned.clone()),
                ..beat(&member.id, epoch)
            },
        };
        let before = now();
        let told = rig.beat(&request).unwrap();
        storm.busy += now().since(before);
        storm.beats += 1;
        storm.records += rig.wrote.len();
        let made = |record: &&GroupRecord| matches!(record, GroupRecord::TargetEpoch { .. });
        storm.assignments += rig.wrote.iter().filter(made).count();
        if !rig.wrote.is_empty() {
            storm.settled = at;
        }
        rig.log.clear(); // nobody looks at it
        member.epoch = told.member_epoch;
        member.says = false;
        let mut next = at + told.heartbeat_interval_ms as u64;
        if let Some(assignment) = told.assignment {
            let gives_up = member.owned.iter().any(|had| !has_all(&assignment, had));
            member.says = gives_up;
            next = if gives_up { at + 20 } else { next };
            member.owned = assignment;
        }
        if at < storm.settled + 11_000 {
            queue.insert((next, number), ());
        }
    }
    (storm, rig)
}

fn has_all(assignment: &[TopicPartitions], of: &TopicPartitions) -> bool {
    let now = assignment.iter().find(|now| now.topic == of.topic);
    now.is_some_and(|now| of.partitions.iter().all(|partition| now.partitions.contains(partition)))
}

#[test]
fn a_storm_of_members_settles_with_an_assignment_a_second() {
    let (storm, rig) = storm(1_000, 2_000);
    assert_eq!(rig.group.state(), "Stable");
    assert!(storm.assignments <= 4, "{storm:?}");
    // Two for each join, one for each share in each assignment, one for each step of a member.
    assert!(storm.records < 12_000, "{storm:?}");
    // With five seconds between heartbeats it would take ten.
    assert!(storm.settled <= 5_000, "{storm:?}");
    let has: Vec<usize> = rig
        .group
        .known
        .members
        .values()
        .map(|member| member.has.assigned.iter().map(|of| of.partitions.len()).sum())
        .collect();
    assert_eq!(has, vec![2; 1_000]);
}

/// Times for the eye: `cargo test --release storm_time -- --ignored --nocapture`.
#[test]
#[ignore = "prints times"]
fn storm_time() {
    for members in [250, 500, 1_000, 2_000, 4_000] {
        let (storm, mut rig) = storm(members, 2 * members);
        println!("{members} members: {storm:?}");
        let ids: Vec<Arc<str>> = rig.group.known.members.keys().cloned().collect();
        let epoch = rig.group.known.epoch;
        let requests: Vec<ConsumerHeartbeat> = ids.iter().map(|id| beat(id, epoch)).collect();
        let before = now();
        for _ in 0..100 {
            for request in &requests {
                rig.beat(request).unwrap();
            }
        }
        println!("  a beat with nothing new: {:?}", now().since(before) / (100 * members as u32));
    }
}
