//! How fast the cleaner may read and write: a bucket of bytes that fills with time. Pure.

use std::time::Duration;

use crate::runtime::Mono;

/// Bytes that may be taken at once, as time: short, so that others get their turn.
const BURST: Duration = Duration::from_millis(300);

/// A budget of bytes per second, shared by whoever cleans.
#[derive(Debug)]
pub struct Throttle {
    bytes_per_second: f64,
    /// When all that was taken so far will have been earned.
    earned_at: Mono,
}

impl Throttle {
    /// A full bucket. Less than a byte in a second counts as one.
    pub fn new(bytes_per_second: f64) -> Throttle {
        Throttle { bytes_per_second: bytes_per_second.max(1.0), earned_at: Mono::default() }
    }

    /// Takes bytes that were read or written; answers how long to rest for them.
    pub fn take(&mut self, now: Mono, bytes: u64) -> Duration {
        let cost = Duration::try_from_secs_f64(bytes as f64 / self.bytes_per_second);
        let full = Mono::from_nanos(now.as_nanos().saturating_sub(BURST.as_nanos() as u64));
        self.earned_at = self.earned_at.max(full) + cost.unwrap_or(Duration::MAX);
        self.earned_at.since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_holds_and_a_pause_earns_no_more_than_a_burst() {
        let mut throttle = Throttle::new(1000.0);
        let second = |n: u64| Mono::from_nanos(n * 1_000_000_000);
        assert_eq!(throttle.take(second(10), 300), Duration::ZERO, "the bucket was full");
        assert_eq!(throttle.take(second(10), 500), Duration::from_millis(500));
        assert_eq!(throttle.take(second(10), 500), Duration::from_secs(1));
        assert_eq!(throttle.take(second(100), 1_300), Duration::from_secs(1));
    }

    #[test]
    fn without_a_limit_nobody_rests() {
        let mut throttle = Throttle::new(f64::MAX);
        assert_eq!(throttle.take(Mono::default(), u64::MAX), Duration::ZERO);
        assert!(Throttle::new(0.0).take(Mono::default(), 9) > Duration::from_secs(5));
    }
}
