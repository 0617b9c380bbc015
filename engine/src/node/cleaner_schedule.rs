//! Which log is cleaned next: the dirtiest, unless it is being cleaned or has failed lately. Pure.
//!
//! A failure delays its log, twice as long each time, and no other; nothing is given up, so nothing
//! needs a restart.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::metadata::LogId;
use crate::runtime::Mono;
use crate::shard::DirtyLog;

/// A log that fails again and again is tried this often at least.
const RETRY_MAX: Duration = Duration::from_secs(15 * 60);

#[derive(Clone, Copy, Debug)]
struct Delay {
    until: Mono,
    failures: u32,
}

/// Who is cleaned, and who has to wait.
#[derive(Debug)]
pub(super) struct CleanerSchedule {
    backoff: Duration,
    in_progress: BTreeSet<LogId>,
    delays: BTreeMap<LogId, Delay>,
}

impl CleanerSchedule {
    /// Nobody waits; `backoff` is the first delay.
    pub(super) fn new(backoff: Duration) -> Self {
        Self { backoff, in_progress: BTreeSet::new(), delays: BTreeMap::new() }
    }

    /// Takes the dirtiest of `found` that may be cleaned now. It counts as being cleaned until
    /// `done`, `postpone` or `failed`.
    pub(super) fn pick(&mut self, found: &[DirtyLog], now: Mono) -> Option<LogId> {
        // A log that is not dirty any more has been deleted, or is clean: its failures are over.
        self.delays
            .retain(|log, delay| delay.until > now || found.iter().any(|dirty| dirty.log == *log));
        let waits = |log: &LogId| self.delays.get(log).is_some_and(|delay| delay.until > now);
        let free = |dirty: &&DirtyLog| !self.in_progress.contains(&dirty.log) && !waits(&dirty.log);
        let dirtiest = |a: &&DirtyLog, b: &&DirtyLog| {
            a.dirt.ratio().total_cmp(&b.dirt.ratio()).then(b.log.cmp(&a.log))
        };
        let log = found.iter().filter(free).max_by(dirtiest)?.log;
        self.in_progress.insert(log);
        Some(log)
    }

    /// The log was cleaned.
    pub(super) fn done(&mut self, log: LogId) {
        self.in_progress.remove(&log);
        self.delays.remove(&log);
    }

    /// The log was changed while it was cleaned: not its fault, but not at once again.
    pub(super) fn postpone(&mut self, log: LogId, now: Mono) {
        self.in_progress.remove(&log);
        let failures = self.delays.get(&log).map_or(0, |delay| delay.failures);
        self.delays.insert(log, Delay { until: now + self.backoff, failures });
    }

    /// The log could not be cleaned; answers when it is tried again.
    pub(super) fn failed(&mut self, log: LogId, now: Mono) -> Duration {
        self.in_progress.remove(&log);
        let failures = self.delays.get(&log).map_or(0, |delay| delay.failures);
        let delay = self.backoff.saturating_mul(1 << failures.min(20)).min(RETRY_MAX);
        let until = now + delay;
        self.delays.insert(log, Delay { until, failures: failures.saturating_add(1) });
        delay
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::cleaner::{LogFacts, SegmentFacts, Wishes, measure};
    use uuid::Uuid;

    fn log(partition: i32) -> LogId {
        LogId { topic: Uuid::from_u128(1), partition }
    }

    /// A log of which `dirty` of ten segments are uncleaned.
    fn dirty(partition: i32, dirty: i64) -> DirtyLog {
        let segment = |base| SegmentFacts { base, bytes: 1, first_ms: 0, youngest_ms: 0 };
        let segments = (0..=10).map(segment).collect();
        let facts = LogFacts { segments, start: 0, end: 10, cleaned: Some(10 - dirty), stable: 10 };
        let wishes = Wishes { min_ratio: 0.0, min_lag_ms: 0, max_lag_ms: i64::MAX };
        DirtyLog { log: log(partition), dirt: measure(&facts, &wishes, 0) }
    }

    fn second(n: u64) -> Mono {
        Mono::from_nanos(n * 1_000_000_000)
    }

    #[test]
    fn the_dirtiest_comes_first_and_nobody_twice_at_one_time() {
        let mut schedule = CleanerSchedule::new(Duration::from_secs(1));
        let found = [dirty(1, 3), dirty(2, 7), dirty(3, 7), dirty(4, 5)];
        let picked: Vec<_> = (0..5).map(|_| schedule.pick(&found, second(0))).collect();
        let expected = [2, 3, 4, 1].map(|partition| Some(log(partition)));
        assert_eq!(picked[..4], expected);
        assert_eq!(picked[4], None);
        schedule.done(log(4));
        assert_eq!(schedule.pick(&found, second(0)), Some(log(4)));
    }

    #[test]
    fn a_failure_delays_its_log_alone_and_longer_each_time() {
        let mut schedule = CleanerSchedule::new(Duration::from_secs(1));
        let found = [dirty(1, 9), dirty(2, 1)];
        let mut now = 0;
        for expected in [1, 2, 4, 8] {
            assert_eq!(schedule.pick(&found, second(now)), Some(log(1)));
            assert_eq!(schedule.failed(log(1), second(now)), Duration::from_secs(expected));
            assert_eq!(schedule.pick(&found, second(now)), Some(log(2)), "the others go on");
            schedule.done(log(2));
            now += expected;
        }
        for _ in 0..40 {
            assert_eq!(schedule.pick(&found, second(now)), Some(log(1)));
            assert!(schedule.failed(log(1), second(now)) <= RETRY_MAX);
            now += RETRY_MAX.as_secs();
        }
        assert_eq!(schedule.pick(&found, second(now)), Some(log(1)));
        schedule.done(log(1));
        assert_eq!(schedule.pick(&found, second(now)), Some(log(1)));
        assert_eq!(schedule.failed(log(1), second(now)), Duration::from_secs(1), "all forgotten");
        schedule.pick(&[], second(now + 1));
        assert!(schedule.delays.is_empty(), "who is not dirty any more is forgotten");
    }

    #[test]
    fn a_log_that_was_changed_meanwhile_waits_but_has_not_failed() {
        let mut schedule = CleanerSchedule::new(Duration::from_secs(5));
        let found = [dirty(1, 9)];
        schedule.pick(&found, second(0));
        schedule.postpone(log(1), second(0));
        assert_eq!(schedule.pick(&found, second(4)), None);
        assert_eq!(schedule.pick(&found, second(5)), Some(log(1)));
        assert_eq!(schedule.failed(log(1), second(5)), Duration::from_secs(5));
    }
}
