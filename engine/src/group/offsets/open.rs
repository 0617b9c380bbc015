//! Offsets committed inside transactions that have not ended. Core-local.
//!
//! They stand in the log where they were written and count once their transaction commits, unless
//! something was committed for the partition behind them in the meantime.
//!
//! Must not know: producers and their epochs; who writes the markers.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::record::ProducerId;
use crate::record::offsets_topic::CommittedOffset;

/// By topic and partition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct OpenOffsets {
    partitions: BTreeMap<(Arc<str>, i32), Vec<OpenOffset>>,
    /// Counts what was added, so that open offsets know their order in the log.
    added: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct OpenOffset {
    producer: ProducerId,
    place: u64,
    /// `None`: overtaken by a later commit; the partition stays unstable all the same.
    value: Option<CommittedOffset>,
}

impl OpenOffsets {
    pub(super) fn is_empty(&self) -> bool {
        self.partitions.is_empty()
    }

    pub(super) fn contains(&self, topic: &Arc<str>, partition: i32) -> bool {
        !self.is_empty() && self.partitions.contains_key(&(Arc::clone(topic), partition))
    }

    pub(super) fn partitions(&self) -> impl Iterator<Item = &(Arc<str>, i32)> {
        self.partitions.keys()
    }

    /// The last one of a producer counts.
    pub(super) fn add(
        &mut self,
        producer: ProducerId,
        topic: Arc<str>,
        partition: i32,
        value: CommittedOffset,
    ) {
        self.added += 1;
        let open = OpenOffset { producer, place: self.added, value: Some(value) };
        let of_partition = self.partitions.entry((topic, partition)).or_default();
        of_partition.retain(|other| other.producer != producer);
        of_partition.push(open);
    }

    /// Something was committed behind all that is open here.
    pub(super) fn overtake(&mut self, topic: &Arc<str>, partition: i32) {
        if self.is_empty() {
            return;
        }
        for open in self.partitions.get_mut(&(Arc::clone(topic), partition)).into_iter().flatten() {
            open.value = None;
        }
    }

    /// The offset is gone, and with it what was to replace it.
    pub(super) fn remove(&mut self, topic: &Arc<str>, partition: i32) {
        self.partitions.remove(&(Arc::clone(topic), partition));
    }

    /// Ends the transaction of a producer; gives what now counts.
    pub(super) fn end(
        &mut self,
        producer: ProducerId,
        committed: bool,
    ) -> Vec<(Arc<str>, i32, CommittedOffset)> {
        let mut counts = Vec::new();
        self.partitions.retain(|(topic, partition), open| {
            let Some(at) = open.iter().position(|open| open.producer == producer) else {
                return true;
            };
            let ended = open.remove(at);
            if let Some(value) = ended.value.filter(|_| committed) {
                counts.push((Arc::clone(topic), *partition, value));
                let earlier = open.iter_mut().filter(|open| open.place < ended.place);
                earlier.for_each(|open| open.value = None);
            }
            !open.is_empty()
        });
        counts
    }
}
