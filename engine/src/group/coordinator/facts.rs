//! What the coordinators of a core tell the outside of their groups, one group at a time, so that
//! whoever asks for all of them can give way in between. Core-local.

use std::ops::Bound;
use std::sync::Arc;

use super::coordinator::Phase;
use super::coordinators::Coordinators;
use crate::group::Group;
use crate::group::membership::Membership;
use crate::metadata::LogId;
use crate::record::Offset;

/// One group as of now. `Send`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupFacts {
    /// Its id.
    pub group: Arc<str>,
    /// State, in Kafka's spelling: `Stable`, `Empty`, ...
    pub state: &'static str,
    /// How many members it has.
    pub members: usize,
    /// Committed offsets, as many as were asked for: topic, partition, the next offset to read.
    pub offsets: Vec<(Arc<str>, i32, Offset)>,
}

impl Coordinators {
    /// The group behind `place`, in the order of logs and then of names, and its place; the first
    /// one when there is none. Groups whose coordinator reads its log are left out.
    pub fn facts_after(
        &self,
        place: Option<&(LogId, Arc<str>)>,
        offsets_max: usize,
    ) -> Option<((LogId, Arc<str>), GroupFacts)> {
        let from = place.map_or(Bound::Unbounded, |(log, _)| Bound::Included(*log));
        let all = self.all.borrow();
        for (log, coordinator) in all.range((from, Bound::Unbounded)) {
            if coordinator.phase() != Phase::Active {
                continue;
            }
            let groups = coordinator.groups.borrow();
            let behind = match place {
                Some((same, group)) if same == log => Bound::Excluded(group.clone()),
                _ => Bound::Unbounded,
            };
            let mut groups = groups.range((behind, Bound::Unbounded));
            if let Some((name, slot)) = groups.find(|(_, slot)| slot.group.exists()) {
                return Some(((*log, name.clone()), slot.group.facts(offsets_max)));
            }
        }
        None
    }
}

impl Group {
    fn facts(&self, offsets_max: usize) -> GroupFacts {
        let listed = self.listed();
        let members = match &self.membership {
            Membership::None => 0,
            Membership::Classic(group) => group.size(),
            Membership::Consumer(group) => group.size(),
        };
        let topics = self.offsets.topics();
        let offsets = topics.flat_map(|(topic, partitions)| {
            let told = partitions.iter();
            told.map(move |(partition, committed)| (topic.clone(), *partition, committed.offset))
        });
        let offsets = offsets.take(offsets_max).collect();
        GroupFacts { group: listed.group, state: listed.state, members, offsets }
    }
}
