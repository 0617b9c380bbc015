//! What stands in the log of a classic group: its record, replay, and the start after a load.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::group::ClassicGroup;
use super::member::{Member, Session};
use super::state::ClassicState;
use super::step::Step;
use super::subscription::SubscribedTopics;
use crate::group::{Context, Effects, GroupError, TimerKey};
use crate::record::offsets_topic::{ClassicGroupValue, ClassicMemberValue, GroupRecord};

impl ClassicGroup {
    /// What the group is now, as its record says it.
    pub fn value(&self) -> ClassicGroupValue {
        let protocol = self.protocol.as_deref().unwrap_or_default();
        let members = self.members.iter().map(|(id, member)| ClassicMemberValue {
            member_id: Arc::clone(id),
            instance_id: member.instance_id.clone(),
            client_id: Arc::clone(&member.client_id),
            client_host: Arc::clone(&member.client_host),
            rebalance_timeout_ms: member.rebalance_timeout_ms,
            session_timeout_ms: member.session_timeout_ms,
            subscription: member.metadata(protocol),
            assignment: member.assignment.clone(),
        });
        ClassicGroupValue {
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            generation: self.generation,
            protocol: self.protocol.clone(),
            leader: self.members.leader().cloned(),
            state_timestamp: self.state_timestamp,
            members: members.collect(),
        }
    }

    pub(super) fn record(&mut self, step: &mut Step) {
        self.recorded = true;
        let (group, value) = (Arc::clone(&self.id), Some(self.value()));
        step.append(GroupRecord::Classic { group, value });
    }

    /// A group that somebody is joining is written before it has a generation.
    pub(super) fn record_creation(&mut self, step: &mut Step) {
        self.recorded = true;
        let value = ClassicGroupValue {
            state_timestamp: step.context.wall,
            ..ClassicGroupValue::default()
        };
        let group = Arc::clone(&self.id);
        step.append(GroupRecord::Classic { group, value: Some(value) });
    }

    /// Deletes an empty group: DeleteGroups, or when its last offset is gone. Ids that were given
    /// away are forgotten.
    ///
    /// # Errors
    /// As [`ClassicGroup::may_delete`]: nothing has happened then.
    pub fn delete(&mut self, context: &mut Context) -> Result<Effects, GroupError> {
        self.may_delete()?;
        let mut step = Step::new(context);
        for member_id in std::mem::take(&mut self.pending) {
            step.timer(TimerKey::PendingMember(member_id), None);
        }
        if self.recorded {
            step.append(GroupRecord::Classic { group: Arc::clone(&self.id), value: None });
        }
        *self = ClassicGroup::new(Arc::clone(&self.id));
        Ok(step.finish())
    }

    /// Takes in a record: all that was before is forgotten. `None`: a tombstone.
    pub fn replay(&mut self, value: Option<&ClassicGroupValue>) {
        *self = ClassicGroup::new(Arc::clone(&self.id));
        let Some(value) = value else { return };
        self.recorded = true;
        self.state_timestamp = value.state_timestamp;
        self.generation = value.generation;
        self.protocol = value.protocol.clone();
        self.protocol_type =
            Some(&value.protocol_type).filter(|protocol_type| !protocol_type.is_empty()).cloned();
        for member in &value.members {
            self.members.remove(&member.member_id); // one that stands there twice
            self.members.add(Arc::clone(&member.member_id), loaded(value, member));
        }
        if let Some(leader) = &value.leader {
            self.members.lead(leader);
        }
        if !self.members.is_empty() {
            self.state = ClassicState::Stable;
        }
        self.subscribed = self.subscribed_topics();
    }

    /// After a load: sessions begin now. A group that is too large for the settings rebalances, so
    /// that its members can commit before some of them have to go.
    pub fn loaded(&mut self, context: &mut Context) -> Effects {
        let mut step = Step::new(context);
        self.begin_sessions(&mut step);
        if self.members.len() > step.context.settings.members_max {
            self.prepare_rebalance(&mut step);
        }
        step.finish()
    }

    pub(super) fn begin_sessions(&mut self, step: &mut Step) {
        let ids: Vec<Arc<str>> = self.members.iter().map(|(id, _)| Arc::clone(id)).collect();
        for member_id in &ids {
            self.keep_alive(step, member_id);
        }
    }

    /// What the consumers of this generation read. `None`: they are no consumers, or there is no
    /// generation, or one of them cannot be read.
    pub(super) fn subscribed_topics(&self) -> Option<BTreeSet<Arc<str>>> {
        if !self.uses_consumer_protocol() {
            return None;
        }
        let mut all = SubscribedTopics::default();
        for (_, member) in self.members.iter() {
            all.add(&member.metadata(self.protocol.as_deref()?))?;
        }
        Some(all.into_topics())
    }
}

fn loaded(group: &ClassicGroupValue, value: &ClassicMemberValue) -> Member {
    Member {
        instance_id: value.instance_id.clone(),
        client_id: Arc::clone(&value.client_id),
        client_host: Arc::clone(&value.client_host),
        rebalance_timeout_ms: value.rebalance_timeout_ms,
        session_timeout_ms: value.session_timeout_ms,
        // The others are not written: a member that knows more joins as one that changed.
        protocols: vec![(group.protocol.clone().unwrap_or_default(), value.subscription.clone())],
        assignment: value.assignment.clone(),
        joining: None,
        syncing: None,
        is_new: false,
        session: Session::default(),
    }
}
