//! The counters of every core in the log, one line per core, once the cores have stopped.
//!
//! On the control thread. Must not know what any of the numbers means.

use std::fmt::Write;

use crate::metrics::{self, CoreMetrics};

/// Logs what each core counted from its start to its end.
pub(super) fn tell() {
    for (core, metrics) in metrics::all_cores() {
        tracing::info!(core, counters = %line(&metrics), "core counters");
    }
}

/// `name=value` pairs in the order of declaration.
fn line(metrics: &CoreMetrics) -> String {
    let mut line = String::new();
    for (name, value) in metrics.list() {
        let gap = if line.is_empty() { "" } else { " " };
        // Writing to a string does not fail.
        let _ = write!(line, "{gap}{name}={value}");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_every_counter() {
        let metrics = CoreMetrics::default();
        metrics.syncs.add(4);
        let line = line(&metrics);
        assert!(line.split(' ').any(|pair| pair == "syncs=4"), "{line}");
        assert_eq!(line.split(' ').count(), metrics.list().len());
    }
}
