//! Median and range of the same figure in several rounds. Pure, any thread.

use std::fmt;

use serde::Serialize;

/// Figures of several rounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// The one in the middle; between two, their mean.
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// How many.
    pub rounds: usize,
}

impl Spread {
    /// Of these values; `None` of none.
    pub fn of(values: &[f64]) -> Option<Spread> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let middle = sorted.len() / 2;
        let upper = *sorted.get(middle)?;
        let median = match sorted.len() % 2 {
            0 => (upper + *sorted.get(middle - 1)?) / 2.0,
            _ => upper,
        };
        Some(Spread { median, min, max, rounds: sorted.len() })
    }
}

impl fmt::Display for Spread {
    /// As `12.3 [11.9..12.8]`, with as many digits as the size asks for; the alternate form asks
    /// for a given number of digits by its precision.
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = to.precision().unwrap_or_else(|| digits_for(self.median));
        write!(to, "{:.digits$}", self.median)?;
        if self.rounds > 1 {
            write!(to, " [{:.digits$}..{:.digits$}]", self.min, self.max)?;
        }
        Ok(())
    }
}

/// Digits behind the point that three significant ones need.
fn digits_for(value: f64) -> usize {
    match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        size if size >= 0.1 => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_stands_in_the_middle() {
        let spread = Spread::of(&[3.0, 1.0, 2.0]).unwrap();
        assert_eq!((spread.median, spread.min, spread.max), (2.0, 1.0, 3.0));
        assert_eq!(Spread::of(&[4.0, 1.0]).unwrap().median, 2.5);
        assert_eq!(Spread::of(&[]), None);
        assert_eq!(spread.to_string(), "2.00 [1.00..3.00]");
        assert_eq!(format!("{spread:.0}"), "2 [1..3]");
        assert_eq!(Spread::of(&[1234.5]).unwrap().to_string(), "1234");
    }
}
