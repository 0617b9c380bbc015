//! Classic members under power cuts, in the simulated world: over the shipped coordinator, log and
//! disk, generations never come back, a generation has one leader and one assignment, and what a
//! member was told that it has committed is there.
//!
//! Each seed is one world: members that join, sync, heartbeat, commit, leave or fall silent at
//! random, and every now and then the power goes; the clients of a new life are new ones.
#![cfg(simulated)]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod coordinator;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use coordinator::{Core, no_task_panicked, start_with};
use corelog_engine::config::GroupSettings;
use corelog_engine::group::GroupError;
use corelog_engine::group::answer::{Answer, Joined};
use corelog_engine::group::request::{
    Commit, CommitPartition, Heartbeat, Join, Leaving, Request, Sync,
};
use corelog_engine::runtime::simulated::World;
use corelog_engine::runtime::{self, Rng};
use uuid::Uuid;

const LIVES: usize = 4;
const GROUPS: u64 = 2;
const MEMBERS: u64 = 5;

/// What the outside knows of one group.
#[derive(Default)]
struct Seen {
    /// The youngest generation in which somebody owned something, in earlier lives and now. One
    /// that nobody synced in is not written, and its number may come again.
    before: i32,
    generation: i32,
    /// Who leads a generation, in this life.
    leaders: BTreeMap<i32, Arc<str>>,
    /// The last offset that was asked for, and the last one that was answered, per partition.
    asked: BTreeMap<i32, i64>,
    committed: BTreeMap<i32, i64>,
    /// How often somebody got as far as to own something.
    owned: usize,
}

type Shared = Rc<RefCell<BTreeMap<u64, Seen>>>;

fn settings() -> GroupSettings {
    GroupSettings {
        initial_rebalance_delay: Duration::from_millis(300),
        ..GroupSettings::default()
    }
}

/// One client from its first join until it leaves, falls silent or loses its coordinator.
struct Client {
    core: Rc<Core>,
    seen: Shared,
    group: u64,
    partition: i32,
    rng: Rng,
}

impl Client {
    fn name(&self) -> String {
        format!("group-{}", self.group)
    }

    async fn ask(&self, request: Request) -> Option<Answer> {
        // A power cut ends the client as well; another coordinator there is none.
        self.core.ask(&self.name(), request).await.ok()?.ok()
    }

    async fn live(mut self) {
        let mut member_id: Arc<str> = Arc::default();
        loop {
            let Some(joined) = self.join(&mut member_id).await else { return };
            if self.sync(&joined).await.is_some() && !self.work(&joined).await {
                return;
            }
        }
    }

    async fn join(&self, member_id: &mut Arc<str>) -> Option<Joined> {
        loop {
            let join = Join {
                member_id: member_id.clone(),
                instance_id: None,
                protocol_type: Arc::from("connect"),
                protocols: vec![(Arc::from("p"), Bytes::from_static(b"metadata"))],
                session_timeout_ms: 6_000,
                rebalance_timeout_ms: 3_000,
                reason: None,
                requires_known_member_id: true,
                supports_skipping_assignment: false,
            };
            let Answer::Join(joined) = self.ask(Request::Join(join)).await? else { panic!() };
            match &joined.error {
                None => {
                    self.joined(&joined);
                    return Some(joined);
                }
                Some(GroupError::MemberIdRequired) => *member_id = joined.member_id,
                Some(GroupError::UnknownMemberId) => *member_id = Arc::default(),
                Some(GroupError::RebalanceInProgress) => {}
                Some(other) => panic!("{other}"),
            }
        }
    }

    fn joined(&self, joined: &Joined) {
        let mut seen = self.seen.borrow_mut();
        let seen = seen.entry(self.group).or_default();
        let generation = joined.generation;
        assert!(generation > seen.before, "{generation} comes again after {}", seen.before);
        let leader = seen.leaders.entry(generation).or_insert_with(|| joined.leader.clone());
        assert_eq!(*leader, joined.leader, "a second leader of generation {generation}");
    }

    async fn sync(&self, joined: &Joined) -> Option<()> {
        let text = |member: &str| Bytes::from(format!("{} {member}", joined.generation));
        let leads = joined.leader == joined.member_id;
        let everybody = joined.members.iter().filter(|_| leads);
        let assign = everybody.map(|one| (one.member_id.clone(), text(&one.member_id)));
        let sync = Sync {
            member_id: joined.member_id.clone(),
            instance_id: None,
            generation: joined.generation,
            protocol_type: None,
            protocol: None,
            assignments: assign.collect(),
        };
        let Answer::Sync(synced) = self.ask(Request::Sync(sync)).await? else { panic!() };
        let synced = synced.ok()?;
        assert_eq!(synced.assignment, text(&joined.member_id), "of another generation or member");
        let mut seen = self.seen.borrow_mut();
        let seen = seen.entry(self.group).or_default();
        seen.owned += 1;
        seen.generation = seen.generation.max(joined.generation);
        Some(())
    }

