//! The account of a profile as text: CPU time of a request by layer, by thread and by function,
//! and its system calls. Pure.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::layers::layer;
use super::stacks::Stack;

/// Functions that are listed.
const TOP: usize = 30;
/// Bytes of a gigabyte.
const GB: f64 = 1e9;
const MICROS: f64 = 1e6;

/// What was seen of a load.
pub struct Seen {
    /// What it is called, and what a reader has to know of the run.
    pub header: Vec<(String, String)>,
    /// Requests of the seconds in which nobody looked.
    pub requests: u64,
    /// Bytes of record values of those.
    pub bytes: u64,
    /// Those seconds.
    pub seconds: f64,
    /// CPU seconds of the broker in them.
    pub cpu: f64,
    /// Its context switches in them.
    pub switches: u64,
    /// Samples.
    pub stacks: Vec<Stack>,
    /// System calls a second, by name, and what was handed to rings.
    pub calls: BTreeMap<String, f64>,
    /// Requests a second while those were counted.
    pub counted_rate: f64,
}

impl Seen {
    /// CPU microseconds of a request.
    pub fn micros_per_request(&self) -> f64 {
        ratio(self.cpu * MICROS, self.requests as f64)
    }

    /// The account.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let mut add = |line: std::fmt::Arguments| _ = writeln!(out, "{line}"); // it takes all
        for (name, value) in &self.header {
            add(format_args!("{name}: {value}"));
        }
        add(format_args!("requests a second: {:.0}", ratio(self.requests as f64, self.seconds)));
        let megabytes = ratio(self.bytes as f64, self.seconds) / 1e6;
        add(format_args!("record values: {megabytes:.1} MB/s"));
        add(format_args!("CPU of the broker: {:.1} us a request", self.micros_per_request()));
        let per_gb = ratio(self.cpu, self.bytes as f64 / GB);
        add(format_args!("CPU of the broker: {per_gb:.3} s a GB"));
        let switches = ratio(self.switches as f64, self.requests as f64);
        add(format_args!("context switches: {switches:.2} a request"));
        let samples: u64 = self.stacks.iter().map(|stack| stack.samples).sum();
        add(format_args!("samples: {samples}"));
        self.table(&mut out, "layer", usize::MAX, |stack| layer(stack).to_owned());
        self.table(&mut out, "thread", usize::MAX, |stack| stack.thread.clone());
        self.table(&mut out, "function, by itself", TOP, |stack| {
            let first = stack.frames.first();
            first.map_or_else(|| "[none]".to_owned(), |frame| frame.name.clone())
        });
        self.calls(&mut out);
        out
    }

    /// CPU time by what `of` says of a stack, the most first.
    fn table(&self, out: &mut String, title: &str, at_most: usize, of: impl Fn(&Stack) -> String) {
        let mut parts: BTreeMap<String, u64> = BTreeMap::new();
        for stack in &self.stacks {
            *parts.entry(of(stack)).or_default() += stack.samples;
        }
        let all: u64 = parts.values().sum();
        let mut parts: Vec<(String, u64)> = parts.into_iter().collect();
        parts.sort_by_key(|(_, samples)| std::cmp::Reverse(*samples));
        let _ = writeln!(out, "\n{:>10} {:>8} {:>7}  {title}", "us/request", "s/GB", "share");
        for (name, samples) in parts.into_iter().take(at_most) {
            let share = ratio(samples as f64, all as f64);
            let micros = share * self.micros_per_request();
            let per_gb = share * ratio(self.cpu, self.bytes as f64 / GB);
            let percent = share * 100.0;
            let _ = writeln!(out, "{micros:>10.2} {per_gb:>8.4} {percent:>5.1} %  {name}");
        }
    }

    fn calls(&self, out: &mut String) {
        let mut calls: Vec<(&str, f64)> =
            self.calls.iter().map(|(name, rate)| (name.as_str(), *rate)).collect();
        calls.sort_by(|a, b| b.1.total_cmp(&a.1));
        let _ = writeln!(out, "\n{:>10}  system call", "a request");
        for (name, rate) in calls {
            let _ = writeln!(out, "{:>10.3}  {name}", ratio(rate, self.counted_rate));
        }
    }
}

/// 0 where there is nothing to divide by.
fn ratio(of: f64, by: f64) -> f64 {
    if by > 0.0 { of / by } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::stacks::Frame;

    fn stack(name: &str, samples: u64) -> Stack {
        let frames = vec![Frame { name: name.to_owned(), is_kernel: false }];
        Stack { thread: "core-0".to_owned(), frames, samples }
    }

    #[test]
    fn cpu_time_is_split_by_samples_and_calls_by_requests() {
        let seen = Seen {
            header: vec![("workload".to_owned(), "x".to_owned())],
            requests: 1000,
            bytes: 1_000_000,
            seconds: 2.0,
            cpu: 0.04,
            switches: 500,
            stacks: vec![stack("mi_free", 1), stack("corelog_engine::log::f", 3)],
            calls: [("sendto".to_owned(), 250.0)].into(),
            counted_rate: 500.0,
        };
        let text = seen.text();
        let has =
            |line: &str| assert!(text.lines().any(|one| one.trim() == line), "{line}\n{text}");
        has("workload: x");
        has("requests a second: 500");
        has("CPU of the broker: 40.0 us a request");
        has("CPU of the broker: 40.000 s a GB");
        has("context switches: 0.50 a request");
        has("30.00  30.0000  75.0 %  log");
        has("10.00  10.0000  25.0 %  allocator");
        has("40.00  40.0000 100.0 %  core-0");
        has("0.500  sendto");
        let log = text.find("%  log").unwrap();
        assert!(log < text.find("%  allocator").unwrap(), "the largest first");
    }

    #[test]
    fn nothing_seen_is_no_division_by_zero() {
        let seen = Seen {
            header: Vec::new(),
            requests: 0,
            bytes: 0,
            seconds: 0.0,
            cpu: 0.0,
            switches: 0,
            stacks: Vec::new(),
            calls: BTreeMap::new(),
            counted_rate: 0.0,
        };
        assert!(!seen.text().contains("NaN") && !seen.text().contains("inf"));
    }
}
