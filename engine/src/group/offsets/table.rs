//! The committed offsets of one group. Core-local.
//!
//! Every change is a record first: a step changes the table as replaying its records would.
//! Whether somebody may commit, fetch or delete is decided before it comes here.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use super::open::OpenOffsets;
use crate::group::answer::FetchedOffset;
use crate::group::request::{Commit, CommitPartition, FetchOffsets, FetchPartition};
use crate::group::{Context, Effect, Effects, GroupError};
use crate::record::ProducerId;
use crate::record::offsets_topic::{CommittedOffset, GroupRecord};

/// The answer to a commit: by place in the request.
type Committed = Vec<(u32, Result<(), GroupError>)>;

/// The offsets of one topic by partition. In boxes, because a map has room for eleven values from
/// the first on, and most groups have fewer.
type Offsets = BTreeMap<i32, Box<CommittedOffset>>;

/// The committed offsets of one group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OffsetTable {
    topics: BTreeMap<Arc<str>, Offsets>,
    open: OpenOffsets,
}

impl OffsetTable {
    /// Whether nothing is committed and no transaction may yet commit something.
    pub fn is_empty(&self) -> bool {
        self.topics.is_empty() && self.open.is_empty()
    }

    /// What is committed, by topic and partition.
    pub fn topics(&self) -> impl Iterator<Item = (&Arc<str>, &Offsets)> {
        self.topics.iter()
    }

    /// Whether an open transaction has an offset for the partition.
    pub(super) fn is_open(&self, topic: &Arc<str>, partition: i32) -> bool {
        self.open.contains(topic, partition)
    }

    /// OffsetCommit: every partition for itself.
    ///
    /// # Errors
    /// Per partition [`GroupError::OffsetMetadataTooLarge`].
    pub fn commit(
        &mut self,
        context: &Context,
        group: &Arc<str>,
        commit: &Commit,
    ) -> (Committed, Effects) {
        let expire_timestamp = match commit.retention_ms {
            None => -1,
            Some(retention_ms) => context.wall.saturating_add(retention_ms),
        };
        let mut effects = Effects::new();
        let answer = commit.offsets.iter().map(|wanted| {
            if metadata_is_too_large(&wanted.metadata, context.settings.offset_metadata_bytes_max) {
                return (wanted.index, Err(GroupError::OffsetMetadataTooLarge));
            }
            let value = committed(wanted, context.wall, expire_timestamp);
            let topic = self.put(&wanted.topic, wanted.partition, value.clone());
            effects.push(Effect::Append(GroupRecord::Offset {
                group: Arc::clone(group),
                topic,
                partition: wanted.partition,
                value: Some(value),
            }));
            (wanted.index, Ok(()))
        });
        (answer.collect(), effects)
    }

    /// OffsetFetch: in the order of the request, or all there is. Nothing committed is no error,
    /// nor is an offset that was committed for a topic of the same name which is gone.
    ///
    /// # Errors
    /// Per partition [`GroupError::UnstableOffsetCommit`], where a stable offset is required and a
    /// transaction is open (KIP-447).
    pub fn fetch(&self, request: &FetchOffsets) -> Vec<FetchedOffset> {
        let require_stable = request.require_stable;
        let Some(partitions) = &request.partitions else {
            let all = self.topics.iter().flat_map(|(topic, offsets)| {
                offsets.iter().map(move |(partition, offset)| (topic, *partition, offset))
            });
            let fetched = all.map(|(topic, partition, offset)| {
                self.fetched(topic, partition, Some(offset), require_stable)
            });
            return fetched.collect();
        };
        let fetched = partitions.iter().map(|wanted| {
            let found = self.committed_as(wanted);
            self.fetched(&wanted.topic, wanted.partition, found, require_stable)
        });
        fetched.collect()
    }

    /// OffsetDelete, in the order of the request. What is not there is deleted.
    ///
    /// # Errors
    /// Per partition [`GroupError::GroupSubscribedToTopic`], where the topic is `in_use`.
    pub fn delete(
        &mut self,
        group: &Arc<str>,
        partitions: &[(Arc<str>, i32)],
        in_use: &dyn Fn(&str) -> bool,
    ) -> (Vec<Result<(), GroupError>>, Effects) {
        let mut effects = Effects::new();
        let answer = partitions.iter().map(|(topic, partition)| {
            if in_use(topic) {
                return Err(GroupError::GroupSubscribedToTopic);
            }
            if self.get(topic, *partition).is_some() || self.is_open(topic, *partition) {
                effects.append(&mut self.bury(group, vec![(Arc::clone(topic), *partition)]));
            }
            Ok(())
        });
        (answer.collect(), effects)
    }

    /// Deletes everything: DeleteGroups.
    pub fn delete_all(&mut self, group: &Arc<str>) -> Effects {
        let committed = self.topics.iter().flat_map(|(topic, offsets)| {
            offsets.keys().map(move |partition| (Arc::clone(topic), *partition))
        });
        let mut partitions: Vec<(Arc<str>, i32)> = committed.collect();
        let open = self.open.partitions();
        partitions.extend(open.filter(|(topic, at)| self.get(topic, *at).is_none()).cloned());
        self.bury(group, partitions)
    }

