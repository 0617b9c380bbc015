//! A group: its offsets, its members if it has any, and what may be asked of it when. Core-local.
//!
//! Kafka's rules between the kinds of groups. A group without members that anybody asks for is one
//! as soon as an offset is committed for it; it ends when it is deleted or its last offset expires.

use std::sync::Arc;

use super::answer::{Answer, Left, ListedGroup};
use super::classic::ClassicGroup;
use super::consumer::ConsumerGroup;
use super::membership::{Membership, not_found};
use super::migrate;
use super::offsets::OffsetTable;
use super::request::{
    Caller, Commit, ConsumerHeartbeat, FetchOffsets, Heartbeat, Join, Leaving, Request, Sync,
};
use super::{Context, Effect, Effects, Event, GroupError, TimerKey, Token};
use crate::record::ProducerId;
use crate::record::offsets_topic::GroupRecord;

/// One group.
#[derive(Debug)]
pub struct Group {
    id: Arc<str>,
    offsets: OffsetTable,
    membership: Membership,
    /// An offset was committed, and the group was not deleted since.
    has_committed: bool,
}

impl Group {
    /// A group that nobody has joined or committed to; see [`Group::exists`].
    pub fn new(id: Arc<str>) -> Group {
        let (offsets, membership) = (OffsetTable::default(), Membership::None);
        Group { id, offsets, membership, has_committed: false }
    }

    /// Whether there is such a group for those who ask. One that there is not may be dropped.
    pub fn exists(&self) -> bool {
        self.has_committed || self.membership.is_some()
    }

    /// Whether the group wants to hear of new metadata images.
    pub fn follows_images(&self) -> bool {
        false
    }

    /// Takes what happened, says what is to be done.
    pub fn step(&mut self, context: &mut Context<'_>, event: Event) -> Effects {
        match event {
            Event::Request { from, caller, request } => {
                self.request(context, from, &caller, request)
            }
            Event::Timer(TimerKey::Offsets) => self.expire(context),
            Event::Timer(key) => match &mut self.membership {
                Membership::Classic(group) => group.timer(context, &key),
                Membership::Consumer(group) => {
                    let effects = group.timer(context, &key);
                    self.settle(context, effects)
                }
                Membership::None => Effects::new(),
            },
            Event::Image => Effects::new(),
            Event::TopicsDeleted(topics) => {
                let gone = topics.iter();
                gone.flat_map(|(name, id)| self.offsets.delete_topic(&self.id, name, *id)).collect()
            }
        }
    }

    fn request(
        &mut self,
        context: &mut Context<'_>,
        from: Token,
        caller: &Caller,
        request: Request,
    ) -> Effects {
        match request {
            Request::Join(join) => self.join(context, from, caller, &join),
            Request::Sync(sync) => self.sync(context, from, &sync),
            Request::Heartbeat(heartbeat) => self.heartbeat(context, from, &heartbeat),
            Request::Leave(leaving) => self.leave(context, from, &leaving),
            Request::Commit(commit) => self.commit(context, from, &commit),
            Request::FetchOffsets(fetch) => said(from, self.fetch(&fetch)),
            Request::DeleteOffsets(partitions) => self.delete_offsets(from, &partitions),
            Request::Delete => self.delete(context, from),
            Request::Describe => {
                let found = if self.exists() { Ok(()) } else { Err(not_found(&self.id)) };
                said(
                    from,
                    Answer::Describe(found.and_then(|()| self.membership.describe(&self.id))),
                )
            }
            Request::DescribeConsumer => {
                let described = self.membership.describe_consumer(context);
                let described = described.ok_or_else(|| self.not_a_consumer_group());
                said(from, Answer::DescribeConsumer(described))
            }
            Request::ConsumerHeartbeat(beat) => self.beat(context, from, caller, &beat),
        }
    }

