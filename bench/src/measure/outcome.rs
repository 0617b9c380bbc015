//! A whole run: its seconds, with all executors in each, and what they add up to. Pure.

use std::collections::BTreeMap;

use super::interval::Interval;
use crate::clock::SECOND;

/// The moments of a load, in nanoseconds of the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phases {
    /// The first request is due.
    pub begin: u64,
    /// From here on it counts.
    pub measured_from: u64,
    /// Nothing is due from here on.
    pub end: u64,
}

impl Phases {
    /// Second of the load in which a moment lies.
    pub fn second_of(&self, moment: u64) -> u64 {
        moment.saturating_sub(self.begin) / SECOND
    }

    /// Seconds that are measured.
    pub fn measured_seconds(&self) -> f64 {
        self.end.saturating_sub(self.measured_from) as f64 / SECOND as f64
    }
}

/// The seconds of a run in order, all executors together.
#[derive(Debug, Clone, Default)]
pub struct Series {
    seconds: BTreeMap<u64, (usize, Interval)>,
}

impl Series {
    /// Adds what one executor saw in one second. Gives the second back when it is complete, that
    /// is when all `executors` have spoken of it.
    pub fn add(&mut self, part: &Interval, executors: usize) -> Option<&Interval> {
        let fresh = || (0, Interval::new(part.second));
        let (spoken, whole) = self.seconds.entry(part.second).or_insert_with(fresh);
        whole.add(part);
        *spoken += 1;
        (*spoken == executors).then_some(&*whole)
    }

    /// In order.
    pub fn intervals(&self) -> impl Iterator<Item = &Interval> {
        self.seconds.values().map(|(_, interval)| interval)
    }
}

/// What a run gave.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Its moments.
    pub phases: Phases,
    /// Its seconds, warm-up and late answers included.
    pub series: Series,
    /// Requests that were never answered.
    pub unanswered: u64,
    /// The first refusal, in words.
    pub complaint: Option<String>,
    /// When the last record of a load with a fixed number of them was answered; else the end.
    pub ended: u64,
}

impl Outcome {
    /// Everything from the end of the warm-up on: counts of the measured seconds, and latencies
    /// also of what was due then and answered later.
    pub fn total(&self) -> Interval {
        let first = self.phases.second_of(self.phases.measured_from);
        let end = self.phases.second_of(self.phases.end);
        let mut total = Interval::new(first);
        for interval in self.series.intervals().filter(|interval| interval.second >= first) {
            let (produced, consumed) = (total.produced, total.consumed);
            total.add(interval);
            if interval.second >= end && end > first {
                (total.produced, total.consumed) = (produced, consumed);
            }
        }
        total
    }

    /// Everything, from the first request to the last answer.
    pub fn sum(&self) -> Interval {
        let mut sum = Interval::new(0);
        self.series.intervals().for_each(|interval| sum.add(interval));
        sum
    }

    /// Seconds that the counts of [`Outcome::total`] are of.
    pub fn seconds(&self) -> f64 {
        let end = self.phases.end.min(self.ended);
        end.saturating_sub(self.phases.measured_from) as f64 / SECOND as f64
    }

    /// Rate per second over the measured seconds.
    pub fn rate(&self, count: u64) -> f64 {
        let seconds = self.seconds();
        if seconds > 0.0 { count as f64 / seconds } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Flow;

    fn interval(second: u64, records: u64, latency_ms: u64) -> Interval {
        let mut interval = Interval::new(second);
        interval.produced.add(&Flow { records, ..Flow::default() });
        interval.ack.record_many(latency_ms * 1_000_000, records);
        interval
    }

    #[test]
    fn counts_are_of_the_measured_seconds_and_latencies_also_of_what_came_late() {
        let phases = Phases { begin: SECOND, measured_from: 3 * SECOND, end: 5 * SECOND };
        let mut series = Series::default();
        let parts = [(0, 100, 1), (1, 100, 1), (2, 10, 2), (3, 10, 2), (4, 1, 1500)];
        for (second, records, ms) in parts {
            assert!(series.add(&interval(second, records, ms), 2).is_none());
            let whole = series.add(&interval(second, records, ms), 2).unwrap();
            assert_eq!(whole.produced.records, 2 * records);
        }
        let outcome = Outcome { phases, series, unanswered: 0, complaint: None, ended: 5 * SECOND };
        let total = outcome.total();
        assert_eq!(total.produced.records, 40);
        assert_eq!(outcome.rate(total.produced.records), 20.0);
        assert_eq!(total.ack.count(), 42);
        assert!(total.ack.max_ms() > 1499.0);
        assert_eq!(outcome.sum().produced.records, 442);
    }
}
