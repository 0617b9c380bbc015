//! Members of a consumer group that speak the classic protocol: a group on its way from one
//! protocol to the other (KIP-848). To them a member epoch is a generation, the group never waits
//! for anybody to join, and the assignment is the broker's.
//!
//! What the consumer protocol says in one heartbeat takes them three requests: Heartbeat tells them
//! to rejoin, JoinGroup says what they want and own and takes them to the next epoch, SyncGroup
//! tells what they have.

use std::sync::Arc;

use bytes::Bytes;

use super::group::{ConsumerGroup, millis};
use super::known::Member;
use super::owned;
use super::reconcile::{MemberState, waits_for_others};
use super::subscribe::Wish;
use crate::group::answer::{Answer, Joined, Left, Synced};
use crate::group::consumer_protocol::{
    NamedPartitions, PROTOCOL_TYPE, Subscription, assignment_bytes,
};
use crate::group::request::{Caller, Heartbeat, Join, Leaving, Sync};
use crate::group::{Context, Effect, Effects, GroupError, MigrationPolicy, TimerKey, Token};
use crate::metadata::{Image, uuid_text};
use crate::record::offsets_topic::{ClassicMetadata, TopicPartitions};
use crate::runtime::random_uuid_from;

/// What a member that joins brought, read.
struct Joining<'a> {
    request: &'a Join,
    subscription: Subscription,
    classic: ClassicMetadata,
    owned: Vec<TopicPartitions>,
}

impl ConsumerGroup {
    /// JoinGroup of a member that speaks the classic protocol.
    pub fn join(
        &mut self,
        context: &mut Context<'_>,
        from: Token,
        caller: &Caller,
        request: &Join,
    ) -> Effects {
        let mut effects = Effects::new();
        let joined = match self.join_member(context, caller, request, &mut effects) {
            Ok(joined) => joined,
            Err((error, member_id)) => refused(error, member_id),
        };
        effects.push(Effect::Answer { to: from, answer: Answer::Join(joined) });
        effects
    }

    fn join_member(
        &mut self,
        context: &mut Context<'_>,
        caller: &Caller,
        request: &Join,
        effects: &mut Effects,
    ) -> Result<Joined, (GroupError, Arc<str>)> {
        let nobody = |error| (error, Arc::from(""));
        self.check_join(context, request).map_err(nobody)?;
        let unknown = request.member_id.is_empty();
        let member_id = match unknown {
            true => Arc::from(uuid_text(random_uuid_from(context.rng))),
            false => request.member_id.clone(),
        };
        if unknown && request.instance_id.is_none() && request.requires_known_member_id {
            return Err((GroupError::MemberIdRequired, member_id));
        }
        let replaced = self.replaced_by(request).map_err(nobody)?;
        let joining = Joining::read(request, context.image).map_err(nobody)?;

        // From here on nothing is refused any more, so records may be written.
        let downgrade = self.downgrades_when_replaced(context, request);
        if let Some(replaced) = replaced {
            self.replace(effects, &replaced, &member_id);
        }
        self.take_to_target(context, effects, caller, &member_id, &joining, downgrade);
        let joined = self.joined(&member_id, request);
        if downgrade {
            let rebalance = self.known.target_epoch < self.known.epoch;
            self.become_classic(context, effects, &[], rebalance);
        } else {
            self.passing.rejoining.remove(&member_id);
            let session = self.session_timer(context, &member_id);
            let sync = Some(context.now + millis(request.rebalance_timeout_ms));
            effects.push(Effect::Timer { key: TimerKey::MemberJoin(member_id.clone()), at: None });
            effects.push(session);
            effects.push(Effect::Timer { key: TimerKey::MemberSync(member_id), at: sync });
        }
        Ok(joined)
    }

    fn take_to_target(
        &mut self,
        context: &mut Context<'_>,
        effects: &mut Effects,
        caller: &Caller,
        member_id: &Arc<str>,
        joining: &Joining<'_>,
        downgrade: bool,
    ) {
        let no_pattern = Arc::from("");
        let wish = joining.wish(caller, &no_pattern);
        let resubscribed = self.subscribe(context, effects, member_id, &wish);
        if !downgrade {
            self.retarget(context, effects);
        } else if self.known.target_epoch < self.known.epoch {
            return; // the classic group that it becomes rebalances
        }
        self.reconcile(context, effects, member_id, resubscribed, Some(&joining.owned));
    }

    fn joined(&self, member_id: &Arc<str>, request: &Join) -> Joined {
        let epoch = self.known.members.get(member_id).map_or(-1, |member| member.has.member_epoch);
        Joined {
            error: None,
            member_id: member_id.clone(),
            generation: epoch,
            protocol_type: Some(Arc::from(PROTOCOL_TYPE)),
            protocol: request.protocols.first().map(|(name, _)| name.clone()),
            leader: Arc::from(""),
            skip_assignment: false,
            members: Vec::new(),
        }
    }

