//! Prometheus' text format: the lines of one series. Text in memory, no I/O.

use std::fmt::Write;

use corelog_engine::metrics::Distribution;

use super::series::{Kind, Series};

/// The quantiles that Kafka's own metrics tell.
const QUANTILES: [(f64, &str); 6] = [
    (0.5, "0.5"),
    (0.75, "0.75"),
    (0.95, "0.95"),
    (0.98, "0.98"),
    (0.99, "0.99"),
    (0.999, "0.999"),
];

/// Takes the values of one series, and writes them as lines.
pub struct Samples<'a> {
    series: &'a Series,
    text: &'a mut String,
}

impl<'a> Samples<'a> {
    /// Begins a series: says what it means and of which kind it is.
    pub fn begin(series: &'a Series, text: &'a mut String) -> Samples<'a> {
        let kind = series.kind.name();
        // Writing to a string does not fail, here and below.
        let _ = writeln!(text, "# HELP {} {}", series.name, series.meaning);
        let _ = writeln!(text, "# TYPE {} {kind}", series.name);
        Samples { series, text }
    }

    /// One value; `labels` are the values of the series' labels, in their order.
    pub fn value(&mut self, labels: &[&str], value: f64) {
        self.line("", labels, None, value);
    }

    /// One histogram. Bounds and sum are told in `scale` of what was recorded.
    pub fn histogram(&mut self, labels: &[&str], told: &Distribution, scale: f64) {
        let (from, to) = self.series.kind.doublings();
        for (bound, below) in told.doublings(from, to) {
            let bound = (bound as f64 * scale).to_string();
            self.line("_bucket", labels, Some(("le", &bound)), below as f64);
        }
        let count = told.count() as f64;
        self.line("_bucket", labels, Some(("le", "+Inf")), count);
        self.line("_sum", labels, None, told.sum() as f64 * scale);
        self.line("_count", labels, None, count);
    }

    /// Quantiles since the start, their sum and their count, in `scale` of what was recorded.
    pub fn summary(&mut self, labels: &[&str], told: &Distribution, scale: f64) {
        for (quantile, name) in QUANTILES {
            let value = told.quantile(quantile).map_or(f64::NAN, |value| value * scale);
            self.line("", labels, Some(("quantile", name)), value);
        }
        self.line("_sum", labels, None, told.sum() as f64 * scale);
        self.line("_count", labels, None, told.count() as f64);
    }

    fn line(&mut self, suffix: &str, labels: &[&str], last: Option<(&str, &str)>, value: f64) {
        self.text.push_str(self.series.name);
        self.text.push_str(suffix);
        let named = self.series.labels.iter().copied().zip(labels.iter().copied());
        // A label without a value is as good as none.
        let mut open = '{';
        for (name, value) in named.filter(|(_, value)| !value.is_empty()).chain(last) {
            self.text.push(open);
            open = ',';
            let _ = write!(self.text, "{name}=\"");
            escape(value, self.text);
            self.text.push('"');
        }
        self.text.push_str(if open == ',' { "} " } else { " " });
        let _ = match value {
            value if value == f64::INFINITY => writeln!(self.text, "+Inf"),
            value => writeln!(self.text, "{value}"),
        };
    }
}

fn escape(value: &str, text: &mut String) {
    for c in value.chars() {
        match c {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            c => text.push(c),
        }
    }
}

impl Kind {
    /// As the format calls it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Times | Kind::Sizes => "histogram",
            Kind::Summary => "summary",
            Kind::Untyped => "untyped",
        }
    }

    /// The buckets that are told: from and to which power of two of the smallest one.
    fn doublings(self) -> (u32, u32) {
        match self {
            // 16 us to 17 s.
            Kind::Times => (4, 24),
            // 1 to 64 Mi.
            _ => (0, 26),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use corelog_engine::metrics::{Sizes, Times};

    fn series(kind: Kind, labels: &'static [&'static str]) -> Series {
        Series { name: "x", kind, unit: "", labels, meaning: "A test.", values: |_, _| {} }
    }

    fn text(series: &Series, write: impl FnOnce(&mut Samples<'_>)) -> String {
        let mut text = String::new();
        write(&mut Samples::begin(series, &mut text));
        text
    }

    #[test]
    fn values_are_labelled_and_what_labels_hold_is_escaped() {
        let series = series(Kind::Gauge, &["core", "dir"]);
        let text = text(&series, |samples| {
            samples.value(&["1", "a\"b\\c\n"], 2.5);
            samples.value(&["", ""], 3.0);
            samples.value(&["2", ""], f64::INFINITY);
        });
        let expected = "# HELP x A test.\n# TYPE x gauge\n\
                        x{core=\"1\",dir=\"a\\\"b\\\\c\\n\"} 2.5\nx 3\nx{core=\"2\"} +Inf\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_histogram_counts_what_is_not_above_each_bound() {
        let times = Times::default();
        times.record(20_000);
        times.record(5_000_000_000);
        let series = series(Kind::Times, &["request"]);
        let text = text(&series, |samples| samples.histogram(&["Fetch"], &times.read(), 1e-9));
        assert!(text.contains("x_bucket{request=\"Fetch\",le=\"0.000016384\"} 0\n"), "{text}");
        assert!(text.contains("x_bucket{request=\"Fetch\",le=\"0.000032768\"} 1\n"), "{text}");
        assert!(text.contains("x_bucket{request=\"Fetch\",le=\"+Inf\"} 2\n"), "{text}");
        assert!(text.contains("x_count{request=\"Fetch\"} 2\n"), "{text}");
        assert!(text.contains("x_sum{request=\"Fetch\"} 5.00002\n"), "{text}");
    }

    #[test]
    fn a_summary_tells_quantiles() {
        let sizes = Sizes::default();
        (1..=1000).for_each(|value| sizes.record(value));
        let series = series(Kind::Summary, &[]);
        let text = text(&series, |samples| samples.summary(&[], &sizes.read(), 1.0));
        assert!(text.contains("x{quantile=\"0.5\"} 500\n"), "{text}");
        assert!(text.contains("x_count 1000\n") && text.contains("x_sum 500500\n"), "{text}");
    }
}
