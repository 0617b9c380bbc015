//! Members that go: by themselves, for a while, because they were silent, or because another one
//! takes their place.

use std::sync::Arc;

use super::group::ConsumerGroup;
use super::known::Member;
use super::owned;
use super::request::LEAVING_FOR_NOW;
use crate::group::answer::ConsumerBeat;
use crate::group::request::ConsumerHeartbeat;
use crate::group::{Context, Effect, Effects, GroupError, TimerKey};
use crate::record::offsets_topic::{CurrentValue, GroupRecord, TopicPartitions};

impl ConsumerGroup {
    /// A heartbeat that says goodbye.
    pub(super) fn leave(
        &mut self,
        context: &mut Context<'_>,
        request: &ConsumerHeartbeat,
        effects: &mut Effects,
    ) -> Result<ConsumerBeat, GroupError> {
        let member_id = match &request.instance_id {
            None if !self.known.members.contains_key(&request.member_id) => {
                return Err(GroupError::UnknownMemberId);
            }
            None => request.member_id.clone(),
            Some(instance) => self.static_leaver(instance, &request.member_id)?,
        };
        if request.member_epoch == LEAVING_FOR_NOW {
            self.leave_for_now(effects, &member_id);
        } else {
            self.remove(context, effects, std::slice::from_ref(&member_id));
        }
        Ok(ConsumerBeat {
            member_id: Some(member_id),
            member_epoch: request.member_epoch,
            heartbeat_interval_ms: 0,
            assignment: None,
        })
    }

    /// The static member that leaves, if it is the one that may speak for the instance.
    pub(super) fn static_leaver(
        &self,
        instance: &str,
        member_id: &str,
    ) -> Result<Arc<str>, GroupError> {
        let (id, _) = self.static_member(instance).ok_or(GroupError::UnknownMemberId)?;
        if **id != *member_id { Err(GroupError::FencedInstanceId) } else { Ok(id.clone()) }
    }

    /// Nobody else gets what it has until its session ends. Its partitions count as given in epoch
    /// 0, so that whoever comes back for it may commit at once, and it itself no more.
    fn leave_for_now(&mut self, effects: &mut Effects, member_id: &Arc<str>) {
        let Some(member) = self.known.members.get(member_id) else { return };
        let value = CurrentValue {
            member_epoch: LEAVING_FOR_NOW,
            assigned: owned::redated(&member.has.assigned, 0),
            revoking: Vec::new(),
            ..member.has.clone()
        };
        self.write(effects, self.current_record(member_id, Some(value)));
    }

    /// Takes members out. The group assigns anew, or becomes a classic group when only members
    /// that speak the classic protocol are left.
    pub(super) fn remove(
        &mut self,
        context: &mut Context<'_>,
        effects: &mut Effects,
        gone: &[Arc<str>],
    ) {
        if gone.is_empty() {
            return;
        }
        if self.downgrades_without(context, gone) {
            return self.become_classic(context, effects, gone, true);
        }
        let mut patterns = Vec::new();
        for member_id in gone {
            let pattern = self.known.members.get(member_id).and_then(Member::pattern).cloned();
            patterns.extend(pattern);
            self.bury(effects, member_id);
        }
        patterns.sort_unstable();
        patterns.dedup();
        for pattern in patterns {
            self.forget_pattern(effects, pattern);
        }
        self.raise_epoch(context, effects, true);
        for member_id in gone {
            self.cancel_timers(effects, member_id);
        }
    }

    /// Removes all that is known of a member. Readers rely on the order.
    fn bury(&mut self, effects: &mut Effects, member_id: &Arc<str>) {
        self.write(effects, self.current_record(member_id, None));
        self.write(effects, self.target_record(member_id, None));
        self.write(effects, self.member_record(member_id, None));
    }

    pub(super) fn cancel_timers(&mut self, effects: &mut Effects, member_id: &Arc<str>) {
        let joined = self.passing.rejoining.remove(member_id);
        let keys = [
            Some(TimerKey::Session(member_id.clone())),
            Some(TimerKey::Revoke(member_id.clone())),
            joined.then(|| TimerKey::MemberJoin(member_id.clone())),
            Some(TimerKey::MemberSync(member_id.clone())),
        ];
        effects.extend(keys.into_iter().flatten().map(|key| Effect::Timer { key, at: None }));
    }

    /// A static member is back under another id: it gets all that the one before it had.
    pub(super) fn replace(&mut self, effects: &mut Effects, old: &Arc<str>, new: &Arc<str>) {
        let Some(member) = self.known.members.get(old).cloned() else { return };
        let target = self.known.target.get(old).cloned().unwrap_or_default();
        self.bury(effects, old);
        self.cancel_timers(effects, old);
        let has = CurrentValue { member_epoch: 0, previous_member_epoch: 0, ..member.has };
        self.write(effects, self.member_record(new, Some(member.wish)));
        self.write(effects, self.target_record(new, Some(target)));
        self.write(effects, self.current_record(new, Some(has)));
    }

    /// A record of what a member has.
    pub(super) fn current_record(
        &self,
        member: &Arc<str>,
        value: Option<CurrentValue>,
    ) -> GroupRecord {
        GroupRecord::Current { group: self.id.clone(), member: member.clone(), value }
    }

    /// A record of what a member shall have.
    pub(super) fn target_record(
        &self,
        member: &Arc<str>,
        value: Option<Vec<TopicPartitions>>,
    ) -> GroupRecord {
        GroupRecord::Target { group: self.id.clone(), member: member.clone(), value }
    }
}
