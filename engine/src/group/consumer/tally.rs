//! Counts over the members of a group, kept while records change it: whatever a heartbeat must know
//! of all members without looking at each of them. Nothing here that the records do not give.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use super::owned::each;
use crate::record::offsets_topic::{CurrentValue, MemberValue, PatternValue};
use crate::runtime::FixedMap;

/// How often something occurs; what does not occur is not in it.
type Count = BTreeMap<Arc<str>, usize>;

/// The counts of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Topics: members that name them, and patterns that matched them.
    pub topics: Count,
    /// Patterns, by members that subscribe to them.
    pub patterns: Count,
    /// Assignors, by members that prefer them.
    pub assignors: Count,
    /// Members that have all there is for them in the target assignment.
    pub reconciled: usize,
    /// Members that speak the classic protocol.
    pub classic: usize,
    /// The protocols of those, by members that can do them.
    pub classic_protocols: Count,
    /// The member behind each `group.instance.id`.
    pub statics: BTreeMap<Arc<str>, Arc<str>>,
    /// Who holds a partition: has it, or was told to give it up and did not say yet that it did.
    holders: FixedMap<(Uuid, i32), Arc<str>>,
}

fn add(count: &mut Count, of: &Arc<str>) {
    match count.get_mut(of) {
        Some(times) => *times += 1,
        None => drop(count.insert(of.clone(), 1)),
    }
}

fn take(count: &mut Count, of: &Arc<str>) {
    match count.get_mut(of) {
        Some(times) if *times > 1 => *times -= 1,
        _ => drop(count.remove(of)),
    }
}

impl Tally {
    /// Whether nobody holds a partition.
    pub(super) fn is_free(&self, topic: Uuid, partition: i32) -> bool {
        !self.holders.contains_key(&(topic, partition))
    }

    /// A member wants this.
    pub(super) fn subscribe(&mut self, member: &Arc<str>, wish: &MemberValue) {
        self.change(wish, add);
        self.classic += usize::from(wish.classic.is_some());
        if let Some(instance) = &wish.instance_id {
            self.statics.insert(instance.clone(), member.clone());
        }
    }

    /// A member does not want this any more.
    pub(super) fn unsubscribe(&mut self, member: &Arc<str>, wish: &MemberValue) {
        self.change(wish, take);
        self.classic -= usize::from(wish.classic.is_some());
        if let Some(instance) = &wish.instance_id
            && self.statics.get(instance) == Some(member)
        {
            self.statics.remove(instance);
        }
    }

    fn change(&mut self, wish: &MemberValue, by: fn(&mut Count, &Arc<str>)) {
        wish.topics.iter().for_each(|topic| by(&mut self.topics, topic));
        if let Some(pattern) = wish.pattern.as_ref().filter(|pattern| !pattern.is_empty()) {
            by(&mut self.patterns, pattern);
        }
        if let Some(assignor) = &wish.assignor {
            by(&mut self.assignors, assignor);
        }
        for (protocol, _) in wish.classic.iter().flat_map(|classic| &classic.protocols) {
            by(&mut self.classic_protocols, protocol);
        }
    }

    /// A pattern matches other topics now.
    pub(super) fn matched(&mut self, before: Option<&PatternValue>, now: Option<&PatternValue>) {
        now.iter().flat_map(|now| &now.topics).for_each(|topic| add(&mut self.topics, topic));
        before.iter().flat_map(|old| &old.topics).for_each(|topic| take(&mut self.topics, topic));
    }

    /// A member has this now.
    pub(super) fn hold(&mut self, member: &Arc<str>, has: &CurrentValue) {
        for (topic, partition, _) in each(&has.assigned).chain(each(&has.revoking)) {
            self.holders.insert((topic, partition), member.clone());
        }
    }

    /// A member does not have this any more.
    pub(super) fn release(&mut self, member: &Arc<str>, has: &CurrentValue) {
        for (topic, partition, _) in each(&has.assigned).chain(each(&has.revoking)) {
            // While a compacted log is read, another member may have it already.
            if self.holders.get(&(topic, partition)) == Some(member) {
                self.holders.remove(&(topic, partition));
            }
        }
    }
}
