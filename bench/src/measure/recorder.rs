//! An executor's side of measuring: events go in, one interval a second goes out to whoever puts
//! the executors together. Lives on its executor.

use std::cell::RefCell;
use std::sync::mpsc::Sender;

use super::interval::{Flow, Interval, Part};
use super::outcome::Phases;
use crate::clock;

/// Collects what the tasks of one executor see.
pub struct Recorder {
    phases: Phases,
    current: RefCell<Interval>,
    out: Sender<Interval>,
}

impl Recorder {
    /// A recorder for a load with these phases.
    pub fn new(phases: Phases, out: Sender<Interval>) -> Recorder {
        Recorder { phases, current: RefCell::new(Interval::new(0)), out }
    }

    /// When the load begins, is measured and ends.
    pub fn phases(&self) -> Phases {
        self.phases
    }

    /// A request that was meant to be sent at `due` was sent at `sent` and is answered now.
    pub fn acked(&self, due: u64, sent: u64, flow: Flow) {
        let now = clock::now();
        self.roll(now);
        let mut current = self.current.borrow_mut();
        current.flow(Part::Produced).add(&flow);
        if self.counts(due, now) {
            current.ack.record(now.saturating_sub(due));
            current.delay.record(sent.saturating_sub(due));
        }
    }

    /// Records of a fetch answer.
    pub fn consumed(&self, flow: Flow) {
        self.roll(clock::now());
        self.current.borrow_mut().flow(Part::Consumed).add(&flow);
    }

    /// A record that was meant to be sent at `due` is in the consumer's hands at `now`.
    pub fn arrived(&self, due: u64, now: u64) {
        if self.counts(due, now) {
            self.current.borrow_mut().end_to_end.record(now.saturating_sub(due));
        }
    }

    /// A request, or a partition of one, was refused.
    pub fn refused(&self) {
        self.current.borrow_mut().errors += 1;
    }

    /// A request that was due had to wait for answers to others.
    pub fn held_back(&self) {
        self.current.borrow_mut().held_back += 1;
    }

    /// Sends off the seconds that have gone by.
    pub fn roll(&self, now: u64) {
        let second = self.phases.second_of(now);
        let mut current = self.current.borrow_mut();
        while current.second < second {
            let next = Interval::new(current.second + 1);
            // Nobody listens any more: the run was given up.
            let _ = self.out.send(std::mem::replace(&mut *current, next));
        }
    }

    /// Sends off what is left.
    pub fn finish(&self) {
        let last = self.current.replace(Interval::new(u64::MAX));
        let _ = self.out.send(last);
    }

    /// What was sent while warming up and ended later belongs to neither phase.
    fn counts(&self, due: u64, now: u64) -> bool {
        due >= self.phases.measured_from || now < self.phases.measured_from
    }
}
