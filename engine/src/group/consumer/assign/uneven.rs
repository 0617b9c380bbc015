//! Uniform, members wanting different topics: whatever moves goes to the subscriber with the least,
//! then topics are balanced one after the other, again and again, until nothing moves any more.
//!
//! Where subscriptions overlap without being equal, the result is nearly even: the subscribers of
//! one topic differ by one at most, unless what one of them has too much is of other topics.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::owners::Owners;
use super::spec::{Spec, Target};

/// Rounds over all topics at most. Each about halves what is uneven; most groups need two.
const ROUNDS_MAX: usize = 16;

/// Assigns.
pub(super) fn assign(spec: &Spec<'_>) -> Target {
    let mut work = Work::new(spec);
    work.keep();
    let order = work.order();
    for topic in &order {
        work.fill(*topic);
    }
    work.level(&order);
    work.owners.into_target()
}

struct Work<'a> {
    owners: Owners<'a>,
    /// Who subscribes to each topic, sorted.
    subscribers: Vec<Vec<usize>>,
    /// Partitions of each member.
    loads: Vec<usize>,
}

impl<'a> Work<'a> {
    fn new(spec: &'a Spec<'a>) -> Work<'a> {
        let mut subscribers = vec![Vec::new(); spec.topics.len()];
        for (place, member) in spec.members.iter().enumerate() {
            spec.wanted(member).iter().for_each(|topic| subscribers[*topic].push(place));
        }
        Work { owners: Owners::none(spec), subscribers, loads: vec![0; spec.members.len()] }
    }

    /// Everybody keeps what he had and still wants.
    fn keep(&mut self) {
        for member in 0..self.loads.len() {
            let kept: Vec<usize> = self.owners.kept_by(member).collect();
            for place in kept {
                if self.owners.at(place).is_none() {
                    self.give(place, member);
                }
            }
        }
    }

    fn give(&mut self, place: usize, to: usize) {
        if let Some(from) = self.owners.at(place) {
            self.loads[from] -= 1;
        }
        self.owners.give(place, to);
        self.loads[to] += 1;
    }

    /// The topics that somebody wants: most partitions per subscriber first, because those leave
    /// the least choice; then fewest subscribers; then by id.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.subscribers.len()).collect();
        order.retain(|topic| !self.subscribers[*topic].is_empty());
        order.sort_by(|a, b| {
            let size = |topic: &usize| self.owners.places(*topic).len();
            let members = |topic: &usize| self.subscribers[*topic].len();
            // size(a) / members(a) against size(b) / members(b), without rounding.
            let per_member = Reverse(size(a) * members(b)).cmp(&Reverse(size(b) * members(a)));
            per_member.then(members(a).cmp(&members(b))).then(a.cmp(b))
        });
        order
    }

    /// Gives out what of a topic nobody has.
    fn fill(&mut self, topic: usize) {
        let free: Vec<usize> =
            self.owners.places(topic).filter(|place| self.owners.at(*place).is_none()).collect();
        if free.is_empty() {
            return;
        }
        let mut takers = self.by_load(self.subscribers[topic].iter().copied());
        for place in free {
            let Some((load, to)) = takers.pop_first() else { return };
            self.give(place, to);
            takers.insert((load + 1, to));
        }
    }

    fn by_load(&self, members: impl Iterator<Item = usize>) -> BTreeSet<(usize, usize)> {
        members.map(|member| (self.loads[member], member)).collect()
    }

    fn level(&mut self, order: &[usize]) {
        let movable: Vec<usize> =
            order.iter().copied().filter(|topic| self.subscribers[*topic].len() >= 2).collect();
        // The last topic of which something moved: once round without a move is the end.
        let mut last = None;
        for _ in 0..ROUNDS_MAX {
            for topic in &movable {
                if last == Some(*topic) {
                    return;
                }
                if self.level_topic(*topic) || last.is_none() {
                    last = Some(*topic);
                }
            }
        }
    }

    /// Moves partitions of a topic from the owner with the most to the subscriber with the least,
    /// as long as that makes a difference; tells whether anything moved.
    fn level_topic(&mut self, topic: usize) -> bool {
        let load = |member: &usize| self.loads[*member];
        let least = self.subscribers[topic].iter().map(load).min().unwrap_or(0);
        let owners = self.owners.places(topic).filter_map(|place| self.owners.at(place));
        if owners.map(|member| load(&member)).max().unwrap_or(0) <= least + 1 {
            return false;
        }
        let mut has: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for place in self.owners.places(topic) {
            if let Some(member) = self.owners.at(place) {
                has.entry(member).or_default().push(place);
            }
        }
        let mut givers = self.by_load(has.keys().copied());
        let mut takers = self.by_load(self.subscribers[topic].iter().copied());
        let mut moved = false;
        while let (Some(from), Some(to)) = (givers.last().copied(), takers.first().copied()) {
            if from.0 <= to.0 + 1 {
                break;
            }
            givers.remove(&from);
            let Some(place) = has.get_mut(&from.1).and_then(Vec::pop) else { continue };
            self.give(place, to.1);
            moved = true;
            givers.insert((from.0 - 1, from.1));
            takers.remove(&from);
            takers.insert((from.0 - 1, from.1));
            takers.remove(&to);
            takers.insert((to.0 + 1, to.1));
            if givers.remove(&to) {
                givers.insert((to.0 + 1, to.1));
            }
        }
        moved
    }
}
