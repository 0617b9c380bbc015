//! A run as it is kept: plain data, from which every page can be made again. Pure, any thread.

use serde::{Deserialize, Serialize};

use crate::measure::{Interval, Latency, Outcome};
use crate::workload::Workload;

/// The shares of a latency curve: nine steps per nine.
const NINES: i32 = 5;
const STEPS: i32 = 9;

/// A whole run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Saved {
    /// The workload's name.
    pub name: String,
    /// When it began, Unix milliseconds.
    pub began_ms: i64,
    /// When it ended, Unix milliseconds.
    pub ended_ms: i64,
    /// What a reader has to know: broker, machine, durability.
    pub circumstances: Vec<(String, String)>,
    /// What was run.
    pub workload: Workload,
    /// Second by second.
    pub seconds: Vec<SavedSecond>,
    /// Seconds that counted.
    pub measured_seconds: f64,
    /// Records produced in them.
    pub records: u64,
    /// Bytes of their values.
    pub bytes: u64,
    /// Records consumed in them.
    pub consumed_records: u64,
    /// Bytes of their values.
    pub consumed_bytes: u64,
    /// Requests refused.
    pub errors: u64,
    /// Requests never answered.
    pub unanswered: u64,
    /// Requests that were due and waited because too many were in flight.
    pub held_back: u64,
    /// From the intended send time to the ack.
    pub ack: Curve,
    /// From the intended to the actual send time.
    pub delay: Curve,
    /// From the intended send time to the consumer.
    pub end_to_end: Curve,
}

/// One second of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SavedSecond {
    /// Seconds since the beginning.
    pub second: u64,
    /// Whether it counts.
    pub is_measured: bool,
    /// Records produced.
    pub records: u64,
    /// Bytes of their values.
    pub bytes: u64,
    /// Records consumed.
    pub consumed_records: u64,
    /// Bytes of their values.
    pub consumed_bytes: u64,
    /// Refused requests.
    pub errors: u64,
    /// From the intended send time to the ack.
    pub ack: Curve,
    /// From the intended to the actual send time.
    pub delay: Curve,
    /// From the intended send time to the consumer.
    pub end_to_end: Curve,
}

/// Latencies of a second or of a run, in milliseconds.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Curve {
    /// Samples.
    pub count: u64,
    /// The mean.
    pub mean: f64,
    /// The largest.
    pub max: f64,
    /// Share of all and the latency that it does not exceed; only shares with samples above them.
    pub points: Vec<(f64, f64)>,
}

impl Curve {
    /// The latencies at the shares that are charted.
    pub fn of(latency: &Latency) -> Curve {
        let (count, mean, max) = (latency.count(), latency.mean_ms(), latency.max_ms());
        let has_samples = |share: &f64| count as f64 * (1.0 - share) >= 1.0;
        let points = shares().filter(has_samples).map(|share| (share, latency.ms(share)));
        Curve { count, mean, max, points: points.collect() }
    }

    /// The latency at a share; the largest where there are no samples above it.
    pub fn at(&self, share: f64) -> f64 {
        let point = self.points.iter().find(|(at, _)| *at >= share - 1e-9);
        point.map_or(self.max, |(_, ms)| *ms)
    }
}

/// 0 to 0.9 in tenths, then the same within each further nine, and what tools quote.
fn shares() -> impl Iterator<Item = f64> {
    let steps = (0..NINES).flat_map(|nines| {
        let above = 0.1_f64.powi(nines);
        (0..STEPS).map(move |step| 1.0 - above * (1.0 - f64::from(step) / 10.0))
    });
    let mut shares: Vec<f64> = steps.chain([0.75, 0.95, 0.995]).collect();
    shares.sort_by(f64::total_cmp);
    shares.into_iter()
}

impl Saved {
    /// The run as it is kept. `ended_ms` is now.
    pub fn of(
        name: &str,
        workload: &Workload,
        outcome: &Outcome,
        circumstances: Vec<(String, String)>,
        ended_ms: i64,
    ) -> Saved {
        let total = outcome.total();
        let first = outcome.phases.second_of(outcome.phases.measured_from);
        let end = outcome.phases.second_of(outcome.phases.end);
        let seconds: Vec<SavedSecond> = outcome
            .series
            .intervals()
            .map(|one| second(one, (first..end).contains(&one.second)))
            .collect();
        let took = i64::try_from(seconds.len()).unwrap_or(0) * 1000;
        Saved {
            name: name.to_owned(),
            began_ms: ended_ms - took,
            ended_ms,
            circumstances,
            workload: workload.clone(),
            seconds,
            measured_seconds: outcome.seconds(),
            records: total.produced.records,
            bytes: total.produced.bytes,
            consumed_records: total.consumed.records,
            consumed_bytes: total.consumed.bytes,
            errors: total.errors,
            unanswered: outcome.unanswered,
            held_back: total.held_back,
            ack: Curve::of(&total.ack),
            delay: Curve::of(&total.delay),
            end_to_end: Curve::of(&total.end_to_end),
        }
    }

    /// Per measured second.
    pub fn per_second(&self, count: u64) -> f64 {
        if self.measured_seconds > 0.0 { count as f64 / self.measured_seconds } else { 0.0 }
    }
}

fn second(of: &Interval, is_measured: bool) -> SavedSecond {
    SavedSecond {
        second: of.second,
        is_measured,
        records: of.produced.records,
        bytes: of.produced.bytes,
        consumed_records: of.consumed.records,
        consumed_bytes: of.consumed.bytes,
        errors: of.errors,
        ack: Curve::of(&of.ack),
        delay: Curve::of(&of.delay),
        end_to_end: Curve::of(&of.end_to_end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_quotes_no_share_without_samples_above_it() {
        let mut latency = Latency::default();
        (1..=1000_u64).for_each(|ms| latency.record(ms * 1_000_000));
        let curve = Curve::of(&latency);
        assert!((curve.at(0.5) - 500.0).abs() < 1.0, "{}", curve.at(0.5));
        assert!((curve.at(0.99) - 990.0).abs() < 2.0, "{}", curve.at(0.99));
        assert_eq!(curve.at(0.99999), curve.max);
        assert!(curve.points.iter().all(|(share, _)| *share <= 0.999));
        assert!(curve.points.is_sorted_by(|a, b| a.0 <= b.0 && a.1 <= b.1));
    }
}
