//! How one member gets from what it has to what it shall have (KIP-848), without anybody waiting
//! for anybody who does not hold what he wants. Pure.
//!
//! ```text
//!            newer target                          gave it up
//!   Stable ----------------> has something to -----------------> next epoch: Stable, or
//!     ^   \                  give up: Unrevoked                  Unreleased while others still
//!     |    \ nothing to give up                                  hold what it shall have
//!     |     `------------------------------------------------->      |
//!     `--------------------------- all released ---------------------'
//! ```
//!
//! A member moves to the epoch of the target only when it holds nothing that it shall not have.

use uuid::Uuid;

use super::owned::{all_in, any_in, each, grouped, joined, since, wanted};
use crate::record::offsets_topic::{CurrentValue, OwnedPartitions, TopicPartitions};

/// Where a member is on its way to the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MemberState {
    /// Has what it shall have, in the epoch it is in.
    Stable,
    /// Was told to give up partitions and has not said yet that it did.
    Unrevoked,
    /// Is in the epoch of the target, but others have not given up yet what it is to get.
    Unreleased,
    /// A state of a later version of Kafka.
    Unknown,
}

impl MemberState {
    /// The state in a record.
    pub(super) fn of(has: &CurrentValue) -> MemberState {
        match has.state {
            0 => MemberState::Stable,
            1 => MemberState::Unrevoked,
            2 => MemberState::Unreleased,
            _ => MemberState::Unknown,
        }
    }

    fn code(self) -> i8 {
        match self {
            MemberState::Stable => 0,
            MemberState::Unrevoked => 1,
            MemberState::Unreleased => 2,
            MemberState::Unknown => 127,
        }
    }
}

/// What decides about the next state of a member.
pub(super) struct Reconcile<'a, S, F> {
    /// Epoch of the target assignment.
    pub target_epoch: i32,
    /// What the member shall have in it.
    pub target: &'a [TopicPartitions],
    /// Whether it changed what it subscribes to with this very request.
    pub resubscribed: bool,
    /// What it says it owns; `None` = does not say.
    pub owned: Option<&'a [TopicPartitions]>,
    /// Whether the member subscribes to a topic.
    pub subscribes: S,
    /// Whether nobody holds a partition.
    pub is_free: F,
}

impl<S: Fn(Uuid) -> bool, F: Fn(Uuid, i32) -> bool> Reconcile<'_, S, F> {
    /// What the member has from now on; `None` = as before.
    pub(super) fn next(&self, has: &CurrentValue) -> Option<CurrentValue> {
        let next = match MemberState::of(has) {
            MemberState::Stable if has.member_epoch != self.target_epoch => self.advance(has),
            MemberState::Unrevoked if !self.still_owns(&has.revoking) => self.advance(has),
            // Of a state that is not known here it comes without partitions, or it was fenced.
            MemberState::Unreleased | MemberState::Unknown => self.advance(has),
            MemberState::Stable | MemberState::Unrevoked if self.resubscribed => {
                self.drop_unsubscribed(has)?
            }
            MemberState::Stable | MemberState::Unrevoked => return None,
        };
        (next != *has).then_some(next)
    }

    /// Whether the member may still work on something it shall give up. Silence means that it does.
    fn still_owns(&self, revoking: &[OwnedPartitions]) -> bool {
        self.owned.is_none_or(|owned| any_in(owned, revoking))
    }

    /// What it no longer subscribes to goes at once, whatever the target says.
    fn drop_unsubscribed(&self, has: &CurrentValue) -> Option<CurrentValue> {
        let dropped = |owned: &&OwnedPartitions| !(self.subscribes)(owned.topic);
        let gone: Vec<OwnedPartitions> = has.assigned.iter().filter(dropped).cloned().collect();
        if gone.is_empty() {
            return None;
        }
        let kept = |owned: &&OwnedPartitions| (self.subscribes)(owned.topic);
        let assigned = has.assigned.iter().filter(kept).cloned().collect();
        let revoking = joined(&has.revoking, &gone);
        let mut next =
            CurrentValue { previous_member_epoch: has.member_epoch, assigned, ..has.clone() };
        if self.still_owns(&revoking) {
            next.state = MemberState::Unrevoked.code();
            next.revoking = revoking;
        }
        Some(next)
    }

    /// A step towards the target.
    fn advance(&self, has: &CurrentValue) -> CurrentValue {
        let shall_have = |topic: Uuid, partition: i32| {
            wanted(self.target, topic).binary_search(&partition).is_ok() && (self.subscribes)(topic)
        };
        let (kept, gone): (Vec<_>, Vec<_>) =
            each(&has.assigned).partition(|(topic, partition, _)| shall_have(*topic, *partition));
        let revoking = grouped(gone);
        if !revoking.is_empty() && self.still_owns(&revoking) {
            return CurrentValue {
                member_epoch: has.member_epoch,
                previous_member_epoch: has.member_epoch,
                state: MemberState::Unrevoked.code(),
                assigned: grouped(kept),
                revoking,
            };
        }
        let kept = grouped(kept);
        let (gained, state) = self.gain(has, &kept);
        CurrentValue {
            member_epoch: self.target_epoch,
            previous_member_epoch: has.member_epoch,
            state: state.code(),
            assigned: if gained.is_empty() { kept } else { joined(&kept, &gained) },
            revoking: Vec::new(),
        }
    }

    /// What of the target it lacks and may have now, and whether that is all.
    fn gain(
        &self,
        has: &CurrentValue,
        kept: &[OwnedPartitions],
    ) -> (Vec<OwnedPartitions>, MemberState) {
        let mut gained = Vec::new();
        let mut state = MemberState::Stable;
        for target in self.target.iter().filter(|target| (self.subscribes)(target.topic)) {
            let topic = target.topic;
            for partition in &target.partitions {
                if since(kept, topic, *partition).is_some() {
                    continue;
                }
                // What the member itself was giving up it may simply keep.
                let its_own = since(&has.revoking, topic, *partition).is_some();
                if its_own || (self.is_free)(topic, *partition) {
                    gained.push((topic, *partition, self.target_epoch));
                } else {
                    state = MemberState::Unreleased;
                }
            }
        }
        (grouped(gained), state)
    }
}

/// Whether a member that was answered in its previous epoch, and may not have heard of the present
/// one, owns nothing but what it was given.
pub(super) fn owns_what_it_was_given(
    owned: Option<&[TopicPartitions]>,
    has: &CurrentValue,
) -> bool {
    owned.is_some_and(|owned| all_in(owned, &has.assigned))
}

/// Whether a member has all there is for it in this epoch.
pub(super) fn is_reconciled(has: &CurrentValue, target_epoch: i32) -> bool {
    MemberState::of(has) == MemberState::Stable && has.member_epoch == target_epoch
}

/// Whether others still hold something that the member is to get.
pub(super) fn waits_for_others(
    has: &CurrentValue,
    target: &[TopicPartitions],
    is_free: impl Fn(Uuid, i32) -> bool,
) -> bool {
    MemberState::of(has) == MemberState::Unreleased
        && target.iter().any(|target| {
            let lacks = |p: &i32| since(&has.assigned, target.topic, *p).is_none();
            target.partitions.iter().any(|p| lacks(p) && !is_free(target.topic, *p))
        })
}

#[cfg(test)]
#[path = "reconcile_test.rs"]
mod reconcile_test;
