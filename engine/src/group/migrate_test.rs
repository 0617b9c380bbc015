//! One group from the classic to the consumer protocol and back, its members going on.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::config::TopicConfig;
use crate::group::answer::{ConsumerBeat, Joined, Synced};
use crate::group::consumer_protocol::{NamedPartitions, assignment_bytes};
use crate::group::request::{Heartbeat, Leaving, Request, Sync};
use crate::group::{Event, Group, GroupSettings, MigrationPolicy, TimerKey};
use crate::metadata::{MetadataRecord, PartitionState, TopicCreated};
use crate::runtime::{Mono, Rng};

/// A group with its clock, its log and topic t of four partitions.
struct World {
    group: Group,
    now: Mono,
    settings: GroupSettings,
    image: Image,
    log: Vec<GroupRecord>,
    timers: BTreeMap<TimerKey, Mono>,
    answers: BTreeMap<Token, Answer>,
    tokens: u64,
}

fn text(text: &str) -> Arc<str> {
    Arc::from(text)
}

fn subscription() -> Bytes {
    let v1 = [0, 1, 0, 0, 0, 1, 0, 1, b't', 255, 255, 255, 255, 0, 0, 0, 0];
    Bytes::copy_from_slice(&v1)
}

fn join(member: &str) -> Join {
    Join {
        member_id: text(member),
        instance_id: None,
        protocol_type: text("consumer"),
        protocols: vec![(text("p"), subscription()), (text("q"), subscription())],
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 30_000,
        reason: None,
        requires_known_member_id: true,
        supports_skipping_assignment: true,
    }
}

fn beat(member: &str, epoch: i32) -> ConsumerHeartbeat {
    let joins = epoch == 0;
    ConsumerHeartbeat {
        member_id: text(member),
        member_epoch: epoch,
        instance_id: None,
        rack_id: None,
        rebalance_timeout_ms: if joins { 30_000 } else { -1 },
        topics: joins.then(|| vec![text("t")]),
        pattern: None,
        assignor: None,
        owned: joins.then(Vec::new),
        brings_member_id: true,
    }
}

impl World {
    fn new() -> World {
        let mut image = Image::empty(Arc::new(TopicConfig::default()));
        let partition = PartitionState {
            replicas: vec![1],
            isr: vec![1],
            directories: Vec::new(),
            leader: 1,
            leader_epoch: 0,
            partition_epoch: 0,
        };
        let topic = TopicCreated {
            name: "t".to_string(),
            id: Uuid::from_u128(7),
            partitions: vec![partition; 4],
            configs: BTreeMap::new(),
        };
        image.apply(&MetadataRecord::Topic(topic)).unwrap();
        World {
            group: Group::new(text("g")),
            now: Mono::from_nanos(1),
            settings: GroupSettings::default(),
            image,
            log: Vec::new(),
            timers: BTreeMap::new(),
            answers: BTreeMap::new(),
            tokens: 0,
        }
    }

    fn step(&mut self, event: Event) {
        let mut rng = Rng::seeded(self.tokens);
        let mut context = Context {
            now: self.now,
            wall: 1_000_000 + (self.now.as_nanos() / 1_000_000) as i64,
            rng: &mut rng,
            settings: &self.settings,
            image: &self.image,
        };
        for effect in self.group.step(&mut context, event) {
            match effect {
                Effect::Append(record) => self.log.push(record),
                Effect::Answer { to, answer } => {
                    assert_eq!(self.answers.insert(to, answer), None);
                }
                Effect::Timer { key, at: Some(at) } => drop(self.timers.insert(key, at)),
                Effect::Timer { key, at: None } => drop(self.timers.remove(&key)),
            }
        }
        let mut replayed = Group::new(text("g"));
        self.log.iter().for_each(|record| replayed.replay(record.clone()));
        assert_eq!(replayed.listed().group_type, self.group.listed().group_type);
    }

    fn ask(&mut self, request: Request) -> Token {
        self.tokens += 1;
        let caller = Caller { client_id: text("c"), host: text("/::1") };
        self.step(Event::Request { from: Token(self.tokens), caller, request });
        Token(self.tokens)
    }

    fn answer(&mut self, request: Request) -> Answer {
        let token = self.ask(request);
        self.answers.remove(&token).expect("an answer")
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some((at, key)) = self.timers.iter().map(|(key, at)| (*at, key.clone())).min()
            && at <= end
        {
            self.now = self.now.max(at);
            self.timers.remove(&key);
            self.step(Event::Timer(key));
        }
        self.now = end;
    }

