//! The log of HdrHistogram: one histogram per second and kind, tagged, for its own plotters. Times
//! in nanoseconds, maxima in the log in milliseconds. Pure but for the file it is given.

use std::io::{self, Write};
use std::time::{Duration, UNIX_EPOCH};

use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};

use crate::measure::{Latency, Outcome};

/// Nanoseconds of the millisecond that the log's maxima are in.
const MILLISECOND: f64 = 1e6;

/// Writes the log of a run that began at `began_ms`, Unix milliseconds.
///
/// # Errors
/// The file cannot be written.
pub fn write(into: &mut impl Write, outcome: &Outcome, began_ms: i64) -> io::Result<()> {
    let began = UNIX_EPOCH + Duration::from_millis(u64::try_from(began_ms).unwrap_or(0));
    let mut serializer = V2DeflateSerializer::new();
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment("corelog-bench: latencies from the intended send time, in nanoseconds")
        .with_start_time(began)
        .with_base_time(began)
        .with_max_value_divisor(MILLISECOND)
        .begin_log_with(into, &mut serializer)
        .map_err(wrong)?;
    let first = outcome.phases.second_of(outcome.phases.measured_from);
    for interval in outcome.series.intervals().filter(|one| one.second >= first) {
        let at = Duration::from_secs(interval.second);
        let kinds: [(&str, &Latency); 3] = [
            ("ack", &interval.ack),
            ("delay", &interval.delay),
            ("end-to-end", &interval.end_to_end),
        ];
        for (name, latency) in kinds {
            if let Some(histogram) = latency.histogram() {
                let tag = Tag::new(name);
                log.write_histogram(histogram, at, Duration::from_secs(1), tag).map_err(wrong)?;
            }
        }
    }
    Ok(())
}

fn wrong(why: impl std::fmt::Debug) -> io::Error {
    io::Error::other(format!("{why:?}"))
}

#[cfg(test)]
mod tests {
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    use super::*;
    use crate::measure::{Interval, Phases, Series};

    #[test]
    fn a_reader_of_the_format_finds_every_second() {
        let mut series = Series::default();
        for second in 0..3 {
            let mut interval = Interval::new(second);
            interval.ack.record(5_000_000);
            series.add(&interval, 1);
        }
        let phases = Phases { begin: 0, measured_from: 1_000_000_000, end: 3_000_000_000 };
        let outcome = Outcome { phases, series, unanswered: 0, complaint: None, ended: 0 };
        let mut bytes = Vec::new();
        write(&mut bytes, &outcome, 1_700_000_000_000).unwrap();
        let histograms: Vec<f64> = IntervalLogIterator::new(&bytes)
            .filter_map(|entry| match entry.unwrap() {
                LogEntry::Interval(one) => Some(one.start_timestamp().as_secs_f64()),
                _ => None,
            })
            .collect();
        assert_eq!(histograms, [1.0, 2.0]);
    }
}
