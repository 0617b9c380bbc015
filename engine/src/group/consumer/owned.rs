//! Sets of partitions as records hold them: by topic, both sorted. Pure functions.
//!
//! What a client claims to own is not sorted, and may name a topic twice or one that is not there.

use uuid::Uuid;

use crate::record::offsets_topic::{OwnedPartitions, TopicPartitions};

/// In which epoch its owner got a partition; `None` when it is not in the set.
pub(super) fn since(owned: &[OwnedPartitions], topic: Uuid, partition: i32) -> Option<i32> {
    let of_topic = partitions(owned, topic);
    let place = of_topic.binary_search_by_key(&partition, |(partition, _)| *partition).ok()?;
    of_topic.get(place).map(|(_, epoch)| *epoch)
}

/// The partitions of one topic.
pub(super) fn partitions(owned: &[OwnedPartitions], topic: Uuid) -> &[(i32, i32)] {
    let place = owned.binary_search_by_key(&topic, |owned| owned.topic).ok();
    place.and_then(|place| owned.get(place)).map_or(&[], |owned| &owned.partitions)
}

/// The partitions of one topic that is to be owned.
pub(super) fn wanted(target: &[TopicPartitions], topic: Uuid) -> &[i32] {
    let place = target.binary_search_by_key(&topic, |target| target.topic).ok();
    place.and_then(|place| target.get(place)).map_or(&[], |target| &target.partitions)
}

/// All partitions, with the epochs.
pub(super) fn each(owned: &[OwnedPartitions]) -> impl Iterator<Item = (Uuid, i32, i32)> {
    owned.iter().flat_map(|owned| {
        owned.partitions.iter().map(|(partition, epoch)| (owned.topic, *partition, *epoch))
    })
}

/// Whether somebody claims nothing but what is in the set.
pub(super) fn all_in(claimed: &[TopicPartitions], owned: &[OwnedPartitions]) -> bool {
    claimed.iter().all(|claim| {
        // Kafka refuses a topic that is not there even when nothing of it is claimed.
        !partitions(owned, claim.topic).is_empty()
            && claim.partitions.iter().all(|p| since(owned, claim.topic, *p).is_some())
    })
}

/// Whether somebody claims anything that is in the set.
pub(super) fn any_in(claimed: &[TopicPartitions], owned: &[OwnedPartitions]) -> bool {
    claimed
        .iter()
        .any(|claim| claim.partitions.iter().any(|p| since(owned, claim.topic, *p).is_some()))
}

/// The set without the epochs.
pub(super) fn plain(owned: &[OwnedPartitions]) -> Vec<TopicPartitions> {
    let plain = |owned: &OwnedPartitions| TopicPartitions {
        topic: owned.topic,
        partitions: owned.partitions.iter().map(|(partition, _)| *partition).collect(),
    };
    owned.iter().map(plain).collect()
}

/// The set, all of it owned since `epoch`.
pub(super) fn dated(plain: &[TopicPartitions], epoch: i32) -> Vec<OwnedPartitions> {
    let dated = |plain: &TopicPartitions| OwnedPartitions {
        topic: plain.topic,
        partitions: plain.partitions.iter().map(|partition| (*partition, epoch)).collect(),
    };
    plain.iter().map(dated).collect()
}

/// The set, all of it owned since `epoch`, whatever it was before.
pub(super) fn redated(owned: &[OwnedPartitions], epoch: i32) -> Vec<OwnedPartitions> {
    dated(&plain(owned), epoch)
}

/// Both sets in one; where they overlap, `more` holds.
pub(super) fn joined(owned: &[OwnedPartitions], more: &[OwnedPartitions]) -> Vec<OwnedPartitions> {
    let mut all: Vec<(Uuid, i32, i32)> = each(more).chain(each(owned)).collect();
    all.sort_by_key(|(topic, partition, _)| (*topic, *partition));
    all.dedup_by_key(|(topic, partition, _)| (*topic, *partition));
    grouped(all)
}

/// A set from its partitions, which come sorted.
pub(super) fn grouped(sorted: impl IntoIterator<Item = (Uuid, i32, i32)>) -> Vec<OwnedPartitions> {
    let mut owned: Vec<OwnedPartitions> = Vec::new();
    for (topic, partition, epoch) in sorted {
        match owned.last_mut() {
            Some(last) if last.topic == topic => last.partitions.push((partition, epoch)),
            _ => owned.push(OwnedPartitions { topic, partitions: vec![(partition, epoch)] }),
        }
    }
    owned
}