    /// Lets two members into a classic group; each gets two partitions.
    fn classic(&mut self) -> Vec<Arc<str>> {
        let ids: Vec<Arc<str>> = (0..2).map(|_| self.known_id()).collect();
        let joins: Vec<Token> = ids.iter().map(|id| self.ask(Request::Join(join(id)))).collect();
        self.pass(Duration::from_secs(10));
        let joined: Vec<Joined> = joins.iter().map(|token| self.joined(*token)).collect();
        let leader = joined[0].leader.clone();
        let half = |partitions: &[i32]| {
            let named = NamedPartitions { topic: text("t"), partitions: partitions.to_vec() };
            assignment_bytes(1, &[named])
        };
        let shares = vec![(ids[0].clone(), half(&[0, 1])), (ids[1].clone(), half(&[2, 3]))];
        let mut order = ids.clone();
        order.sort_by_key(|id| *id == leader);
        let mut waiting = Vec::new();
        for id in &order {
            let assignments = if *id == leader { shares.clone() } else { Vec::new() };
            waiting.push(self.ask(Request::Sync(sync(id, joined[0].generation, assignments))));
        }
        assert!(waiting.iter().all(|token| self.answers.remove(token).is_some()));
        assert_eq!((self.group.listed().state, joined[0].generation), ("Stable", 1));
        ids
    }

    fn known_id(&mut self) -> Arc<str> {
        match self.answer(Request::Join(join(""))) {
            Answer::Join(joined) => joined.member_id,
            other => panic!("{other:?}"),
        }
    }

    fn joined(&mut self, token: Token) -> Joined {
        match self.answers.remove(&token) {
            Some(Answer::Join(joined)) => joined,
            other => panic!("{other:?}"),
        }
    }

    fn beat(&mut self, request: ConsumerHeartbeat) -> Result<ConsumerBeat, GroupError> {
        match self.answer(Request::ConsumerHeartbeat(request)) {
            Answer::ConsumerHeartbeat(answer) => answer,
            other => panic!("{other:?}"),
        }
    }

    fn classic_beat(&mut self, member: &Arc<str>, generation: i32) -> Result<(), GroupError> {
        let member_id = member.clone();
        let request = Heartbeat { member_id, instance_id: None, generation };
        match self.answer(Request::Heartbeat(request)) {
            Answer::Heartbeat(answer) => answer,
            other => panic!("{other:?}"),
        }
    }

    fn synced(&mut self, member: &Arc<str>, generation: i32) -> Result<Synced, GroupError> {
        match self.answer(Request::Sync(sync(member, generation, Vec::new()))) {
            Answer::Sync(answer) => answer,
            other => panic!("{other:?}"),
        }
    }
}

fn sync(member: &Arc<str>, generation: i32, assignments: Vec<(Arc<str>, Bytes)>) -> Sync {
    Sync {
        member_id: member.clone(),
        instance_id: None,
        generation,
        protocol_type: Some(text("consumer")),
        protocol: None,
        assignments,
    }
}

#[test]
fn a_classic_group_takes_in_a_member_of_the_new_protocol_and_goes_back_when_it_leaves() {
    let mut world = World::new();
    let ids = world.classic();
    world.pass(Duration::from_secs(5));
    let answer = world.beat(beat("n", 0)).unwrap();
    assert_eq!((answer.member_epoch, answer.assignment), (2, Some(vec![])));
    assert_eq!(world.group.listed().group_type, "consumer");
    // The others are in the generation they were in, hear that there is another, and rejoin; one of
    // them has to give something up before it gets there.
    let mut waiting: Vec<Arc<str>> = ids.clone();
    for _ in 0..2 {
        for id in std::mem::take(&mut waiting) {
            if world.classic_beat(&id, 1) == Err(GroupError::RebalanceInProgress) {
                let token = world.ask(Request::Join(join(&id)));
                assert_eq!(world.joined(token).error, None);
                waiting.push(id);
            }
        }
    }
    for id in &ids {
        assert_eq!(world.classic_beat(id, 2), Ok(()));
        assert!(world.synced(id, 2).is_ok());
    }
    let answer = world.beat(beat("n", 2)).unwrap();
    assert_eq!(answer.assignment.map(|topics| topics[0].partitions.len()), Some(1));
    assert_eq!(world.group.listed().state, "Stable");

    // It leaves: the group is a classic one, whose members join again.
    world.beat(beat("n", -1)).unwrap();
    assert_eq!(world.group.listed().group_type, "classic");
    assert_eq!(world.group.listed().state, "PreparingRebalance");
    for id in &ids {
        assert_eq!(world.classic_beat(id, 2), Err(GroupError::RebalanceInProgress));
    }
    let joins: Vec<Token> = ids.iter().map(|id| world.ask(Request::Join(join(id)))).collect();
    let generations: Vec<i32> = joins.iter().map(|token| world.joined(*token).generation).collect();
    assert_eq!(generations, [3, 3]);
}

