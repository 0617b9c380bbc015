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

use bytes::{BufMut, Bytes, BytesMut};
use uuid::Uuid;

use super::rig::{caller, text};
use crate::config::TopicConfig;
use crate::group::answer::Answer;
use crate::group::consumer_protocol::Assignment;
use crate::group::request::{ConsumerHeartbeat, Heartbeat, Join, Leaving, Request, Sync};
use crate::group::{
    Context, Effect, Event, Group, GroupError, GroupSettings, MigrationPolicy, TimerKey, Token,
};
use crate::metadata::{Image, MetadataRecord, PartitionState, TopicCreated, TopicDeleted};
use crate::record::crc32c;
use crate::record::offsets_topic::{GroupRecord, OwnedPartitions, TopicPartitions};
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
                    let line = format!("+ {} {:08x}", self.record(&record), checksum(&record));
                    if line.starts_with("+ target ") || line.starts_with("+ pattern ") {
                        unordered.push(line);
                        continue;
                    }
                    unordered.sort_unstable();
                    records.append(&mut unordered);
                    records.push(line);
                }
                Effect::Answer { answer, .. } => {
                    let line = self.answer(&answer);
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

    fn answer(&self, answer: &Answer) -> String {
        match answer {
            Answer::ConsumerHeartbeat(Ok(told)) => {
                let assignment = told.assignment.as_ref();
                let assignment = assignment.map_or("null".to_string(), |sets| self.plain(sets));
                let (member, epoch) = (told.member_id.as_deref().unwrap(), told.member_epoch);
                let interval = if epoch < 0 { 0 } else { 5000 };
                format!("ok {member} {epoch} {interval} {assignment}")
            }
            Answer::ConsumerHeartbeat(Err(error)) => format!("{} {error}", code(error)),
            Answer::Join(joined) => match &joined.error {
                Some(error) => code(error),
                None => format!("NONE {} {}", joined.member_id, joined.generation),
            },
            Answer::Sync(Ok(synced)) => {
                let given = Assignment::parse(&synced.assignment).unwrap().partitions;
                let given = given.iter().map(|of| (of.topic.to_string(), numbers(&of.partitions)));
                format!("ok {}", written(given))
            }
            Answer::Sync(Err(error)) | Answer::Heartbeat(Err(error)) => code(error),
            Answer::Heartbeat(Ok(())) => "NONE".to_string(),
            Answer::Leave(Ok(left)) => left[0].error.as_ref().map_or("NONE".to_string(), code),
            other => panic!("{other:?}"),
        }
    }

    fn record(&self, record: &GroupRecord) -> String {
        match record {
            GroupRecord::Epoch { value: Some(value), .. } => {
                format!("epoch {} {}", value.epoch, value.metadata_hash)
            }
            GroupRecord::TargetEpoch { value: Some(value), .. } => {
                format!("target-epoch {} {}", value.epoch, value.timestamp)
            }
            GroupRecord::Target { member, value: Some(value), .. } => {
                format!("target {member} {}", self.plain(value))
            }
            GroupRecord::Current { member, value: Some(value), .. } => format!(
                "current {member} {} {} {} {} {}",
                value.member_epoch,
                value.previous_member_epoch,
                value.state,
                self.dated(&value.assigned),
                self.dated(&value.revoking)
            ),
            GroupRecord::Pattern { pattern, value: Some(value), .. } => {
                format!("pattern {pattern} {} {}", shown(&value.topics.join(",")), value.timestamp)
            }
            GroupRecord::Member { member, value: Some(value), .. } => {
                let classic = value.classic.as_ref().map_or("null".to_string(), |classic| {
                    let names: Vec<&str> = classic.protocols.iter().map(|p| p.0.as_ref()).collect();
                    format!("{}/{}", classic.session_timeout_ms, names.join(","))
                });
                let nulls = |text: &Option<Arc<str>>| match text {
                    Some(text) => shown(text).to_string(),
                    None => "null".to_string(),
                };
                format!(
                    "member {member} {} {} {} {} {} {} {} {} {classic}",
                    nulls(&value.instance_id),
                    nulls(&value.rack_id),
                    value.client_id,
                    value.client_host,
                    shown(&value.topics.join(",")),
                    nulls(&value.pattern),
                    value.rebalance_timeout_ms,
                    nulls(&value.assignor)
                )
            }
            GroupRecord::Target { member, .. } => format!("-target {member}"),
            GroupRecord::Current { member, .. } => format!("-current {member}"),
            GroupRecord::Member { member, .. } => format!("-member {member}"),
            GroupRecord::Pattern { pattern, .. } => format!("-pattern {pattern}"),
            other => panic!("{other:?}"),
        }
    }

    fn plain(&self, sets: &[TopicPartitions]) -> String {
        written(sets.iter().map(|of| (self.names[&of.topic].clone(), numbers(&of.partitions))))
    }

    fn dated(&self, sets: &[OwnedPartitions]) -> String {
        let dated = |of: &OwnedPartitions| {
            let each =
                of.partitions.iter().map(|(partition, epoch)| format!("{partition}@{epoch}"));
            (self.names[&of.topic].clone(), each.collect::<Vec<_>>().join(","))
        };
        written(sets.iter().map(dated))
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

fn nullable(word: &str) -> Option<Arc<str>> {
    match word {
        "null" => None,
        "''" => Some(text("")),
        word => Some(text(word)),
    }
}

fn shown(text: &str) -> &str {
    if text.is_empty() { "''" } else { text }
}

fn list(words: &str) -> Vec<Arc<str>> {
    words.split(',').filter(|word| !word.is_empty()).map(text).collect()
}

fn sets(written: &str) -> Vec<(&str, Vec<i32>)> {
    let mut all = Vec::new();
    for set in written.split(';').filter(|set| *set != "-") {
        let (topic, partitions) = set.split_once(':').unwrap();
        all.push((topic, partitions.split(',').map(|number| number.parse().unwrap()).collect()));
    }
    all
}

fn numbers(partitions: &[i32]) -> String {
    partitions.iter().map(i32::to_string).collect::<Vec<_>>().join(",")
}

fn written(sets: impl Iterator<Item = (String, String)>) -> String {
    let mut sets: Vec<String> = sets.map(|(topic, numbers)| format!("{topic}:{numbers}")).collect();
    sets.sort_unstable();
    if sets.is_empty() { "-".to_string() } else { sets.join(";") }
}

fn join(member: &str, topics: &str, owned: &str) -> Join {
    let mut metadata = BytesMut::new();
    let name = |out: &mut BytesMut, name: &str| {
        out.put_i16(name.len() as i16);
        out.put_slice(name.as_bytes());
    };
    metadata.put_i16(1);
    let topics = nullable(topics).map(|topics| list(&topics)).unwrap_or_default();
    metadata.put_i32(topics.len() as i32);
    topics.iter().for_each(|topic| name(&mut metadata, topic));
    metadata.put_i32(-1);
    let owned = sets(owned);
    metadata.put_i32(owned.len() as i32);
    for (topic, partitions) in owned {
        name(&mut metadata, topic);
        metadata.put_i32(partitions.len() as i32);
        partitions.into_iter().for_each(|partition| metadata.put_i32(partition));
    }
    Join {
        member_id: text(member),
        instance_id: None,
        protocol_type: text("consumer"),
        protocols: vec![(text("p"), Bytes::from(metadata))],
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 30_000,
        reason: None,
        requires_known_member_id: true,
        supports_skipping_assignment: true,
    }
}

fn code(error: &GroupError) -> String {
    let code = match error {
        GroupError::UnknownMemberId => "UNKNOWN_MEMBER_ID",
        GroupError::FencedInstanceId => "FENCED_INSTANCE_ID",
        GroupError::FencedMemberEpoch(_) => "FENCED_MEMBER_EPOCH",
        GroupError::UnreleasedInstanceId(_) => "UNRELEASED_INSTANCE_ID",
        GroupError::GroupMaxSizeReached => "GROUP_MAX_SIZE_REACHED",
        GroupError::GroupIdNotFound(_) => "GROUP_ID_NOT_FOUND",
        GroupError::RebalanceInProgress => "REBALANCE_IN_PROGRESS",
        GroupError::IllegalGeneration => "ILLEGAL_GENERATION",
        GroupError::InconsistentGroupProtocol => "INCONSISTENT_GROUP_PROTOCOL",
        other => panic!("{other:?}"),
    };
    code.to_string()
}