    /// False when the client is over.
    async fn work(&mut self, joined: &Joined) -> bool {
        loop {
            runtime::sleep(Duration::from_millis(self.rng.below(900))).await;
            let goes_on = match self.rng.below(40) {
                0 => return false,
                1 => {
                    let member_id = joined.member_id.clone();
                    let leaving = Leaving { member_id, instance_id: None, reason: None };
                    self.ask(Request::Leave(vec![leaving])).await;
                    return false;
                }
                2..15 => self.commit(joined).await,
                _ => self.heartbeat(joined).await,
            };
            match goes_on {
                None => return false,
                Some(Ok(())) => {}
                Some(Err(_)) => return true,
            }
        }
    }

    async fn heartbeat(&self, joined: &Joined) -> Option<Result<(), GroupError>> {
        let member_id = joined.member_id.clone();
        let beat = Heartbeat { member_id, instance_id: None, generation: joined.generation };
        let Answer::Heartbeat(beat) = self.ask(Request::Heartbeat(beat)).await? else { panic!() };
        Some(beat)
    }

    async fn commit(&self, joined: &Joined) -> Option<Result<(), GroupError>> {
        let offset = {
            let mut seen = self.seen.borrow_mut();
            let asked = seen.entry(self.group).or_default().asked.entry(self.partition);
            *asked.and_modify(|offset| *offset += 1).or_insert(1)
        };
        let place = CommitPartition {
            index: 0,
            topic: Arc::from("t"),
            topic_id: Uuid::nil(),
            partition: self.partition,
            offset,
            leader_epoch: -1,
            metadata: Arc::default(),
        };
        let commit = Commit {
            member_id: joined.member_id.clone(),
            instance_id: None,
            generation: joined.generation,
            knows_epochs: true,
            retention_ms: None,
            offsets: vec![place],
        };
        let Answer::Commit(answers) = self.ask(Request::Commit(commit)).await? else { panic!() };
        let answer = answers[0].1.clone();
        if answer.is_ok() {
            let mut seen = self.seen.borrow_mut();
            seen.entry(self.group).or_default().committed.insert(self.partition, offset);
        }
        Some(answer)
    }
}

async fn life(seen: Shared, mut rng: Rng) {
    let core = Rc::new(start_with(settings()).await);
    check(&core, &seen).await;
    loop {
        for group in 0..GROUPS {
            for member in 0..MEMBERS {
                let client = Client {
                    core: core.clone(),
                    seen: seen.clone(),
                    group,
                    partition: member as i32,
                    rng: rng.fork(),
                };
                // One at a time per partition, or two would commit past each other.
                runtime::spawn(client.live());
                runtime::sleep(Duration::from_millis(rng.below(400))).await;
            }
        }
        runtime::sleep(Duration::from_secs(3600)).await;
    }
}

async fn check(core: &Core, seen: &Shared) {
    for group in 0..GROUPS {
        let found = core.offsets(&format!("group-{group}")).await;
        let mut seen = seen.borrow_mut();
        let seen = seen.entry(group).or_default();
        for (partition, committed) in &seen.committed {
            let found = found.get(&("t".to_owned(), *partition)).copied().unwrap_or(0);
            assert!((*committed..=seen.asked[partition]).contains(&found), "{committed} {found}");
        }
        seen.before = seen.generation;
        seen.leaders.clear();
    }
}

fn run(seed: u64) -> usize {
    let seen = Shared::default();
    let mut world = World::new(seed);
    for _ in 0..LIVES {
        let mut rng = world.rng();
        let time = Duration::from_millis(100 + rng.below(40_000));
        world.run_for(time, life(seen.clone(), world.rng()));
        no_task_panicked(&world);
        world = world.crash();
    }
    world.run(async { check(&start_with(settings()).await, &seen).await });
    let owned = seen.borrow().values().map(|seen| seen.owned).sum();
    owned
}

#[test]
fn generations_and_commits_survive_every_power_cut() {
    let seeds = std::env::var("CORELOG_SEEDS").ok().and_then(|seeds| seeds.parse().ok());
    let mut owned = 0;
    for seed in 0..seeds.unwrap_or(40_u64) {
        let outcome = std::panic::catch_unwind(|| run(seed));
        owned += outcome.unwrap_or_else(|_| panic!("seed {seed}"));
    }
    assert!(owned > 0, "nobody ever owned anything");
}
