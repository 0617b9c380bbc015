//! What a request's way took: its moments, and the core's counters that they end up in. Core-local.
//!
//! ```text
//! arrived -> begun -> staged -> answered -> sending -> sent
//! ```
//! A clock is read where a stretch ends and nowhere else; replies that leave together share theirs.
//! Must not know: what a request means.

use std::cell::Cell;
use std::sync::Arc;

use corelog_engine::metrics::{CoreMetrics, RequestMetrics};
use corelog_engine::runtime::{self, Mono};

use crate::wire::ApiKey;

/// The moments of one request so far.
#[derive(Clone, Copy, Debug)]
pub struct Journey {
    /// Which request.
    pub api: ApiKey,
    /// Its last byte was read.
    pub arrived: Mono,
    /// Its handler began.
    pub begun: Mono,
    /// Everything it asks for stands in its owner's queue.
    pub staged: Mono,
    /// Its answer is known.
    pub answered: Mono,
}

/// The requests of one connection in their core's counters. What is under way when the connection
/// ends is taken off the levels again.
pub struct Travels {
    metrics: Arc<CoreMetrics>,
    running: Cell<u64>,
    waiting: Cell<u64>,
}

impl Travels {
    /// Of a connection of this core.
    pub fn of_this_core() -> Travels {
        let (running, waiting) = (Cell::default(), Cell::default());
        Travels { metrics: runtime::core_metrics(), running, waiting }
    }

    /// A request was taken, and its answer will follow.
    pub fn takes_off(&self) {
        self.running.set(self.running.get() + 1);
        self.metrics.requests_running.add(1);
    }

    /// The answer of one that had taken off is known.
    pub fn lands(&self) {
        self.running.set(self.running.get() - 1);
        self.metrics.requests_running.lower(1);
    }

    /// An answer waits for the socket.
    pub fn waits(&self) {
        self.waiting.set(self.waiting.get() + 1);
        self.metrics.answers_waiting.add(1);
    }

    /// These answers were sent: begun at `sending`, over at `sent`.
    pub fn arrive(&self, journeys: &mut Vec<Journey>, sending: Mono, sent: Mono) {
        self.over(journeys.len() as u64);
        for journey in journeys.drain(..) {
            if let Some(metrics) = self.of(journey.api) {
                journey.record(metrics, sending, sent);
            }
        }
    }

    /// This answer is that the connection ends.
    pub fn refused(&self, api: ApiKey) {
        self.over(1);
        if let Some(metrics) = self.of(api) {
            metrics.refused.one();
        }
    }

    fn over(&self, answers: u64) {
        self.waiting.set(self.waiting.get().saturating_sub(answers));
        self.metrics.answers_waiting.lower(answers);
    }

    fn of(&self, api: ApiKey) -> Option<&RequestMetrics> {
        self.metrics.api.of(usize::try_from(api.code()).ok()?)
    }
}

impl Drop for Travels {
    fn drop(&mut self) {
        self.metrics.requests_running.lower(self.running.get());
        self.metrics.answers_waiting.lower(self.waiting.get());
    }
}

impl Journey {
    fn record(&self, metrics: &RequestMetrics, sending: Mono, sent: Mono) {
        let nanos = |from: Mono, to: Mono| to.as_nanos().saturating_sub(from.as_nanos());
        metrics.total.record(nanos(self.arrived, sent));
        metrics.queued.record(nanos(self.arrived, self.begun));
        metrics.local.record(nanos(self.begun, self.staged));
        metrics.remote.record(nanos(self.staged, self.answered));
        metrics.answer_queued.record(nanos(self.answered, sending));
        metrics.sending.record(nanos(sending, sent));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use corelog_engine::runtime::run_here;

    #[test]
    fn every_stretch_goes_into_its_own_histogram() {
        run_here(async {
            let travels = Travels::of_this_core();
            let at = |millis: u64| Mono::from_nanos(millis * 1_000_000);
            travels.takes_off();
            travels.lands();
            travels.waits();
            let journey = Journey {
                api: ApiKey::Fetch,
                arrived: at(1),
                begun: at(2),
                staged: at(4),
                answered: at(8),
            };
            travels.arrive(&mut vec![journey], at(16), at(32));
            let metrics = runtime::core_metrics();
            let (kind, fetch) = metrics.api.all().next().unwrap();
            let stretches = [
                &fetch.total,
                &fetch.queued,
                &fetch.local,
                &fetch.remote,
                &fetch.answer_queued,
                &fetch.sending,
            ];
            let millis = stretches.map(|one| one.read().sum() / 1_000_000);
            assert_eq!((kind, millis), (1, [31, 1, 2, 4, 8, 16]));
        });
    }

    #[test]
    fn what_is_under_way_when_a_connection_ends_is_taken_off_the_levels() {
        run_here(async {
            let metrics = runtime::core_metrics();
            let (one, other) = (Travels::of_this_core(), Travels::of_this_core());
            for travels in [&one, &other] {
                travels.takes_off();
                travels.takes_off();
                travels.lands();
                travels.waits();
            }
            assert_eq!((metrics.requests_running.get(), metrics.answers_waiting.get()), (2, 2));
            drop(one);
            assert_eq!((metrics.requests_running.get(), metrics.answers_waiting.get()), (1, 1));
            other.refused(ApiKey::Produce);
            drop(other);
            assert_eq!((metrics.requests_running.get(), metrics.answers_waiting.get()), (0, 0));
        });
    }
}