    /// Deletes what was committed for a topic that is gone now. Offsets that do not know their
    /// topic's id go by its name; those of transactions never know it.
    pub fn delete_topic(&mut self, group: &Arc<str>, topic: &str, id: Uuid) -> Effects {
        let committed =
            self.topics.get_key_value(topic).into_iter().flat_map(|(topic, offsets)| {
                let of_topic = offsets.iter().filter(|(_, offset)| same_topic(offset.topic_id, id));
                of_topic.map(move |(partition, _)| (Arc::clone(topic), *partition))
            });
        let open = self
            .open
            .partitions()
            .filter(|(open, partition)| **open == *topic && self.get(open, *partition).is_none());
        let gone = committed.chain(open.cloned()).collect();
        self.bury(group, gone)
    }

    /// Takes in a record that stands outside of any transaction. `None`: a tombstone.
    pub fn replay(&mut self, topic: &Arc<str>, partition: i32, value: Option<CommittedOffset>) {
        match value {
            Some(value) => drop(self.put(topic, partition, value)),
            None => self.remove(topic, partition),
        }
    }

    /// Takes in a record of a transaction. It counts when the transaction ends well; a tombstone
    /// counts at once.
    pub fn replay_open(
        &mut self,
        producer: ProducerId,
        topic: &Arc<str>,
        partition: i32,
        value: Option<CommittedOffset>,
    ) {
        match value {
            Some(value) => self.open.add(producer, Arc::clone(topic), partition, value),
            None => self.remove(topic, partition),
        }
    }

    /// Takes in the marker that ends the transaction of `producer`.
    pub fn replay_end(&mut self, producer: ProducerId, committed: bool) {
        for (topic, partition, value) in self.open.end(producer, committed) {
            self.topics.entry(topic).or_default().insert(partition, Box::new(value));
        }
    }

    /// The offset of a partition.
    pub fn get(&self, topic: &str, partition: i32) -> Option<&CommittedOffset> {
        self.topics.get(topic)?.get(&partition).map(|offset| &**offset)
    }

    fn committed_as(&self, wanted: &FetchPartition) -> Option<&CommittedOffset> {
        let offset = self.get(&wanted.topic, wanted.partition)?;
        let same = wanted.topic_id.is_nil() || same_topic(offset.topic_id, wanted.topic_id);
        same.then_some(offset)
    }

    fn fetched(
        &self,
        topic: &Arc<str>,
        partition: i32,
        found: Option<&CommittedOffset>,
        require_stable: bool,
    ) -> FetchedOffset {
        let offset = match require_stable && self.is_open(topic, partition) {
            true => Err(GroupError::UnstableOffsetCommit),
            false => Ok(found.cloned()),
        };
        FetchedOffset { topic: Arc::clone(topic), partition, offset }
    }

    /// Gives the table's own copy of the topic's name.
    fn put(&mut self, topic: &Arc<str>, partition: i32, value: CommittedOffset) -> Arc<str> {
        self.open.overtake(topic, partition);
        let entry = self.topics.entry(Arc::clone(topic));
        let topic = Arc::clone(entry.key());
        let offsets = entry.or_default();
        match offsets.get_mut(&partition) {
            Some(known) => **known = value,
            None => drop(offsets.insert(partition, Box::new(value))),
        }
        topic
    }

    fn remove(&mut self, topic: &Arc<str>, partition: i32) {
        self.open.remove(topic, partition);
        if let Some(offsets) = self.topics.get_mut(topic) {
            offsets.remove(&partition);
            if offsets.is_empty() {
                self.topics.remove(topic);
            }
        }
    }

    /// Removes offsets with a tombstone each.
    pub(super) fn bury(&mut self, group: &Arc<str>, gone: Vec<(Arc<str>, i32)>) -> Effects {
        let tombstones = gone.into_iter().map(|(topic, partition)| {
            self.remove(&topic, partition);
            let group = Arc::clone(group);
            Effect::Append(GroupRecord::Offset { group, topic, partition, value: None })
        });
        tombstones.collect()
    }
}

fn committed(wanted: &CommitPartition, wall: i64, expire_timestamp: i64) -> CommittedOffset {
    let metadata = match wanted.metadata.is_empty() {
        true => Arc::default(), // shared by all that have none
        false => Arc::clone(&wanted.metadata),
    };
    CommittedOffset {
        offset: wanted.offset,
        leader_epoch: wanted.leader_epoch,
        metadata,
        commit_timestamp: wall,
        expire_timestamp,
        topic_id: wanted.topic_id,
    }
}

/// Kafka counts UTF-16 units, of which there are never more than bytes.
fn metadata_is_too_large(metadata: &str, max: usize) -> bool {
    metadata.len() > max && metadata.encode_utf16().count() > max
}

/// Whether an offset belongs to the topic; one that does not know its topic's id does.
fn same_topic(committed: Uuid, topic: Uuid) -> bool {
    committed.is_nil() || committed == topic
}
