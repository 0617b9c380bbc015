//! Moments in which one piece of work held its core for too long, by what it was.
//!
//! A fixed number of places, each given to a pair of names at its first stall; the core that
//! stalled writes them, any thread reads. What finds no place is counted under one name for all.

use std::sync::OnceLock;

use super::counter::Counter;

/// Pairs of names that are told apart on one core.
const PLACES: usize = 32;
/// What the others are called.
const OTHER: &str = "other";

#[derive(Debug, Default)]
struct Place {
    what: OnceLock<(&'static str, &'static str)>,
    count: Counter,
    nanos: Counter,
    longest_nanos: Counter,
}

/// The stalls of one core.
#[derive(Debug)]
pub struct Stalls([Place; PLACES]);

/// The stalls of one core in one piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stall {
    /// The task that held the core.
    pub task: &'static str,
    /// What it worked on last; empty when that was not said.
    pub work: &'static str,
    /// How often.
    pub count: u64,
    /// For how long together, in nanoseconds.
    pub nanos: u64,
    /// The longest of them, in nanoseconds.
    pub longest_nanos: u64,
}

impl Default for Stalls {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Place::default()))
    }
}

impl Stalls {
    /// `task` held the core for `nanos`; only that core may call it.
    pub fn record(&self, task: &'static str, work: &'static str, nanos: u64) {
        let Some((last, places)) = self.0.split_last() else { return };
        let own = |place: &&Place| *place.what.get_or_init(|| (task, work)) == (task, work);
        let place = places.iter().find(own).unwrap_or_else(|| {
            last.what.get_or_init(|| (OTHER, ""));
            last
        });
        place.count.one();
        place.nanos.add(nanos);
        place.longest_nanos.set(place.longest_nanos.get().max(nanos));
    }

    /// Every piece of work that stalled the core; any thread.
    pub fn all(&self) -> Vec<Stall> {
        let read = |place: &Place| {
            let (task, work) = *place.what.get()?;
            Some(Stall {
                task,
                work,
                count: place.count.get(),
                nanos: place.nanos.get(),
                longest_nanos: place.longest_nanos.get(),
            })
        };
        self.0.iter().filter_map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stalls_are_told_apart_by_what_ran_until_there_is_no_place() {
        let stalls = Stalls::default();
        stalls.record("connection", "Fetch", 20);
        stalls.record("connection", "Fetch", 50);
        stalls.record("connection", "Produce", 30);
        let all = stalls.all();
        assert_eq!(all.len(), 2);
        let expected =
            Stall { task: "connection", work: "Fetch", count: 2, nanos: 70, longest_nanos: 50 };
        assert_eq!(all[0], expected);
        for work in 0..40u8 {
            stalls.record("task", String::leak(format!("work {work}")), 1);
        }
        let all = stalls.all();
        assert_eq!(all.len(), PLACES);
        let other = all.last().unwrap();
        assert_eq!((other.task, other.work, other.count), (OTHER, "", 11));
    }
}
