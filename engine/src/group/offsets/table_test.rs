//! The table against Kafka's rules, and against its own log.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;

use super::{Expiry, OffsetTable};
use crate::config::TopicConfig;
use crate::group::request::{Commit, CommitPartition, FetchOffsets, FetchPartition};
use crate::group::{Context, Effect, Effects, GroupError, GroupSettings};
use crate::metadata::Image;
use crate::record::offsets_topic::{CommittedOffset, GroupRecord};
use crate::runtime::{Mono, Rng};

const DAY_MS: i64 = 24 * 3600 * 1000;

/// A table with the clock and the settings that its steps see, and a copy made of its records.
struct Table {
    offsets: OffsetTable,
    replayed: OffsetTable,
    wall: i64,
    settings: GroupSettings,
    group: Arc<str>,
}

impl Table {
    fn new() -> Table {
        Table {
            offsets: OffsetTable::default(),
            replayed: OffsetTable::default(),
            wall: 1_000 * DAY_MS,
            settings: GroupSettings {
                offsets_retention: Duration::from_secs(7 * 24 * 3600),
                offset_metadata_bytes_max: 8,
                ..GroupSettings::default()
            },
            group: Arc::from("g"),
        }
    }

    fn step<T>(&mut self, act: impl FnOnce(&mut OffsetTable, &Context, &Arc<str>) -> T) -> T {
        let image = Image::empty(Arc::new(TopicConfig::default()));
        let mut rng = Rng::seeded(1);
        let context = Context {
            now: Mono::default(),
            wall: self.wall,
            rng: &mut rng,
            settings: &self.settings,
            image: &image,
        };
        act(&mut self.offsets, &context, &self.group)
    }

    /// Replays what a step wrote; the copy must not differ afterwards.
    fn written(&mut self, effects: Effects) -> usize {
        let records = effects.len();
        for effect in effects {
            let Effect::Append(GroupRecord::Offset { group, topic, partition, value }) = effect
            else {
                panic!("no record: {effect:?}");
            };
            assert_eq!(group, self.group);
            self.replayed.replay(&topic, partition, value);
        }
        assert_eq!(self.offsets, self.replayed);
        records
    }

    fn commit(&mut self, commit: Commit) -> Vec<(u32, Result<(), GroupError>)> {
        let (answer, effects) =
            self.step(|offsets, ctx, group| offsets.commit(ctx, group, &commit));
        self.written(effects);
        answer
    }

    fn commit_one(&mut self, topic: &str, partition: i32, offset: i64) {
        assert_eq!(self.commit(commit(vec![at(topic, partition, offset)])), [(0, Ok(()))]);
    }

    fn fetch(&self, topic: &str, partition: i32) -> Option<i64> {
        self.offsets.get(topic, partition).map(|committed| committed.offset)
    }

    fn expire(&mut self, expiry: Expiry, in_use: &dyn Fn(&str) -> bool) -> usize {
        let effects = self.step(|offsets, ctx, group| offsets.expire(ctx, group, expiry, in_use));
        self.written(effects)
    }
}

fn commit(offsets: Vec<CommitPartition>) -> Commit {
    Commit {
        member_id: Arc::default(),
        instance_id: None,
        generation: -1,
        knows_epochs: true,
        retention_ms: None,
        offsets,
    }
}

fn at(topic: &str, partition: i32, offset: i64) -> CommitPartition {
    CommitPartition {
        index: 0,
        topic: Arc::from(topic),
        topic_id: Uuid::from_u128(7),
        partition,
        offset,
        leader_epoch: 3,
        metadata: Arc::from("note"),
    }
}

fn fetch(partitions: Option<Vec<FetchPartition>>, require_stable: bool) -> FetchOffsets {
    FetchOffsets { member_id: None, member_epoch: -1, require_stable, partitions }
}

fn of(topic: &str, topic_id: u128, partition: i32) -> FetchPartition {
    FetchPartition { topic: Arc::from(topic), topic_id: Uuid::from_u128(topic_id), partition }
}

fn value(offset: i64) -> CommittedOffset {
    CommittedOffset {
        offset,
        leader_epoch: -1,
        metadata: Arc::default(),
        commit_timestamp: 1_000 * DAY_MS,
        expire_timestamp: -1,
        topic_id: Uuid::nil(),
    }
}

#[test]
fn what_was_committed_is_fetched_with_its_note() {
    let mut table = Table::new();
    table.commit_one("b", 1, 10);
    table.commit_one("a", 0, 20);
    table.commit_one("b", 1, 11);
    let request = fetch(Some(vec![of("b", 0, 1), of("b", 0, 2), of("c", 0, 0)]), true);
    let fetched = table.offsets.fetch(&request);
    let found = fetched[0].offset.clone().unwrap().unwrap();
    assert_eq!((found.offset, found.leader_epoch, &*found.metadata), (11, 3, "note"));
    assert_eq!((found.commit_timestamp, found.expire_timestamp), (table.wall, -1));
    assert_eq!((&fetched[1].offset, &fetched[2].offset), (&Ok(None), &Ok(None)));
    let all = table.offsets.fetch(&fetch(None, true));
    let all: Vec<_> = all.iter().map(|one| (&*one.topic, one.partition)).collect();
    assert_eq!(all, [("a", 0), ("b", 1)]);
}

