//! SyncGroup and the sync phase: the leader hands in who gets what, everybody fetches it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::group::ClassicGroup;
use super::state::ClassicState;
use super::step::Step;
use crate::group::answer::Synced;
use crate::group::request::Sync;
use crate::group::{Context, Effects, GroupError, TimerKey, Token};

impl ClassicGroup {
    /// SyncGroup.
    pub fn sync(&mut self, context: &mut Context, from: Token, request: &Sync) -> Effects {
        let mut step = Step::new(context);
        let member_id = &request.member_id;
        if let Err(error) = self.check_sync(request) {
            step.synced(from, Err(error));
            return step.finish();
        }
        self.unsynced.remove(member_id);
        if self.unsynced.is_empty() {
            self.set_sync_timer(&mut step, None);
        }
        if self.state == ClassicState::Stable {
            step.synced(from, Ok(self.synced(member_id)));
            return step.finish();
        }
        if let Some(member) = self.members.get_mut(member_id)
            && let Some(before) = member.syncing.replace(from)
        {
            // Its client has given it up and asks again.
            step.synced(before, Err(GroupError::RebalanceInProgress));
        }
        if self.members.is_leader(member_id) {
            self.assign(&mut step, &request.assignments);
        }
        step.finish()
    }

    fn check_sync(&self, request: &Sync) -> Result<(), GroupError> {
        match self.state {
            ClassicState::Dead => return Err(GroupError::CoordinatorNotAvailable),
            ClassicState::Empty => return Err(GroupError::UnknownMemberId),
            _ => self.members.check(&request.member_id, request.instance_id.as_ref())?,
        }
        if request.generation != self.generation {
            return Err(GroupError::IllegalGeneration);
        }
        if differs(&request.protocol_type, &self.protocol_type)
            || differs(&request.protocol, &self.protocol)
        {
            return Err(GroupError::InconsistentGroupProtocol);
        }
        match self.state {
            ClassicState::PreparingRebalance => Err(GroupError::RebalanceInProgress),
            _ => Ok(()),
        }
    }

    /// The leader has decided: the group is written and everybody who waits is told. A member that
    /// the leader left out gets nothing.
    fn assign(&mut self, step: &mut Step, assignments: &[(Arc<str>, Bytes)]) {
        let mut assignments: BTreeMap<&str, &Bytes> =
            assignments.iter().map(|(id, assignment)| (&**id, assignment)).collect();
        for (member_id, member) in self.members.iter_mut() {
            let assignment = assignments.remove(&**member_id).map(|bytes| &bytes[..]);
            member.assignment = Bytes::copy_from_slice(assignment.unwrap_or_default());
        }
        self.record(step);
        self.enter(step, ClassicState::Stable);
        for member_id in self.syncing() {
            let synced = self.synced(&member_id);
            self.answer_sync(step, &member_id, Ok(synced));
        }
    }

    /// A rebalance begins before the leader has decided: everybody has to join again.
    pub(super) fn give_up_sync(&mut self, step: &mut Step) {
        for (_, member) in self.members.iter_mut() {
            member.assignment = Bytes::new();
        }
        for member_id in self.syncing() {
            self.answer_sync(step, &member_id, Err(GroupError::RebalanceInProgress));
        }
    }

    /// Members that did not sync in time are out.
    pub(super) fn sync_timer(&mut self, step: &mut Step) {
        if !step.is_due(TimerKey::Sync, self.sync_ends) {
            return;
        }
        self.sync_ends = None;
        let in_sync_phase =
            matches!(self.state, ClassicState::CompletingRebalance | ClassicState::Stable);
        if !in_sync_phase || self.unsynced.is_empty() {
            return;
        }
        for member_id in std::mem::take(&mut self.unsynced) {
            self.remove(step, &member_id);
        }
        self.prepare_rebalance(step);
    }

    pub(super) fn set_sync_timer(&mut self, step: &mut Step, after: Option<Duration>) {
        let at = after.map(|after| step.context.now + after);
        if at.is_some() || self.sync_ends.is_some() {
            step.timer(TimerKey::Sync, at);
        }
        self.sync_ends = at;
    }

    /// The silence of a member that waited was no fault, so its session begins anew.
    fn answer_sync(
        &mut self,
        step: &mut Step,
        member_id: &Arc<str>,
        answer: Result<Synced, GroupError>,
    ) {
        let waiting = self.members.get_mut(member_id).and_then(|member| member.syncing.take());
        if let Some(from) = waiting {
            step.synced(from, answer);
            self.keep_alive(step, member_id);
        }
    }

    fn syncing(&self) -> Vec<Arc<str>> {
        let waiting = self.members.iter().filter(|(_, member)| member.syncing.is_some());
        waiting.map(|(id, _)| Arc::clone(id)).collect()
    }

    fn synced(&self, member_id: &str) -> Synced {
        let member = self.members.get(member_id);
        Synced {
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            assignment: member.map(|member| member.assignment.clone()).unwrap_or_default(),
        }
    }
}

/// What is not said differs from nothing.
fn differs(said: &Option<Arc<str>>, is: &Option<Arc<str>>) -> bool {
    said.is_some() && is.is_some() && said != is
}
