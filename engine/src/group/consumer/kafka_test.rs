//! The same requests, the same answers and the same records as Apache Kafka 4.3.1.
//!
//! The script was played on Kafka's own `GroupMetadataManager`, with members that do what members
//! do and some things that they should not; it holds what they asked (`>`), what it answered (`<`),
//! which timers changed something (`!`) and what it wrote (`+`): what a record says, for people,
//! and the CRC-32C of its bytes. The `range` assignor is used, the only one whose result does not
//! hang on the order of a hash map. Records of targets and patterns within one step are sorted, and
//! sets within a record, for the same reason. How soon a member is to come again is our own to say.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::kafka_words::{Words, join, list, nullable, sets};
use super::rig::{caller, text};
use crate::config::TopicConfig;
use crate::group::request::{ConsumerHeartbeat, Heartbeat, Leaving, Request, Sync};
use crate::group::{
    Context, Effect, Event, Group, GroupSettings, MigrationPolicy, TimerKey, Token,
};
use crate::metadata::{Image, MetadataRecord, PartitionState, TopicCreated, TopicDeleted};
use crate::record::crc32c;
use crate::record::offsets_topic::{GroupRecord, TopicPartitions};
use crate::runtime::{Mono, Rng};

const SCRIPT: &str = include_str!("kafka.txt");

struct World {
    group: Group,
    image: Image,
    settings: GroupSettings,
    now: Mono,
    timers: BTreeMap<TimerKey, Mono>,
    /// Names that topics have, or had.
    names: BTreeMap<Uuid, String>,
    /// What was said and done since the last request.
    lines: Vec<String>,
}

#[test]
fn the_script_goes_as_with_kafka() {
    let mut world = World::new();
    let mut wanted: Vec<&str> = Vec::new();
    let mut asked = (0, "");
    for (number, line) in SCRIPT.lines().enumerate() {
        if line.starts_with("//") {
            continue;
        }
        if !line.starts_with(['>', '#']) {
            wanted.push(line);
            continue;
        }
        world.compare(asked, &wanted);
        wanted.clear();
        asked = (number + 1, line);
        match line.strip_prefix("> ") {
            Some(command) => world.play(command),
            None => world = World::new(),
        }
    }
    world.compare(asked, &wanted);
}

impl World {
    fn new() -> World {
        let settings = GroupSettings {
            consumer_assignors: vec![text("range"), text("uniform")],
            consumer_members_max: 8,
            migration: MigrationPolicy::Upgrade,
            ..GroupSettings::default()
        };
        World {
            group: Group::new(text("g")),
            image: Image::empty(Arc::new(TopicConfig::default())),
            settings,
            now: Mono::from_nanos(0),
            timers: BTreeMap::new(),
            names: BTreeMap::new(),
            lines: Vec::new(),
        }
    }

