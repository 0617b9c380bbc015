//! JoinGroup: who may join, and what that leads to.

use std::sync::Arc;
use std::time::Duration;

use uuid::Builder;

use super::group::ClassicGroup;
use super::member::{Member, duration, own_protocols};
use super::state::ClassicState;
use super::step::Step;
use crate::group::answer::{Joined, JoinedMember};
use crate::group::request::{Caller, Join};
use crate::group::{Context, Effects, GroupError, GroupSettings, TimerKey, Token};
use crate::record::offsets_topic::PLAIN_TEXT_BYTES_MAX;

/// A new member may wait this long for its first generation; then it has to ask again, or it would
/// stay for ever when its client is gone.
const NEW_MEMBER_WAIT: Duration = Duration::from_secs(5 * 60);

/// `-` and a UUID behind the client's id.
const MEMBER_ID_SUFFIX_BYTES: usize = 37;

/// Checked before a group is looked for, of either protocol.
///
/// # Errors
/// [`GroupError::InvalidSessionTimeout`].
pub fn check_session_timeout(request: &Join, settings: &GroupSettings) -> Result<(), GroupError> {
    let allowed = settings.session_timeout_min_ms..=settings.session_timeout_max_ms;
    match allowed.contains(&request.session_timeout_ms) {
        true => Ok(()),
        false => Err(GroupError::InvalidSessionTimeout),
    }
}

impl ClassicGroup {
    /// JoinGroup. A group that was not there before writes that it is.
    pub fn join(
        &mut self,
        context: &mut Context,
        from: Token,
        caller: &Caller,
        request: &Join,
    ) -> Effects {
        let mut step = Step::new(context);
        if let Err(error) = self.check_before(&step, request) {
            step.refuse_join(from, &request.member_id, error);
            return step.finish();
        }
        if !self.accepts(&request.member_id, step.context.settings.members_max) {
            self.remove(&mut step, &request.member_id);
            step.refuse_join(from, &Arc::default(), GroupError::GroupMaxSizeReached);
            self.maybe_complete_join(&mut step);
        } else if let Err(error) = self.check_protocols(request) {
            step.refuse_join(from, &request.member_id, error);
        } else if request.member_id.is_empty() {
            self.join_as_new(&mut step, from, caller, request);
        } else {
            self.join_again(&mut step, from, caller, request);
        }
        if !self.recorded && !step.has_appended() {
            self.record_creation(&mut step);
        }
        step.finish()
    }

    /// What is refused without a group coming into being.
    fn check_before(&self, step: &Step, request: &Join) -> Result<(), GroupError> {
        check_session_timeout(request, step.context.settings)?;
        match self.is_unused() && !request.member_id.is_empty() {
            true => Err(GroupError::UnknownMemberId),
            false => Ok(()),
        }
    }

    /// Whether there is room. In the join phase those that wait are counted, not the members: so
    /// the last ones to come again are sent away from a group that has become too large.
    fn accepts(&self, member_id: &str, members_max: usize) -> bool {
        let member = self.members.get(member_id);
        match self.state {
            ClassicState::Empty | ClassicState::Dead => true,
            ClassicState::PreparingRebalance => {
                let waits = member.is_some_and(|member| member.joining.is_some());
                waits || self.members.joining() < members_max
            }
            ClassicState::CompletingRebalance | ClassicState::Stable => {
                member.is_some() || self.members.len() < members_max
            }
        }
    }

    /// A protocol is needed that all members can do.
    fn check_protocols(&self, request: &Join) -> Result<(), GroupError> {
        let fits = match self.state {
            ClassicState::Dead => return Err(GroupError::CoordinatorNotAvailable),
            ClassicState::Empty => {
                !request.protocol_type.is_empty() && !request.protocols.is_empty()
            }
            _ => {
                let mut names = request.protocols.iter().map(|(name, _)| name);
                self.protocol_type.as_ref() == Some(&request.protocol_type)
                    && names.any(|name| self.members.all_support(name))
            }
        };
        if fits { Ok(()) } else { Err(GroupError::InconsistentGroupProtocol) }
    }

    fn join_as_new(&mut self, step: &mut Step, from: Token, caller: &Caller, request: &Join) {
        let stem = request.instance_id.as_ref().unwrap_or(&caller.client_id);
        let member_id = new_member_id(step, stem);
        let known = request.instance_id.as_ref().and_then(|id| self.members.of_instance(id));
        if let Some(old) = known.cloned() {
            self.replace_instance(step, from, request, &old, &member_id);
        } else if request.instance_id.is_none() && request.requires_known_member_id {
            let until = step.context.now + duration(request.session_timeout_ms);
            step.timer(TimerKey::PendingMember(Arc::clone(&member_id)), Some(until));
            step.refuse_join(from, &member_id, GroupError::MemberIdRequired);
            self.pending.insert(member_id);
        } else {
            self.add_member(step, from, caller, request, member_id);
        }
    }