#[test]
fn a_note_that_is_too_long_fails_its_partition_only() {
    let mut table = Table::new();
    let long = CommitPartition { index: 1, metadata: Arc::from("123456789"), ..at("a", 1, 5) };
    // Eight characters of two bytes each: what is counted is UTF-16.
    let wide =
        CommitPartition { index: 2, metadata: Arc::from("éééééééé"), ..at("a", 2, 5) };
    let answer = table.commit(commit(vec![at("a", 0, 5), long, wide]));
    let too_large = Err(GroupError::OffsetMetadataTooLarge);
    assert_eq!(answer, [(0, Ok(())), (1, too_large), (2, Ok(()))]);
    let found = [0, 1, 2].map(|partition| table.fetch("a", partition));
    assert_eq!(found, [Some(5), None, Some(5)]);
}

#[test]
fn an_offset_of_a_topic_that_was_created_anew_is_none() {
    let mut table = Table::new();
    table.commit_one("a", 0, 10);
    let fetched = |topic_id| {
        let request = fetch(Some(vec![of("a", topic_id, 0)]), false);
        table.offsets.fetch(&request)[0].offset.clone().unwrap().map(|found| found.offset)
    };
    assert_eq!(fetched(7), Some(10));
    assert_eq!(fetched(8), None);
    assert_eq!(fetched(0), Some(10)); // by name
}

#[test]
fn a_deleted_topic_takes_its_offsets_along() {
    let mut table = Table::new();
    table.commit_one("a", 0, 10);
    table.commit_one("b", 0, 10);
    table.offsets.replay(&Arc::from("a"), 1, Some(value(5))); // does not know its topic's id
    table.replayed = table.offsets.clone();
    let gone = |table: &mut Table, id| {
        table.step(|t, _, group| t.delete_topic(group, "a", Uuid::from_u128(id)))
    };
    let effects = gone(&mut table, 8);
    assert_eq!((table.written(effects), table.fetch("a", 0)), (1, Some(10)));
    let effects = gone(&mut table, 7);
    assert_eq!((table.written(effects), table.fetch("a", 0)), (1, None));
    assert_eq!(table.fetch("b", 0), Some(10));
}

#[test]
fn offsets_of_a_topic_that_is_read_are_not_deleted() {
    let mut table = Table::new();
    table.commit_one("a", 0, 10);
    table.commit_one("b", 0, 10);
    let wanted = [("a", 0), ("b", 0), ("b", 9)].map(|(topic, at)| (Arc::from(topic), at));
    let in_use = |topic: &str| topic == "a";
    let (answer, effects) = table.step(|offsets, _, group| offsets.delete(group, &wanted, &in_use));
    assert_eq!(answer, [Err(GroupError::GroupSubscribedToTopic), Ok(()), Ok(())]);
    assert_eq!(table.written(effects), 1); // what is not there needs no tombstone
    assert_eq!((table.fetch("a", 0), table.fetch("b", 0)), (Some(10), None));
}

#[test]
fn offsets_age_from_their_commit_or_from_when_the_group_became_empty() {
    let mut table = Table::new();
    table.commit_one("a", 0, 10);
    let committed = table.wall;
    table.wall += 7 * DAY_MS - 1;
    assert_eq!(table.expire(Expiry::SinceCommit, &|_| false), 0);
    table.wall += 1;
    assert_eq!(table.expire(Expiry::Never, &|_| false), 0);
    assert_eq!(table.expire(Expiry::SinceCommit, &|topic| topic == "a"), 0);
    assert_eq!(table.expire(Expiry::SinceEmpty(committed + 1), &|_| false), 0);
    assert_eq!(table.expire(Expiry::SinceEmpty(committed), &|_| false), 1);
    assert!(table.offsets.is_empty());
}

#[test]
fn an_offset_may_say_itself_when_it_expires() {
    let mut table = Table::new();
    table.commit(Commit { retention_ms: Some(1_000), ..commit(vec![at("a", 0, 10)]) });
    table.wall += 999;
    assert_eq!(table.expire(Expiry::SinceEmpty(0), &|_| false), 0);
    table.wall += 1;
    assert_eq!(table.expire(Expiry::Never, &|_| false), 0);
    assert_eq!(table.expire(Expiry::SinceCommit, &|_| false), 1);
}

