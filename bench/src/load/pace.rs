//! When the requests of one producer are due. Pure, any thread.
//!
//! A schedule does not know about answers: a request that is sent late keeps the time it was meant
//! for, so that a broker that stands still is charged for everything that waited meanwhile.

use crate::clock::SECOND;
use crate::measure::Phases;

/// The moments of one of `lanes` connections that together make a rate.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    begin: u64,
    end: u64,
    /// Nanoseconds between two requests; `None` = as fast as answers come.
    gap: Option<f64>,
    /// Requests so far.
    count: u64,
}

impl Pace {
    /// `rate` is of records, over all `lanes`; requests hold `records` of them. The lanes take
    /// turns, so that together they are as even as one.
    pub fn new(phases: Phases, rate: f64, records: u64, lane: usize, lanes: usize) -> Pace {
        let gap = (rate > 0.0).then(|| records as f64 * SECOND as f64 * lanes as f64 / rate);
        let first = gap.unwrap_or(0.0) * lane as f64 / lanes.max(1) as f64;
        Pace { begin: phases.begin + first as u64, end: phases.end, gap, count: 0 }
    }

    /// When the next request is due; `None` = none is due before the end.
    pub fn due(&self, now: u64) -> Option<u64> {
        let due = match self.gap {
            Some(gap) => self.begin + (gap * self.count as f64) as u64,
            None => now.max(self.begin),
        };
        (due < self.end).then_some(due)
    }

    /// The request was sent.
    pub fn sent(&mut self) {
        self.count += 1;
    }

    /// As fast as answers come.
    pub fn is_closed_loop(&self) -> bool {
        self.gap.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHASES: Phases = Phases { begin: 100, measured_from: 100, end: 100 + SECOND };

    #[test]
    fn the_schedule_does_not_wait_for_anything() {
        let mut pace = Pace::new(PHASES, 1000.0, 10, 0, 1);
        let mut dues = Vec::new();
        while let Some(due) = pace.due(u64::MAX) {
            dues.push(due);
            pace.sent();
        }
        assert_eq!(dues.len(), 100);
        assert_eq!(dues[..3], [100, 100 + SECOND / 100, 100 + SECOND / 50]);
    }

    #[test]
    fn lanes_take_turns() {
        let mut all: Vec<u64> =
            (0..4).map(|lane| Pace::new(PHASES, 100.0, 1, lane, 4).due(0).unwrap()).collect();
        all.sort_unstable();
        assert!(all.windows(2).all(|two| two[1] - two[0] == SECOND / 100), "{all:?}");
    }

    #[test]
    fn without_a_rate_a_request_is_due_whenever_there_is_room() {
        let pace = Pace::new(PHASES, 0.0, 1, 0, 1);
        assert_eq!(pace.due(500), Some(500));
        assert_eq!(pace.due(PHASES.end), None);
    }
}
