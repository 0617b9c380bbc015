//! Who may commit and fetch offsets of a consumer group. An old epoch is not refused as a whole
//! (KIP-1251): a member may commit whatever it has had ever since that epoch.

use super::group::ConsumerGroup;
use super::known::Member;
use super::owned::since;
use crate::group::GroupError;
use crate::group::request::{Commit, CommitPartition, FetchOffsets};
use crate::metadata::Image;

impl ConsumerGroup {
    /// Whether a commit may be looked at at all; each partition has its own answer then.
    ///
    /// # Errors
    /// Why everything in it is refused.
    pub fn may_commit(&self, commit: &Commit) -> Result<(), GroupError> {
        if self.is_from_outside(commit) {
            return Ok(());
        }
        let member = self.known.members.get(&commit.member_id);
        let member = member.ok_or(GroupError::UnknownMemberId)?;
        if member.wish.classic.is_none() && !commit.knows_epochs {
            let told = "OffsetCommit version 9 or above must be used by members using the consumer \
                        group protocol";
            return Err(GroupError::UnsupportedVersion(told.into()));
        }
        if commit.generation > member.has.member_epoch { Err(outdated(member)) } else { Ok(()) }
    }

    /// Whether a partition of a commit may be committed, after [`Self::may_commit`].
    ///
    /// # Errors
    /// The member does not have it, or got it after the epoch that it names.
    pub fn may_commit_partition(
        &self,
        image: &Image,
        commit: &Commit,
        of: &CommitPartition,
    ) -> Result<(), GroupError> {
        let member = match self.known.members.get(&commit.member_id) {
            Some(member) if !self.is_from_outside(commit) => member,
            _ => return Ok(()),
        };
        let has = &member.has;
        if commit.generation == has.member_epoch {
            return Ok(());
        }
        let named = || image.topic(&of.topic).map(|topic| topic.id);
        let topic = if of.topic_id.is_nil() { named() } else { Some(of.topic_id) };
        let epoch = topic.and_then(|topic| {
            let assigned = since(&has.assigned, topic, of.partition);
            assigned.or_else(|| since(&has.revoking, topic, of.partition))
        });
        match epoch {
            Some(epoch) if commit.generation >= epoch => Ok(()),
            _ => Err(outdated(member)),
        }
    }

    /// Whether offsets may be fetched; whoever says nothing about himself may.
    ///
    /// # Errors
    /// The member is not known, or in another epoch.
    pub fn may_fetch(&self, fetch: &FetchOffsets) -> Result<(), GroupError> {
        let Some(member_id) = &fetch.member_id else {
            return if fetch.member_epoch < 0 { Ok(()) } else { Err(GroupError::UnknownMemberId) };
        };
        let member = self.known.members.get(member_id).ok_or(GroupError::UnknownMemberId)?;
        if fetch.member_epoch == member.has.member_epoch { Ok(()) } else { Err(outdated(member)) }
    }

    /// An administrator, or a consumer that assigns partitions to itself.
    fn is_from_outside(&self, commit: &Commit) -> bool {
        commit.generation < 0 && self.is_empty()
    }
}

fn outdated(member: &Member) -> GroupError {
    match member.wish.classic {
        Some(_) => GroupError::IllegalGeneration,
        None => GroupError::StaleMemberEpoch,
    }
}
