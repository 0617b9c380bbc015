//! From the records of a group back to the group. Core-local.
//!
//! A group that changes its protocol writes the end of what it was before what it becomes; so, in a
//! compacted log as well, the records of one protocol say nothing about a group of the other.

use super::classic::ClassicGroup;
use super::consumer::ConsumerGroup;
use super::group::Group;
use super::membership::Membership;
use super::{Context, Effects};
use crate::record::ProducerId;
use crate::record::offsets_topic::GroupRecord;

impl Group {
    /// Takes in a record of the log.
    pub fn replay(&mut self, record: GroupRecord) {
        match record {
            GroupRecord::Offset { topic, partition, value, .. } => {
                self.has_committed |= value.is_some();
                self.offsets.replay(&topic, partition, value);
            }
            GroupRecord::Classic { value: Some(value), .. } => {
                let mut group = ClassicGroup::new(self.id.clone());
                group.replay(Some(&value));
                self.membership = Membership::Classic(Box::new(group));
            }
            GroupRecord::Classic { value: None, .. } => {
                if !matches!(self.membership, Membership::Consumer(_)) {
                    self.replay_end_of_members();
                }
            }
            GroupRecord::Epoch { value: None, .. } => {
                if matches!(self.membership, Membership::Consumer(_)) {
                    self.replay_end_of_members();
                }
            }
            record => self.replay_consumer(&record),
        }
    }

    fn replay_end_of_members(&mut self) {
        self.membership = Membership::None;
        self.has_committed = !self.offsets.is_empty();
    }

    /// A record of a consumer group. What removes something from one that there is not is of one
    /// that was compacted away.
    fn replay_consumer(&mut self, record: &GroupRecord) {
        if let Membership::Consumer(group) = &mut self.membership {
            group.replay(record);
        } else if !record.is_tombstone() {
            let mut group = Box::new(ConsumerGroup::new(self.id.clone()));
            group.replay(record);
            self.membership = Membership::Consumer(group);
        }
    }

    /// Takes in a record that stands in a transaction.
    pub fn replay_open(&mut self, producer: ProducerId, record: GroupRecord) {
        match record {
            GroupRecord::Offset { topic, partition, value, .. } => {
                self.has_committed |= value.is_some();
                self.offsets.replay_open(producer, &topic, partition, value);
            }
            record => self.replay(record),
        }
    }

    /// A transaction has ended.
    pub fn replay_end(&mut self, producer: ProducerId, committed: bool) {
        self.offsets.replay_end(producer, committed);
    }

    /// Everything has been replayed: a group of which nothing is left is none; the others set their
    /// timers.
    pub fn loaded(&mut self, context: &mut Context<'_>) -> Effects {
        self.has_committed &= !self.offsets.is_empty();
        match &mut self.membership {
            Membership::Classic(group) => group.loaded(context),
            Membership::Consumer(group) => group.loaded(context),
            Membership::None => Effects::new(),
        }
    }
}
