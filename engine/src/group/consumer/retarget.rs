//! The target assignment: made anew when the group's epoch is above the one it was made for, by the
//! assignor that most members prefer.
//!
//! Not more often than `group.consumer.assignment.interval.ms` (KIP-1263): when a thousand members
//! join at once, the assignment is not made a thousand times. No timer drives it, because nobody
//! hears of it before his next heartbeat, which makes it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use uuid::Uuid;

use super::assign::{Assignor, MemberSpec, Spec, TopicSpec};
use super::group::ConsumerGroup;
use super::known::{Known, Member};
use crate::group::{Context, Effects};
use crate::metadata::Image;
use crate::record::offsets_topic::{GroupRecord, TargetEpochValue, TopicPartitions};

impl ConsumerGroup {
    /// Makes the target assignment anew if that is due.
    pub(super) fn retarget(&mut self, context: &Context<'_>, effects: &mut Effects) {
        if !self.is_assigning() || !self.is_retarget_due(context) {
            return;
        }
        let assignor = Assignor::by_name(&self.assignor(context.settings));
        let changed = self.known.changes(assignor.unwrap_or(Assignor::Uniform), context.image);
        for (member, target) in changed {
            self.write(effects, self.target_record(&member, Some(target)));
        }
        let value = TargetEpochValue { epoch: self.known.epoch, timestamp: context.wall };
        let group = self.id.clone();
        self.write(effects, GroupRecord::TargetEpoch { group, value: Some(value) });
    }

    fn is_retarget_due(&self, context: &Context<'_>) -> bool {
        let made = self.known.target_timestamp;
        let interval = context.settings.consumer_assignment_interval.as_millis();
        let next = made.saturating_add(i64::try_from(interval).unwrap_or(i64::MAX));
        // A clock that was set back must not hold assignments up until it is there again.
        made == 0 || context.wall >= next || context.wall < made
    }
}

impl Known {
    /// Who shall have something else than so far.
    fn changes(&self, assignor: Assignor, image: &Image) -> Vec<(Arc<str>, Vec<TopicPartitions>)> {
        let wishes = Wishes::of(self, image);
        let place = |id: &Uuid| wishes.topics.binary_search_by_key(id, |topic| topic.id).ok();
        let places = |ids: &Vec<Uuid>| ids.iter().filter_map(place).collect();
        let members = self.members.iter().zip(&wishes.of_member).map(|((id, member), wish)| {
            let previous = self.target.get(id).map_or(&[][..], Vec::as_slice);
            let instance = member.wish.instance_id.as_deref();
            MemberSpec { id, instance, subscription: *wish, previous }
        });
        let spec = Spec {
            subscriptions: wishes.sets.iter().map(places).collect(),
            members: members.collect(),
            topics: wishes.topics.clone(),
        };
        let targets = self.members.keys().zip(assignor.assign(&spec));
        let new = targets.filter(|(id, target)| self.target.get(*id) != Some(target));
        new.map(|(id, target)| (id.clone(), target)).collect()
    }
}

/// How a member says what it wants: topics by name, and a pattern.
type Words<'a> = (&'a [Arc<str>], Option<&'a Arc<str>>);

/// The topics that members want, as far as they exist.
struct Wishes {
    /// All of them, sorted by id.
    topics: Vec<TopicSpec>,
    /// The different sets of them, each sorted by id.
    sets: Vec<Vec<Uuid>>,
    /// Place of each member's set, in the order of the members.
    of_member: Vec<usize>,
}

impl Wishes {
    fn of(known: &Known, image: &Image) -> Wishes {
        // Most groups want one thing: what members say is looked up once for each way to say it.
        let mut said: BTreeMap<Words<'_>, usize> = BTreeMap::new();
        let mut places: BTreeMap<Vec<Uuid>, usize> = BTreeMap::new();
        let mut of_member = Vec::with_capacity(known.members.len());
        for member in known.members.values() {
            let words = (member.wish.topics.as_slice(), member.pattern());
            let place = *said.entry(words).or_insert_with(|| {
                let next = places.len();
                *places.entry(known.subscription(member, image)).or_insert(next)
            });
            of_member.push(place);
        }
        let mut sets = vec![Vec::new(); places.len()];
        places.into_iter().for_each(|(set, place)| sets[place] = set);
        let all: BTreeSet<Uuid> = sets.iter().flatten().copied().collect();
        let size = |id: Uuid| image.topic_by_id(id).map_or(0, |topic| topic.partitions.len());
        let topics = all.into_iter().map(|id| TopicSpec { id, partitions: size(id) }).collect();
        Wishes { topics, sets, of_member }
    }
}

impl Known {
    /// The ids of all topics that a member subscribes to and that exist, sorted.
    fn subscription(&self, member: &Member, image: &Image) -> Vec<Uuid> {
        let matched = self.matched_by(member);
        let names = member.wish.topics.iter().chain(matched);
        let mut ids: Vec<Uuid> =
            names.filter_map(|name| image.topic(name)).map(|topic| topic.id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// What a member's pattern matched, sorted. A pattern that is not matched yet matches nothing.
    pub(super) fn matched_by(&self, member: &Member) -> &[Arc<str>] {
        let matched = member.pattern().and_then(|pattern| self.patterns.get(pattern));
        matched.map_or(&[], |matched| &matched.topics)
    }
}
