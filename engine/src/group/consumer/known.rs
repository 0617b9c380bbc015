//! What a consumer group durably is: exactly what replaying its records gives.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::reconcile::is_reconciled;
use super::tally::Tally;
use crate::record::offsets_topic::{
    CurrentValue, GroupRecord, MemberValue, OwnedPartitions, PatternValue, TopicPartitions,
};

/// Epoch of a member that has left; the first of the tombstones leaves it for a moment.
const LEFT: i32 = -1;

/// A group, as its records tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    /// Rises whenever partitions are to be assigned anew.
    pub epoch: i32,
    /// Hash of the topics it subscribes to.
    pub metadata_hash: i64,
    /// The group epoch that the target assignment was made for.
    pub target_epoch: i32,
    /// When that was made, Unix milliseconds; 0 = not known, or never.
    pub target_timestamp: i64,
    /// The members.
    pub members: BTreeMap<Arc<str>, Member>,
    /// What each member shall have.
    pub target: BTreeMap<Arc<str>, Vec<TopicPartitions>>,
    /// What each pattern matched.
    pub patterns: BTreeMap<Arc<str>, PatternValue>,
    /// A record of its topics stands in the log, as Kafka before 4.1 wrote it.
    pub partition_metadata: bool,
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    /// What it wants.
    pub wish: MemberValue,
    /// What it has.
    pub has: CurrentValue,
}

impl Default for Known {
    /// A group that nobody ever joined, as Kafka begins it.
    fn default() -> Known {
        Known {
            epoch: 1,
            metadata_hash: 0,
            target_epoch: 1,
            target_timestamp: 0,
            members: BTreeMap::new(),
            target: BTreeMap::new(),
            patterns: BTreeMap::new(),
            partition_metadata: false,
        }
    }
}

impl Default for Member {
    /// A member that is about to join.
    fn default() -> Member {
        let pattern = Some(Arc::from(""));
        Member {
            wish: MemberValue { rebalance_timeout_ms: -1, pattern, ..MemberValue::default() },
            has: CurrentValue {
                member_epoch: 0,
                previous_member_epoch: -1,
                state: 0,
                assigned: Vec::new(),
                revoking: Vec::new(),
            },
        }
    }
}

impl Member {
    /// The pattern it subscribes to, unless it is empty.
    pub(super) fn pattern(&self) -> Option<&Arc<str>> {
        self.wish.pattern.as_ref().filter(|pattern| !pattern.is_empty())
    }
}

impl Known {
    /// Takes one record of the group; `tally` counts along.
    pub(super) fn replay(&mut self, record: &GroupRecord, tally: &mut Tally) {
        match record {
            GroupRecord::Member { member, .. } | GroupRecord::Current { member, .. } => {
                let before = usize::from(self.is_reconciled(member));
                self.take(record, tally);
                let after = usize::from(self.is_reconciled(member));
                tally.reconciled = tally.reconciled + after - before;
            }
            GroupRecord::TargetEpoch { .. } => {
                self.take(record, tally);
                let members = self.members.keys().filter(|member| self.is_reconciled(member));
                tally.reconciled = members.count();
            }
            _ => self.take(record, tally),
        }
    }

    fn is_reconciled(&self, member: &str) -> bool {
        let member = self.members.get(member);
        member.is_some_and(|member| is_reconciled(&member.has, self.target_epoch))
    }

    fn take(&mut self, record: &GroupRecord, tally: &mut Tally) {
        match record {
            GroupRecord::Epoch { value: Some(value), .. } => {
                self.epoch = value.epoch;
                self.metadata_hash = value.metadata_hash;
            }
            GroupRecord::TargetEpoch { value, .. } => {
                self.target_epoch = value.map_or(-1, |value| value.epoch);
                self.target_timestamp = value.map_or(0, |value| value.timestamp);
            }
            GroupRecord::Member { member, value: Some(value), .. } => {
                let known = self.members.entry(member.clone()).or_default();
                tally.unsubscribe(member, &known.wish);
                known.wish = value.clone();
                sort(&mut known.wish.topics);
                tally.subscribe(member, &known.wish);
            }
            GroupRecord::Member { member, value: None, .. } => {
                if let Some(gone) = self.members.remove(member) {
                    tally.unsubscribe(member, &gone.wish);
                    tally.release(member, &gone.has);
                }
            }
            GroupRecord::Target { member, value: Some(value), .. } => {
                self.target.insert(member.clone(), sorted_target(value));
            }
            GroupRecord::Target { member, value: None, .. } => {
                self.target.remove(member);
            }
            GroupRecord::Current { member, value, .. } => {
                self.replay_current(member, value.as_ref(), tally);
            }
            GroupRecord::Pattern { pattern, value, .. } => {
                let before = self.patterns.remove(pattern);
                tally.matched(before.as_ref(), value.as_ref());
                if let Some(value) = value {
                    let mut value = value.clone();
                    sort(&mut value.topics);
                    self.patterns.insert(pattern.clone(), value);
                }
            }
            GroupRecord::PartitionMetadata { value, .. } => {
                self.partition_metadata = value.is_some();
            }
            GroupRecord::Epoch { value: None, .. }
            | GroupRecord::Offset { .. }
            | GroupRecord::Classic { .. } => {}
        }
    }

    fn replay_current(
        &mut self,
        member: &Arc<str>,
        value: Option<&CurrentValue>,
        tally: &mut Tally,
    ) {
        let known = match value {
            Some(_) => self.members.entry(member.clone()).or_default(),
            // Compaction may have taken the member before this tombstone.
            None => match self.members.get_mut(member) {
                Some(known) => known,
                None => return,
            },
        };
        tally.release(member, &known.has);
        known.has = match value {
            Some(value) => CurrentValue {
                assigned: sorted_owned(&value.assigned),
                revoking: sorted_owned(&value.revoking),
                ..value.clone()
            },
            None => CurrentValue {
                member_epoch: LEFT,
                previous_member_epoch: LEFT,
                assigned: Vec::new(),
                revoking: Vec::new(),
                ..known.has.clone()
            },
        };
        tally.hold(member, &known.has);
    }
}

// Kafka writes sets in the order of its hash maps; here they are searched.

fn sort(names: &mut Vec<Arc<str>>) {
    if !names.is_sorted_by(|a, b| a < b) {
        names.sort_unstable();
        names.dedup();
    }
}

fn sorted_target(value: &[TopicPartitions]) -> Vec<TopicPartitions> {
    let mut target = value.to_vec();
    target.sort_by_key(|of| of.topic);
    for of in &mut target {
        of.partitions.sort_unstable();
    }
    target
}

fn sorted_owned(value: &[OwnedPartitions]) -> Vec<OwnedPartitions> {
    let mut owned = value.to_vec();
    owned.sort_by_key(|of| of.topic);
    for of in &mut owned {
        of.partitions.sort_unstable();
    }
    owned
}
