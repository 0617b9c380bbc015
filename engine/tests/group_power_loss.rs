//! Power cuts under groups, in the simulated world: what a coordinator has answered is there again
//! when it has read its log, in order, and nothing that was never asked.
//!
//! The shipped coordinator, partition, commit and log run unchanged. Each seed is one world: random
//! commits and deletions from many clients at once, a power cut at a random moment, then the groups
//! as they were after some of the requests, all that were answered among them. Half of the times
//! everything but the segments is deleted in between.
#![cfg(simulated)]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod coordinator;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use coordinator::{Offsets, PLACE, no_task_panicked, start, start_with, start_without_waiting};
use corelog_engine::config::{GroupSettings, TopicConfig};
use corelog_engine::group::GroupError;
use corelog_engine::group::answer::Answer;
use corelog_engine::group::request::{Commit, CommitPartition, Request};
use corelog_engine::metadata::{Image, MetadataRecord, PartitionState, TopicCreated};
use corelog_engine::runtime::planted::{Bug, plant};
use corelog_engine::runtime::simulated::{Fault, OpKind, World};
use corelog_engine::runtime::{self, Directory, Rng};
use uuid::Uuid;

const GROUPS: u64 = 12;
const CUTS_PER_SEED: usize = 3;

/// One request that changes a group.
#[derive(Clone, Debug)]
enum Change {
    Commit(Vec<(String, i32, i64)>),
    Forget(Vec<(String, i32)>),
    Delete,
}

/// What the outside knows of one group.
#[derive(Default)]
struct Known {
    /// As it was found after the last cut.
    base: Offsets,
    /// What was asked since.
    asked: Vec<Change>,
    /// The last of that that was answered.
    answered: usize,
}

#[derive(Default)]
struct Outside {
    groups: BTreeMap<u64, Known>,
    /// Rises with every commit, so that no two write the same.
    offset: i64,
    /// The disk is going to fail.
    fails: bool,
    /// It did.
    failed: bool,
}

type Shared = Rc<RefCell<Outside>>;

impl Known {
    fn after(&self, changes: usize) -> Offsets {
        let mut offsets = self.base.clone();
        for change in &self.asked[..changes] {
            match change {
                Change::Commit(places) => {
                    offsets.extend(places.iter().map(|(t, p, at)| ((t.clone(), *p), *at)));
                }
                Change::Forget(places) => {
                    offsets.retain(|place, _| !places.contains(place));
                }
                Change::Delete => offsets.clear(),
            }
        }
        offsets
    }
}

fn name(group: u64) -> String {
    format!("group-{group}")
}

fn random_change(outside: &mut Outside, rng: &mut Rng) -> Change {
    let place = |rng: &mut Rng| (format!("t{}", rng.below(3)), rng.below(4) as i32);
    let count = 1 + rng.below(6);
    match rng.below(10) {
        0 => Change::Delete,
        1 => Change::Forget((0..count).map(|_| place(rng)).collect()),
        _ => {
            let commit = |_| {
                let (topic, partition) = place(rng);
                outside.offset += 1;
                (topic, partition, outside.offset)
            };
            Change::Commit((0..count).map(commit).collect())
        }
    }
}

fn request(change: &Change) -> Request {
    match change {
        Change::Delete => Request::Delete,
        Change::Forget(places) => {
            let places = places.iter().map(|(topic, at)| (Arc::from(topic.as_str()), *at));
            Request::DeleteOffsets(places.collect())
        }
        Change::Commit(places) => {
            let partition =
                |(index, (topic, partition, offset)): (u32, &(String, i32, i64))| CommitPartition {
                    index,
                    topic: Arc::from(topic.as_str()),
                    topic_id: Uuid::nil(),
                    partition: *partition,
                    offset: *offset,
                    leader_epoch: -1,
                    metadata: Arc::default(),
                };
            Request::Commit(Commit {
                member_id: Arc::default(),
                instance_id: None,
                generation: -1,
                knows_epochs: true,
                retention_ms: None,
                offsets: (0..).zip(places).map(partition).collect(),
            })
        }
    }
}