    /// What may be said without looking for the member.
    fn check_join(&self, context: &Context<'_>, request: &Join) -> Result<(), GroupError> {
        let settings = context.settings;
        let sessions = settings.session_timeout_min_ms..=settings.session_timeout_max_ms;
        if !sessions.contains(&request.session_timeout_ms) {
            return Err(GroupError::InvalidSessionTimeout);
        }
        if settings.migration == MigrationPolicy::Disabled {
            return Err(GroupError::InconsistentGroupProtocol);
        }
        self.refuse_beyond_size(context, &request.member_id, request.instance_id.as_ref())?;
        let shared = |name: &Arc<str>| {
            self.tally.classic_protocols.get(name).copied().unwrap_or(0) == self.tally.classic
        };
        let fits = request.protocol_type.as_ref() == PROTOCOL_TYPE
            && request.protocols.iter().any(|(name, _)| shared(name));
        if fits { Ok(()) } else { Err(GroupError::InconsistentGroupProtocol) }
    }

    /// The static member whose place the one that joins takes, unless it is the same.
    fn replaced_by(&self, request: &Join) -> Result<Option<Arc<str>>, GroupError> {
        let Some(instance) = &request.instance_id else { return Ok(None) };
        if !request.member_id.is_empty() {
            return self.static_leaver(instance, &request.member_id).map(|_| None);
        }
        Ok(self.static_member(instance).map(|(id, _)| id.clone()))
    }

    /// SyncGroup of a member that speaks the classic protocol.
    pub fn sync(&mut self, context: &mut Context<'_>, from: Token, request: &Sync) -> Effects {
        let mut effects = Effects::new();
        let answer = self.sync_member(context, request, &mut effects);
        effects.push(Effect::Answer { to: from, answer: Answer::Sync(answer) });
        effects
    }

    fn sync_member(
        &mut self,
        context: &mut Context<'_>,
        request: &Sync,
        effects: &mut Effects,
    ) -> Result<Synced, GroupError> {
        let (id, member) = self.classic_member(&request.member_id, request.instance_id.as_ref())?;
        let (protocol, metadata) = protocol(member);
        check_generation(member, request.generation)?;
        if request.protocol_type.as_ref().is_some_and(|said| said.as_ref() != PROTOCOL_TYPE)
            || request.protocol.as_ref().is_some_and(|said| *said != protocol)
        {
            return Err(GroupError::InconsistentGroupProtocol);
        }
        let behind = member.has.member_epoch < self.known.target_epoch;
        if behind && MemberState::of(&member.has) != MemberState::Unrevoked {
            self.expect_rejoin(context, effects, &id);
            return Err(GroupError::RebalanceInProgress);
        }
        let assigned = named(&owned::plain(&member.has.assigned), context.image);
        let version = Subscription::parse(&metadata).map_or(0, |read| read.version);
        effects.push(Effect::Timer { key: TimerKey::MemberSync(id.clone()), at: None });
        effects.push(self.session_timer(context, &id));
        Ok(Synced {
            protocol_type: request.protocol_type.clone(),
            protocol: request.protocol.clone(),
            assignment: assignment_bytes(version, &assigned),
        })
    }

    /// Heartbeat of a member that speaks the classic protocol. It has to rejoin when there is a
    /// newer target, when it has to give something up, and when it can get what it waited for.
    pub fn classic_heartbeat(
        &mut self,
        context: &mut Context<'_>,
        from: Token,
        request: &Heartbeat,
    ) -> Effects {
        let mut effects = Effects::new();
        let answer = self.classic_beat(context, request, &mut effects);
        effects.push(Effect::Answer { to: from, answer: Answer::Heartbeat(answer) });
        effects
    }

    fn classic_beat(
        &mut self,
        context: &mut Context<'_>,
        request: &Heartbeat,
        effects: &mut Effects,
    ) -> Result<(), GroupError> {
        let (id, member) = self.classic_member(&request.member_id, request.instance_id.as_ref())?;
        check_generation(member, request.generation)?;
        effects.push(self.session_timer(context, &id));
        if self.tally.classic == self.known.members.len() {
            // Else a member of the consumer protocol sees to that. In Kafka nobody but those does,
            // so that a group in which none is left, and that may not turn classic, stands still.
            self.raise_epoch(context, effects, false);
            self.retarget(context, effects);
        }
        if self.has_to_rejoin(&id) {
            self.expect_rejoin(context, effects, &id);
            return Err(GroupError::RebalanceInProgress);
        }
        Ok(())
    }

    fn has_to_rejoin(&self, member_id: &Arc<str>) -> bool {
        let Some(Member { has, .. }) = self.known.members.get(member_id) else { return true };
        let target = self.known.target.get(member_id).map_or(&[][..], Vec::as_slice);
        let waits = || waits_for_others(has, target, |t, p| self.tally.is_free(t, p));
        has.member_epoch < self.known.target_epoch
            || match MemberState::of(has) {
                MemberState::Unrevoked => true,
                MemberState::Unreleased => !waits(),
                MemberState::Stable | MemberState::Unknown => false,
            }
    }

