//! The way into the classic protocol and out of it: a group that changes its protocol takes its
//! members along (KIP-848, online migration), and one that changes its coordinator leaves them.

use std::sync::Arc;

use bytes::Bytes;

use super::group::ClassicGroup;
use super::member::{Member, Session};
use super::state::ClassicState;
use super::step::Step;
use crate::group::consumer_protocol::PROTOCOL_TYPE;
use crate::group::{Context, Effects, GroupError, TimerKey};

/// A member as it is taken along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassicMember {
    /// Its id.
    pub member_id: Arc<str>,
    /// `group.instance.id` of a static member.
    pub instance_id: Option<Arc<str>>,
    /// `client.id`.
    pub client_id: Arc<str>,
    /// Address it came from.
    pub client_host: Arc<str>,
    /// Milliseconds it may take to rejoin.
    pub rebalance_timeout_ms: i32,
    /// Milliseconds it may be silent.
    pub session_timeout_ms: i32,
    /// Protocols it can do with its metadata for each, best first.
    pub protocols: Vec<(Arc<str>, Bytes)>,
    /// What it has.
    pub assignment: Bytes,
}

impl ClassicGroup {
    /// A stable group of consumers. Its sessions begin with [`ClassicGroup::converted`].
    pub fn of_members(
        id: Arc<str>,
        generation: i32,
        wall: i64,
        members: Vec<ClassicMember>,
    ) -> Self {
        let mut group = ClassicGroup::new(id);
        group.state = ClassicState::Stable;
        group.state_timestamp = wall;
        group.generation = generation;
        group.protocol_type = Some(Arc::from(PROTOCOL_TYPE));
        for member in members {
            let member_id = Arc::clone(&member.member_id);
            group.members.add(member_id, taken_along(member));
        }
        group.protocol = group.members.vote();
        group.subscribed = group.subscribed_topics();
        group
    }

    /// The members, to take along.
    pub fn members(&self) -> Vec<ClassicMember> {
        let members = self.members.iter().map(|(id, member)| ClassicMember {
            member_id: Arc::clone(id),
            instance_id: member.instance_id.clone(),
            client_id: Arc::clone(&member.client_id),
            client_host: Arc::clone(&member.client_host),
            rebalance_timeout_ms: member.rebalance_timeout_ms,
            session_timeout_ms: member.session_timeout_ms,
            protocols: member.protocols.clone(),
            assignment: member.assignment.clone(),
        });
        members.collect()
    }

    /// After a change into this protocol: writes the group and begins its sessions.
    /// With `rebalance` what the members have is old: they join again.
    pub fn converted(&mut self, context: &mut Context, rebalance: bool) -> Effects {
        let mut step = Step::new(context);
        self.record(&mut step);
        self.begin_sessions(&mut step);
        if rebalance {
            self.prepare_rebalance(&mut step);
        }
        step.finish()
    }

    /// The group is not here any more: everybody who waits is told why, and no timer is left.
    pub fn close(&mut self, context: &mut Context, why: &GroupError) -> Effects {
        let mut step = Step::new(context);
        let ids: Vec<Arc<str>> = self.members.iter().map(|(id, _)| Arc::clone(id)).collect();
        for member_id in ids {
            if let Some(from) = self.members.set_joining(&member_id, None) {
                step.refuse_join(from, &member_id, why.clone());
            }
            let Some(member) = self.members.get_mut(&member_id) else { continue };
            if let Some(from) = member.syncing.take() {
                step.synced(from, Err(why.clone()));
            }
            if member.session.timer.take().is_some() {
                step.timer(TimerKey::Session(member_id), None);
            }
        }
        for member_id in std::mem::take(&mut self.pending) {
            step.timer(TimerKey::PendingMember(member_id), None);
        }
        for (key, ends) in
            [(TimerKey::Join, &mut self.join_ends), (TimerKey::Sync, &mut self.sync_ends)]
        {
            if ends.take().is_some() {
                step.timer(key, None);
            }
        }
        self.enter(&step, ClassicState::Dead);
        step.finish()
    }
}

fn taken_along(member: ClassicMember) -> Member {
    Member {
        instance_id: member.instance_id,
        client_id: member.client_id,
        client_host: member.client_host,
        rebalance_timeout_ms: member.rebalance_timeout_ms,
        session_timeout_ms: member.session_timeout_ms,
        protocols: member.protocols,
        assignment: member.assignment,
        joining: None,
        syncing: None,
        is_new: false,
        session: Session::default(),
    }
}
