//! Who has each partition: one flat table over all topics of a spec. Members are their places in
//! the spec.

use super::spec::{Spec, Target};
use crate::record::offsets_topic::TopicPartitions;

/// Nobody.
const NONE: u32 = u32::MAX;

/// The owner of every partition.
pub(super) struct Owners<'a> {
    spec: &'a Spec<'a>,
    /// Place of each topic's partition 0 in `of`; one more at the end.
    starts: Vec<usize>,
    of: Vec<u32>,
}

impl<'a> Owners<'a> {
    /// Nobody has anything.
    pub(super) fn none(spec: &'a Spec<'a>) -> Owners<'a> {
        let mut starts = Vec::with_capacity(spec.topics.len() + 1);
        let mut all = 0;
        for topic in &spec.topics {
            starts.push(all);
            all += topic.partitions;
        }
        starts.push(all);
        Owners { spec, starts, of: vec![NONE; all] }
    }

    /// How many partitions there are.
    pub(super) fn partitions(&self) -> usize {
        self.of.len()
    }

    /// The places of a topic's partitions.
    pub(super) fn places(&self, topic: usize) -> std::ops::Range<usize> {
        self.starts[topic]..self.starts[topic + 1]
    }

    /// The place of a partition; `None` when the topic has none of that number.
    pub(super) fn place(&self, topic: usize, partition: i32) -> Option<usize> {
        let place = self.starts[topic] + usize::try_from(partition).ok()?;
        (place < self.starts[topic + 1]).then_some(place)
    }

    /// Who has it.
    pub(super) fn at(&self, place: usize) -> Option<usize> {
        (self.of[place] != NONE).then_some(self.of[place] as usize)
    }

    /// Gives it to a member, whoever had it before.
    pub(super) fn give(&mut self, place: usize, member: usize) {
        self.of[place] = member as u32;
    }

    /// The places that a member had so far and still wants, in order.
    pub(super) fn kept_by(&self, member: usize) -> impl Iterator<Item = usize> {
        let member = &self.spec.members[member];
        let wanted = self.spec.wanted(member);
        let topics = member.previous.iter().filter_map(|had| {
            let topic = self.spec.topic(had.topic)?;
            wanted.binary_search(&topic).is_ok().then_some((topic, &had.partitions))
        });
        topics.flat_map(move |(topic, partitions)| {
            partitions.iter().filter_map(move |partition| self.place(topic, *partition))
        })
    }

    /// The table by member.
    pub(super) fn into_target(self) -> Target {
        let mut target = vec![Vec::new(); self.spec.members.len()];
        for (topic, spec) in self.spec.topics.iter().enumerate() {
            for (partition, place) in self.places(topic).enumerate() {
                let Some(member) = self.at(place) else { continue };
                add(&mut target[member], spec.id, partition);
            }
        }
        target
    }
}

/// Adds a partition behind all others of this member.
pub(super) fn add(to: &mut Vec<TopicPartitions>, topic: uuid::Uuid, partition: usize) {
    let partition = partition as i32; // partitions are numbered by i32
    match to.last_mut() {
        Some(last) if last.topic == topic => last.partitions.push(partition),
        _ => to.push(TopicPartitions { topic, partitions: vec![partition] }),
    }
}
