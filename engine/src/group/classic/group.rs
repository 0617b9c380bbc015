//! A classic group: its state, and the questions it answers without a change. Core-local.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::members::Members;
use super::rebalance::InitialDelay;
use super::state::ClassicState;
use crate::group::GroupError;
use crate::group::answer::{DescribedGroup, DescribedMember, ListedGroup};
use crate::group::consumer_protocol::PROTOCOL_TYPE;
use crate::group::offsets::Expiry;
use crate::group::request::Commit;
use crate::runtime::Mono;

/// A classic group. Every change is a step, which gives its effects; a step is never taken back.
#[derive(Debug, Clone)]
pub struct ClassicGroup {
    pub(super) id: Arc<str>,
    pub(super) state: ClassicState,
    /// Since when, Unix milliseconds; -1 = not known.
    pub(super) state_timestamp: i64,
    pub(super) generation: i32,
    /// `None`: nobody was ever in it.
    pub(super) protocol_type: Option<Arc<str>>,
    pub(super) protocol: Option<Arc<str>>,
    pub(super) members: Members,
    /// Ids that were given away and have not come back yet (KIP-394).
    pub(super) pending: BTreeSet<Arc<str>>,
    /// Members that have not synced in this generation.
    pub(super) unsynced: BTreeSet<Arc<str>>,
    /// Topics that the consumers of this generation read; `None`: not known.
    pub(super) subscribed: Option<BTreeSet<Arc<str>>>,
    /// In the join phase of a group that was empty.
    pub(super) initial: Option<InitialDelay>,
    /// When the join phase ends, and when the sync phase.
    pub(super) join_ends: Option<Mono>,
    pub(super) sync_ends: Option<Mono>,
    /// A record of it stands in the log.
    pub(super) recorded: bool,
}

impl ClassicGroup {
    /// A group that nobody has joined yet.
    pub fn new(id: Arc<str>) -> ClassicGroup {
        ClassicGroup {
            id,
            state: ClassicState::Empty,
            state_timestamp: -1,
            generation: 0,
            protocol_type: None,
            protocol: None,
            members: Members::default(),
            pending: BTreeSet::new(),
            unsynced: BTreeSet::new(),
            subscribed: None,
            initial: None,
            join_ends: None,
            sync_ends: None,
            recorded: false,
        }
    }

    /// Its id.
    pub fn id(&self) -> &Arc<str> {
        &self.id
    }

    /// Where it stands.
    pub fn state(&self) -> ClassicState {
        self.state
    }

    /// The generation it is in; rises with every rebalance.
    pub fn generation(&self) -> i32 {
        self.generation
    }

    /// How many members it has.
    pub fn size(&self) -> usize {
        self.members.len()
    }

    /// Whether nobody is in it. Somebody may be on the way all the same.
    pub fn is_empty(&self) -> bool {
        self.state == ClassicState::Empty
    }

    /// Whether nothing would be lost with it: nobody ever came.
    pub fn is_unused(&self) -> bool {
        self.is_empty() && !self.recorded && self.pending.is_empty()
    }

    /// Whether its members are consumers, whose subscriptions can be read.
    pub fn uses_consumer_protocol(&self) -> bool {
        self.protocol_type.as_deref() == Some(PROTOCOL_TYPE)
    }

    /// Whether members read the topic. Consumers whose subscriptions are not known may read any.
    pub fn is_subscribed_to(&self, topic: &str) -> bool {
        match &self.subscribed {
            Some(topics) => topics.contains(topic),
            None => self.uses_consumer_protocol(),
        }
    }

    /// From when on its offsets age.
    pub fn expiry(&self) -> Expiry {
        if self.protocol_type.is_none() {
            return Expiry::SinceCommit;
        }
        match self.state {
            // Records before version 2 do not say since when.
            ClassicState::Empty if self.state_timestamp == -1 => Expiry::SinceCommit,
            ClassicState::Empty => Expiry::SinceEmpty(self.state_timestamp),
            ClassicState::Stable if self.uses_consumer_protocol() && self.subscribed.is_some() => {
                Expiry::SinceCommit
            }
            _ => Expiry::Never,
        }
    }

    /// Whether these offsets may be committed.
    ///
    /// # Errors
    /// [`GroupError::CoordinatorNotAvailable`], [`GroupError::UnknownMemberId`],
    /// [`GroupError::FencedInstanceId`], [`GroupError::IllegalGeneration`],
    /// [`GroupError::RebalanceInProgress`].
    pub fn may_commit(&self, commit: &Commit) -> Result<(), GroupError> {
        if self.state == ClassicState::Dead {
            return Err(GroupError::CoordinatorNotAvailable);
        }
        if commit.generation < 0 && self.is_empty() {
            // A tool, or a consumer that assigns partitions to itself.
            return Ok(());
        }
        let says_who =
            commit.generation >= 0 || !commit.member_id.is_empty() || commit.instance_id.is_some();
        if says_who {
            self.members.check(&commit.member_id, commit.instance_id.as_ref())?;
            if commit.generation != self.generation {
                return Err(GroupError::IllegalGeneration);
            }
        } else if !self.is_empty() {
            return Err(GroupError::UnknownMemberId);
        }
        match self.state {
            // The member knows the generation, but not yet what it owns in it.
            ClassicState::CompletingRebalance => Err(GroupError::RebalanceInProgress),
            _ => Ok(()),
        }
    }

    /// Whether offsets may be fetched: always, by anybody, as long as the group is here.
    ///
    /// # Errors
    /// [`GroupError::GroupIdNotFound`].
    pub fn may_fetch(&self) -> Result<(), GroupError> {
        self.check_here()
    }

    /// Whether offsets may be deleted: of consumers all those that they do not read.
    ///
    /// # Errors
    /// [`GroupError::GroupIdNotFound`], [`GroupError::NonEmptyGroup`].
    pub fn may_delete_offsets(&self) -> Result<(), GroupError> {
        self.check_here()?;
        match self.is_empty() || self.uses_consumer_protocol() {
            true => Ok(()),
            false => Err(GroupError::NonEmptyGroup),
        }
    }

    /// Whether the group may be deleted.
    ///
    /// # Errors
    /// [`GroupError::GroupIdNotFound`], [`GroupError::NonEmptyGroup`].
    pub fn may_delete(&self) -> Result<(), GroupError> {
        self.check_here()?;
        if self.is_empty() { Ok(()) } else { Err(GroupError::NonEmptyGroup) }
    }

    fn check_here(&self) -> Result<(), GroupError> {
        match self.state {
            ClassicState::Dead => {
                let why = format!("Group {} is in dead state.", self.id);
                Err(GroupError::GroupIdNotFound(why.into()))
            }
            _ => Ok(()),
        }
    }

    /// For DescribeGroups.
    pub fn describe(&self) -> DescribedGroup {
        let stable = self.protocol.as_ref().filter(|_| self.state == ClassicState::Stable);
        let members = self.members.iter().map(|(id, member)| DescribedMember {
            member_id: Arc::clone(id),
            instance_id: member.instance_id.clone(),
            client_id: Arc::clone(&member.client_id),
            client_host: Arc::clone(&member.client_host),
            metadata: stable.map(|name| member.metadata(name)).unwrap_or_default(),
            assignment: member.assignment.clone(),
        });
        DescribedGroup {
            state: self.state.name(),
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            protocol: stable.cloned().unwrap_or_default(),
            members: members.collect(),
        }
    }

    /// For ListGroups.
    pub fn listed(&self) -> ListedGroup {
        ListedGroup {
            group: Arc::clone(&self.id),
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            state: self.state.name(),
            group_type: "classic",
        }
    }
}