    fn words(&self) -> Words<'_> {
        Words { names: &self.names }
    }

    fn compare(&mut self, (number, asked): (usize, &str), wanted: &[&str]) {
        let found = std::mem::take(&mut self.lines);
        let same = found.len() == wanted.len()
            && found.iter().zip(wanted).all(|(found, wanted)| is_same(found, wanted));
        assert!(same, "line {number}: {asked}\nfound  {found:#?}\nwanted {wanted:#?}");
    }

    fn play(&mut self, command: &str) {
        let words: Vec<&str> = command.split(' ').collect();
        match words[..] {
            ["topic", name, id, partitions] => self.create(name, id, partitions),
            ["drop", name] => {
                let id = self.image.topic(name).unwrap().id;
                self.image.apply(&MetadataRecord::TopicDeleted(TopicDeleted { id })).unwrap();
                self.image.version += 1;
            }
            ["time", millis] => self.pass(millis.parse().unwrap()),
            ["patterns"] => {
                while self.timers.remove(&TimerKey::Patterns).is_some() {
                    self.step(Event::Timer(TimerKey::Patterns));
                }
            }
            ["beat", ..] => self.ask(Request::ConsumerHeartbeat(self.heartbeat(&words[1..]))),
            ["join", member, topics, owned] => self.ask(Request::Join(join(member, topics, owned))),
            ["sync", member, generation] => self.ask(Request::Sync(Sync {
                member_id: text(member),
                instance_id: None,
                generation: generation.parse().unwrap(),
                protocol_type: Some(text("consumer")),
                protocol: Some(text("p")),
                assignments: Vec::new(),
            })),
            ["heartbeat", member, generation] => self.ask(Request::Heartbeat(Heartbeat {
                member_id: text(member),
                instance_id: None,
                generation: generation.parse().unwrap(),
            })),
            ["leave", member, instance] => self.ask(Request::Leave(vec![Leaving {
                member_id: text(member),
                instance_id: nullable(instance),
                reason: None,
            }])),
            _ => panic!("{command}"),
        }
    }

    fn create(&mut self, name: &str, id: &str, partitions: &str) {
        let partition = PartitionState {
            replicas: vec![1],
            isr: vec![1],
            directories: Vec::new(),
            leader: 1,
            leader_epoch: 0,
            partition_epoch: 0,
        };
        let id = Uuid::from_u64_pair(77, id.parse().unwrap());
        let created = TopicCreated {
            name: name.to_string(),
            id,
            partitions: vec![partition; partitions.parse().unwrap()],
            configs: BTreeMap::new(),
        };
        self.image.apply(&MetadataRecord::Topic(created)).unwrap();
        self.image.version += 1;
        self.names.insert(id, name.to_string());
    }

    fn pass(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        // Kafka's names of timers decide between those that run out at once.
        let order = |key: &TimerKey| match key {
            TimerKey::MemberJoin(_) => 0,
            TimerKey::Revoke(_) => 1,
            TimerKey::Session(_) => 2,
            _ => 3,
        };
        let next = |timers: &BTreeMap<TimerKey, Mono>| {
            timers.iter().map(|(key, at)| (*at, order(key), key.clone())).min()
        };
        while let Some((at, _, key)) = next(&self.timers)
            && at <= end
        {
            self.now = self.now.max(at);
            self.timers.remove(&key);
            let before = self.lines.len();
            self.step(Event::Timer(key));
            if self.lines.len() > before {
                self.lines.insert(before, format!("! {}", self.wall()));
            }
        }
        self.now = end;
    }

    fn wall(&self) -> i64 {
        1_000_000 + (self.now.as_nanos() / 1_000_000) as i64
    }

    fn ask(&mut self, request: Request) {
        self.step(Event::Request { from: Token(1), caller: caller(), request });
    }

    fn step(&mut self, event: Event) {
        let mut rng = Rng::seeded(1);
        let mut context = Context {
            now: self.now,
            wall: self.wall(),
            rng: &mut rng,
            settings: &self.settings,
            image: &self.image,
        };
        let effects = self.group.step(&mut context, event);
        let (mut records, mut unordered) = (Vec::new(), Vec::new());
        for effect in effects {
            match effect {
                Effect::Append(record) => {
                    let line =
                        format!("+ {} {:08x}", self.words().record(&record), checksum(&record));
                    if line.starts_with("+ target ") || line.starts_with("+ pattern ") {
                        unordered.push(line);
                        continue;
                    }
                    unordered.sort_unstable();
                    records.append(&mut unordered);
                    records.push(line);
                }
                Effect::Answer { answer, .. } => {
                    let line = self.words().answer(&answer);
                    self.lines.push(format!("< {line}"));
                }
                Effect::Timer { key, at: Some(at) } => drop(self.timers.insert(key, at)),
                Effect::Timer { key, at: None } => drop(self.timers.remove(&key)),
            }
        }
        unordered.sort_unstable();
        self.lines.append(&mut records);
        self.lines.append(&mut unordered);
    }

    fn heartbeat(&self, words: &[&str]) -> ConsumerHeartbeat {
        let [member, epoch, instance, timeout, topics, pattern, assignor, owned] = words else {
            panic!("{words:?}")
        };
        let set = |(topic, partitions): (&str, Vec<i32>)| TopicPartitions {
            topic: self.image.topic(topic).unwrap().id,
            partitions,
        };
        ConsumerHeartbeat {
            member_id: text(member),
            member_epoch: epoch.parse().unwrap(),
            instance_id: nullable(instance),
            rack_id: None,
            rebalance_timeout_ms: timeout.parse().unwrap(),
            topics: nullable(topics).map(|topics| list(&topics)),
            pattern: nullable(pattern),
            assignor: nullable(assignor),
            owned: nullable(owned).map(|owned| sets(&owned).into_iter().map(set).collect()),
            brings_member_id: true,
        }
    }
}

/// Of the record's bytes, key and value.
fn checksum(record: &GroupRecord) -> u32 {
    let value = record.value_bytes().unwrap_or_default();
    crc32c(&[&record.key_bytes()[..], &value[..]].concat())
}

/// Some errors are told in the words of the error alone.
fn is_same(found: &str, wanted: &str) -> bool {
    let bare = ["< UNKNOWN_MEMBER_ID ", "< FENCED_INSTANCE_ID ", "< GROUP_MAX_SIZE_REACHED "];
    found == wanted || bare.iter().any(|code| found.starts_with(code) && wanted.starts_with(code))
}