#[test]
fn a_group_that_is_deleted_leaves_nothing() {
    let mut table = Table::new();
    table.commit_one("a", 0, 10);
    table.commit_one("b", 0, 10);
    table.offsets.replay_open(5, &Arc::from("b"), 0, Some(value(1)));
    table.offsets.replay_open(5, &Arc::from("c"), 0, Some(value(1)));
    table.replayed = table.offsets.clone();
    let effects = table.step(|offsets, _, group| offsets.delete_all(group));
    assert_eq!(table.written(effects), 3);
    assert!(table.offsets.is_empty());
}

/// Offsets of an open transaction of producer 5, on partition 0 of `a`.
fn open_at(offset: i64) -> Table {
    let mut table = Table::new();
    table.commit_one("a", 0, 10);
    table.offsets.replay_open(5, &Arc::from("a"), 0, Some(value(offset)));
    table
}

#[test]
fn an_offset_in_a_transaction_counts_when_it_commits() {
    let mut table = open_at(20);
    let request = |stable| fetch(Some(vec![of("a", 0, 0)]), stable);
    let unstable = table.offsets.fetch(&request(true));
    assert_eq!(unstable[0].offset, Err(GroupError::UnstableOffsetCommit));
    let all = table.offsets.fetch(&fetch(None, true));
    assert_eq!(all[0].offset, Err(GroupError::UnstableOffsetCommit));
    let before = table.offsets.fetch(&request(false));
    assert_eq!(before[0].offset.as_ref().unwrap().as_ref().unwrap().offset, 10);
    table.wall += 8 * DAY_MS;
    let kept = table.step(|t, ctx, group| t.expire(ctx, group, Expiry::SinceCommit, &|_| false));
    assert!(kept.is_empty());

    let mut aborted = table.offsets.clone();
    aborted.replay_end(5, false);
    assert_eq!(aborted.get("a", 0).unwrap().offset, 10);
    table.offsets.replay_end(5, true);
    assert_eq!(table.fetch("a", 0), Some(20));
    assert!(table.offsets.fetch(&request(true))[0].offset.is_ok());
}

#[test]
fn what_was_committed_later_stays() {
    let mut table = open_at(20);
    table.offsets.replay(&Arc::from("a"), 0, Some(value(30)));
    let unstable = table.offsets.fetch(&fetch(None, true));
    assert_eq!(unstable[0].offset, Err(GroupError::UnstableOffsetCommit));
    table.offsets.replay_end(5, true);
    assert_eq!(table.fetch("a", 0), Some(30));

    let mut table = open_at(20);
    table.offsets.replay_open(6, &Arc::from("a"), 0, Some(value(40)));
    table.offsets.replay_end(6, true);
    table.offsets.replay_end(5, true);
    assert_eq!(table.fetch("a", 0), Some(40));

    let mut table = open_at(20);
    table.offsets.replay_open(6, &Arc::from("a"), 0, Some(value(40)));
    table.offsets.replay_end(5, true);
    assert_eq!(table.fetch("a", 0), Some(20));
    table.offsets.replay_end(6, true);
    assert_eq!(table.fetch("a", 0), Some(40));
}

#[test]
fn a_tombstone_takes_open_offsets_along() {
    let mut table = open_at(20);
    table.offsets.replay(&Arc::from("a"), 0, None);
    table.offsets.replay_end(5, true);
    assert!(table.offsets.is_empty());
}

proptest! {
    /// Any sequence of steps: the table is what its records give, and what a plain map would be.
    #[test]
    fn the_table_is_what_its_records_give(
        steps in proptest::collection::vec((0..5_u8, 0..3_i32, 0..3_i32, 0..9 * DAY_MS), 1..40)
    ) {
        let mut table = Table::new();
        let mut model: BTreeMap<(String, i32), i64> = BTreeMap::new();
        for (what, topic, partition, time) in steps {
            let name = format!("t{topic}");
            match what {
                0..=2 => {
                    table.commit_one(&name, partition, time);
                    model.insert((name, partition), time);
                }
                3 => {
                    let wanted = [(Arc::from(name.as_str()), partition)];
                    let (_, effects) =
                        table.step(|t, _, group| t.delete(group, &wanted, &|_| false));
                    table.written(effects);
                    model.remove(&(name, partition));
                }
                _ => {
                    table.wall += time;
                    table.expire(Expiry::SinceCommit, &|topic| topic == name);
                    let kept = |key: &(String, i32)| table.fetch(&key.0, key.1).is_some();
                    model.retain(|key, _| key.0 == name || kept(key));
                }
            }
            for ((topic, partition), offset) in &model {
                prop_assert_eq!(table.fetch(topic, *partition), Some(*offset));
            }
            let count: usize = table.offsets.topics().map(|(_, offsets)| offsets.len()).sum();
            prop_assert_eq!(count, model.len());
        }
    }
}