    fn join_again(&mut self, step: &mut Step, from: Token, caller: &Caller, request: &Join) {
        let member_id = &request.member_id;
        // An id that was given away belongs to no instance: that falls through to the check.
        if self.pending.contains(member_id) && request.instance_id.is_none() {
            self.add_member(step, from, caller, request, Arc::clone(member_id));
            return;
        }
        if let Err(error) = self.members.check(member_id, request.instance_id.as_ref()) {
            step.refuse_join(from, member_id, error);
            return;
        }
        let same = self.members.get(member_id).is_some_and(|member| {
            member.protocols == request.protocols // the order counts
        });
        let leads = self.members.is_leader(member_id);
        match self.state {
            // Its answer was lost: it is told again.
            ClassicState::CompletingRebalance if same => {
                let members = if leads { self.joined_members() } else { Vec::new() };
                step.joined(from, self.joined(member_id, members));
            }
            // The leader may know of a change that its metadata do not show, like more partitions.
            ClassicState::Stable if same && !leads => {
                step.joined(from, self.joined(member_id, Vec::new()));
            }
            ClassicState::PreparingRebalance
            | ClassicState::CompletingRebalance
            | ClassicState::Stable => {
                self.update_member(step, from, request, member_id);
                self.rebalance_or_complete(step);
            }
            ClassicState::Empty | ClassicState::Dead => {
                step.refuse_join(from, member_id, GroupError::UnknownMemberId);
            }
        }
    }

    fn add_member(
        &mut self,
        step: &mut Step,
        from: Token,
        caller: &Caller,
        request: &Join,
        member_id: Arc<str>,
    ) {
        if self.pending.remove(&member_id) {
            step.timer(TimerKey::PendingMember(Arc::clone(&member_id)), None);
        }
        if let Some(initial) = &mut self.initial {
            initial.grown = true;
        }
        if self.members.is_empty() {
            self.protocol_type = Some(Arc::clone(&request.protocol_type));
        }
        self.members.add(Arc::clone(&member_id), Member::joining(caller, request, from));
        self.keep_alive_for(step, &member_id, NEW_MEMBER_WAIT);
        self.rebalance_or_complete(step);
    }

    /// What a member says of itself when it joins again. Its JoinGroup that still waits is over,
    /// for its client has given it up.
    pub(super) fn update_member(
        &mut self,
        step: &mut Step,
        from: Token,
        request: &Join,
        member_id: &Arc<str>,
    ) {
        self.members.set_protocols(member_id, own_protocols(&request.protocols));
        if let Some(member) = self.members.get_mut(member_id) {
            member.rebalance_timeout_ms = request.rebalance_timeout_ms;
            member.session_timeout_ms = request.session_timeout_ms;
        }
        if let Some(before) = self.members.set_joining(member_id, Some(from)) {
            step.refuse_join(before, member_id, GroupError::RebalanceInProgress);
        }
    }

    /// The answer to a member of the present generation.
    pub(super) fn joined(&self, member_id: &Arc<str>, members: Vec<JoinedMember>) -> Joined {
        Joined {
            error: None,
            member_id: Arc::clone(member_id),
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            leader: self.members.leader().cloned().unwrap_or_default(),
            skip_assignment: false,
            members,
        }
    }

    /// Everybody, as the leader hears of it.
    pub(super) fn joined_members(&self) -> Vec<JoinedMember> {
        let protocol = self.protocol.as_deref().unwrap_or_default();
        let members = self.members.iter().map(|(id, member)| JoinedMember {
            member_id: Arc::clone(id),
            instance_id: member.instance_id.clone(),
            metadata: member.metadata(protocol),
        });
        members.collect()
    }
}

/// The client's id, or the instance's, and something that was never there before.
fn new_member_id(step: &mut Step, stem: &str) -> Arc<str> {
    let mut random = [0; 16];
    step.context.rng.fill(&mut random);
    let end = stem.floor_char_boundary(PLAIN_TEXT_BYTES_MAX - MEMBER_ID_SUFFIX_BYTES);
    let unique = Builder::from_random_bytes(random).into_uuid();
    Arc::from(format!("{}-{unique}", &stem[..end]))
}
