//! ConsumerGroupHeartbeat (KIP-848): a member joins, says what it wants and has, and hears what it
//! shall have. When nothing is new, a beat looks at a handful of fields and sets a timer.

use std::sync::Arc;

use super::group::ConsumerGroup;
use super::known::Member;
use super::owned;
use super::reconcile::{MemberState, owns_what_it_was_given};
use super::request::{JOINING, LEAVING, LEAVING_FOR_NOW, check};
use super::subscribe::Wish;
use crate::group::answer::{Answer, ConsumerBeat};
use crate::group::request::{Caller, ConsumerHeartbeat};
use crate::group::{Context, Effect, Effects, GroupError, Token};
use crate::metadata::uuid_text;
use crate::record::offsets_topic::TopicPartitions;
use crate::runtime::random_uuid_from;

impl ConsumerGroup {
    /// A member's heartbeat. An error leaves the group as it was: the answer is all there is.
    pub fn heartbeat(
        &mut self,
        context: &mut Context<'_>,
        from: Token,
        caller: &Caller,
        request: &ConsumerHeartbeat,
    ) -> Effects {
        let mut effects = Effects::new();
        let result = check(request, context.settings).and_then(|()| match request.member_epoch {
            LEAVING | LEAVING_FOR_NOW => self.leave(context, request, &mut effects),
            _ => self.beat(context, caller, request, &mut effects),
        });
        effects.push(Effect::Answer { to: from, answer: Answer::ConsumerHeartbeat(result) });
        effects
    }

    fn beat(
        &mut self,
        context: &mut Context<'_>,
        caller: &Caller,
        request: &ConsumerHeartbeat,
        effects: &mut Effects,
    ) -> Result<ConsumerBeat, GroupError> {
        self.refuse_beyond_size(context, &request.member_id, request.instance_id.as_ref())?;
        let replaced = self.admit(request)?;
        self.check_pattern(replaced.as_ref().unwrap_or(&request.member_id), &request.pattern)?;

        // From here on nothing is refused any more, so records may be written.
        let member_id = match request.member_id.as_ref() {
            "" => uuid_text(random_uuid_from(context.rng)).into(),
            _ => request.member_id.clone(),
        };
        if let Some(replaced) = replaced {
            self.replace(effects, &replaced, &member_id);
        }
        let wish = Wish::of_beat(caller, request);
        let resubscribed = self.subscribe(context, effects, &member_id, &wish);
        self.retarget(context, effects);
        let owned = request.owned.as_deref();
        let regained = self.reconcile(context, effects, &member_id, resubscribed, owned);
        effects.push(self.session_timer(context, &member_id));

        let full = request.rebalance_timeout_ms != -1
            && (request.topics.is_some() || request.pattern.is_some())
            && request.owned.is_some();
        let tell = request.joins() || full || regained;
        let has = self.known.members.get(&member_id).map(|member| &member.has);
        Ok(ConsumerBeat {
            member_epoch: has.map_or(0, |has| has.member_epoch),
            heartbeat_interval_ms: self.interval(context, request.joins(), has),
            assignment: has.filter(|_| tell).map(|has| owned::plain(&has.assigned)),
            member_id: Some(member_id),
        })
    }

    /// Whether the group has room, or the member is in it already. A static member that is back
    /// takes the place of the one before it.
    pub(super) fn refuse_beyond_size(
        &self,
        context: &Context<'_>,
        member_id: &str,
        instance: Option<&Arc<str>>,
    ) -> Result<(), GroupError> {
        let known = self.known.members.contains_key(member_id)
            || instance.is_some_and(|instance| self.tally.statics.contains_key(instance));
        if !known && self.known.members.len() >= context.settings.consumer_members_max {
            return Err(GroupError::GroupMaxSizeReached);
        }
        Ok(())
    }

    /// Whether the member may speak in the epoch that it names. The member whose place it takes
    /// comes back, when it is a static one that is back under another id.
    fn admit(&self, request: &ConsumerHeartbeat) -> Result<Option<Arc<str>>, GroupError> {
        let joins = request.joins();
        let Some(instance) = &request.instance_id else {
            return match self.known.members.get(&request.member_id) {
                Some(member) => check_epoch(member, request).map(|()| None),
                None if joins => Ok(None),
                None => Err(GroupError::UnknownMemberId),
            };
        };
        let Some((id, member)) = self.static_member(instance) else {
            return if joins { Ok(None) } else { Err(GroupError::UnknownMemberId) };
        };
        if joins {
            let away = member.has.member_epoch == LEAVING_FOR_NOW;
            if member.wish.classic.is_none() && !away {
                return Err(unreleased(&request.member_id, instance, id));
            }
            return Ok(Some(id.clone()));
        }
        if *id != request.member_id {
            return Err(GroupError::FencedInstanceId);
        }
        check_epoch(member, request).map(|()| None)
    }

    /// The member behind a `group.instance.id`.
    pub(super) fn static_member(&self, instance: &str) -> Option<(&Arc<str>, &Member)> {
        self.known.members.get_key_value(self.tally.statics.get(instance)?)
    }
}

fn unreleased(member_id: &str, instance: &str, owner: &str) -> GroupError {
    let told = format!(
        "Static member {member_id} with instance id {instance} cannot join the group because the \
         instance id is owned by {owner} member."
    );
    GroupError::UnreleasedInstanceId(told.into())
}

/// A member is in the epoch that it was told last, or in the one before it: then the answer that
/// told it may have been lost, and it owns nothing but what it was given.
fn check_epoch(member: &Member, request: &ConsumerHeartbeat) -> Result<(), GroupError> {
    let (said, has) = (request.member_epoch, &member.has);
    let owned: Option<&[TopicPartitions]> = request.owned.as_deref();
    if said != JOINING && said != has.member_epoch {
        let lost_answer = said < has.member_epoch
            && said == has.previous_member_epoch
            && owns_what_it_was_given(owned, has);
        if !lost_answer {
            let than = if said > has.member_epoch { "greater" } else { "smaller" };
            let told = format!(
                "The consumer group member has a {than} member epoch ({said}) than the one known \
                 by the group coordinator ({}). The member must abandon all its partitions and \
                 rejoin.",
                has.member_epoch
            );
            return Err(GroupError::FencedMemberEpoch(told.into()));
        }
    }
    if MemberState::of(has) == MemberState::Unknown && owned.is_none_or(|owned| !owned.is_empty()) {
        let told = "The consumer group member is in a unknown state. The member must abandon all \
                    its partitions and rejoin.";
        return Err(GroupError::FencedMemberEpoch(told.into()));
    }
    Ok(())
}
