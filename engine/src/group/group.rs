//! A group: its offsets, its members if it has any, and what may be asked of it when. Core-local.
//!
//! Kafka's rules between the kinds of groups. A group without members that anybody asks for is one
//! as soon as an offset is committed for it; it ends when it is deleted or its last offset expires.

use std::sync::Arc;

use super::answer::{Answer, ListedGroup};
use super::membership::{Membership, not_found};
use super::offsets::OffsetTable;
use super::request::{Caller, Commit, FetchOffsets, Request};
use super::{Context, Effect, Effects, Event, GroupError, TimerKey, Token};
use crate::record::offsets_topic::GroupRecord;

/// One group.
#[derive(Debug)]
pub struct Group {
    pub(super) id: Arc<str>,
    pub(super) offsets: OffsetTable,
    pub(super) membership: Membership,
    /// An offset was committed, and the group was not deleted since.
    pub(super) has_committed: bool,
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
                let found = self.found().and_then(|()| self.membership.describe(&self.id));
                said(from, Answer::Describe(found))
            }
            Request::DescribeConsumer => {
                let described = self.membership.describe_consumer(context);
                let described = described.ok_or_else(|| self.not_a_consumer_group());
                said(from, Answer::DescribeConsumer(described))
            }
            Request::ConsumerHeartbeat(beat) => self.beat(context, from, caller, &beat),
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
        if let Err(error) = self.found().and_then(|()| self.membership.may_delete_offsets()) {
            return said(from, Answer::DeleteOffsets(Err(error)));
        }
        let in_use = |topic: &str| self.membership.is_subscribed_to(topic);
        let (answer, mut effects) = self.offsets.delete(&self.id, partitions, &in_use);
        effects.push(Effect::Answer { to: from, answer: Answer::DeleteOffsets(Ok(answer)) });
        effects
    }

    fn delete(&mut self, context: &mut Context<'_>, from: Token) -> Effects {
        if let Err(error) = self.found().and_then(|()| self.membership.may_delete()) {
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

    fn found(&self) -> Result<(), GroupError> {
        if self.exists() { Ok(()) } else { Err(not_found(&self.id)) }
    }

    pub(super) fn not_a_consumer_group(&self) -> GroupError {
        match self.exists() {
            true => GroupError::GroupIdNotFound(
                format!("Group {} is not a consumer group.", self.id).into(),
            ),
            false => not_found(&self.id),
        }
    }
}

pub(super) fn said(to: Token, answer: Answer) -> Effects {
    Effects::from_iter([Effect::Answer { to, answer }])
}

#[cfg(test)]
#[path = "group_test.rs"]
mod group_test;
