//! The fetch sessions of one core, and who loses a slot when there are more. Core-local.
//!
//! A new session may take the slot of another one (KIP-227)
//! - that was not used for two minutes, the one that waits longest first; or else
//! - that is older than two minutes and has fewer partitions, the smallest first. A follower's
//!   session is privileged: it takes the slot of any consumer's, however young, and never loses its
//!   own to a consumer.
//!
//! Kafka splits its slots in the same way, over eight shards. Slots are not all that is limited
//! here: the sessions of a core together hold no more than their share of memory.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use corelog_engine::runtime::{CoreId, Mono, Rng};

use super::fetch_session::{FetchSession, INVALID_SESSION_ID};

/// A session that was used, or made, in this time is not stale, or not old.
const UNTOUCHED_MIN: Duration = Duration::from_secs(120);

/// What the sessions of one core may take.
#[derive(Clone, Debug)]
pub struct CacheLimits {
    /// The ids of this core's sessions. No other core has one of them.
    pub ids: Range<i32>,
    /// How many sessions there may be.
    pub slots: usize,
    /// How much memory they may hold together.
    pub bytes: usize,
}

impl CacheLimits {
    /// One core's share of `max.incremental.fetch.session.cache.slots` and of their memory.
    pub fn share(core: CoreId, cores: u16, slots: u32, bytes: u64) -> CacheLimits {
        let (core, cores) = (i32::from(core.0), i32::from(cores.max(1)));
        let width = i32::MAX / cores;
        // 0 is no session.
        let ids = (core * width).max(1)..(core + 1) * width;
        let (each, more) = (slots / cores as u32, slots % cores as u32);
        let slots = each + u32::from((core as u32) < more);
        CacheLimits {
            // Half of the ids stay free, so that a free one is found by chance.
            slots: (slots as usize).min(ids.len() / 2),
            bytes: usize::try_from(bytes / cores as u64).unwrap_or(usize::MAX),
            ids,
        }
    }
}

/// What a session is worth, least first: privileged, partitions, id.
type Worth = (bool, usize, i32);

struct Entry {
    session: Rc<RefCell<FetchSession>>,
    privileged: bool,
    created: Mono,
    used: Mono,
    worth: Worth,
    bytes: usize,
}

/// The sessions of one core.
pub struct FetchSessionCache {
    limits: CacheLimits,
    rng: Rng,
    entries: BTreeMap<i32, Entry>,
    bytes: usize,
    by_use: BTreeSet<(Mono, i32)>,
    /// Those that anybody may evict, as of their last use.
    open_to_all: BTreeSet<Worth>,
    /// Those that a privileged session may evict.
    open_to_privileged: BTreeSet<Worth>,
}

impl FetchSessionCache {
    /// A cache without sessions; `rng` gives their ids.
    pub fn new(limits: CacheLimits, rng: Rng) -> FetchSessionCache {
        FetchSessionCache {
            limits,
            rng,
            entries: BTreeMap::new(),
            bytes: 0,
            by_use: BTreeSet::new(),
            open_to_all: BTreeSet::new(),
            open_to_privileged: BTreeSet::new(),
        }
    }

    /// Whether there is any slot, free or not.
    pub fn has_slots(&self) -> bool {
        self.limits.slots > 0
    }

    /// Sessions in it.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has no session.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Memory that the sessions hold, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// A session of this core.
    pub fn get(&self, id: i32) -> Option<Rc<RefCell<FetchSession>>> {
        self.entries.get(&id).map(|entry| entry.session.clone())
    }

    /// Takes in a session that has been answered for the first time, and gives it an id; 0 when
    /// there is no room for it.
    pub fn keep(&mut self, now: Mono, session: Rc<RefCell<FetchSession>>, privileged: bool) -> i32 {
        let (partitions, bytes) = size(&session);
        if !self.make_room(now, (privileged, partitions, INVALID_SESSION_ID), bytes) {
            return INVALID_SESSION_ID;
        }
        let id = self.free_id();
        session.borrow_mut().named(id);
        let worth = (privileged, partitions, id);
        let entry = Entry { session, privileged, created: now, used: now, worth, bytes: 0 };
        self.entries.insert(id, entry);
        self.touch(now, id);
        id
    }

    /// A session was used, and may have changed its size. Whether all of them together still fit.
    pub fn touch(&mut self, now: Mono, id: i32) -> bool {
        let Some(entry) = self.entries.get_mut(&id) else { return true };
        self.by_use.remove(&(entry.used, id));
        entry.used = now;
        self.by_use.insert((now, id));
        let (partitions, bytes) = size(&entry.session);
        let worth = (entry.privileged, partitions, id);
        if worth != entry.worth {
            self.open_to_all.remove(&entry.worth);
            self.open_to_privileged.remove(&entry.worth);
            entry.worth = worth;
        }
        let is_old = now.since(entry.created) > UNTOUCHED_MIN;
        if is_old {
            self.open_to_all.insert(worth);
        }
        if is_old || !entry.privileged {
            self.open_to_privileged.insert(worth);
        }
        self.bytes = self.bytes - entry.bytes + bytes;
        entry.bytes = bytes;
        self.bytes <= self.limits.bytes
    }

    /// Forgets a session; one that is not here is forgotten already.
    pub fn close(&mut self, id: i32) {
        let Some(entry) = self.entries.remove(&id) else { return };
        self.by_use.remove(&(entry.used, id));
        self.open_to_all.remove(&entry.worth);
        self.open_to_privileged.remove(&entry.worth);
        self.bytes -= entry.bytes;
    }

    fn make_room(&mut self, now: Mono, worth: Worth, bytes: usize) -> bool {
        if !self.has_slots() || bytes > self.limits.bytes {
            return false;
        }
        while self.entries.len() >= self.limits.slots || self.bytes + bytes > self.limits.bytes {
            let Some(victim) = self.victim(now, worth) else { return false };
            self.close(victim);
        }
        true
    }

    /// Who gives way to a new session that is worth this.
    fn victim(&self, now: Mono, worth: Worth) -> Option<i32> {
        let (used, stalest) = *self.by_use.first()?;
        if now.since(used) > UNTOUCHED_MIN {
            return Some(stalest);
        }
        let (privileged, ..) = worth;
        let open = if privileged { &self.open_to_privileged } else { &self.open_to_all };
        let least = open.first()?;
        (worth >= *least).then_some(least.2)
    }

    fn free_id(&mut self) -> i32 {
        let Range { start, end } = self.limits.ids;
        loop {
            let id = start + self.rng.below((end - start) as u64) as i32;
            if !self.entries.contains_key(&id) {
                return id;
            }
        }
    }
}

/// Partitions and bytes.
fn size(session: &Rc<RefCell<FetchSession>>) -> (usize, usize) {
    let session = session.borrow();
    (session.partitions().len(), session.bytes())
}

#[cfg(test)]
#[path = "cache_test.rs"]
mod cache_test;
