//! The rows judged: medians and ranges of every broker, each target met or missed. Pure.

use serde::Serialize;

use super::figures::Figures;
use super::goals::{Better, Class, GOALS, Goal, Target};
use super::limits::Limits;
use crate::measure::Spread;

/// Flushes at the device per lone ack that prove D2: every ack has at least one of its own. Others'
/// flushes only add to them; a little is left for the edges of the measured time.
const LONE_FLUSHES_MIN: f64 = 0.9;
/// Flushes per lone ack that prove D1: acks do not wait for them.
const CACHED_FLUSHES_MAX: f64 = 0.1;

/// A row of the results.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Number in the goal table.
    pub row: u8,
    /// What is measured.
    pub title: &'static str,
    /// Name of the figure.
    pub figure: &'static str,
    /// Median and range by broker, in the order of the comparison; `None` = not measured.
    pub brokers: Vec<Option<Spread>>,
    /// Our median over what the machine allows.
    pub of_limit: Option<f64>,
    /// Each target in words, and whether it is met; `None` = cannot be told.
    pub targets: Vec<(String, Option<bool>)>,
    /// The profile that says why one is missed.
    pub profile: Option<String>,
}

impl Row {
    /// Whether a target is missed.
    pub fn is_missed(&self) -> bool {
        self.targets.iter().any(|(_, met)| *met == Some(false))
    }
}

/// The rows of a table, judged for the first broker against the others.
pub fn rows(class: Class, brokers: &[String], figures: &Figures, limits: &Limits) -> Vec<Row> {
    let of_class = GOALS.iter().filter(|goal| goal.class == class);
    of_class.map(|goal| row(goal, brokers, figures, limits)).collect()
}

fn row(goal: &Goal, brokers: &[String], figures: &Figures, limits: &Limits) -> Row {
    let spreads: Vec<Option<Spread>> =
        brokers.iter().map(|broker| figures.spread(broker, goal.figure)).collect();
    let ours = spreads.first().copied().flatten().map(|spread| spread.median);
    let others = spreads.iter().skip(1).flatten().map(|spread| spread.median);
    let best = others.reduce(|a, b| match goal.better {
        Better::Higher => a.max(b),
        Better::Lower => a.min(b),
    });
    let of_limit = ours.zip(limits.get(goal.figure)).map(|(ours, limit)| ours / limit);
    let targets = goal.targets.iter().map(|target| {
        let (name, wanted, value) = match *target {
            Target::Absolute(wanted) => ("", wanted, ours),
            Target::OverPeer(wanted) => {
                (" of the best peer", wanted, ours.zip(best).map(|(ours, best)| ours / best))
            }
            Target::OfLimit(wanted) => (" of the limit", wanted, of_limit),
        };
        let (sign, met) = match goal.better {
            Better::Higher => (">=", value.map(|value| value >= wanted)),
            Better::Lower => ("<=", value.map(|value| value <= wanted)),
        };
        let times = if name.is_empty() { "" } else { "x" };
        let found = value.map_or("not measured".to_owned(), |value| format!("{value:.3}{times}"));
        (format!("{found} ({sign} {wanted}{times}{name})"), met)
    });
    Row {
        row: goal.row,
        title: goal.title,
        figure: goal.figure,
        targets: targets.collect(),
        brokers: spreads,
        of_limit,
        profile: None,
    }
}

/// A figure, the class it proves, and from when on it does.
type Proof = (&'static str, &'static str, fn(f64) -> bool);

/// Whether the flushes at the device prove the classes of a broker: in words, and the judgement;
/// `None` where it was not counted.
pub fn proofs(broker: &str, figures: &Figures) -> Vec<(String, Option<bool>)> {
    let checks: [Proof; 2] = [
        ("d2 flushes per lone ack", "D2", |flushes| flushes >= LONE_FLUSHES_MIN),
        ("d1 flushes per lone ack", "D1", |flushes| flushes <= CACHED_FLUSHES_MAX),
    ];
    let judged = checks.iter().map(|(figure, class, proves)| {
        let spread = figures.spread(broker, figure);
        let found = spread.map_or("not counted".to_owned(), |spread| spread.to_string());
        (format!("{broker}, {class}: {figure} {found}"), spread.map(|one| proves(one.median)))
    });
    judged.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(ours: &[f64], theirs: &[f64], name: &str) -> Figures {
        let mut figures = Figures::default();
        ours.iter().for_each(|value| figures.add("corelog", name, *value));
        theirs.iter().for_each(|value| figures.add("kafka", name, *value));
        figures
    }

    fn judged(figures: &Figures, limits: &Limits, class: Class, name: &str) -> Row {
        let brokers = ["corelog".to_owned(), "kafka".to_owned()];
        let rows = rows(class, &brokers, figures, limits);
        rows.into_iter().find(|row| row.figure == name).unwrap()
    }

    #[test]
    fn medians_are_compared_with_the_best_peer_and_the_limit() {
        let name = "d2 produce MB/s";
        let figures = figures(&[500.0, 700.0, 600.0], &[310.0, 290.0], name);
        let limits = Limits::from([(name.to_owned(), 1000.0)]);
        let row = judged(&figures, &limits, Class::D2, name);
        assert_eq!(row.of_limit, Some(0.6));
        assert_eq!(row.targets[0], ("2.000x (>= 2x of the best peer)".to_owned(), Some(true)));
        assert_eq!(row.targets[1], ("0.600x (>= 0.8x of the limit)".to_owned(), Some(false)));
    }

    #[test]
    fn what_was_not_measured_is_neither_met_nor_missed() {
        let name = "idle ack p50 ms";
        let row = judged(&figures(&[0.2], &[], name), &Limits::new(), Class::D2, name);
        assert_eq!(row.targets.iter().map(|(_, met)| *met).collect::<Vec<_>>(), [None, None]);
        let row = judged(&figures(&[0.2], &[0.3], name), &Limits::new(), Class::D2, name);
        assert_eq!(row.targets[0].1, Some(false));
    }

    #[test]
    fn flushes_prove_the_class() {
        let mut figures = Figures::default();
        figures.add("a", "d2 flushes per lone ack", 2.0);
        figures.add("a", "d1 flushes per lone ack", 0.5);
        let judged: Vec<Option<bool>> =
            proofs("a", &figures).into_iter().map(|(_, proved)| proved).collect();
        assert_eq!(judged, [Some(true), Some(false)]);
        assert!(proofs("b", &figures).iter().all(|(_, proved)| proved.is_none()));
    }
}