#[test]
fn a_session_that_ends_takes_the_group_back_as_well() {
    let mut world = World::new();
    world.settings.consumer_session_timeout = Duration::from_secs(8);
    let ids = world.classic();
    world.beat(beat("n", 0)).unwrap();
    world.pass(Duration::from_secs(6));
    for id in &ids {
        world.classic_beat(id, 1).unwrap_err();
    }
    world.pass(Duration::from_secs(2));
    assert_eq!(world.group.listed().group_type, "classic");
}

#[test]
fn who_waits_in_the_classic_group_is_told_to_join_again() {
    let mut world = World::new();
    let ids = world.classic();
    let newcomer = world.known_id();
    let waiting = world.ask(Request::Join(join(&newcomer)));
    world.beat(beat("n", 0)).unwrap();
    assert_eq!(world.joined(waiting).error, Some(GroupError::RebalanceInProgress));
    let token = world.ask(Request::Join(join(&newcomer)));
    assert_eq!(world.joined(token).error, None);
    assert!(world.timers.keys().all(|key| !matches!(key, TimerKey::Join | TimerKey::Sync)));
    let sessions = world.timers.keys().filter(|key| matches!(key, TimerKey::Session(_))).count();
    assert_eq!(sessions, ids.len() + 2);
}

#[test]
fn what_cannot_be_upgraded_stays_as_it_is() {
    let told =
        |why: &str| format!("Cannot upgrade classic group g to consumer group because {why}.");
    type Case = (fn(&mut World), String);
    let cases: [Case; 3] = [
        (
            |world| world.settings.migration = MigrationPolicy::Downgrade,
            told("online upgrade is disabled"),
        ),
        (
            |world| world.settings.consumer_members_max = 1,
            told("the group size exceeds the consumer group maximum size"),
        ),
        (
            |world| world.settings.consumer_assignors = vec![text("range")],
            "ServerAssignor uniform is not supported. Supported assignors: range.".to_string(),
        ),
    ];
    for (change, expected) in cases {
        let mut world = World::new();
        let ids = world.classic();
        change(&mut world);
        let written = world.log.len();
        let join = ConsumerHeartbeat { assignor: Some(text("uniform")), ..beat("n", 0) };
        assert_eq!(world.beat(join).unwrap_err().to_string(), expected);
        assert_eq!((world.group.listed().group_type, world.log.len()), ("classic", written));
        assert_eq!(world.classic_beat(&ids[0], 1), Ok(()));
    }
}

#[test]
fn a_heartbeat_that_does_not_join_makes_no_group() {
    let mut world = World::new();
    let told = |world: &mut World, epoch| world.beat(beat("n", epoch)).unwrap_err().to_string();
    assert_eq!(told(&mut world, 1), "Consumer group g not found.");
    assert_eq!(told(&mut world, -1), "Group g not found.");
    assert!(!world.group.exists());
    world.classic();
    assert_eq!(told(&mut world, 1), "Group g is not a consumer group.");
    assert_eq!(told(&mut world, -1), "Group g is not a consumer group.");
}

#[test]
fn empty_groups_begin_anew_in_the_other_protocol() {
    let mut world = World::new();
    world.beat(beat("n", 0)).unwrap();
    world.beat(beat("n", -1)).unwrap();
    assert_eq!(
        (world.group.listed().group_type, world.group.listed().state),
        ("consumer", "Empty")
    );
    let id = world.known_id();
    assert_eq!(world.group.listed().group_type, "classic");
    let token = world.ask(Request::Join(join(&id)));
    world.pass(Duration::from_secs(4));
    assert_eq!(world.joined(token).generation, 1);
    world.ask(Request::Leave(vec![Leaving { member_id: id, instance_id: None, reason: None }]));
    assert_eq!(world.group.listed().state, "Empty");
    world.beat(beat("n", 0)).unwrap();
    assert_eq!(
        (world.group.listed().group_type, world.group.listed().state),
        ("consumer", "Stable")
    );
    // And is deleted without a trace.
    world.beat(beat("n", -1)).unwrap();
    assert_eq!(world.answer(Request::Delete), Answer::Delete(Ok(())));
    assert!(!world.group.exists());
    let mut replayed = Group::new(text("g"));
    world.log.iter().for_each(|record| replayed.replay(record.clone()));
    assert!(!replayed.exists());
}