/// Asks until the power goes.
async fn load(outside: Shared, mut rng: Rng) {
    let core = start().await;
    while !outside.borrow().failed {
        let group = rng.below(GROUPS);
        let change = random_change(&mut outside.borrow_mut(), &mut rng);
        let number = {
            let mut outside = outside.borrow_mut();
            let known = outside.groups.entry(group).or_default();
            known.asked.push(change.clone());
            known.asked.len()
        };
        let answer = core.ask(&name(group), request(&change));
        let shared = outside.clone();
        runtime::spawn(async move {
            let answer = answer.await.expect("an answer");
            if shared.borrow().fails && answer == Err(GroupError::NotCoordinator) {
                shared.borrow_mut().failed = true;
                return;
            }
            let answer = answer.expect("a sound coordinator");
            if let Answer::Commit(partitions) = &answer {
                assert!(partitions.iter().all(|(_, done)| done.is_ok()), "{answer:?}");
            }
            let mut outside = shared.borrow_mut();
            let known = outside.groups.get_mut(&group).unwrap();
            // What was asked before it stands before it in the log.
            known.answered = known.answered.max(number);
        });
        if rng.below(3) == 0 {
            runtime::sleep(Duration::from_micros(rng.below(2000))).await;
        }
    }
}

/// Holds every group against what the outside knows, and takes it as it is from now on.
async fn check(outside: Shared) -> Result<(), String> {
    let core = start().await;
    for group in 0..GROUPS {
        let found = core.offsets(&name(group)).await;
        let mut outside = outside.borrow_mut();
        let known = outside.groups.entry(group).or_default();
        let states = known.answered..=known.asked.len();
        if !states.clone().any(|changes| known.after(changes) == found) {
            let least = known.after(known.answered);
            return Err(format!("group {group} is {found:?} after {states:?}, at least {least:?}"));
        }
        *known = Known { base: found, ..Known::default() };
    }
    Ok(())
}

/// Leaves nothing but the segments.
async fn strip() {
    let Ok(dir) = Directory::open(Path::new(PLACE)).await else { return };
    for entry in dir.entries().await.unwrap() {
        if !entry.name.ends_with(".log") {
            dir.unlink(&entry.name).await.unwrap();
        }
    }
    dir.sync().await.unwrap();
}

fn run(seed: u64) -> Result<(), String> {
    let outside = Shared::default();
    let mut world = World::new(seed);
    for cut in 0..CUTS_PER_SEED {
        let mut rng = world.rng();
        let time = Duration::from_micros(500 + rng.below(60_000));
        world.run_for(time, load(outside.clone(), world.rng()));
        no_task_panicked(&world);
        world = world.crash();
        if rng.below(2) == 0 {
            world.run(strip());
        }
        let checked = world.run(check(outside.clone()));
        checked.map_err(|error| format!("seed {seed}, cut {cut}: {error}"))?;
        world = world.crash();
    }
    Ok(())
}

