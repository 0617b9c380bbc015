//! JoinGroup of a static member that is there already: it has restarted, and forgot its id
//! (KIP-345). The old id is fenced; the place in the group stays.

use std::sync::Arc;

use super::group::ClassicGroup;
use super::state::ClassicState;
use super::step::Step;
use crate::group::request::Join;
use crate::group::{GroupError, TimerKey, Token};

impl ClassicGroup {
    /// Puts the member that joins in the place of `old`.
    pub(super) fn replace_instance(
        &mut self,
        step: &mut Step,
        from: Token,
        request: &Join,
        old: &Arc<str>,
        new: &Arc<str>,
    ) {
        let led = self.members.leader().cloned().unwrap_or_default();
        self.fence(step, old);
        self.members.rename(old, new);
        if self.unsynced.remove(old) {
            self.unsynced.insert(Arc::clone(new));
        }
        self.update_member(step, from, request, new);
        self.keep_alive(step, new);
        match self.state {
            ClassicState::Stable if self.members.vote() == self.protocol => {
                self.answer_in_place(step, request, new, led);
            }
            ClassicState::Stable => self.rebalance_or_complete(step),
            // The leader may be assigning to the old id at this moment.
            ClassicState::CompletingRebalance => self.prepare_rebalance(step),
            _ => self.maybe_complete_join(step),
        }
    }

    /// Whoever still uses the old id is told that it has been replaced.
    fn fence(&mut self, step: &mut Step, old: &Arc<str>) {
        if let Some(from) = self.members.set_joining(old, None) {
            step.refuse_join(from, old, GroupError::FencedInstanceId);
        }
        let Some(member) = self.members.get_mut(old) else { return };
        member.is_new = false;
        member.session.ends = None;
        if member.session.timer.take().is_some() {
            step.timer(TimerKey::Session(Arc::clone(old)), None);
        }
        if let Some(from) = member.syncing.take() {
            step.synced(from, Err(GroupError::FencedInstanceId));
        }
    }

    /// Nothing changed but the id: no rebalance. Where the client can skip the assignment it hears
    /// that it leads (KIP-814); an older one would assign in vain, so it hears of its old id.
    fn answer_in_place(&mut self, step: &mut Step, request: &Join, new: &Arc<str>, led: Arc<str>) {
        self.record(step);
        let leads = self.members.is_leader(new) && request.supports_skipping_assignment;
        let members = if leads { self.joined_members() } else { Vec::new() };
        let mut joined = self.joined(new, members);
        joined.skip_assignment = leads;
        if !request.supports_skipping_assignment {
            joined.leader = led;
        }
        if let Some(from) = self.members.set_joining(new, None) {
            step.joined(from, joined);
        }
    }
}