    /// It was told to rejoin, and has its rebalance timeout for that.
    fn expect_rejoin(&mut self, context: &Context<'_>, effects: &mut Effects, id: &Arc<str>) {
        let timeout = self.known.members.get(id).map_or(0, |m| m.wish.rebalance_timeout_ms);
        if self.passing.rejoining.insert(id.clone()) {
            let at = Some(context.now + millis(timeout));
            effects.push(Effect::Timer { key: TimerKey::MemberJoin(id.clone()), at });
        }
    }

    /// LeaveGroup: members of either protocol, by id or by `group.instance.id`.
    pub fn leave_group(
        &mut self,
        context: &mut Context<'_>,
        from: Token,
        leaving: &[Leaving],
    ) -> Effects {
        let mut effects = Effects::new();
        let mut gone = Vec::new();
        let left = leaving.iter().map(|who| {
            let found = self.leaver(who);
            let error = found.as_ref().err().cloned();
            gone.extend(found.ok());
            let (member_id, instance_id) = (who.member_id.clone(), who.instance_id.clone());
            Left { member_id, instance_id, error }
        });
        let answer = Answer::Leave(Ok(left.collect()));
        gone.sort_unstable();
        gone.dedup();
        self.remove(context, &mut effects, &gone);
        effects.push(Effect::Answer { to: from, answer });
        effects
    }

    fn leaver(&self, who: &Leaving) -> Result<Arc<str>, GroupError> {
        match &who.instance_id {
            None if self.known.members.contains_key(&who.member_id) => Ok(who.member_id.clone()),
            None => Err(GroupError::UnknownMemberId),
            // An administrator removes a static member without knowing its id.
            Some(instance) if who.member_id.is_empty() => {
                let found = self.static_member(instance).map(|(id, _)| id.clone());
                found.ok_or(GroupError::UnknownMemberId)
            }
            Some(instance) => self.static_leaver(instance, &who.member_id),
        }
    }

    fn classic_member(
        &self,
        member_id: &Arc<str>,
        instance: Option<&Arc<str>>,
    ) -> Result<(Arc<str>, &Member), GroupError> {
        if let Some(instance) = instance {
            self.static_leaver(instance, member_id)?;
        }
        let member = self.known.members.get(member_id).ok_or(GroupError::UnknownMemberId)?;
        match member.wish.classic {
            Some(_) => Ok((member_id.clone(), member)),
            None => Err(GroupError::UnknownMemberId),
        }
    }
}

impl<'a> Joining<'a> {
    fn read(request: &'a Join, image: &Image) -> Result<Joining<'a>, GroupError> {
        let malformed = GroupError::InconsistentGroupProtocol;
        let (_, metadata) = request.protocols.first().ok_or(malformed.clone())?;
        let subscription = Subscription::parse(metadata).ok_or(malformed)?;
        let owned = subscription.owned.iter().filter_map(|named| {
            let topic = image.topic(&named.topic)?.id;
            Some(TopicPartitions { topic, partitions: named.partitions.clone() })
        });
        let classic = ClassicMetadata {
            session_timeout_ms: request.session_timeout_ms,
            protocols: request.protocols.clone(),
        };
        Ok(Joining { request, owned: owned.collect(), subscription, classic })
    }

    fn wish(&'a self, caller: &'a Caller, no_pattern: &'a Arc<str>) -> Wish<'a> {
        Wish {
            caller,
            instance_id: self.request.instance_id.as_ref(),
            rack_id: self.subscription.rack.as_ref(),
            rebalance_timeout_ms: self.request.rebalance_timeout_ms,
            topics: Some(&self.subscription.topics),
            pattern: Some(no_pattern),
            assignor: None,
            classic: Some(&self.classic),
        }
    }
}

fn refused(error: GroupError, member_id: Arc<str>) -> Joined {
    Joined {
        error: Some(error),
        member_id,
        generation: -1,
        protocol_type: None,
        protocol: None,
        leader: Arc::from(""),
        skip_assignment: false,
        members: Vec::new(),
    }
}

fn check_generation(member: &Member, generation: i32) -> Result<(), GroupError> {
    let same = member.has.member_epoch == generation;
    if same { Ok(()) } else { Err(GroupError::IllegalGeneration) }
}

/// The protocol that a member was told, the first it brought, and its metadata.
fn protocol(member: &Member) -> (Arc<str>, Bytes) {
    let first = member.wish.classic.as_ref().and_then(|classic| classic.protocols.first());
    first.cloned().unwrap_or_default()
}

/// Partitions by the names of their topics; topics that are gone are left out.
pub(super) fn named(partitions: &[TopicPartitions], image: &Image) -> Vec<NamedPartitions> {
    let named = |of: &TopicPartitions| {
        let topic = image.topic_by_id(of.topic)?.name.clone();
        Some(NamedPartitions { topic, partitions: of.partitions.clone() })
    };
    partitions.iter().filter_map(named).collect()
}
