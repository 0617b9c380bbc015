//! One self-contained HTML page: tables and charts, no script, nothing fetched. Pure.

use std::fmt::Write;

use super::chart::{Chart, Line, Scale};
use super::saved::{Curve, Saved, SavedSecond};

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:1100px;\
padding:0 1rem;color:#1c2330;background:#fff}h1{font-size:1.5rem}h2{margin-top:2.2rem;\
border-bottom:1px solid #d5dae1}table{border-collapse:collapse;margin:.8rem 0;\
font-variant-numeric:tabular-nums}td,th{padding:.25rem .9rem .25rem 0;text-align:left;\
vertical-align:top;border-bottom:1px solid #eceff3}td.n,th.n{text-align:right}\
svg{width:100%;max-width:900px;font-size:11px;display:block;margin:1rem 0}\
svg text{fill:#4a5567}svg .t{font-size:14px;fill:#1c2330}svg .m{text-anchor:middle}\
svg .e{text-anchor:end}svg .g{stroke:#e6eaef;fill:none}svg .l{fill:none;stroke-width:1.8}\
.met{color:#1f8a4c;font-weight:600}.missed{color:#b3261e;font-weight:600}\
pre{background:#f4f6f8;padding:.7rem;overflow-x:auto;font-size:12px}";

/// Bytes of a megabyte in tables and charts.
const MB: f64 = 1e6;

/// A page in the making.
#[derive(Debug)]
pub struct Page {
    title: String,
    body: String,
}

impl Page {
    /// An empty one.
    pub fn new(title: &str) -> Page {
        Page { title: title.to_owned(), body: String::new() }
    }

    /// A heading.
    pub fn heading(&mut self, text: &str) {
        self.add(format_args!("<h2>{}</h2>", escape(text)));
    }

    /// A paragraph.
    pub fn text(&mut self, text: &str) {
        self.add(format_args!("<p>{}</p>", escape(text)));
    }

    /// Lines as they are.
    pub fn verbatim(&mut self, text: &str) {
        self.add(format_args!("<pre>{}</pre>", escape(text)));
    }

    /// A table; columns behind the first are numbers and stand to the right. Cells that are `met`
    /// or `missed` stand out.
    pub fn table(&mut self, header: &[&str], rows: &[Vec<String>]) {
        let side = |place: usize| if place == 0 { "" } else { " class=\"n\"" };
        self.add(format_args!("<table><tr>"));
        for (place, name) in header.iter().enumerate() {
            self.add(format_args!("<th{}>{}</th>", side(place), escape(name)));
        }
        for row in rows {
            self.add(format_args!("</tr><tr>"));
            for (place, cell) in row.iter().enumerate() {
                let class = match cell.as_str() {
                    "met" => " class=\"met\"",
                    "missed" => " class=\"missed\"",
                    _ => side(place),
                };
                self.add(format_args!("<td{class}>{}</td>", escape(cell)));
            }
        }
        self.add(format_args!("</tr></table>"));
    }

    /// A chart.
    pub fn chart(&mut self, chart: &Chart) {
        self.body.push_str(&chart.svg());
    }

    /// Everything about some runs, side by side.
    pub fn runs(&mut self, runs: &[Saved]) {
        self.heading("Runs");
        let header =
            ["", "records/s", "MB/s", "ack p50 ms", "p99", "p99.9", "max", "e2e p50", "e2e p99"];
        let rows: Vec<Vec<String>> = runs.iter().map(row).collect();
        self.table(&header, &rows);
        self.chart(&over_time("Throughput", "MB/s", Scale::Linear, runs, throughput));
        self.chart(&over_time("Ack latency p99", "ms", Scale::Log, runs, |one| p99(&one.ack)));
        self.chart(&curves("Ack latency by share of requests", runs, |run| &run.ack));
        if runs.iter().any(|run| run.end_to_end.count > 0) {
            let p99 = |one: &SavedSecond| p99(&one.end_to_end);
            self.chart(&over_time("End-to-end latency p99", "ms", Scale::Log, runs, p99));
            let title = "End-to-end latency by share of records";
            self.chart(&curves(title, runs, |run| &run.end_to_end));
        }
        for run in runs {
            self.heading(&run.name);
            let mut rows: Vec<Vec<String>> = run
                .circumstances
                .iter()
                .map(|(name, value)| vec![name.clone(), value.clone()])
                .collect();
            rows.push(vec!["refused requests".to_owned(), run.errors.to_string()]);
            rows.push(vec!["unanswered requests".to_owned(), run.unanswered.to_string()]);
            let held = "times a due request waited for in_flight";
            rows.push(vec![held.to_owned(), run.held_back.to_string()]);
            self.table(&["", ""], &rows);
            self.verbatim(&toml::to_string(&run.workload).unwrap_or_default());
        }
    }

    /// The whole page.
    pub fn html(&self) -> String {
        let title = escape(&self.title);
        format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
             <style>{STYLE}</style></head><body><h1>{title}</h1>{}</body></html>\n",
            self.body
        )
    }

    fn add(&mut self, text: std::fmt::Arguments) {
        let _ = self.body.write_fmt(text); // a String takes all
    }
}

/// Text as HTML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn row(run: &Saved) -> Vec<String> {
    let (records, bytes) = match run.records {
        0 => (run.consumed_records, run.consumed_bytes),
        _ => (run.records, run.bytes),
    };
    let ms = |curve: &Curve, value: f64| match curve.count {
        0 => "-".to_owned(),
        _ => format!("{value:.3}"),
    };
    vec![
        run.name.clone(),
        format!("{:.0}", run.per_second(records)),
        format!("{:.1}", run.per_second(bytes) / MB),
        ms(&run.ack, run.ack.at(0.5)),
        ms(&run.ack, run.ack.at(0.99)),
        ms(&run.ack, run.ack.at(0.999)),
        ms(&run.ack, run.ack.max),
        ms(&run.end_to_end, run.end_to_end.at(0.5)),
        ms(&run.end_to_end, run.end_to_end.at(0.99)),
    ]
}

fn throughput(second: &SavedSecond) -> Option<f64> {
    let bytes = if second.records > 0 { second.bytes } else { second.consumed_bytes };
    Some(bytes as f64 / MB)
}

fn p99(curve: &Curve) -> Option<f64> {
    (curve.count > 0).then(|| curve.at(0.99))
}

fn over_time(
    title: &str,
    unit: &str,
    scale: Scale,
    runs: &[Saved],
    of: impl Fn(&SavedSecond) -> Option<f64>,
) -> Chart {
    let line = |run: &Saved| {
        let points = run.seconds.iter().filter_map(|one| Some((one.second as f64, of(one)?)));
        Line { name: run.name.clone(), points: points.collect() }
    };
    Chart {
        title: title.to_owned(),
        labels: ["seconds".to_owned(), unit.to_owned()],
        scales: [Scale::Linear, scale],
        lines: runs.iter().map(line).collect(),
    }
}

fn curves(title: &str, runs: &[Saved], of: impl Fn(&Saved) -> &Curve) -> Chart {
    let line = |run: &Saved| Line { name: run.name.clone(), points: of(run).points.clone() };
    Chart {
        title: title.to_owned(),
        labels: ["share".to_owned(), "ms".to_owned()],
        scales: [Scale::Nines, Scale::Log],
        lines: runs.iter().map(line).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_needs_nothing_else_and_shows_what_was_missed() {
        let mut page = Page::new("a & b");
        page.table(&["row", "target"], &[vec!["<1>".to_owned(), "missed".to_owned()]]);
        let html = page.html();
        assert!(html.contains("<td>&lt;1&gt;</td><td class=\"missed\">missed</td>"), "{html}");
        assert!(html.contains("<title>a &amp; b</title>"));
        for outside in ["http", "<script", "<link", "url("] {
            assert!(!html.contains(outside), "{outside}");
        }
    }
}
