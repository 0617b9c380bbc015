//! Figures of the primitives: median and range of their rounds. Plain data.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::measure::Spread;

/// How many primitives the P-list has.
pub const PRIMITIVES: usize = 14;

/// A primitive: its number in the P-list, its name in the formulas, what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Primitive {
    /// As `P1`.
    pub id: &'static str,
    /// As in the formulas.
    pub name: &'static str,
    /// In words.
    pub meaning: &'static str,
    /// Of all its figures.
    pub unit: &'static str,
}

/// A figure.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// Of what.
    #[serde(flatten)]
    pub primitive: Primitive,
    /// With which size, depth or way.
    pub case: String,
    /// Its rounds.
    #[serde(flatten)]
    pub spread: Spread,
}

/// All figures, in the order of their measurement.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(transparent)]
pub struct Figures(Vec<Figure>);

impl Figures {
    /// Adds one; nothing when it has no rounds.
    pub fn add(&mut self, primitive: Primitive, case: impl Into<String>, rounds: &[f64]) {
        if let Some(spread) = Spread::of(rounds) {
            self.0.push(Figure { primitive, case: case.into(), spread });
        }
    }

    /// All of them.
    pub fn all(&self) -> &[Figure] {
        &self.0
    }

    /// How many primitives there are figures of.
    pub fn primitives(&self) -> usize {
        self.0.iter().map(|figure| figure.primitive.id).collect::<BTreeSet<_>>().len()
    }

    /// In the order of the P-list.
    pub fn sort(&mut self) {
        let number = |id: &str| id.trim_start_matches('P').parse::<u8>().unwrap_or(0);
        self.0.sort_by_key(|figure| number(figure.primitive.id));
    }

    /// The medians of a name, for cases that begin so.
    fn medians<'a>(&'a self, name: &'a str, case: &'a str) -> impl Iterator<Item = f64> + 'a {
        let found =
            move |figure: &&Figure| figure.primitive.name == name && figure.case.starts_with(case);
        self.0.iter().filter(found).map(|figure| figure.spread.median)
    }

    /// The least median of a name among the cases that begin so.
    pub fn least(&self, name: &str, case: &str) -> Option<f64> {
        self.medians(name, case).reduce(f64::min)
    }

    /// The greatest median of a name among the cases that begin so.
    pub fn greatest(&self, name: &str, case: &str) -> Option<f64> {
        self.medians(name, case).reduce(f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_case_is_found_among_those_that_are_meant() {
        let one = Primitive { id: "P6", name: "c", meaning: "", unit: "s/GB" };
        let other = Primitive { name: "d", ..one };
        let mut figures = Figures::default();
        figures.add(one, "new pages, 64 KiB", &[3.0, 1.0, 2.0]);
        figures.add(one, "new pages, 1 MiB", &[4.0]);
        figures.add(one, "existing pages, 1 MiB", &[0.5]);
        figures.add(other, "new pages", &[0.1]);
        figures.add(other, "nothing", &[]);
        assert_eq!(figures.least("c", "new pages"), Some(2.0));
        assert_eq!(figures.greatest("c", ""), Some(4.0));
        assert_eq!(figures.least("d", "nothing"), None);
        assert_eq!((figures.all().len(), figures.primitives()), (4, 1));
    }

    #[test]
    fn the_tenth_stands_behind_the_second() {
        let of = |id| Primitive { id, name: id, meaning: "", unit: "" };
        let mut figures = Figures::default();
        ["P10", "P2", "P1"].into_iter().for_each(|id| figures.add(of(id), "", &[1.0]));
        figures.sort();
        let ids: Vec<&str> = figures.all().iter().map(|figure| figure.primitive.id).collect();
        assert_eq!(ids, ["P1", "P2", "P10"]);
    }
}
