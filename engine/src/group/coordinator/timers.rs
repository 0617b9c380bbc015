//! What the groups of one coordinator wait for, earliest first. Pure; one task of the core asks for
//! all coordinators what is due, so a group that waits costs an entry and no task.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::group::TimerKey;
use crate::runtime::Mono;

/// Timers by time and by group.
#[derive(Default)]
pub(super) struct Timers {
    due: BTreeMap<(Mono, u64), (Arc<str>, TimerKey)>,
    set: BTreeMap<Arc<str>, BTreeMap<TimerKey, (Mono, u64)>>,
    sequence: u64,
}

impl Timers {
    /// Wakes `group` at that time, and not at any time set before for the same key.
    pub(super) fn set(&mut self, group: &Arc<str>, key: TimerKey, at: Mono) {
        self.sequence += 1;
        let place = (at, self.sequence);
        let of_group = self.set.entry(group.clone()).or_default();
        if let Some(before) = of_group.insert(key.clone(), place) {
            self.due.remove(&before);
        }
        self.due.insert(place, (group.clone(), key));
    }

    /// Not any more.
    pub(super) fn cancel(&mut self, group: &Arc<str>, key: &TimerKey) {
        let Some(of_group) = self.set.get_mut(group) else { return };
        if let Some(place) = of_group.remove(key) {
            self.due.remove(&place);
        }
        if of_group.is_empty() {
            self.set.remove(group);
        }
    }

    /// The group is gone.
    pub(super) fn forget(&mut self, group: &Arc<str>) {
        for place in self.set.remove(group).unwrap_or_default().into_values() {
            self.due.remove(&place);
        }
    }

    /// The earliest.
    pub(super) fn first(&self) -> Option<Mono> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes one that is due, in the order of times; of equal ones the one set first.
    pub(super) fn take_due(&mut self, now: Mono) -> Option<(Arc<str>, TimerKey)> {
        let first = self.due.first_entry().filter(|first| first.key().0 <= now)?;
        let (group, key) = first.remove();
        if let Some(of_group) = self.set.get_mut(&group) {
            of_group.remove(&key);
            if of_group.is_empty() {
                self.set.remove(&group);
            }
        }
        Some((group, key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanos: u64) -> Mono {
        Mono::from_nanos(nanos)
    }

    #[test]
    fn a_timer_that_is_set_again_rings_once_at_its_last_time() {
        let (mut timers, group): (Timers, Arc<str>) = (Timers::default(), Arc::from("g"));
        let session = TimerKey::Session(Arc::from("m"));
        timers.set(&group, session.clone(), at(5));
        timers.set(&group, TimerKey::Join, at(7));
        timers.set(&group, session.clone(), at(9));
        assert_eq!(timers.first(), Some(at(7)));
        assert_eq!(timers.take_due(at(8)), Some((group.clone(), TimerKey::Join)));
        assert_eq!(timers.take_due(at(8)), None);
        assert_eq!(timers.take_due(at(9)), Some((group.clone(), session)));
        assert!(timers.first().is_none() && timers.set.is_empty() && timers.due.is_empty());
    }

    #[test]
    fn what_is_cancelled_or_belongs_to_a_group_that_is_gone_never_rings() {
        let (mut timers, group): (Timers, Arc<str>) = (Timers::default(), Arc::from("g"));
        timers.set(&group, TimerKey::Join, at(1));
        timers.set(&group, TimerKey::Sync, at(2));
        timers.set(&Arc::from("h"), TimerKey::Sync, at(3));
        timers.cancel(&group, &TimerKey::Join);
        timers.cancel(&group, &TimerKey::Offsets);
        timers.forget(&group);
        assert_eq!(timers.take_due(at(9)), Some((Arc::from("h"), TimerKey::Sync)));
        assert!(timers.take_due(at(9)).is_none() && timers.set.is_empty());
    }
}
