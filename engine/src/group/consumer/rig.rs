//! A group for tests, with a clock, topics and a log beside it. Whatever a step writes is compared
//! with what a replay of the log makes of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::group::ConsumerGroup;
use crate::config::TopicConfig;
use crate::group::answer::{Answer, ConsumerBeat};
use crate::group::request::{Caller, ConsumerHeartbeat};
use crate::group::{Context, Effect, Effects, GroupError, GroupSettings, TimerKey, Token};
use crate::metadata::{Image, MetadataRecord, PartitionState, TopicCreated, TopicDeleted};
use crate::record::offsets_topic::{GroupRecord, TopicPartitions};
use crate::runtime::{Mono, Rng};

/// The group and its world.
pub(super) struct Rig {
    pub group: ConsumerGroup,
    pub image: Image,
    pub settings: GroupSettings,
    pub now: Mono,
    pub rng: Rng,
    pub log: Vec<GroupRecord>,
    pub timers: BTreeMap<TimerKey, Mono>,
    /// What the last step wrote.
    pub wrote: Vec<GroupRecord>,
}

pub(super) fn text(text: &str) -> Arc<str> {
    Arc::from(text)
}

pub(super) fn caller() -> Caller {
    Caller { client_id: text("client"), host: text("/127.0.0.1") }
}

/// A heartbeat that says nothing.
pub(super) fn beat(member: &str, epoch: i32) -> ConsumerHeartbeat {
    ConsumerHeartbeat {
        member_id: text(member),
        member_epoch: epoch,
        instance_id: None,
        rack_id: None,
        rebalance_timeout_ms: -1,
        topics: None,
        pattern: None,
        assignor: None,
        owned: None,
        brings_member_id: true,
    }
}

/// A heartbeat that joins.
pub(super) fn joining(member: &str, topics: &[&str]) -> ConsumerHeartbeat {
    ConsumerHeartbeat {
        rebalance_timeout_ms: 60_000,
        topics: Some(topics.iter().map(|topic| text(topic)).collect()),
        owned: Some(Vec::new()),
        ..beat(member, 0)
    }
}

impl Rig {
    /// An empty group, and these topics with so many partitions.
    pub(super) fn new(topics: &[(&str, usize)]) -> Rig {
        let mut rig = Rig {
            group: ConsumerGroup::new(text("g")),
            image: Image::empty(Arc::new(TopicConfig::default())),
            settings: GroupSettings::default(),
            now: Mono::from_nanos(0),
            rng: Rng::seeded(7),
            log: Vec::new(),
            timers: BTreeMap::new(),
            wrote: Vec::new(),
        };
        topics.iter().for_each(|(name, partitions)| rig.create(name, *partitions));
        rig
    }

    /// Creates a topic.
    pub(super) fn create(&mut self, name: &str, partitions: usize) {
        let partition = PartitionState {
            replicas: vec![1],
            isr: vec![1],
            directories: Vec::new(),
            leader: 1,
            leader_epoch: 0,
            partition_epoch: 0,
        };
        let mut bytes = [0; 16];
        self.rng.fill(&mut bytes);
        let created = TopicCreated {
            name: name.to_string(),
            id: Uuid::from_bytes(bytes),
            partitions: vec![partition; partitions],
            configs: BTreeMap::new(),
        };
        self.image.apply(&MetadataRecord::Topic(created)).unwrap();
        self.image.version += 1;
    }

    /// Deletes a topic.
    pub(super) fn delete(&mut self, name: &str) {
        let id = self.id(name);
        self.image.apply(&MetadataRecord::TopicDeleted(TopicDeleted { id })).unwrap();
        self.image.version += 1;
    }

    pub(super) fn id(&self, name: &str) -> Uuid {
        self.image.topic(name).unwrap().id
    }

    pub(super) fn set(&self, topic: &str, partitions: &[i32]) -> TopicPartitions {
        TopicPartitions { topic: self.id(topic), partitions: partitions.to_vec() }
    }

    /// Unix milliseconds.
    pub(super) fn wall(&self) -> i64 {
        1_000_000 + (self.now.as_nanos() / 1_000_000) as i64
    }

