//! What a fetch request changes in its session: plain values, so that neither a session nor a test
//! needs a frame. Knows no session.

use super::cached_partition::Asked;
use crate::api::names::ENTRIES_MAX;
use crate::wire::TopicRef;
use crate::wire::fetch::{FetchPartition, FetchRequest};

/// The topics and partitions of a request. Topics are named once and pointed to.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Topics as the request names them; a name may be a piece of its frame.
    pub topics: Vec<TopicRef>,
    /// What to read from now on: place of the topic, partition, how.
    pub asked: Vec<(u32, i32, Asked)>,
    /// What to read no more: place of the topic, partition.
    pub forgotten: Vec<(u32, i32)>,
}

impl Changes {
    /// What `request` says; `None`: it names too much.
    pub fn of(request: &FetchRequest) -> Option<Changes> {
        let mut changes = Changes::default();
        let mut entries = 0;
        for topic in &request.topics {
            entries += 1 + topic.partitions.len();
            if entries > ENTRIES_MAX {
                return None;
            }
            if topic.partitions.is_empty() {
                continue;
            }
            let place = changes.topics.len() as u32;
            changes.topics.push(topic.topic);
            let asked = topic.partitions.iter();
            changes.asked.extend(asked.map(|asked| (place, asked.partition, Asked::of(&asked))));
        }
        for topic in &request.forgotten_topics {
            entries += 1 + topic.partitions.len();
            if entries > ENTRIES_MAX {
                return None;
            }
            let place = changes.topics.len() as u32;
            changes.topics.push(topic.topic);
            changes.forgotten.extend(topic.partitions.iter().map(|forgotten| (place, forgotten)));
        }
        Some(changes)
    }
}

impl Asked {
    /// What a request says about a partition.
    pub fn of(asked: &FetchPartition) -> Asked {
        Asked {
            offset: asked.fetch_offset,
            bytes_max: asked.partition_max_bytes,
            current_leader_epoch: asked.current_leader_epoch,
            last_fetched_epoch: asked.last_fetched_epoch,
        }
    }
}
