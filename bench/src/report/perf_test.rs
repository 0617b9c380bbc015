//! The summary lines of Kafka's own tools, word for word: kafka-producer-perf-test,
//! kafka-consumer-perf-test and kafka-e2e-latency. Pure.

use crate::measure::{Interval, Latency};

/// Bytes of a megabyte, as Kafka's tool counts them.
const MB: f64 = (1 << 20) as f64;

/// The line for what was produced. Latencies run from the intended send time, which Kafka's tool
/// does not know; they have fractions of a millisecond, which it cuts off.
pub fn perf_test_line(total: &Interval, seconds: f64) -> String {
    let per_second = |count: u64| if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
    let flow = total.produced;
    format!(
        "{} records sent, {:.1} records/sec ({:.2} MB/sec), {}",
        flow.records,
        per_second(flow.records),
        per_second(flow.bytes) / MB,
        latencies(&total.ack)
    )
}

/// Header and line of kafka-consumer-perf-test for what was consumed between two times (text, and
/// seconds between them). There are no groups to rebalance, so that column is 0.
pub fn consumer_lines(total: &Interval, times: [&str; 2], seconds: f64) -> String {
    let per_second = |count: f64| if seconds > 0.0 { count / seconds } else { 0.0 };
    let (megabytes, records) = (total.consumed.bytes as f64 / MB, total.consumed.records);
    let ms = (seconds * 1000.0).round();
    format!(
        "start.time, end.time, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, \
         rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec\n{}, {}, {megabytes:.4}, \
         {:.4}, {records}, {:.4}, 0, {ms}, {:.4}, {:.4}",
        times[0],
        times[1],
        per_second(megabytes),
        per_second(records as f64),
        per_second(megabytes),
        per_second(records as f64),
    )
}

/// The lines of kafka-e2e-latency, with fractions of a millisecond, which it cuts off.
pub fn end_to_end_lines(of: &Latency) -> String {
    format!(
        "Avg latency: {:.4} ms\nPercentiles: 50th = {:.3}, 99th = {:.3}, 99.9th = {:.3}",
        of.mean_ms(),
        of.ms(0.5),
        of.ms(0.99),
        of.ms(0.999)
    )
}

fn latencies(of: &Latency) -> String {
    format!(
        "{:.2} ms avg latency, {:.2} ms max latency, {:.2} ms 50th, {:.2} ms 95th, {:.2} ms 99th, \
         {:.2} ms 99.9th.",
        of.mean_ms(),
        of.max_ms(),
        of.ms(0.5),
        of.ms(0.95),
        of.ms(0.99),
        of.ms(0.999)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Flow;

    #[test]
    fn the_line_is_kafkas() {
        let mut total = Interval::new(0);
        total.produced = Flow { records: 2000, requests: 2000, bytes: 2 << 20, wire_bytes: 0 };
        total.ack.record_many(1_000_000, 2000);
        let line = perf_test_line(&total, 2.0);
        assert_eq!(
            line,
            "2000 records sent, 1000.0 records/sec (1.00 MB/sec), 1.00 ms avg latency, 1.00 ms max \
             latency, 1.00 ms 50th, 1.00 ms 95th, 1.00 ms 99th, 1.00 ms 99.9th."
        );
    }

    #[test]
    fn what_a_consumer_did_is_one_line_of_kafkas_columns() {
        let mut total = Interval::new(0);
        total.consumed = Flow { records: 4096, requests: 4, bytes: 4 << 20, wire_bytes: 0 };
        let text = consumer_lines(&total, ["a", "b"], 2.0);
        let (header, line) = text.split_once('\n').unwrap();
        assert_eq!(header.split(", ").count(), line.split(", ").count());
        assert_eq!(line, "a, b, 4.0000, 2.0000, 4096, 2048.0000, 0, 2000, 2.0000, 2048.0000");
        total.end_to_end.record_many(2_000_000, 1000);
        assert!(end_to_end_lines(&total.end_to_end).starts_with("Avg latency: 2.0"));
    }
}