fn seeds(default: u64) -> u64 {
    std::env::var("CORELOG_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(default)
}

#[test]
fn what_a_coordinator_answered_survives_every_power_cut() {
    plant(None);
    for seed in 0..seeds(200) {
        if let Err(error) = run(seed) {
            panic!("{error}");
        }
    }
}

#[test]
fn an_answer_before_its_sync_would_be_found() {
    plant(Some(Bug::EarlyAck));
    let found = (0..300).find_map(|seed| run(seed).err());
    plant(None);
    assert!(found.is_some(), "an early answer was not found within 300 seeds");
}

#[test]
fn a_coordinator_whose_disk_fails_answers_nothing_more_that_is_not_durable() {
    plant(None);
    for seed in 0..seeds(50) {
        let outside = Shared::default();
        let world = World::new(seed);
        world.run(async { drop(start().await) });
        let world = world.crash();
        let after = world.rng().below(40);
        world.plan(Fault {
            kind: OpKind::SyncData,
            path_contains: ".log".to_string(),
            after,
            errno: 5,
        });
        outside.borrow_mut().fails = true;
        world.run_for(Duration::from_millis(1200), load(outside.clone(), world.rng()));
        no_task_panicked(&world);
        let world = world.crash();
        if let Err(error) = world.run(check(outside.clone())) {
            panic!("seed {seed}: {error}");
        }
        assert!(outside.borrow().failed, "seed {seed}: the disk did not fail");
    }
}

fn one_commit(topic: &str) -> Request {
    request(&Change::Commit(vec![(topic.to_owned(), 0, 5)]))
}

#[test]
fn groups_end_by_themselves_when_their_last_offset_has_expired() {
    World::new(1).run(async {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        let core = start_with(GroupSettings {
            offsets_retention: minutes(10),
            offsets_retention_check: minutes(3),
            ..GroupSettings::default()
        })
        .await;
        core.ask("group-1", one_commit("t")).await.unwrap().unwrap();
        runtime::sleep(minutes(5)).await;
        core.ask("group-2", one_commit("t")).await.unwrap().unwrap();
        let names = || {
            let listed = core.coordinators.list().unwrap();
            listed.iter().map(|group| group.group.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(names(), ["group-1", "group-2"]);
        runtime::sleep(minutes(8)).await;
        assert_eq!(names(), ["group-2"]);
        runtime::sleep(minutes(6)).await;
        assert!(names().is_empty());
    });
}

fn image_with(topics: &[(&str, u128)]) -> Arc<Image> {
    let mut image = Image::empty(Arc::new(TopicConfig::default()));
    for (name, id) in topics {
        let partition = PartitionState {
            replicas: vec![1],
            isr: vec![1],
            directories: vec![Uuid::nil()],
            leader: 1,
            leader_epoch: 0,
            partition_epoch: 0,
        };
        let created = TopicCreated {
            name: (*name).to_owned(),
            id: Uuid::from_u128(*id),
            partitions: vec![partition],
            configs: BTreeMap::new(),
        };
        image.apply(&MetadataRecord::Topic(created)).unwrap();
    }
    Arc::new(image)
}

#[test]
fn offsets_go_with_their_topic() {
    let world = World::new(2);
    world.run(async {
        let core = start().await;
        core.coordinators.image_changed(image_with(&[("t", 1), ("u", 2)]));
        core.ask("group-1", one_commit("t")).await.unwrap().unwrap();
        core.ask("group-1", one_commit("u")).await.unwrap().unwrap();
        core.coordinators.image_changed(image_with(&[("u", 2)]));
        runtime::sleep(Duration::from_secs(1)).await;
        assert_eq!(core.offsets("group-1").await, Offsets::from([(("u".to_owned(), 0), 5)]));
    });
    world.crash().run(async {
        let core = start().await;
        assert_eq!(core.offsets("group-1").await, Offsets::from([(("u".to_owned(), 0), 5)]));
    });
}

#[test]
fn requests_are_told_while_the_log_is_read_and_after_the_stop() {
    let world = World::new(3);
    world.run(async {
        let core = start().await;
        for group in 0..40 {
            core.ask(&name(group), one_commit("t")).await.unwrap().unwrap();
        }
    });
    world.crash().run(async {
        let core = start_without_waiting(GroupSettings::default()).await;
        let told = core.ask("group-1", one_commit("t")).await.unwrap();
        assert_eq!(told, Err(GroupError::CoordinatorLoadInProgress));
        assert_eq!(core.coordinators.list(), Err(GroupError::CoordinatorLoadInProgress));
        core.loaded().await;
        let last = core.ask("group-1", one_commit("t"));
        core.coordinators.stop();
        assert_eq!(
            core.ask("group-1", Request::Describe).await,
            Ok(Err(GroupError::NotCoordinator))
        );
        assert!(last.await.unwrap().is_ok(), "what was decided is answered");
    });
}
