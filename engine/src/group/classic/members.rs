//! All members of a classic group, counted as they come and go, so that no request has to look at
//! every one of them. Core-local.
//!
//! Must not know: states, timers, answers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::member::{Member, Protocols, duration};
use crate::group::{GroupError, Token};

/// The members.
#[derive(Debug, Clone, Default)]
pub(super) struct Members {
    by_id: BTreeMap<Arc<str>, Member>,
    /// Static members: instance to member.
    by_instance: BTreeMap<Arc<str>, Arc<str>>,
    leader: Option<Arc<str>>,
    /// How many members can do a protocol.
    supported: BTreeMap<Arc<str>, usize>,
    /// How many wait for the end of the join phase.
    joining: usize,
}

impl Members {
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    pub(super) fn joining(&self) -> usize {
        self.joining
    }

    pub(super) fn all_joining(&self) -> bool {
        self.joining == self.by_id.len()
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Member)> {
        self.by_id.iter()
    }

    /// Protocols and who joins are counted: they are changed by name only.
    pub(super) fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&Arc<str>, &mut Member)> {
        self.by_id.iter_mut()
    }

    pub(super) fn get(&self, member_id: &str) -> Option<&Member> {
        self.by_id.get(member_id)
    }

    /// As [`Members::iter_mut`].
    pub(super) fn get_mut(&mut self, member_id: &str) -> Option<&mut Member> {
        self.by_id.get_mut(member_id)
    }

    pub(super) fn contains(&self, member_id: &str) -> bool {
        self.by_id.contains_key(member_id)
    }

    pub(super) fn leader(&self) -> Option<&Arc<str>> {
        self.leader.as_ref()
    }

    pub(super) fn is_leader(&self, member_id: &str) -> bool {
        self.leader.as_deref() == Some(member_id)
    }

    /// The static member of an instance.
    pub(super) fn of_instance(&self, instance_id: &str) -> Option<&Arc<str>> {
        self.by_instance.get(instance_id)
    }

    /// Whether a request speaks for a member: its instance, where it names one, must be that
    /// member's.
    ///
    /// # Errors
    /// [`GroupError::UnknownMemberId`], [`GroupError::FencedInstanceId`].
    pub(super) fn check(
        &self,
        member_id: &str,
        instance_id: Option<&Arc<str>>,
    ) -> Result<(), GroupError> {
        if let Some(instance_id) = instance_id {
            let of_instance = self.of_instance(instance_id).ok_or(GroupError::UnknownMemberId)?;
            if **of_instance != *member_id {
                return Err(GroupError::FencedInstanceId);
            }
        }
        if self.contains(member_id) { Ok(()) } else { Err(GroupError::UnknownMemberId) }
    }

    /// The first one becomes the leader.
    pub(super) fn add(&mut self, member_id: Arc<str>, member: Member) {
        if let Some(instance_id) = &member.instance_id {
            self.by_instance.insert(Arc::clone(instance_id), Arc::clone(&member_id));
        }
        self.count(&member.protocols);
        self.joining += usize::from(member.joining.is_some());
        self.leader.get_or_insert_with(|| Arc::clone(&member_id));
        self.by_id.insert(member_id, member);
    }

    /// Another one leads when the leader goes.
    pub(super) fn remove(&mut self, member_id: &str) -> Option<Member> {
        let member = self.by_id.remove(member_id)?;
        self.discount(&member.protocols);
        self.joining -= usize::from(member.joining.is_some());
        if let Some(instance_id) = &member.instance_id {
            self.by_instance.remove(instance_id);
        }
        if self.is_leader(member_id) {
            self.leader = self.by_id.keys().next().cloned();
        }
        Some(member)
    }

    /// Gives a static member a new id; all else stays as it is, the leadership too.
    pub(super) fn rename(&mut self, old: &str, new: &Arc<str>) {
        let Some(member) = self.by_id.remove(old) else { return };
        if let Some(instance_id) = &member.instance_id {
            self.by_instance.insert(Arc::clone(instance_id), Arc::clone(new));
        }
        if self.is_leader(old) {
            self.leader = Some(Arc::clone(new));
        }
        self.by_id.insert(Arc::clone(new), member);
    }

    /// Lets the leader of a loaded group lead again.
    pub(super) fn lead(&mut self, member_id: &Arc<str>) {
        if self.contains(member_id) {
            self.leader = Some(Arc::clone(member_id));
        }
    }

    /// A member that has not joined cannot lead: one that has takes over. False if there is none.
    pub(super) fn elect_joined_leader(&mut self) -> bool {
        let has_joined = |member: &Member| member.joining.is_some();
        let leader = self.leader.as_deref().and_then(|leader| self.get(leader));
        if leader.is_some_and(has_joined) {
            return true;
        }
        let other = self.by_id.iter().find(|(_, member)| has_joined(member));
        let Some(elected) = other.map(|(id, _)| Arc::clone(id)) else { return false };
        self.leader = Some(elected);
        true
    }

    /// Whose JoinGroup waits for the end of the join phase; gives whose did before.
    pub(super) fn set_joining(&mut self, member_id: &str, from: Option<Token>) -> Option<Token> {
        let member = self.by_id.get_mut(member_id)?;
        let before = std::mem::replace(&mut member.joining, from);
        self.joining += usize::from(from.is_some());
        self.joining -= usize::from(before.is_some());
        before
    }

    pub(super) fn set_protocols(&mut self, member_id: &str, protocols: Protocols) {
        self.count(&protocols);
        let Some(member) = self.by_id.get_mut(member_id) else { return };
        let before = std::mem::replace(&mut member.protocols, protocols);
        self.discount(&before);
    }

    /// Whether every member can do the protocol.
    pub(super) fn all_support(&self, protocol: &str) -> bool {
        self.supported.get(protocol).copied().unwrap_or(0) == self.len()
    }

    /// The protocol that gets most votes among those that all can do; the first by name of several.
    /// `None`: there is none.
    pub(super) fn vote(&self) -> Option<Arc<str>> {
        let mut votes: BTreeMap<&Arc<str>, usize> = BTreeMap::new();
        for member in self.by_id.values() {
            *votes.entry(member.vote(|name| self.all_support(name))?).or_default() += 1;
        }
        let most = votes.values().copied().max()?;
        votes.into_iter().find(|(_, count)| *count == most).map(|(name, _)| Arc::clone(name))
    }

    /// The longest time that any of them asks for.
    pub(super) fn rebalance_timeout(&self) -> Duration {
        let longest = self.by_id.values().map(|member| member.rebalance_timeout_ms).max();
        duration(longest.unwrap_or(0))
    }

    fn count(&mut self, protocols: &Protocols) {
        for (name, _) in protocols {
            match self.supported.get_mut(name) {
                Some(count) => *count += 1,
                None => drop(self.supported.insert(Arc::clone(name), 1)),
            }
        }
    }

    fn discount(&mut self, protocols: &Protocols) {
        for (name, _) in protocols {
            let Some(count) = self.supported.get_mut(name) else { continue };
            *count -= 1;
            if *count == 0 {
                self.supported.remove(name);
            }
        }
    }
}
