//! A line a second while a load runs, in the form of kafka-producer-perf-test; on a terminal it is
//! written over the one before.

use std::io::{IsTerminal, Write, stderr};

use crate::measure::{Interval, Latency};

/// Bytes of a megabyte, as Kafka's tool counts them.
const MB: f64 = (1 << 20) as f64;

/// The line of the running load.
pub struct Progress {
    is_terminal: bool,
    is_quiet: bool,
}

impl Progress {
    /// On standard error, so that results on standard output stay alone.
    pub fn new(is_quiet: bool) -> Progress {
        Progress { is_terminal: stderr().is_terminal(), is_quiet }
    }

    /// Shows a second.
    pub fn show(&self, second: &Interval) {
        if self.is_quiet {
            return;
        }
        let mut parts = Vec::new();
        if second.produced.records > 0 || second.consumed.records == 0 {
            let (records, bytes) = (second.produced.records, second.produced.bytes as f64 / MB);
            parts.push(format!(
                "{records} records sent, {records}.0 records/sec ({bytes:.2} MB/sec), {}",
                latency(&second.ack)
            ));
        }
        if second.consumed.records > 0 {
            let (records, bytes) = (second.consumed.records, second.consumed.bytes as f64 / MB);
            let end_to_end = match second.end_to_end.count() {
                0 => String::new(),
                _ => format!(", {} end to end", latency(&second.end_to_end)),
            };
            parts.push(format!("{records} records read ({bytes:.2} MB/sec){end_to_end}"));
        }
        if second.errors > 0 {
            parts.push(format!("{} refused", second.errors));
        }
        let line = parts.join("; ");
        let (before, after) = if self.is_terminal { ("\r\x1b[K", "") } else { ("", "\n") };
        // A closed standard error is nobody who waits for progress.
        let _ = write!(stderr(), "{before}{line}{after}");
    }

    /// Ends the line.
    pub fn end(&self) {
        if self.is_terminal && !self.is_quiet {
            let _ = writeln!(stderr());
        }
    }
}

fn latency(of: &Latency) -> String {
    format!("{:.2} ms avg latency, {:.2} ms max latency", of.mean_ms(), of.max_ms())
}
