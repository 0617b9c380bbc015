//! A line chart as inline SVG. Pure.

use std::fmt::Write;

use super::page::escape;

/// Size and margins in pixels.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 150.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 44.0;
const TICKS: usize = 6;
const COLOURS: [&str; 8] =
    ["#0b6bcb", "#d1580a", "#1f8a4c", "#a3207a", "#6b4fc8", "#8a6d00", "#007c89", "#b3261e"];

/// How an axis runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Evenly, from zero.
    Linear,
    /// By factors.
    Log,
    /// Shares of all, each nine as wide as the one before.
    Nines,
}

/// A line.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its name in the legend.
    pub name: String,
    /// Its points.
    pub points: Vec<(f64, f64)>,
}

/// A chart.
#[derive(Debug, Clone)]
pub struct Chart {
    /// What stands above it.
    pub title: String,
    /// What stands at its axes.
    pub labels: [String; 2],
    /// How they run.
    pub scales: [Scale; 2],
    /// What it shows.
    pub lines: Vec<Line>,
}

/// An axis: from where to where, in its own measure.
struct Axis {
    scale: Scale,
    low: f64,
    high: f64,
}

impl Axis {
    fn of(scale: Scale, values: impl Iterator<Item = f64>) -> Axis {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.map(|value| measure(scale, value)).filter(|value| value.is_finite()) {
            (low, high) = (low.min(value), high.max(value));
        }
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        match scale {
            Scale::Linear => (low, high) = (low.min(0.0), high.max(low.min(0.0) + 1e-9)),
            Scale::Log => (low, high) = (low.floor(), high.ceil().max(low.floor() + 1.0)),
            Scale::Nines => high = high.max(low + 1.0),
        }
        Axis { scale, low, high }
    }

    /// Where a value stands between 0 and 1.
    fn place(&self, value: f64) -> f64 {
        (measure(self.scale, value) - self.low) / (self.high - self.low)
    }

    /// Where its ticks stand, and what they say.
    fn ticks(&self) -> Vec<(f64, String)> {
        match self.scale {
            Scale::Linear => {
                let step = nice((self.high - self.low) / TICKS as f64);
                let count = ((self.high - self.low) / step) as usize;
                let values = (0..=count).map(|tick| self.low + step * tick as f64);
                values.map(|value| (self.place(value), short(value))).collect()
            }
            Scale::Log => {
                let powers = self.low.round() as i32..=self.high.round() as i32;
                powers.map(|power| 10_f64.powi(power)).map(|v| (self.place(v), short(v))).collect()
            }
            Scale::Nines => (0..=(self.high + 1e-6) as i32)
                .map(|nines| 1.0 - 0.1_f64.powi(nines))
                .map(|share| (self.place(share), format!("{}%", short(share * 100.0))))
                .collect(),
        }
    }
}

fn measure(scale: Scale, value: f64) -> f64 {
    match scale {
        Scale::Linear => value,
        Scale::Log => value.log10(),
        Scale::Nines => -(1.0 - value).log10(),
    }
}

/// The next of 1, 2, 5, 10 ... above.
fn nice(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let factors = [1.0, 2.0, 5.0, 10.0];
    factors.map(|factor| factor * power).into_iter().find(|nice| *nice >= step).unwrap_or(step)
}

fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 1e6 => format!("{}M", trim(value / 1e6)),
        size if size >= 1e4 => format!("{}k", trim(value / 1e3)),
        _ => trim(value),
    }
}

