//! A histogram of latencies: nanoseconds from 1 µs to 60 s with three digits. Pure, any thread.

use hdrhistogram::Histogram;

/// The smallest latency that is told from others, in nanoseconds.
const LOWEST: u64 = 1_000;
/// What is longer counts as this, in nanoseconds.
const HIGHEST: u64 = 60_000_000_000;
const DIGITS: u8 = 3;
/// A quantile is only quoted with so many samples above it.
const ABOVE_MIN: f64 = 100.0;

/// Latencies in nanoseconds.
#[derive(Debug, Clone, Default)]
pub struct Latency(Option<Histogram<u64>>);

/// A quantile, and whether there were samples enough to quote it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantile {
    /// Milliseconds.
    pub ms: f64,
    /// At least a hundred samples lie above it.
    pub is_sound: bool,
}

impl Latency {
    /// Adds one.
    pub fn record(&mut self, nanoseconds: u64) {
        self.record_many(nanoseconds, 1);
    }

    /// Adds `count` of the same.
    pub fn record_many(&mut self, nanoseconds: u64, count: u64) {
        if self.0.is_none() {
            self.0 = Histogram::new_with_bounds(LOWEST, HIGHEST, DIGITS).ok();
        }
        if let Some(histogram) = &mut self.0 {
            histogram.saturating_record_n(nanoseconds.clamp(LOWEST, HIGHEST), count);
        }
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Latency) {
        match (&mut self.0, &other.0) {
            // Both have the same bounds, so every bucket of one is one of the other.
            (Some(mine), Some(theirs)) => _ = mine.add(theirs),
            (None, Some(theirs)) => self.0 = Some(theirs.clone()),
            (_, None) => {}
        }
    }

    /// How many were recorded.
    pub fn count(&self) -> u64 {
        self.0.as_ref().map_or(0, Histogram::len)
    }

    /// The latency that a share of all (0 to 1) does not exceed.
    pub fn quantile(&self, share: f64) -> Quantile {
        let Some(histogram) = &self.0 else { return Quantile { ms: 0.0, is_sound: false } };
        Quantile {
            ms: histogram.value_at_quantile(share) as f64 / 1e6,
            is_sound: histogram.len() as f64 * (1.0 - share) >= ABOVE_MIN,
        }
    }

    /// Milliseconds that a share of all does not exceed.
    pub fn ms(&self, share: f64) -> f64 {
        self.quantile(share).ms
    }

    /// The mean in milliseconds.
    pub fn mean_ms(&self) -> f64 {
        self.0.as_ref().map_or(0.0, |histogram| histogram.mean() / 1e6)
    }

    /// The largest in milliseconds.
    pub fn max_ms(&self) -> f64 {
        self.0.as_ref().map_or(0.0, |histogram| histogram.max() as f64 / 1e6)
    }

    /// The histogram itself, if anything was recorded.
    pub fn histogram(&self) -> Option<&Histogram<u64>> {
        self.0.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merged_is_as_if_recorded_in_one() {
        let (mut a, mut b, mut both) = <(Latency, Latency, Latency)>::default();
        for (place, nanoseconds) in (0..10_000_u64).map(|n| (n, 1_000 + n * n)) {
            if place % 3 == 0 {
                a.record(nanoseconds)
            } else {
                b.record(nanoseconds)
            }
            both.record(nanoseconds);
        }
        a.merge(&b);
        assert_eq!(a.count(), 10_000);
        for share in [0.5, 0.9, 0.99, 0.999, 1.0] {
            assert_eq!(a.ms(share), both.ms(share));
        }
        // Averaging the parts' medians would give something else.
        assert!((a.ms(0.5) - 25.0).abs() < 0.1, "{}", a.ms(0.5));
    }

    #[test]
    fn what_is_longer_than_a_minute_counts_as_a_minute() {
        let mut latency = Latency::default();
        latency.record(u64::MAX);
        latency.record(0);
        assert!((latency.max_ms() - 60_000.0).abs() < 60.0);
        assert!(latency.ms(0.1) < 0.002);
    }

    #[test]
    fn a_quantile_is_sound_with_a_hundred_samples_above_it() {
        let mut latency = Latency::default();
        latency.record_many(5_000, 10_000);
        assert!(latency.quantile(0.99).is_sound);
        assert!(!latency.quantile(0.999).is_sound);
        assert!(!Latency::default().quantile(0.5).is_sound);
    }
}
