//! The produces of this core that must be answered by a certain time. Core-local.
//!
//! One task per core sleeps until the earliest of them; an answered one takes its entry with it,
//! so that thirty seconds of answered produces cost nothing.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use crate::partition::AppendGroup;
use crate::runtime::sync::Notify;
use crate::runtime::{self, Mono};

type Key = (Mono, u64);

/// Deadlines of append groups, earliest first.
#[derive(Default)]
pub(super) struct Deadlines {
    groups: RefCell<BTreeMap<Key, Weak<AppendGroup>>>,
    sequence: Cell<u64>,
    earlier: Notify,
}

/// How many entries may belong to answered groups before they are swept.
const ANSWERED_MAX: usize = 1024;

impl Deadlines {
    /// `group` answers by `deadline`.
    pub(super) fn add(&self, deadline: Mono, group: &Rc<AppendGroup>) {
        let mut groups = self.groups.borrow_mut();
        let sequence = self.sequence.replace(self.sequence.get() + 1);
        if sequence.is_multiple_of(ANSWERED_MAX as u64) {
            groups.retain(|_, group| group.upgrade().is_some_and(|group| !group.is_answered()));
        }
        let first = groups.first_key_value().is_none_or(|((first, _), _)| deadline < *first);
        groups.insert((deadline, sequence), Rc::downgrade(group));
        drop(groups);
        if first {
            self.earlier.notify_one();
        }
    }

    /// Expires groups for as long as the core lives.
    pub(super) async fn run(&self) {
        loop {
            let first = self.groups.borrow().first_key_value().map(|((at, _), _)| *at);
            match first {
                None => self.earlier.notified().await,
                Some(at) => {
                    // Either the deadline passes or an earlier one comes in: look again.
                    let _ = runtime::within(at, self.earlier.notified()).await;
                    self.expire(runtime::now());
                }
            }
        }
    }

    fn expire(&self, now: Mono) {
        loop {
            let group = {
                let mut groups = self.groups.borrow_mut();
                match groups.first_entry() {
                    Some(first) if first.key().0 <= now => first.remove(),
                    _ => return,
                }
            };
            if let Some(group) = group.upgrade() {
                group.expire();
            }
        }
    }
}