fn trim(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl Chart {
    /// The chart as an `<svg>` element.
    pub fn svg(&self) -> String {
        let all = || self.lines.iter().flat_map(|line| &line.points);
        let x = Axis::of(self.scales[0], all().map(|point| point.0));
        let y = Axis::of(self.scales[1], all().map(|point| point.1));
        let across = |place: f64| LEFT + place * (WIDTH - LEFT - RIGHT);
        let up = |place: f64| HEIGHT - BOTTOM - place * (HEIGHT - TOP - BOTTOM);
        let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">");
        let mut add = |text: std::fmt::Arguments| _ = svg.write_fmt(text); // a String takes all
        add(format_args!("<text class=\"t\" x=\"{LEFT}\" y=\"18\">{}</text>", escape(&self.title)));
        let (right, bottom) = (across(1.0), up(0.0));
        for (place, label) in x.ticks().into_iter().filter(|(place, _)| in_frame(*place)) {
            let at = across(place);
            add(format_args!("<path class=\"g\" d=\"M{at:.1} {TOP}V{bottom}\"/>"));
            let below = bottom + 16.0;
            add(format_args!("<text x=\"{at:.1}\" y=\"{below}\" class=\"m\">{label}</text>"));
        }
        for (place, label) in y.ticks().into_iter().filter(|(place, _)| in_frame(*place)) {
            let at = up(place);
            add(format_args!("<path class=\"g\" d=\"M{LEFT} {at:.1}H{right}\"/>"));
            let (left, middle) = (LEFT - 6.0, at + 4.0);
            add(format_args!("<text x=\"{left}\" y=\"{middle:.1}\" class=\"e\">{label}</text>"));
        }
        let (middle, low) = (f64::midpoint(LEFT, right), HEIGHT - 8.0);
        let [x_label, y_label] = self.labels.each_ref().map(|label| escape(label));
        add(format_args!("<text x=\"{middle}\" y=\"{low}\" class=\"m\">{x_label}</text>"));
        let high = TOP - 6.0;
        add(format_args!("<text x=\"{}\" y=\"{high}\" class=\"e\">{y_label}</text>", LEFT - 6.0));
        for (number, line) in self.lines.iter().enumerate() {
            let colour = COLOURS[number % COLOURS.len()];
            let places = line.points.iter().map(|(a, b)| (x.place(*a), y.place(*b)));
            let drawn = places.filter(|(a, b)| a.is_finite() && b.is_finite());
            let path: Vec<String> =
                drawn.map(|(a, b)| format!("{:.1} {:.1}", across(a), up(b))).collect();
            if !path.is_empty() {
                let path = path.join("L");
                add(format_args!("<path class=\"l\" stroke=\"{colour}\" d=\"M{path}\"/>"));
            }
            let (at, row) = (right + 12.0, TOP + 8.0 + 18.0 * number as f64);
            let name = escape(&line.name);
            add(format_args!("<path class=\"l\" stroke=\"{colour}\" d=\"M{at} {row}h16\"/>"));
            let (text_at, text_row) = (at + 22.0, row + 4.0);
            add(format_args!("<text x=\"{text_at}\" y=\"{text_row}\">{name}</text>"));
        }
        svg + "</svg>"
    }
}

fn in_frame(place: f64) -> bool {
    (-0.001..=1.001).contains(&place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(scales: [Scale; 2], points: Vec<(f64, f64)>) -> String {
        let lines = vec![Line { name: "a<b".to_owned(), points }];
        let labels = ["x".to_owned(), "y".to_owned()];
        Chart { title: "t & u".to_owned(), labels, scales, lines }.svg()
    }

    #[test]
    fn points_stand_where_they_belong_and_text_is_escaped() {
        let svg = chart([Scale::Linear, Scale::Linear], vec![(0.0, 0.0), (10.0, 5.0)]);
        assert!(svg.contains("d=\"M64.0 256.0L570.0 34.0\""), "{svg}");
        assert!(svg.contains("a&lt;b") && svg.contains("t &amp; u"), "{svg}");
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>"));
    }

    #[test]
    fn a_log_axis_runs_by_factors_and_nothing_is_drawn_at_infinity() {
        let points = vec![(0.0, 1.0), (0.9, 10.0), (0.99, 100.0), (1.0, 0.0)];
        let svg = chart([Scale::Nines, Scale::Log], points);
        assert!(svg.contains("d=\"M64.0 256.0L317.0 145.0L570.0 34.0\""), "{svg}");
        assert!(svg.contains(">99%<") && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn an_empty_chart_is_a_frame() {
        assert!(!chart([Scale::Linear, Scale::Log], Vec::new()).contains("NaN"));
    }
}
