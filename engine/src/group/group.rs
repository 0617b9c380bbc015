//! A group: its offsets, its members if it has any, and what may be asked of it when. Core-local.
//!
//! Kafka's rules between the kinds of groups. A group without members that anybody asks for is one
//! as soon as an offset is committed for it; it ends when it is deleted or its last offset expires.

use std::sync::Arc;

use super::answer::{Answer, DescribedGroup, Joined, Left, ListedGroup};
use super::offsets::{Expiry, OffsetTable};
use super::request::{Caller, Commit, FetchOffsets, Leaving, Request};
use super::{Context, Effect, Effects, Event, GroupError, TimerKey, Token};
use crate::record::ProducerId;
use crate::record::offsets_topic::GroupRecord;

/// One group.
#[derive(Debug)]
pub struct Group {
    id: Arc<str>,
    offsets: OffsetTable,
    /// An offset was committed, and the group was not deleted since.
    has_committed: bool,
}

impl Group {
    /// A group that nobody has joined or committed to; see [`Group::exists`].
    pub fn new(id: Arc<str>) -> Group {
        Group { id, offsets: OffsetTable::default(), has_committed: false }
    }

    /// Whether there is such a group for those who ask. One that there is not may be dropped.
    pub fn exists(&self) -> bool {
        self.has_committed
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
            Event::Timer(_) | Event::Image => Effects::new(),
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
        _caller: &Caller,
        request: Request,
    ) -> Effects {
        let unknown = || GroupError::UnknownMemberId;
        let (answer, mut effects) = match request {
            Request::Commit(commit) => self.commit(context, &commit),
            Request::FetchOffsets(fetch) => (self.fetch(&fetch), Effects::new()),
            Request::DeleteOffsets(partitions) => self.delete_offsets(&partitions),
            Request::Delete => self.delete(),
            Request::Describe => (Answer::Describe(self.describe()), Effects::new()),
            Request::DescribeConsumer => {
                (Answer::DescribeConsumer(Err(self.not_a("consumer"))), Effects::new())
            }
            Request::Join(join) => {
                (Answer::Join(refused(join.member_id, unknown())), Effects::new())
            }
            Request::Sync(_) => (Answer::Sync(Err(unknown())), Effects::new()),
            Request::Heartbeat(_) => (Answer::Heartbeat(Err(unknown())), Effects::new()),
            Request::Leave(members) => (leave(members), Effects::new()),
            Request::ConsumerHeartbeat(_) => {
                (Answer::ConsumerHeartbeat(Err(self.not_a("consumer"))), Effects::new())
            }
        };
        effects.push(Effect::Answer { to: from, answer });
        effects
    }

    fn commit(&mut self, context: &Context<'_>, commit: &Commit) -> (Answer, Effects) {
        if let Err(error) = self.may_commit(commit) {
            let refused = commit.offsets.iter().map(|wanted| (wanted.index, Err(error.clone())));
            return (Answer::Commit(refused.collect()), Effects::new());
        }
        self.has_committed = true;
        let (answer, effects) = self.offsets.commit(context, &self.id, commit);
        (Answer::Commit(answer), effects)
    }

    /// Whoever is in no group commits without a generation: consumers that assign partitions to
    /// themselves, and tools that reset offsets.
    fn may_commit(&self, commit: &Commit) -> Result<(), GroupError> {
        match (commit.generation, self.exists()) {
            (..0, _) => Ok(()),
            (_, true) => Err(GroupError::UnknownMemberId),
            (_, false) if commit.knows_epochs => Err(self.not_found()),
            (_, false) => Err(GroupError::IllegalGeneration),
        }
    }

    /// Nothing is committed for a group that there is not, which is no error.
    fn fetch(&self, fetch: &FetchOffsets) -> Answer {
        Answer::FetchOffsets(Ok(self.offsets.fetch(fetch)))
    }

    fn delete_offsets(&mut self, partitions: &[(Arc<str>, i32)]) -> (Answer, Effects) {
        if !self.exists() {
            return (Answer::DeleteOffsets(Err(self.not_found())), Effects::new());
        }
        let (answer, effects) = self.offsets.delete(&self.id, partitions, &|_| false);
        (Answer::DeleteOffsets(Ok(answer)), effects)
    }

    fn delete(&mut self) -> (Answer, Effects) {
        if !self.exists() {
            return (Answer::Delete(Err(self.not_found())), Effects::new());
        }
        let mut effects = self.offsets.delete_all(&self.id);
        effects.append(&mut self.end());
        (Answer::Delete(Ok(())), effects)
    }

    /// Nothing of the group is left, in the log as well.
    fn end(&mut self) -> Effects {
        self.has_committed = false;
        let tombstone = GroupRecord::Classic { group: self.id.clone(), value: None };
        Effects::from_iter([Effect::Append(tombstone)])
    }

    fn expire(&mut self, context: &Context<'_>) -> Effects {
        let mut effects = self.offsets.expire(context, &self.id, Expiry::SinceCommit, &|_| false);
        if self.offsets.is_empty() && self.exists() {
            effects.append(&mut self.end());
        }
        effects
    }

    fn describe(&self) -> Result<DescribedGroup, GroupError> {
        if !self.exists() {
            return Err(self.not_found());
        }
        let (protocol_type, protocol) = (Arc::default(), Arc::default());
        Ok(DescribedGroup { state: "Empty", protocol_type, protocol, members: Vec::new() })
    }

    /// As ListGroups tells of it.
    pub fn listed(&self) -> ListedGroup {
        ListedGroup {
            group: self.id.clone(),
            protocol_type: Arc::default(),
            state: "Empty",
            group_type: "classic",
        }
    }

    /// Takes in a record of the log.
    pub fn replay(&mut self, record: GroupRecord) {
        match record {
            GroupRecord::Offset { topic, partition, value, .. } => {
                self.has_committed |= value.is_some();
                self.offsets.replay(&topic, partition, value);
            }
            GroupRecord::Classic { value: None, .. } => {
                self.has_committed = !self.offsets.is_empty();
            }
            _ => {}
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
    pub fn loaded(&mut self, _context: &mut Context<'_>) -> Effects {
        self.has_committed &= !self.offsets.is_empty();
        Effects::new()
    }

    fn not_found(&self) -> GroupError {
        GroupError::GroupIdNotFound(format!("Group {} not found.", self.id).into())
    }

    fn not_a(&self, kind: &str) -> GroupError {
        if !self.exists() {
            return self.not_found();
        }
        GroupError::GroupIdNotFound(format!("Group {} is not a {kind} group.", self.id).into())
    }
}

/// Nobody of them is in the group.
fn leave(members: Vec<Leaving>) -> Answer {
    let left = members.into_iter().map(|Leaving { member_id, instance_id, .. }| {
        let error = Some(GroupError::UnknownMemberId);
        Left { member_id, instance_id, error }
    });
    Answer::Leave(Ok(left.collect()))
}

fn refused(member_id: Arc<str>, error: GroupError) -> Joined {
    Joined {
        error: Some(error),
        member_id,
        generation: -1,
        protocol_type: None,
        protocol: None,
        leader: Arc::default(),
        skip_assignment: false,
        members: Vec::new(),
    }
}

#[cfg(test)]
#[path = "group_test.rs"]
mod group_test;
