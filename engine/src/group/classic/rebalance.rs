//! The join phase: how it begins, waits and ends.

use std::sync::Arc;
use std::time::Duration;

use super::group::ClassicGroup;
use super::state::ClassicState;
use super::step::Step;
use crate::group::{GroupError, TimerKey};

/// A group that was empty waits for more members than its first one, as long as more come and the
/// rebalance timeout has not passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct InitialDelay {
    /// What is being waited now.
    delay: Duration,
    /// What may be waited after it.
    remaining: Duration,
    /// Another member came meanwhile.
    pub(super) grown: bool,
}

impl ClassicGroup {
    /// After a change: begins a rebalance, or ends the join phase if this was all it waited for.
    pub(super) fn rebalance_or_complete(&mut self, step: &mut Step) {
        match self.state.can_rebalance() {
            true => self.prepare_rebalance(step),
            false => self.maybe_complete_join(step),
        }
    }

    /// Begins the join phase.
    pub(super) fn prepare_rebalance(&mut self, step: &mut Step) {
        if self.state == ClassicState::CompletingRebalance {
            self.give_up_sync(step);
        }
        self.unsynced.clear();
        self.set_sync_timer(step, None);
        let from_empty = self.state == ClassicState::Empty;
        self.enter(step, ClassicState::PreparingRebalance);
        if from_empty {
            let delay = step.context.settings.initial_rebalance_delay;
            let remaining = self.members.rebalance_timeout().saturating_sub(delay);
            self.wait_for_more(step, InitialDelay { delay, remaining, grown: false });
        } else if self.all_have_joined() {
            self.complete_join(step);
        } else {
            let patience = self.members.rebalance_timeout();
            self.set_join_timer(step, Some(patience));
        }
    }

    /// Ends the join phase if all are there; the first one of a group ends with its delay only.
    pub(super) fn maybe_complete_join(&mut self, step: &mut Step) {
        let waits = self.state == ClassicState::PreparingRebalance && self.initial.is_none();
        if waits && self.all_have_joined() {
            self.complete_join(step);
        }
    }

    /// After somebody is gone: ends the join phase if all others are there.
    pub(super) fn complete_join_without(&mut self, step: &mut Step) {
        if self.state == ClassicState::PreparingRebalance && self.all_have_joined() {
            self.complete_join(step);
        }
    }

    /// The join phase is over by time.
    pub(super) fn join_timer(&mut self, step: &mut Step) {
        if !step.is_due(TimerKey::Join, self.join_ends) {
            return;
        }
        self.join_ends = None;
        if self.state != ClassicState::PreparingRebalance {
            return;
        }
        match self.initial {
            Some(initial) if initial.grown && !initial.remaining.is_zero() => {
                let delay = step.context.settings.initial_rebalance_delay.min(initial.remaining);
                let remaining = initial.remaining.saturating_sub(initial.delay);
                self.wait_for_more(step, InitialDelay { delay, remaining, grown: false });
            }
            _ => self.complete_join(step),
        }
    }

    fn all_have_joined(&self) -> bool {
        self.members.all_joining() && self.pending.is_empty()
    }

    fn wait_for_more(&mut self, step: &mut Step, initial: InitialDelay) {
        self.initial = Some(initial);
        self.set_join_timer(step, Some(initial.delay));
    }

    /// Ends the join phase. Dynamic members that did not come again are out; static ones stay until
    /// their session ends.
    fn complete_join(&mut self, step: &mut Step) {
        self.set_join_timer(step, None);
        let missing = self
            .members
            .iter()
            .filter(|(_, member)| member.joining.is_none() && member.instance_id.is_none());
        let missing: Vec<Arc<str>> = missing.map(|(id, _)| Arc::clone(id)).collect();
        for member_id in &missing {
            self.remove(step, member_id);
        }
        if !self.members.elect_joined_leader() && !self.members.is_empty() {
            // Only static members are left, and none of them came: their sessions will end.
            let patience = self.members.rebalance_timeout();
            self.set_join_timer(step, Some(patience));
            return;
        }
        self.initial = None;
        self.unsynced.clear();
        self.generation = self.generation.saturating_add(1);
        self.protocol = self.members.vote();
        self.subscribed = self.subscribed_topics();
        if self.members.is_empty() {
            self.enter(step, ClassicState::Empty);
            self.record(step);
        } else {
            self.enter(step, ClassicState::CompletingRebalance);
            self.begin_sync(step);
        }
    }

    /// Tells everybody of the new generation.
    fn begin_sync(&mut self, step: &mut Step) {
        let ids: Vec<Arc<str>> = self.members.iter().map(|(id, _)| Arc::clone(id)).collect();
        for member_id in &ids {
            if let Some(from) = self.members.set_joining(member_id, None) {
                let leads = self.members.is_leader(member_id);
                let members = if leads { self.joined_members() } else { Vec::new() };
                step.joined(from, self.joined(member_id, members));
            }
            if let Some(member) = self.members.get_mut(member_id) {
                member.is_new = false;
            }
            self.keep_alive(step, member_id);
        }
        self.unsynced.extend(ids);
        let patience = self.members.rebalance_timeout();
        self.set_sync_timer(step, Some(patience));
    }

    /// Takes a member out, or an id that was given away; whoever waits for an answer as it is told
    /// that it is not known.
    pub(super) fn remove(&mut self, step: &mut Step, member_id: &str) {
        if let Some(member_id) = self.pending.take(member_id) {
            step.timer(TimerKey::PendingMember(member_id), None);
        }
        let Some(member) = self.members.remove(member_id) else { return };
        self.unsynced.remove(member_id);
        if member.session.timer.is_some() {
            step.timer(TimerKey::Session(Arc::from(member_id)), None);
        }
        if let Some(from) = member.joining {
            step.refuse_join(from, &Arc::default(), GroupError::UnknownMemberId);
        }
        if let Some(from) = member.syncing {
            step.synced(from, Err(GroupError::UnknownMemberId));
        }
    }

    pub(super) fn enter(&mut self, step: &Step, state: ClassicState) {
        self.state = state;
        self.state_timestamp = step.context.wall;
    }

    fn set_join_timer(&mut self, step: &mut Step, after: Option<Duration>) {
        let at = after.map(|after| step.context.now + after);
        if at.is_some() || self.join_ends.is_some() {
            step.timer(TimerKey::Join, at);
        }
        self.join_ends = at;
    }
}
