//! The way out of the consumer protocol: the tombstones of a group, and what becomes of one when
//! only members that speak the classic protocol are left in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::classic_member::named;
use super::group::ConsumerGroup;
use super::known::Member;
use crate::group::consumer_protocol::{PROTOCOL_TYPE, Subscription, assignment_bytes};
use crate::group::request::Join;
use crate::group::{Context, Effect, Effects, TimerKey};
use crate::metadata::Image;
use crate::record::offsets_topic::{ClassicGroupValue, ClassicMemberValue, GroupRecord};

/// What a consumer group has become; it itself is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downgrade {
    /// The classic group. Its record is written already.
    pub value: ClassicGroupValue,
    /// All protocols of each member, in the order of the members; their records hold but one.
    pub protocols: Vec<Vec<(Arc<str>, Bytes)>>,
    /// Whether it has to rebalance at once.
    pub rebalance: bool,
}

impl ConsumerGroup {
    /// What the last step made of the group, when it is no consumer group any more.
    pub fn downgraded(&mut self) -> Option<Downgrade> {
        self.passing.downgrade.take()
    }

    /// The records that delete the group, in the order in which readers expect them.
    pub fn tombstones(&self) -> Vec<GroupRecord> {
        let group = || self.id.clone();
        let members = || self.known.members.keys();
        let mut records: Vec<GroupRecord> = Vec::new();
        records.extend(members().map(|member| self.current_record(member, None)));
        records.extend(members().map(|member| self.target_record(member, None)));
        records.push(GroupRecord::TargetEpoch { group: group(), value: None });
        records.extend(members().map(|member| self.member_record(member, None)));
        let patterns = self.known.patterns.keys().cloned();
        records.extend(patterns.map(|pattern| self.pattern_record(pattern, None)));
        records.push(GroupRecord::PartitionMetadata { group: group(), value: None });
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

    /// Turns the group into a classic one.
    pub(super) fn become_classic(
        &mut self,
        context: &Context<'_>,
        effects: &mut Effects,
        gone: &[Arc<str>],
        rebalance: bool,
    ) {
        let value = self.classic_value(context, gone);
        let protocols = value.members.iter().map(|member| self.protocols_of(&member.member_id));
        let protocols = protocols.collect();
        let members: Vec<Arc<str>> = self.known.members.keys().cloned().collect();
        for record in self.tombstones() {
            self.write(effects, record);
        }
        effects.push(Effect::Append(GroupRecord::Classic {
            group: self.id.clone(),
            value: Some(value.clone()),
        }));
        members.iter().for_each(|member| self.cancel_timers(effects, member));
        if self.passing.matching.take().is_some() {
            effects.push(Effect::Timer { key: TimerKey::Patterns, at: None });
        }
        self.passing.downgrade = Some(Downgrade { value, protocols, rebalance });
    }

    fn classic_value(&self, context: &Context<'_>, gone: &[Arc<str>]) -> ClassicGroupValue {
        let left = || self.known.members.iter().filter(|(id, _)| !gone.contains(id));
        let protocol = shared_protocol(left().map(|(_, member)| member));
        let member = |(id, member)| self.classic_member_value(context.image, &protocol, id, member);
        ClassicGroupValue {
            protocol_type: Arc::from(PROTOCOL_TYPE),
            generation: self.known.epoch,
            leader: left().next().map(|(id, _)| id.clone()),
            state_timestamp: context.wall,
            members: left().map(member).collect(),
            protocol: Some(protocol),
        }
    }

    fn classic_member_value(
        &self,
        image: &Image,
        protocol: &Arc<str>,
        id: &Arc<str>,
        member: &Member,
    ) -> ClassicMemberValue {
        let brought = self.protocols_of(id);
        let subscription = brought.into_iter().find(|(name, _)| name == protocol);
        let subscription = subscription.map(|(_, metadata)| metadata).unwrap_or_default();
        let version = Subscription::parse(&subscription).map_or(0, |read| read.version);
        let target = self.known.target.get(id).map_or(&[][..], Vec::as_slice);
        let wish = &member.wish;
        ClassicMemberValue {
            member_id: id.clone(),
            instance_id: wish.instance_id.clone(),
            client_id: wish.client_id.clone(),
            client_host: wish.client_host.clone(),
            rebalance_timeout_ms: wish.rebalance_timeout_ms,
            session_timeout_ms: wish.classic.as_ref().map_or(0, |c| c.session_timeout_ms),
            assignment: assignment_bytes(version, &named(target, image)),
            subscription,
        }
    }

    fn protocols_of(&self, member: &Arc<str>) -> Vec<(Arc<str>, Bytes)> {
        let member = self.known.members.get(member);
        let classic = member.and_then(|member| member.wish.classic.as_ref());
        classic.map(|classic| classic.protocols.clone()).unwrap_or_default()
    }
}

/// The protocol that all can do and most prefer.
fn shared_protocol<'a>(members: impl Iterator<Item = &'a Member> + Clone) -> Arc<str> {
    let protocols = |member: &'a Member| {
        member.wish.classic.iter().flat_map(|classic| classic.protocols.iter().map(|p| &p.0))
    };
    let shared = |name: &Arc<str>| members.clone().all(|m| protocols(m).any(|can| can == name));
    let mut votes: BTreeMap<&Arc<str>, usize> = BTreeMap::new();
    for member in members.clone() {
        if let Some(best) = protocols(member).find(|name| shared(name)) {
            *votes.entry(best).or_default() += 1;
        }
    }
    let elected = votes.into_iter().max_by_key(|(_, votes)| *votes);
    elected.map(|(name, _)| name.clone()).unwrap_or_default()
}
