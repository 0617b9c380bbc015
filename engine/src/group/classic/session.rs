//! Silence: what counts as a sign of life, and what happens without one.

use std::sync::Arc;
use std::time::Duration;

use super::group::ClassicGroup;
use super::state::ClassicState;
use super::step::Step;
use crate::group::answer::Answer;
use crate::group::request::Heartbeat;
use crate::group::{Context, Effects, GroupError, TimerKey, Token};

impl ClassicGroup {
    /// Heartbeat.
    pub fn heartbeat(
        &mut self,
        context: &mut Context,
        from: Token,
        request: &Heartbeat,
    ) -> Effects {
        let mut step = Step::new(context);
        let answer = self.check_heartbeat(request).and_then(|()| {
            self.keep_alive(&mut step, &request.member_id);
            match self.state {
                ClassicState::PreparingRebalance => Err(GroupError::RebalanceInProgress),
                _ => Ok(()),
            }
        });
        step.answer(from, Answer::Heartbeat(answer));
        step.finish()
    }

    fn check_heartbeat(&self, request: &Heartbeat) -> Result<(), GroupError> {
        if self.state == ClassicState::Dead {
            return Err(GroupError::CoordinatorNotAvailable);
        }
        self.members.check(&request.member_id, request.instance_id.as_ref())?;
        match request.generation == self.generation {
            true => Ok(()),
            false => Err(GroupError::IllegalGeneration),
        }
    }

    /// A member committed offsets: that is a sign of life too.
    pub fn committed(&mut self, context: &mut Context, member_id: &Arc<str>) -> Effects {
        let mut step = Step::new(context);
        if matches!(self.state, ClassicState::Stable | ClassicState::PreparingRebalance) {
            self.keep_alive(&mut step, member_id);
        }
        step.finish()
    }

    /// A timer that was set has run out.
    pub fn timer(&mut self, context: &mut Context, key: &TimerKey) -> Effects {
        let mut step = Step::new(context);
        match key {
            TimerKey::Session(member_id) => self.session_timer(&mut step, member_id),
            TimerKey::PendingMember(member_id) => {
                if self.pending.remove(member_id) {
                    self.complete_join_without(&mut step);
                }
            }
            TimerKey::Join => self.join_timer(&mut step),
            TimerKey::Sync => self.sync_timer(&mut step),
            // Of other protocols.
            TimerKey::Revoke(_)
            | TimerKey::MemberJoin(_)
            | TimerKey::MemberSync(_)
            | TimerKey::Patterns
            | TimerKey::Offsets => {}
        }
        step.finish()
    }

    /// Begins the session of a member anew.
    pub(super) fn keep_alive(&mut self, step: &mut Step, member_id: &Arc<str>) {
        if let Some(member) = self.members.get(member_id) {
            self.keep_alive_for(step, member_id, member.session_timeout());
        }
    }

    pub(super) fn keep_alive_for(
        &mut self,
        step: &mut Step,
        member_id: &Arc<str>,
        timeout: Duration,
    ) {
        let Some(member) = self.members.get_mut(member_id) else { return };
        let ends = step.context.now + timeout;
        member.session.ends = Some(ends);
        // A timer that comes too early is set again when it comes.
        if member.session.timer.is_none_or(|timer| timer > ends) {
            member.session.timer = Some(ends);
            step.timer(TimerKey::Session(Arc::clone(member_id)), Some(ends));
        }
    }

    fn session_timer(&mut self, step: &mut Step, member_id: &Arc<str>) {
        let Some(member) = self.members.get_mut(member_id) else { return };
        member.session.timer = member.session.ends; // it may have been put off
        if !step.is_due(TimerKey::Session(Arc::clone(member_id)), member.session.ends) {
            return;
        }
        member.session.timer = None;
        member.session.ends = None;
        if member.may_be_silent() {
            return; // its session begins anew when it is answered
        }
        self.remove(step, member_id);
        match self.state {
            ClassicState::Stable | ClassicState::CompletingRebalance => {
                self.prepare_rebalance(step);
            }
            _ => self.complete_join_without(step),
        }
    }
}
