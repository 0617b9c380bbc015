//! How often values of which size occurred: fixed buckets, four to every doubling.
//!
//! 105 buckets and a sum make 848 bytes. Written by one core with relaxed loads and stores, read by
//! any thread as a [`Distribution`], which adds up over cores: counts are merged, percentiles never
//! averaged. A quantile is exact to a quarter of its value.

use super::counter::Counter;

/// Buckets below the first doubling, and per doubling.
const STEPS: usize = 4;
/// Doublings above the first buckets.
const DOUBLINGS: usize = 25;
/// The last one takes what is larger than all others.
const BUCKETS: usize = STEPS + DOUBLINGS * STEPS + 1;

/// A histogram whose smallest bucket is 2^`SHIFT` wide.
#[derive(Debug)]
pub struct Histogram<const SHIFT: u32> {
    sum: Counter,
    buckets: [Counter; BUCKETS],
}

/// Times in nanoseconds, from 1 us to 137 s.
pub type Times = Histogram<10>;
/// Counts and bytes, from 1 to 134 million.
pub type Sizes = Histogram<0>;

impl<const SHIFT: u32> Default for Histogram<SHIFT> {
    fn default() -> Self {
        Self { sum: Counter::default(), buckets: std::array::from_fn(|_| Counter::default()) }
    }
}

impl<const SHIFT: u32> Histogram<SHIFT> {
    /// One more value; only the owning core may call it.
    pub fn record(&self, value: u64) {
        self.sum.add(value);
        if let Some(bucket) = self.buckets.get(bucket_of(value, SHIFT)) {
            bucket.one();
        }
    }

    /// What was recorded so far; any thread. Values recorded meanwhile may be missing.
    pub fn read(&self) -> Distribution {
        Distribution {
            sum: self.sum.get(),
            counts: self.buckets.iter().map(Counter::get).collect(),
            shift: SHIFT,
        }
    }
}

/// The bucket for `value`: a bucket holds what is above its lower and up to its upper bound.
fn bucket_of(value: u64, shift: u32) -> usize {
    let scaled = value.saturating_sub(1) >> shift;
    if scaled < STEPS as u64 {
        return scaled as usize;
    }
    let doubling = scaled.ilog2() as usize - 2;
    let step = (scaled >> doubling) as usize - STEPS;
    (STEPS + doubling * STEPS + step).min(BUCKETS - 1)
}

/// The largest value that bucket `index` holds.
fn upper_bound(index: usize, shift: u32) -> u64 {
    let bound = match index.checked_sub(STEPS) {
        None => index as u64 + 1,
        Some(above) => ((STEPS + above % STEPS + 1) as u64) << (above / STEPS),
    };
    bound << shift
}

/// What histograms of one kind held at some moment.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Distribution {
    sum: u64,
    counts: Vec<u64>,
    shift: u32,
}

impl Distribution {
    /// Adds what another histogram of the same kind held.
    pub fn merge(&mut self, other: &Distribution) {
        if self.counts.is_empty() {
            *self = other.clone();
            return;
        }
        self.sum += other.sum;
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
    }

    /// How many values.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Their sum, in the unit that was recorded.
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// For every doubling from 2^`from` to 2^`to` of the smallest bucket's width: that bound, and
    /// how many values were not above it.
    pub fn doublings(&self, from: u32, to: u32) -> Vec<(u64, u64)> {
        let mut found = Vec::new();
        let mut below = 0;
        let mut next = from;
        for (index, count) in self.counts.iter().enumerate().take(BUCKETS - 1) {
            below += count;
            let bound = upper_bound(index, self.shift);
            if next <= to && bound == 1 << (next + self.shift) {
                found.push((bound, below));
                next += 1;
            }
        }
        found
    }

    /// The value that the part `q` (0 to 1) of all values does not exceed; `None` without values.
    /// Between the bounds of its bucket it is told by proportion.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let wanted = (self.count() as f64 * q).max(1.0);
        let (mut below, mut lower) = (0.0, 0.0);
        for (index, count) in self.counts.iter().enumerate() {
            let upper = upper_bound(index, self.shift) as f64;
            let count = *count as f64;
            if count > 0.0 && below + count >= wanted {
                return Some(lower + (upper - lower) * (wanted - below) / count);
            }
            (below, lower) = (below + count, upper);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_its_bucket_and_every_bound_in_the_bucket_below() {
        for shift in [0, 10] {
            for index in 0..BUCKETS - 1 {
                let upper = upper_bound(index, shift);
                assert_eq!(bucket_of(upper, shift), index);
                assert_eq!(bucket_of(upper + 1, shift), index + 1);
            }
            assert_eq!(bucket_of(0, shift), 0);
            assert_eq!(bucket_of(u64::MAX, shift), BUCKETS - 1);
        }
        assert_eq!(upper_bound(BUCKETS - 2, 10), 137_438_953_472);
    }

    #[test]
    fn values_of_several_cores_are_counted_together() {
        let (one, other) = (Sizes::default(), Sizes::default());
        for value in 1..=50 {
            one.record(value);
            other.record(value + 50);
        }
        let mut all = Distribution::default();
        all.merge(&one.read());
        all.merge(&other.read());
        assert_eq!((all.count(), all.sum()), (100, 5050));
        let expected = [(1, 1), (2, 2), (4, 4), (8, 8), (16, 16), (32, 32), (64, 64), (128, 100)];
        assert_eq!(all.doublings(0, 7), expected);
        for (q, exact) in [(0.5, 50.0), (0.95, 95.0), (0.99, 99.0), (1.0, 100.0)] {
            let told = all.quantile(q).unwrap();
            assert!((told - exact).abs() <= exact / 4.0, "{q}: {told} for {exact}");
        }
        assert_eq!(Distribution::default().quantile(0.5), None);
    }

    #[test]
    fn times_are_told_by_the_doubling_of_a_microsecond() {
        let times = Times::default();
        times.record(900);
        times.record(3_000_000);
        let read = times.read();
        assert_eq!(read.doublings(0, 1), [(1024, 1), (2048, 1)]);
        assert_eq!(read.doublings(11, 12), [(2_097_152, 1), (4_194_304, 2)]);
        assert_eq!(read.sum(), 3_000_900);
    }
}
