//! What the controller decides: requests in, records or errors out. Pure.
//!
//! It holds the image as it will be once everything decided so far is durable, so that requests
//! that share a sync see each other. Knows no files, no queues, no protocol.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use uuid::Uuid;

use super::ask::{DeleteTopicError, ProducerIdError, TopicRef};
use crate::config::BrokerConfig;
use crate::metadata::{
    ApplyError, BrokerRegistered, Image, MetadataRecord, ProducerIdsGiven, TopicDeleted, TopicImage,
};
use crate::record::ProducerId;

/// Producer ids that are handed out at once, as in Kafka.
pub const PRODUCER_ID_BLOCK: i64 = 1000;

/// The decider.
#[derive(Debug)]
pub struct Decider {
    pub(super) config: Arc<BrokerConfig>,
    pub(super) image: Image,
    records: Vec<MetadataRecord>,
}

impl Decider {
    /// Goes on from an image.
    pub fn new(config: Arc<BrokerConfig>, image: Image) -> Decider {
        Decider { config, image, records: Vec::new() }
    }

    /// The image with everything that was decided.
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// The image of this version is going to be published.
    pub fn set_version(&mut self, version: u64) {
        self.image.version = version;
    }

    /// What was decided since the last call: to be made durable before anything is answered.
    pub fn take_records(&mut self) -> Vec<MetadataRecord> {
        std::mem::take(&mut self.records)
    }

    /// Takes a record that is known to fit; false would be an error of this file.
    pub(super) fn decide(&mut self, record: MetadataRecord) -> bool {
        let applied: Result<(), ApplyError> = self.image.apply(&record);
        debug_assert_eq!(applied, Ok(()), "a decision that does not fit its own image");
        if applied.is_ok() {
            self.records.push(record);
        }
        applied.is_ok()
    }

    /// Deletes topics; one answer per reference, in order: the topic as it was.
    pub fn delete_topics(
        &mut self,
        topics: &[TopicRef],
    ) -> Vec<Result<Arc<TopicImage>, DeleteTopicError>> {
        if !self.config.delete_topics {
            return topics.iter().map(|_| Err(DeleteTopicError::Disabled)).collect();
        }
        let named = count(topics.iter());
        let found: Vec<_> = topics.iter().map(|topic| self.deletable(topic, &named)).collect();
        let ids = count(found.iter().flatten().map(|topic| topic.id));
        let settle = |found: Result<Arc<TopicImage>, DeleteTopicError>| {
            let topic = found?;
            if ids.get(&topic.id) != Some(&1) {
                return Err(DeleteTopicError::NameAndId);
            }
            Ok(topic)
        };
        let settled: Vec<_> = found.into_iter().map(settle).collect();
        for topic in settled.iter().flatten() {
            self.decide(MetadataRecord::TopicDeleted(TopicDeleted { id: topic.id }));
        }
        settled
    }

    fn deletable(
        &self,
        topic: &TopicRef,
        named: &BTreeMap<&TopicRef, usize>,
    ) -> Result<Arc<TopicImage>, DeleteTopicError> {
        let twice = named.get(topic) != Some(&1);
        let (found, missing) = match topic {
            TopicRef::Id(id) if id.is_nil() => return Err(DeleteTopicError::NilId),
            TopicRef::Name(_) if twice => return Err(DeleteTopicError::DuplicateName),
            TopicRef::Id(_) if twice => return Err(DeleteTopicError::DuplicateId),
            TopicRef::Name(name) => (self.image.topic(name), DeleteTopicError::UnknownName),
            TopicRef::Id(id) => (self.image.topic_by_id(*id), DeleteTopicError::UnknownId),
        };
        found.cloned().ok_or(missing)
    }

    /// Takes the next producer ids.
    pub fn producer_id_block(&mut self) -> Result<Range<ProducerId>, ProducerIdError> {
        let first = self.image.next_producer_id;
        let next = first.checked_add(PRODUCER_ID_BLOCK).ok_or(ProducerIdError::Exhausted)?;
        self.decide(MetadataRecord::ProducerIds(ProducerIdsGiven { next }));
        Ok(first..next)
    }

    /// A broker has started; answers the epoch of its registration, which is above `at_least` and
    /// above that of its registrations before. The epochs of what it leads rise.
    pub fn register(&mut self, mut broker: BrokerRegistered, at_least: u64) -> i64 {
        let before = self.image.broker(broker.node).map_or(-1, |known| known.epoch);
        let floor = i64::try_from(at_least).unwrap_or(i64::MAX);
        broker.epoch = before.saturating_add(1).max(floor);
        let epoch = broker.epoch;
        self.decide(MetadataRecord::Broker(broker));
        epoch
    }

    /// The log dir of a broker that holds the fewest partitions: where a new one goes. `None` when
    /// the broker has not said which log dirs it has.
    pub(super) fn emptiest_directory(&self, node: i32, taken: &mut Taken) -> Option<Uuid> {
        let directories = &self.image.broker(node)?.directories;
        let counts = taken.0.entry(node).or_insert_with(|| {
            let mut counts: BTreeMap<Uuid, usize> = directories.iter().map(|id| (*id, 0)).collect();
            if directories.len() > 1 {
                let partitions = self.image.topics().flat_map(|topic| &topic.partitions);
                for id in partitions.filter_map(|partition| partition.directory_on(node)) {
                    counts.entry(id).and_modify(|count| *count += 1);
                }
            }
            counts
        });
        let emptiest = *directories.iter().min_by_key(|id| counts.get(id).copied())?;
        counts.entry(emptiest).and_modify(|count| *count += 1);
        Some(emptiest)
    }
}

/// Partitions per log dir of each broker, counted once per request.
#[derive(Debug, Default)]
pub(super) struct Taken(BTreeMap<i32, BTreeMap<Uuid, usize>>);

/// How often each item occurs.
pub(super) fn count<T: Ord>(items: impl Iterator<Item = T>) -> BTreeMap<T, usize> {
    let mut counts = BTreeMap::new();
    items.for_each(|item| *counts.entry(item).or_default() += 1);
    counts
}

#[cfg(test)]
#[path = "decider_test.rs"]
mod decider_test;
