//! The result file of the OpenMessaging Benchmark, with its names, so that its charts read ours.
//! Pure.
//!
//! Latencies are in milliseconds, delays of sending in microseconds, as there.

use serde_json::{Map, Value, json};

use super::saved::{Curve, Saved, SavedSecond};

/// Suffix of a name, and the share it stands for.
const SHARES: [(&str, f64); 6] = [
    ("50pct", 0.5),
    ("75pct", 0.75),
    ("95pct", 0.95),
    ("99pct", 0.99),
    ("999pct", 0.999),
    ("9999pct", 0.9999),
];
const MICROSECONDS: f64 = 1000.0;

/// A kind of latency: its name there, where it stands here, and its unit in milliseconds' parts.
type Kind = (&'static str, fn(&SavedSecond) -> &Curve, fn(&Saved) -> &Curve, f64);

const KINDS: [Kind; 3] = [
    ("ublishLatency", |one| &one.ack, |all| &all.ack, 1.0),
    ("ublishDelayLatency", |one| &one.delay, |all| &all.delay, MICROSECONDS),
    ("ndToEndLatency", |one| &one.end_to_end, |all| &all.end_to_end, 1.0),
];

/// The whole file.
pub fn result(run: &Saved) -> Value {
    let workload = &run.workload;
    let measured: Vec<&SavedSecond> = run.seconds.iter().filter(|one| one.is_measured).collect();
    let each = |of: &dyn Fn(&SavedSecond) -> Value| -> Value {
        measured.iter().map(|second| of(second)).collect()
    };
    let mut file = Map::new();
    let fields = [
        ("workload", json!(run.name)),
        ("driver", json!("corelog-bench")),
        ("messageSize", json!(workload.record_bytes)),
        ("topics", json!(1)),
        ("partitions", json!(workload.partitions)),
        ("producersPerTopic", json!(workload.producers)),
        ("consumersPerTopic", json!(workload.groups * workload.consumers)),
        ("sampleRateMillis", json!(1000)),
        ("beginTime", json!(run.began_ms)),
        ("endTime", json!(run.ended_ms)),
        ("publishRate", each(&|one| json!(one.records))),
        ("publishErrorRate", each(&|one| json!(one.errors))),
        ("consumeRate", each(&|one| json!(one.consumed_records))),
        ("backlog", backlog(run, &measured)),
    ];
    file.extend(fields.map(|(name, value)| (name.to_owned(), value)));
    for (name, second, whole, unit) in KINDS {
        let initial = if name.starts_with('n') { ("e", "E") } else { ("p", "P") };
        series(&mut file, &format!("{}{name}", initial.0), &measured, second, unit);
        aggregate(&mut file, &format!("aggregated{}{name}", initial.1), whole(run), unit);
    }
    Value::Object(file)
}

/// Records that were produced and not consumed yet by every set of consumers.
fn backlog(run: &Saved, measured: &[&SavedSecond]) -> Value {
    let sets = run.workload.groups as u64;
    let (mut produced, mut consumed) = (0, 0);
    let after = measured.iter().map(|second| {
        produced += second.records * sets;
        consumed += second.consumed_records;
        json!(produced.saturating_sub(consumed))
    });
    after.collect()
}

fn series(
    file: &mut Map<String, Value>,
    name: &str,
    measured: &[&SavedSecond],
    curve: fn(&SavedSecond) -> &Curve,
    unit: f64,
) {
    let mut put = |suffix: &str, of: &dyn Fn(&Curve) -> f64| {
        let values: Vec<f64> = measured.iter().map(|one| of(curve(one)) * unit).collect();
        file.insert(format!("{name}{suffix}"), json!(values));
    };
    put("Avg", &|curve| curve.mean);
    for (suffix, share) in SHARES {
        put(suffix, &|curve| curve.at(share));
    }
    put("Max", &|curve| curve.max);
}

fn aggregate(file: &mut Map<String, Value>, name: &str, curve: &Curve, unit: f64) {
    file.insert(format!("{name}Avg"), json!(curve.mean * unit));
    for (suffix, share) in SHARES {
        file.insert(format!("{name}{suffix}"), json!(curve.at(share) * unit));
    }
    file.insert(format!("{name}Max"), json!(curve.max * unit));
    let quantiles = curve.points.iter().map(|(share, ms)| {
        let percent = (share * 1e7).round() / 1e5;
        (format!("{percent}"), json!(ms * unit))
    });
    file.insert(format!("{name}Quantiles"), Value::Object(quantiles.collect()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Interval, Outcome, Phases, Series};
    use crate::workload::Workload;

    #[test]
    fn the_names_are_those_that_charts_read() {
        let mut series = Series::default();
        let mut second = Interval::new(0);
        second.produced.records = 500;
        second.ack.record_many(2_000_000, 500);
        series.add(&second, 1);
        let phases = Phases { begin: 0, measured_from: 0, end: 1_000_000_000 };
        let outcome =
            Outcome { phases, series, unanswered: 0, complaint: None, ended: 1_000_000_000 };
        let saved = Saved::of("w", &Workload::default(), &outcome, Vec::new(), 5000);
        let file = result(&saved);
        for name in [
            "publishRate",
            "consumeRate",
            "backlog",
            "publishErrorRate",
            "publishLatencyAvg",
            "publishLatency50pct",
            "publishLatency999pct",
            "publishLatencyMax",
            "publishDelayLatency99pct",
            "endToEndLatency9999pct",
            "endToEndLatencyMax",
        ] {
            assert_eq!(file[name].as_array().map(Vec::len), Some(1), "{name}");
        }
        assert_eq!(file["publishRate"][0], 500);
        let p99 = file["aggregatedPublishLatency99pct"].as_f64().unwrap();
        assert!((p99 - 2.0).abs() < 0.01, "{p99}");
        assert!(file["aggregatedPublishLatencyQuantiles"]["50"].is_number());
        assert!(file["aggregatedEndToEndLatencyMax"].is_number());
        assert!(file["aggregatedPublishDelayLatencyQuantiles"].is_object());
    }
}
