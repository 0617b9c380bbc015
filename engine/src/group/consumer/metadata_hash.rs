//! One number for all that an assignor may look at in the topics of a group (KIP-1101): when it
//! changes, partitions have to be assigned anew. It stands in the group's epoch record, so it is
//! computed exactly as Kafka computes it: XXH3, 64 bits, over numbers in little endian and texts in
//! UTF-16 with their length behind them.

use std::collections::BTreeMap;
use std::sync::Arc;

use twox_hash::XxHash3_64;

use crate::metadata::{BrokerImage, Image, PartitionImage, TopicImage};

/// Stands first in what is hashed of a topic, so that another way to hash gives another number.
const MAGIC: u8 = 0;

/// The hashes of a group's topics, kept until a topic or a broker changes.
#[derive(Debug, Clone, Default)]
pub(super) struct TopicHashes {
    brokers: Vec<Arc<BrokerImage>>,
    known: BTreeMap<Arc<str>, (Arc<TopicImage>, i64)>,
}

impl TopicHashes {
    /// The hash of these topics, which come sorted; topics that there are not count for nothing.
    pub(super) fn group<'a>(
        &mut self,
        topics: impl Iterator<Item = &'a Arc<str>>,
        image: &Image,
    ) -> i64 {
        let same = |(known, now): (&Arc<BrokerImage>, &Arc<BrokerImage>)| Arc::ptr_eq(known, now);
        if self.brokers.len() != image.brokers().len()
            || !self.brokers.iter().zip(image.brokers()).all(same)
        {
            self.brokers = image.brokers().cloned().collect();
            self.known.clear();
        }
        let mut hashed = Vec::new();
        for topic in topics.filter_map(|name| image.topic(name)) {
            hashed.extend(self.topic(topic, image).to_le_bytes());
        }
        if self.known.len() > hashed.len() / 4 + 16 {
            self.known.clear(); // most are of topics that the group left
        }
        if hashed.is_empty() { 0 } else { XxHash3_64::oneshot(&hashed) as i64 }
    }

    fn topic(&mut self, topic: &Arc<TopicImage>, image: &Image) -> i64 {
        if let Some((known, hash)) = self.known.get(&topic.name)
            && Arc::ptr_eq(known, topic)
        {
            return *hash;
        }
        let hash = hash_of(topic, image);
        self.known.insert(topic.name.clone(), (topic.clone(), hash));
        hash
    }
}

/// The hash of one topic.
fn hash_of(topic: &TopicImage, image: &Image) -> i64 {
    let mut bytes = vec![MAGIC];
    let (high, low) = topic.id.as_u64_pair();
    bytes.extend(high.to_le_bytes());
    bytes.extend(low.to_le_bytes());
    put_text(&mut bytes, &topic.name);
    put_count(&mut bytes, topic.partitions.len());
    for (number, partition) in topic.partitions.iter().enumerate() {
        put_count(&mut bytes, number);
        let mut racks = racks(partition, image);
        racks.sort_unstable();
        for rack in racks {
            put_count(&mut bytes, rack.encode_utf16().count());
            put_text(&mut bytes, rack);
        }
    }
    XxHash3_64::oneshot(&bytes) as i64
}

/// The racks of a partition's replicas.
fn racks<'a>(partition: &PartitionImage, image: &'a Image) -> Vec<&'a str> {
    let broker = |node| image.broker(node).and_then(|broker| broker.rack.as_deref());
    partition.replicas.iter().filter_map(|node| broker(*node)).collect()
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    let mut units = 0;
    for unit in text.encode_utf16() {
        bytes.extend(unit.to_le_bytes());
        units += 1;
    }
    put_count(bytes, units);
}

fn put_count(bytes: &mut Vec<u8>, count: usize) {
    bytes.extend((count as i32).to_le_bytes()); // counts of what has a number of 31 bits
}

#[cfg(test)]
#[path = "metadata_hash_test.rs"]
mod metadata_hash_test;
