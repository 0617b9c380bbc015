//! Who is in a group, if anybody: what its offsets may be asked for, by the kind of group.
//! Core-local.
//!
//! A group that only commits offsets counts as an empty classic group, in Kafka as here.

use std::sync::Arc;

use super::answer::{DescribedConsumerGroup, DescribedGroup, ListedGroup};
use super::classic::ClassicGroup;
use super::consumer::ConsumerGroup;
use super::offsets::Expiry;
use super::request::{Commit, FetchOffsets};
use super::{Context, Effects, GroupError};

/// The members of a group, by the protocol they speak.
#[derive(Debug)]
pub(super) enum Membership {
    /// Nobody ever joined, or the last group of members was deleted.
    None,
    /// A group of the classic protocol.
    Classic(Box<ClassicGroup>),
    /// A group of the consumer protocol; members of the classic one may be in it.
    Consumer(Box<ConsumerGroup>),
}

impl Membership {
    /// Whether somebody is or was in the group, so that there is something to delete.
    pub(super) fn is_some(&self) -> bool {
        match self {
            Membership::None => false,
            Membership::Classic(group) => !group.is_unused(),
            Membership::Consumer(_) => true,
        }
    }

    /// Whether a commit may be looked at. Whoever is in no group commits without a generation:
    /// consumers that assign partitions to themselves, and tools that reset offsets. `exists`: the
    /// group is there, be it without members.
    pub(super) fn may_commit(
        &self,
        id: &str,
        commit: &Commit,
        exists: bool,
    ) -> Result<(), GroupError> {
        match self {
            Membership::Classic(group) => group.may_commit(commit),
            Membership::Consumer(group) => group.may_commit(commit),
            Membership::None if commit.generation < 0 => Ok(()),
            Membership::None if exists => Err(GroupError::UnknownMemberId),
            Membership::None if commit.knows_epochs => Err(not_found(id)),
            Membership::None => Err(GroupError::IllegalGeneration),
        }
    }

    /// What of a commit that may be looked at is refused all the same, by place in the request.
    pub(super) fn refused(
        &self,
        context: &Context<'_>,
        commit: &Commit,
    ) -> Vec<(u32, Result<(), GroupError>)> {
        let Membership::Consumer(group) = self else { return Vec::new() };
        let verdicts = commit
            .offsets
            .iter()
            .map(|of| (of.index, group.may_commit_partition(context.image, commit, of)));
        verdicts.filter(|(_, verdict)| verdict.is_err()).collect()
    }

    /// A commit was taken, which is a sign of life in the classic protocol.
    pub(super) fn committed(&mut self, context: &mut Context<'_>, commit: &Commit) -> Effects {
        match self {
            Membership::Classic(group) => group.committed(context, &commit.member_id),
            Membership::Consumer(_) | Membership::None => Effects::new(),
        }
    }

    /// Whether offsets may be fetched.
    pub(super) fn may_fetch(&self, fetch: &FetchOffsets) -> Result<(), GroupError> {
        match self {
            Membership::Classic(group) => group.may_fetch(),
            Membership::Consumer(group) => group.may_fetch(fetch),
            Membership::None => Ok(()),
        }
    }

    /// Whether offsets may be deleted that no member reads.
    pub(super) fn may_delete_offsets(&self) -> Result<(), GroupError> {
        match self {
            Membership::Classic(group) => group.may_delete_offsets(),
            Membership::Consumer(_) | Membership::None => Ok(()),
        }
    }

    /// Whether a member reads the topic.
    pub(super) fn is_subscribed_to(&self, topic: &str) -> bool {
        match self {
            Membership::Classic(group) => group.is_subscribed_to(topic),
            Membership::Consumer(group) => group.is_subscribed_to(topic),
            Membership::None => false,
        }
    }

    /// Whether nobody is in the group, so that it may be deleted.
    pub(super) fn may_delete(&self) -> Result<(), GroupError> {
        match self {
            Membership::Classic(group) => group.may_delete(),
            Membership::Consumer(group) if !group.is_empty() => Err(GroupError::NonEmptyGroup),
            Membership::Consumer(_) => Ok(()),
            Membership::None => Ok(()),
        }
    }

    /// From when on offsets age.
    pub(super) fn expiry(&self) -> Expiry {
        match self {
            Membership::Classic(group) => group.expiry(),
            Membership::Consumer(_) | Membership::None => Expiry::SinceCommit,
        }
    }

    /// For DescribeGroups.
    pub(super) fn describe(&self, id: &str) -> Result<DescribedGroup, GroupError> {
        match self {
            Membership::Classic(group) => Ok(group.describe()),
            Membership::Consumer(_) => {
                let told = format!("Group {id} is not a classic group.");
                Err(GroupError::GroupIdNotFound(told.into()))
            }
            Membership::None => Ok(DescribedGroup {
                state: "Empty",
                protocol_type: Arc::default(),
                protocol: Arc::default(),
                members: Vec::new(),
            }),
        }
    }

    /// For ConsumerGroupDescribe; `None`: it is no consumer group.
    pub(super) fn describe_consumer(
        &self,
        context: &Context<'_>,
    ) -> Option<DescribedConsumerGroup> {
        match self {
            Membership::Consumer(group) => Some(group.describe(context.settings, context.image)),
            Membership::Classic(_) | Membership::None => None,
        }
    }

    /// For ListGroups.
    pub(super) fn listed(&self, id: &Arc<str>) -> ListedGroup {
        match self {
            Membership::Classic(group) => group.listed(),
            Membership::Consumer(group) => group.listed(),
            Membership::None => ListedGroup {
                group: id.clone(),
                protocol_type: Arc::default(),
                state: "Empty",
                group_type: "classic",
            },
        }
    }
}

/// There is no such group.
pub(super) fn not_found(id: &str) -> GroupError {
    GroupError::GroupIdNotFound(format!("Group {id} not found.").into())
}