    fn beat(
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
    fn settle(&mut self, context: &mut Context<'_>, mut effects: Effects) -> Effects {
        if let Membership::Consumer(group) = &mut self.membership
            && let Some(left) = group.downgraded()
        {
            let (classic, more) = migrate::downgrade(context, &self.id, left);
            self.membership = Membership::Classic(Box::new(classic));
            effects.extend(more);
        }
        effects
    }

    fn join(
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

    fn sync(&mut self, context: &mut Context<'_>, from: Token, sync: &Sync) -> Effects {
        match &mut self.membership {
            Membership::Classic(group) => group.sync(context, from, sync),
            Membership::Consumer(group) => group.sync(context, from, sync),
            Membership::None => said(from, Answer::Sync(Err(GroupError::UnknownMemberId))),
        }
    }

    fn heartbeat(
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

    fn leave(&mut self, context: &mut Context<'_>, from: Token, leaving: &[Leaving]) -> Effects {
        match &mut self.membership {
            Membership::Classic(group) => group.leave(context, from, leaving),
            Membership::Consumer(group) => {
                let effects = group.leave_group(context, from, leaving);
                self.settle(context, effects)
            }
            Membership::None => said(from, Answer::Leave(Ok(nobody_left(leaving)))),
        }
    }

    fn commit(&mut self, context: &mut Context<'_>, from: Token, commit: &Commit) -> Effects {
        if let Err(error) = self.membership.may_commit(&self.id, commit, self.exists()) {
            let refused = commit.offsets.iter().map(|wanted| (wanted.index, Err(error.clone())));
            return said(from, Answer::Commit(refused.collect()));
        }
        let mut refused = self.membership.refused(context, commit);
        let mut effects = self.membership.committed(context, commit);
        let (mut answer, records) = match refused.is_empty() {
            true => self.offsets.commit(context, &self.id, commit),
            false => {
                let mut taken = commit.clone();
                taken.offsets.retain(|of| refused.iter().all(|(index, _)| *index != of.index));
                self.offsets.commit(context, &self.id, &taken)
            }
        };
        self.has_committed |= refused.is_empty() || !answer.is_empty();
        effects.extend(records);
        answer.append(&mut refused);
        effects.push(Effect::Answer { to: from, answer: Answer::Commit(answer) });
        effects
    }

    /// Nothing is committed for a group that there is not, which is no error.
    fn fetch(&self, fetch: &FetchOffsets) -> Answer {
        let allowed = self.membership.may_fetch(fetch);
        Answer::FetchOffsets(allowed.map(|()| self.offsets.fetch(fetch)))
    }

    fn delete_offsets(&mut self, from: Token, partitions: &[(Arc<str>, i32)]) -> Effects {
        let found = if self.exists() { Ok(()) } else { Err(not_found(&self.id)) };
        if let Err(error) = found.and_then(|()| self.membership.may_delete_offsets()) {
            return said(from, Answer::DeleteOffsets(Err(error)));
        }
        let in_use = |topic: &str| self.membership.is_subscribed_to(topic);
        let (answer, mut effects) = self.offsets.delete(&self.id, partitions, &in_use);
        effects.push(Effect::Answer { to: from, answer: Answer::DeleteOffsets(Ok(answer)) });
        effects
    }

    fn delete(&mut self, context: &mut Context<'_>, from: Token) -> Effects {
        let found = if self.exists() { Ok(()) } else { Err(not_found(&self.id)) };
        if let Err(error) = found.and_then(|()| self.membership.may_delete()) {
            return said(from, Answer::Delete(Err(error)));
        }
        let mut effects = self.offsets.delete_all(&self.id);
        effects.extend(self.end(context));
        effects.push(Effect::Answer { to: from, answer: Answer::Delete(Ok(())) });
        effects
    }

    /// An empty group ends: nothing of it is left, in the log as well.
    fn end(&mut self, context: &mut Context<'_>) -> Effects {
        self.has_committed = false;
        match std::mem::replace(&mut self.membership, Membership::None) {
            Membership::Classic(mut group) => group.delete(context).unwrap_or_default(),
            Membership::Consumer(group) => {
                group.tombstones().into_iter().map(Effect::Append).collect()
            }
            Membership::None => {
                let tombstone = GroupRecord::Classic { group: self.id.clone(), value: None };
                Effects::from_iter([Effect::Append(tombstone)])
            }
        }
    }

    /// Drops offsets whose time has passed, and with the last of them a group that is empty.
    fn expire(&mut self, context: &mut Context<'_>) -> Effects {
        let in_use = |topic: &str| self.membership.is_subscribed_to(topic);
        let expiry = self.membership.expiry();
        let mut effects = self.offsets.expire(context, &self.id, expiry, &in_use);
        if self.exists() && self.offsets.is_empty() && self.membership.may_delete().is_ok() {
            effects.extend(self.end(context));
        }
        effects
    }

    /// As ListGroups tells of it.
    pub fn listed(&self) -> ListedGroup {
        self.membership.listed(&self.id)
    }

    /// Takes in a record of the log.
    pub fn replay(&mut self, record: GroupRecord) {
        match record {
            GroupRecord::Offset { topic, partition, value, .. } => {
                self.has_committed |= value.is_some();
                self.offsets.replay(&topic, partition, value);
            }
            GroupRecord::Classic { value: Some(value), .. } => {
                let mut group = ClassicGroup::new(self.id.clone());
                group.replay(Some(&value));
                self.membership = Membership::Classic(Box::new(group));
            }
            GroupRecord::Classic { value: None, .. } => {
                if !matches!(self.membership, Membership::Consumer(_)) {
                    self.replay_end_of_members();
                }
            }
            GroupRecord::Epoch { value: None, .. } => {
                if matches!(self.membership, Membership::Consumer(_)) {
                    self.replay_end_of_members();
                }
            }
            record => self.replay_consumer(&record),
        }
    }

    fn replay_end_of_members(&mut self) {
        self.membership = Membership::None;
        self.has_committed = !self.offsets.is_empty();
    }

    /// A record of a consumer group. What removes something from one that there is not is of one
    /// that was compacted away.
    fn replay_consumer(&mut self, record: &GroupRecord) {
        if let Membership::Consumer(group) = &mut self.membership {
            group.replay(record);
        } else if !record.is_tombstone() {
            let mut group = Box::new(ConsumerGroup::new(self.id.clone()));
            group.replay(record);
            self.membership = Membership::Consumer(group);
        }
    }

    /// Takes in a record that stands in a transaction.
    pub fn replay_open(&mut self, producer: ProducerId, record: GroupRecord) {
        match record {
            GroupRecord::Offset { topic, partition, value, .. } => {
                self.has_committed |= value.is_some();
                self.offsets.replay_open(producer, &topic, partition, value);
            }
            record => self.replay(record),
        }
    }

    /// A transaction has ended.
    pub fn replay_end(&mut self, producer: ProducerId, committed: bool) {
        self.offsets.replay_end(producer, committed);
    }

    /// Everything has been replayed: a group of which nothing is left is none; the others set their
    /// timers.
    pub fn loaded(&mut self, context: &mut Context<'_>) -> Effects {
        self.has_committed &= !self.offsets.is_empty();
        match &mut self.membership {
            Membership::Classic(group) => group.loaded(context),
            Membership::Consumer(group) => group.loaded(context),
            Membership::None => Effects::new(),
        }
    }

    fn not_a_consumer_group(&self) -> GroupError {
        match self.exists() {
            true => GroupError::GroupIdNotFound(
                format!("Group {} is not a consumer group.", self.id).into(),
            ),
            false => not_found(&self.id),
        }
    }
}

fn said(to: Token, answer: Answer) -> Effects {
    Effects::from_iter([Effect::Answer { to, answer }])
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

#[cfg(test)]
#[path = "group_test.rs"]
mod group_test;
