//! A consumer group on the core that owns its partition of `__consumer_offsets`: what its records
//! say, counts over that, and a little that is forgotten with the process.
//!
//! Steps change what is known only by writing records and taking them as a replay would, so that a
//! replay of what was written gives the same group again.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::downgrade::Downgrade;
use super::known::{Known, Member};
use super::metadata_hash::TopicHashes;
use super::owned;
use super::pattern::Matching;
use super::tally::Tally;
use crate::group::answer::{DescribedConsumer, DescribedConsumerGroup, ListedGroup};
use crate::group::consumer_protocol::PROTOCOL_TYPE;
use crate::group::{Context, Effect, Effects, GroupSettings, TimerKey};
use crate::metadata::Image;
use crate::record::offsets_topic::{GroupRecord, TopicPartitions};

/// A group of the consumer protocol (KIP-848).
#[derive(Debug, Clone)]
pub struct ConsumerGroup {
    pub(super) id: Arc<str>,
    pub(super) known: Known,
    pub(super) tally: Tally,
    pub(super) passing: Passing,
}

/// What a group knows besides its records; after a restart it begins anew.
#[derive(Debug, Clone, Default)]
pub(super) struct Passing {
    /// Version of the image that the metadata hash was last compared with.
    pub compared: Option<u64>,
    /// Hashes of the topics in that image.
    pub hashes: TopicHashes,
    /// Members of the classic protocol that were told to rejoin and have not yet.
    pub rejoining: BTreeSet<Arc<str>>,
    /// Patterns on their way to be matched.
    pub matching: Option<Matching>,
    /// Topics that were ever created when patterns were last matched here.
    pub matched: Option<u64>,
    /// The classic group that it has become.
    pub downgrade: Option<Downgrade>,
}

impl ConsumerGroup {
    /// A group that nobody ever joined. Nothing of it is written before somebody does.
    pub fn new(id: Arc<str>) -> ConsumerGroup {
        ConsumerGroup {
            id,
            known: Known::default(),
            tally: Tally::default(),
            passing: Passing::default(),
        }
    }

    /// Takes one of its records, in the order of the log.
    pub fn replay(&mut self, record: &GroupRecord) {
        self.known.replay(record, &mut self.tally);
    }

    /// Timers after all records were replayed.
    pub fn loaded(&mut self, context: &mut Context<'_>) -> Effects {
        let mut effects = Effects::new();
        for member in self.known.members.keys() {
            effects.push(self.session_timer(context, member));
            effects.extend(self.revoke_timer(context, member));
        }
        effects
    }

    /// Whether it has no member.
    pub fn is_empty(&self) -> bool {
        self.known.members.is_empty()
    }

    /// Whether a member subscribes to the topic, by name or by a pattern that matched it.
    pub fn is_subscribed_to(&self, topic: &str) -> bool {
        self.tally.topics.contains_key(topic)
    }

    /// How many members it has.
    pub fn size(&self) -> usize {
        self.known.members.len()
    }

    /// Its state, in Kafka's spelling.
    pub fn state(&self) -> &'static str {
        if self.is_empty() {
            "Empty"
        } else if self.is_assigning() {
            "Assigning"
        } else if self.is_reconciling() {
            "Reconciling"
        } else {
            "Stable"
        }
    }

    /// Whether the target assignment is to be made anew.
    pub(super) fn is_assigning(&self) -> bool {
        self.known.epoch > self.known.target_epoch
    }

    /// Whether members are on their way to the target assignment.
    pub(super) fn is_reconciling(&self) -> bool {
        self.tally.reconciled < self.known.members.len()
    }

    /// As ListGroups tells of it.
    pub fn listed(&self) -> ListedGroup {
        ListedGroup {
            group: self.id.clone(),
            protocol_type: Arc::from(PROTOCOL_TYPE),
            state: self.state(),
            group_type: "consumer",
        }
    }

    /// As ConsumerGroupDescribe tells of it. Topics that are gone are left out.
    pub fn describe(&self, settings: &GroupSettings, image: &Image) -> DescribedConsumerGroup {
        DescribedConsumerGroup {
            state: self.state(),
            epoch: self.known.epoch,
            assignment_epoch: self.known.target_epoch,
            assignor: self.assignor(settings),
            members: self.known.members.iter().map(|m| self.describe_member(image, m)).collect(),
        }
    }

    fn describe_member(&self, image: &Image, of: (&Arc<str>, &Member)) -> DescribedConsumer {
        let (id, Member { wish, has }) = of;
        let there = |of: &TopicPartitions| image.topic_by_id(of.topic).is_some();
        let held = owned::plain(&owned::joined(&has.assigned, &has.revoking));
        let target = self.known.target.get(id).map_or(&[][..], Vec::as_slice);
        DescribedConsumer {
            member_id: id.clone(),
            instance_id: wish.instance_id.clone(),
            rack_id: wish.rack_id.clone(),
            member_epoch: has.member_epoch,
            client_id: wish.client_id.clone(),
            client_host: wish.client_host.clone(),
            topics: wish.topics.clone(),
            pattern: wish.pattern.clone(),
            assigned: held.into_iter().filter(there).collect(),
            target: target.iter().filter(|of| there(of)).cloned().collect(),
            member_type: i8::from(wish.classic.is_none()),
        }
    }

    /// The assignor that most members prefer, else the broker's.
    pub(super) fn assignor(&self, settings: &GroupSettings) -> Arc<str> {
        let preferred = self.tally.assignors.iter().max_by_key(|(_, members)| **members);
        let default = || settings.consumer_assignors.first().cloned();
        preferred.map(|(name, _)| name.clone()).or_else(default).unwrap_or_default()
    }

    /// Writes a record, and takes it.
    pub(super) fn write(&mut self, effects: &mut Effects, record: GroupRecord) {
        self.replay(&record);
        effects.push(Effect::Append(record));
    }

    /// The member lives for another session timeout.
    pub(super) fn session_timer(&self, context: &Context<'_>, member: &Arc<str>) -> Effect {
        let classic =
            self.known.members.get(member).and_then(|member| member.wish.classic.as_ref());
        let session = match classic {
            Some(classic) => millis(classic.session_timeout_ms),
            None => context.settings.consumer_session_timeout,
        };
        Effect::Timer { key: TimerKey::Session(member.clone()), at: Some(context.now + session) }
    }
}

/// A time that a client asked for.
pub(super) fn millis(millis: i32) -> std::time::Duration {
    std::time::Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}
