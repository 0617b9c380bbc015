//! Members that come, stay and go: to whom of the two protocols their requests belong, and when a
//! group changes between them. Core-local.

use super::answer::{Answer, Left};
use super::classic::ClassicGroup;
use super::group::{Group, said};
use super::membership::Membership;
use super::migrate;
use super::request::{Caller, ConsumerHeartbeat, Heartbeat, Join, Leaving, Sync};
use super::{Context, Effects, GroupError, Token};

impl Group {
    pub(super) fn beat(
        &mut self,
        context: &mut Context<'_>,
        from: Token,
        caller: &Caller,
        beat: &ConsumerHeartbeat,
    ) -> Effects {
        let classic = match &mut self.membership {
            Membership::Consumer(group) => {
                let effects = group.heartbeat(context, from, caller, beat);
                return self.settle(context, effects);
            }
            Membership::Classic(group) => Some(group.as_mut()),
            // A group that only commits offsets counts as an empty classic one.
            Membership::None if self.has_committed && !beat.joins() => {
                return said(from, Answer::ConsumerHeartbeat(Err(self.not_a_consumer_group())));
            }
            Membership::None => None,
        };
        let (made, effects) = migrate::heartbeat(context, &self.id, classic, from, caller, beat);
        if let Some(group) = made {
            self.membership = Membership::Consumer(Box::new(group));
        }
        effects
    }

    /// A consumer group in which only members of the classic protocol are left is a classic group.
    pub(super) fn settle(&mut self, context: &mut Context<'_>, mut effects: Effects) -> Effects {
        if let Membership::Consumer(group) = &mut self.membership
            && let Some(left) = group.downgraded()
        {
            let (classic, more) = migrate::downgrade(context, &self.id, left);
            self.membership = Membership::Classic(Box::new(classic));
            effects.extend(more);
        }
        effects
    }

    pub(super) fn join(
        &mut self,
        context: &mut Context<'_>,
        from: Token,
        caller: &Caller,
        join: &Join,
    ) -> Effects {
        if matches!(self.membership, Membership::None) {
            self.membership = Membership::Classic(Box::new(ClassicGroup::new(self.id.clone())));
        }
        let effects = match &mut self.membership {
            Membership::Classic(group) => group.join(context, from, caller, join),
            Membership::Consumer(group) if group.is_empty() => {
                let (made, effects) =
                    migrate::join_empty(context, group, &self.id, from, caller, join);
                if let Some(classic) = made {
                    self.membership = Membership::Classic(Box::new(classic));
                }
                effects
            }
            Membership::Consumer(group) => {
                let effects = group.join(context, from, caller, join);
                self.settle(context, effects)
            }
            Membership::None => Effects::new(),
        };
        if !self.membership.is_some() {
            self.membership = Membership::None;
        }
        effects
    }

    pub(super) fn sync(&mut self, context: &mut Context<'_>, from: Token, sync: &Sync) -> Effects {
        match &mut self.membership {
            Membership::Classic(group) => group.sync(context, from, sync),
            Membership::Consumer(group) => group.sync(context, from, sync),
            Membership::None => said(from, Answer::Sync(Err(GroupError::UnknownMemberId))),
        }
    }

    pub(super) fn heartbeat(
        &mut self,
        context: &mut Context<'_>,
        from: Token,
        heartbeat: &Heartbeat,
    ) -> Effects {
        match &mut self.membership {
            Membership::Classic(group) => group.heartbeat(context, from, heartbeat),
            Membership::Consumer(group) => group.classic_heartbeat(context, from, heartbeat),
            Membership::None => said(from, Answer::Heartbeat(Err(GroupError::UnknownMemberId))),
        }
    }

    pub(super) fn leave(
        &mut self,
        context: &mut Context<'_>,
        from: Token,
        leaving: &[Leaving],
    ) -> Effects {
        match &mut self.membership {
            Membership::Classic(group) => group.leave(context, from, leaving),
            Membership::Consumer(group) => {
                let effects = group.leave_group(context, from, leaving);
                self.settle(context, effects)
            }
            Membership::None => said(from, Answer::Leave(Ok(nobody_left(leaving)))),
        }
    }
}

/// Nobody of them is in the group.
fn nobody_left(leaving: &[Leaving]) -> Vec<Left> {
    let left = leaving.iter().map(|Leaving { member_id, instance_id, .. }| Left {
        member_id: member_id.clone(),
        instance_id: instance_id.clone(),
        error: Some(GroupError::UnknownMemberId),
    });
    left.collect()
}
