//! The way out of the consumer protocol: the tombstones of a group, and what becomes of one when
//! only members that speak the classic protocol are left in it.

use std::sync::Arc;

use super::classic_member::named;
use super::group::ConsumerGroup;
use super::known::Member;
use crate::group::classic::ClassicMember;
use crate::group::consumer_protocol::{Subscription, assignment_bytes};
use crate::group::request::Join;
use crate::group::{Context, Effect, Effects, TimerKey};
use crate::metadata::Image;
use crate::record::offsets_topic::GroupRecord;

/// What is left of a consumer group that is over: the members of a classic one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downgrade {
    /// The generation of the classic group.
    pub generation: i32,
    /// Its members. Nothing of them is written yet.
    pub members: Vec<ClassicMember>,
    /// Whether it has to rebalance at once: what the members have is old.
    pub rebalance: bool,
}

impl ConsumerGroup {
    /// What the last step left of the group, when it is no consumer group any more.
    pub fn downgraded(&mut self) -> Option<Downgrade> {
        self.passing.downgrade.take()
    }

    /// The records that delete the group, in the order in which readers expect them.
    pub fn tombstones(&self) -> Vec<GroupRecord> {
        let members = || self.known.members.keys();
        let mut records: Vec<GroupRecord> = Vec::new();
        records.extend(members().map(|member| self.current_record(member, None)));
        records.extend(members().map(|member| self.target_record(member, None)));
        records.push(GroupRecord::TargetEpoch { group: self.id.clone(), value: None });
        records.extend(members().map(|member| self.member_record(member, None)));
        let patterns = self.known.patterns.keys().cloned();
        records.extend(patterns.map(|pattern| self.pattern_record(pattern, None)));
        records.push(self.partition_metadata_tombstone());
        records.push(self.epoch_record(None));
        records
    }

    /// Whether the group is to be a classic one when these members are gone.
    pub(super) fn downgrades_without(&self, context: &Context<'_>, gone: &[Arc<str>]) -> bool {
        let speaks_classic = |id: &&Arc<str>| {
            self.known.members.get(*id).is_some_and(|member| member.wish.classic.is_some())
        };
        let left = self.known.members.len().saturating_sub(gone.len());
        let classic = self.tally.classic - gone.iter().filter(speaks_classic).count();
        left > 0
            && classic == left
            && context.settings.migration.allows_downgrade()
            && left <= context.settings.members_max
    }

    /// Whether the group is to be a classic one when this member takes the place of the last one
    /// that does not speak the classic protocol.
    pub(super) fn downgrades_when_replaced(&self, context: &Context<'_>, join: &Join) -> bool {
        let instance = join.instance_id.as_deref();
        let replaced = instance.and_then(|instance| self.static_member(instance));
        replaced.is_some_and(|(_, member)| member.wish.classic.is_none())
            && self.tally.classic + 1 == self.known.members.len()
            && context.settings.migration.allows_downgrade()
            && self.known.members.len() <= context.settings.members_max
    }

    /// Ends the group; what is left of it is for [`ConsumerGroup::downgraded`].
    pub(super) fn become_classic(
        &mut self,
        context: &Context<'_>,
        effects: &mut Effects,
        gone: &[Arc<str>],
        rebalance: bool,
    ) {
        let left = self.known.members.iter().filter(|(id, _)| !gone.contains(id));
        let members = left.map(|(id, member)| self.taken_along(context.image, id, member));
        let (generation, members) = (self.known.epoch, members.collect());
        let all: Vec<Arc<str>> = self.known.members.keys().cloned().collect();
        for record in self.tombstones() {
            self.write(effects, record);
        }
        all.iter().for_each(|member| self.cancel_timers(effects, member));
        if self.passing.matching.take().is_some() {
            effects.push(Effect::Timer { key: TimerKey::Patterns, at: None });
        }
        self.passing.downgrade = Some(Downgrade { generation, members, rebalance });
    }

    /// A member and what it shall have, as the classic protocol knows it.
    fn taken_along(&self, image: &Image, id: &Arc<str>, member: &Member) -> ClassicMember {
        let wish = &member.wish;
        let classic = wish.classic.as_ref();
        let protocols = classic.map(|classic| classic.protocols.clone()).unwrap_or_default();
        let metadata = protocols.first().map(|(_, metadata)| metadata.as_ref());
        let version = metadata.and_then(Subscription::parse).map_or(0, |read| read.version);
        let target = self.known.target.get(id).map_or(&[][..], Vec::as_slice);
        ClassicMember {
            member_id: id.clone(),
            instance_id: wish.instance_id.clone(),
            client_id: wish.client_id.clone(),
            client_host: wish.client_host.clone(),
            rebalance_timeout_ms: wish.rebalance_timeout_ms,
            session_timeout_ms: classic.map_or(0, |classic| classic.session_timeout_ms),
            assignment: assignment_bytes(version, &named(target, image)),
            protocols,
        }
    }
}