    pub(super) fn pass(&mut self, millis: u64) {
        self.now = self.now + Duration::from_millis(millis);
    }

    /// Does a step, and takes its records and timers; its answers come back.
    pub(super) fn step(
        &mut self,
        step: impl FnOnce(&mut ConsumerGroup, &mut Context<'_>) -> Effects,
    ) -> Vec<Answer> {
        let wall = self.wall();
        let mut context = Context {
            now: self.now,
            wall,
            rng: &mut self.rng,
            settings: &self.settings,
            image: &self.image,
        };
        let effects = step(&mut self.group, &mut context);
        let mut answers = Vec::new();
        self.wrote.clear();
        for effect in effects {
            match effect {
                Effect::Append(record) => self.wrote.push(record),
                Effect::Answer { answer, .. } => answers.push(answer),
                Effect::Timer { key, at: Some(at) } => drop(self.timers.insert(key, at)),
                Effect::Timer { key, at: None } => drop(self.timers.remove(&key)),
            }
        }
        self.log.extend(self.wrote.iter().cloned());
        answers
    }

    /// A heartbeat and its answer.
    pub(super) fn beat(&mut self, request: &ConsumerHeartbeat) -> Result<ConsumerBeat, GroupError> {
        let who = caller();
        let answers = self.step(|group, context| group.heartbeat(context, Token(1), &who, request));
        match answers.as_slice() {
            [Answer::ConsumerHeartbeat(answer)] => {
                assert!(answer.is_ok() || self.wrote.is_empty(), "an error writes nothing");
                answer.clone()
            }
            other => panic!("one answer to a heartbeat: {other:?}"),
        }
    }

    /// Lets a member join; what it was told comes back.
    pub(super) fn join(&mut self, member: &str, topics: &[&str]) -> ConsumerBeat {
        self.beat(&joining(member, topics)).unwrap()
    }

    /// Runs out the timers that are due until so much time has passed.
    pub(super) fn run(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        while let Some((at, key)) = self.timers.iter().map(|(key, at)| (*at, key.clone())).min()
            && at <= end
        {
            self.now = self.now.max(at);
            self.timers.remove(&key);
            self.step(|group, context| group.timer(context, &key));
        }
        self.now = end;
    }

    /// What a replay of the log gives.
    pub(super) fn replayed(&self) -> ConsumerGroup {
        let mut group = ConsumerGroup::new(text("g"));
        self.log.iter().for_each(|record| group.replay(record));
        group
    }

    /// Fails unless a replay of the log gives the group as it is.
    pub(super) fn check_replay(&self) {
        let replayed = self.replayed();
        assert_eq!(replayed.known, self.group.known);
        assert_eq!(replayed.tally, self.group.tally);
    }

    /// The kinds of the records that the last step wrote, and of whom.
    pub(super) fn kinds(&self) -> Vec<String> {
        self.wrote.iter().map(kind).collect()
    }
}

fn kind(record: &GroupRecord) -> String {
    let (name, of, there) = match record {
        GroupRecord::Epoch { value, .. } => ("epoch", "", value.is_some()),
        GroupRecord::Member { member, value, .. } => ("member", member.as_ref(), value.is_some()),
        GroupRecord::TargetEpoch { value, .. } => ("target epoch", "", value.is_some()),
        GroupRecord::Target { member, value, .. } => ("target", member.as_ref(), value.is_some()),
        GroupRecord::Current { member, value, .. } => ("current", member.as_ref(), value.is_some()),
        GroupRecord::Pattern { pattern, value, .. } => {
            ("pattern", pattern.as_ref(), value.is_some())
        }
        GroupRecord::PartitionMetadata { value, .. } => ("topics", "", value.is_some()),
        GroupRecord::Classic { value, .. } => ("classic", "", value.is_some()),
        GroupRecord::Offset { topic, value, .. } => ("offset", topic.as_ref(), value.is_some()),
    };
    let gone = if there { "" } else { "-" };
    format!("{gone}{name} {of}").trim_end().to_string()
}
