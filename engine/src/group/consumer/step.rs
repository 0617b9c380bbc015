//! One member's step towards the target assignment, written down, and the timers of members.

use std::sync::Arc;

use super::group::{ConsumerGroup, millis};
use super::reconcile::{MemberState, Reconcile, is_reconciled};
use super::request::LEAVING_FOR_NOW;
use crate::group::{Context, Effect, Effects, TimerKey};
use crate::record::offsets_topic::TopicPartitions;

impl ConsumerGroup {
    /// Takes a member as far as it can go; tells whether it has other partitions now.
    pub(super) fn reconcile(
        &mut self,
        context: &Context<'_>,
        effects: &mut Effects,
        member_id: &Arc<str>,
        resubscribed: bool,
        owned: Option<&[TopicPartitions]>,
    ) -> bool {
        let known = &self.known;
        let Some(member) = known.members.get(member_id) else { return false };
        if !resubscribed && is_reconciled(&member.has, known.target_epoch) {
            return false;
        }
        let matched = known.matched_by(member);
        let subscribes = |id| {
            let name = context.image.topic_by_id(id).map(|topic| &topic.name);
            let names =
                |list: &[Arc<str>]| name.is_some_and(|name| list.binary_search(name).is_ok());
            names(&member.wish.topics) || names(matched)
        };
        let reconcile = Reconcile {
            target_epoch: known.target_epoch,
            target: known.target.get(member_id).map_or(&[][..], Vec::as_slice),
            resubscribed,
            owned,
            subscribes,
            is_free: |topic, partition| self.tally.is_free(topic, partition),
        };
        let Some(next) = reconcile.next(&member.has) else { return false };
        let regained = next.assigned != member.has.assigned;
        self.write(effects, self.current_record(member_id, Some(next)));
        effects.extend(self.revoke_timer(context, member_id));
        regained
    }

    /// A member that is to give something up has its rebalance timeout for it. One that speaks the
    /// classic protocol is watched by other timers.
    pub(super) fn revoke_timer(
        &self,
        context: &Context<'_>,
        member_id: &Arc<str>,
    ) -> Option<Effect> {
        let member = self.known.members.get(member_id)?;
        if member.wish.classic.is_some() {
            return None;
        }
        let unrevoked = MemberState::of(&member.has) == MemberState::Unrevoked;
        let at = unrevoked.then(|| context.now + millis(member.wish.rebalance_timeout_ms));
        Some(Effect::Timer { key: TimerKey::Revoke(member_id.clone()), at })
    }

    /// A timer that was set has run out.
    pub fn timer(&mut self, context: &mut Context<'_>, key: &TimerKey) -> Effects {
        let mut effects = Effects::new();
        match key {
            TimerKey::Session(member)
            | TimerKey::MemberJoin(member)
            | TimerKey::MemberSync(member) => {
                self.fence(context, &mut effects, member);
            }
            TimerKey::Revoke(member) if self.still_revokes(member) => {
                self.fence(context, &mut effects, member);
            }
            TimerKey::Patterns => self.match_patterns(context, &mut effects),
            TimerKey::Revoke(_)
            | TimerKey::PendingMember(_)
            | TimerKey::Join
            | TimerKey::Sync
            | TimerKey::Offsets => {}
        }
        effects
    }

    fn fence(&mut self, context: &mut Context<'_>, effects: &mut Effects, member: &Arc<str>) {
        if self.known.members.contains_key(member) {
            self.remove(context, effects, std::slice::from_ref(member));
        }
    }

    fn still_revokes(&self, member: &str) -> bool {
        let has = self.known.members.get(member).map(|member| &member.has);
        has.is_some_and(|has| {
            // A static member that left for now is not working on anything.
            MemberState::of(has) == MemberState::Unrevoked && has.member_epoch != LEAVING_FOR_NOW
        })
    }
}
