//! What was counted beside what is written down: a line per path with its instructions and how many
//! percent more it may take. Pure.

use std::fmt::Write;

use anyhow::Context;

/// A line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The path.
    pub path: String,
    /// Instructions of one run.
    pub instructions: u64,
    /// Percent that it may grow by.
    pub tolerance: u64,
}

/// The whole table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger(pub Vec<Line>);

/// What to say to a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Within its tolerance.
    Same,
    /// Less than before by more than its tolerance: the table should be written anew.
    Less,
    /// More than it may.
    More,
    /// Not in the table.
    Unknown,
}

/// Of a path that is new.
const TOLERANCE: u64 = 10;
const HEADER: &str = "# Instructions of one run of each hot path, and the percent it may grow by; \
    written by scripts/instructions --update";

impl Ledger {
    /// Reads the table: path, instructions and tolerance, between tabs.
    ///
    /// # Errors
    /// A line is not so.
    pub fn parse(text: &str) -> anyhow::Result<Ledger> {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let lines = lines.map(|line| line_of(line).with_context(|| format!("no line: {line:?}")));
        Ok(Ledger(lines.collect::<anyhow::Result<_>>()?))
    }

    /// The table as text.
    pub fn text(&self) -> String {
        let mut text = format!("{HEADER}\n");
        for Line { path, instructions, tolerance } in &self.0 {
            // A String takes everything.
            let _ = writeln!(text, "{path}\t{instructions}\t{tolerance}");
        }
        text
    }

    fn find(&self, path: &str) -> Option<&Line> {
        self.0.iter().find(|line| line.path == path)
    }

    /// What is written down for a path.
    pub fn expected(&self, path: &str) -> Option<u64> {
        self.find(path).map(|line| line.instructions)
    }

    /// Judges a count.
    pub fn judge(&self, path: &str, counted: u64) -> Verdict {
        let Some(line) = self.find(path) else { return Verdict::Unknown };
        let allowance = line.instructions * line.tolerance / 100;
        match counted {
            more if more > line.instructions + allowance => Verdict::More,
            less if less + allowance < line.instructions => Verdict::Less,
            _ => Verdict::Same,
        }
    }

    /// The table with these counts; tolerances stay, and paths that are gone go.
    pub fn renewed(&self, counted: &[(&str, u64)]) -> Ledger {
        let lines = counted.iter().map(|(path, instructions)| Line {
            path: (*path).to_owned(),
            instructions: *instructions,
            tolerance: self.find(path).map_or(TOLERANCE, |line| line.tolerance),
        });
        Ledger(lines.collect())
    }
}

fn line_of(line: &str) -> Option<Line> {
    let mut fields = line.split('\t');
    let path = fields.next()?.to_owned();
    let instructions = fields.next()?.parse().ok()?;
    let tolerance = fields.next()?.parse().ok()?;
    fields.next().is_none().then_some(Line { path, instructions, tolerance })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger() -> Ledger {
        Ledger::parse("# so\na/b\t1000\t5\nc/d\t200\t10\n").unwrap()
    }

    #[test]
    fn a_path_may_grow_by_its_tolerance_and_no_more() {
        let judge = |counted| ledger().judge("a/b", counted);
        assert_eq!([judge(1000), judge(1050), judge(950)], [Verdict::Same; 3]);
        assert_eq!([judge(1051), judge(949)], [Verdict::More, Verdict::Less]);
        assert_eq!(ledger().judge("c/d", 220), Verdict::Same);
        assert_eq!(ledger().judge("e/f", 1), Verdict::Unknown);
    }

    #[test]
    fn a_renewed_table_keeps_tolerances_and_forgets_what_is_gone() {
        let renewed = ledger().renewed(&[("c/d", 190), ("e/f", 7)]);
        assert_eq!(
            renewed.text().lines().skip(1).collect::<Vec<_>>(),
            ["c/d\t190\t10", "e/f\t7\t10"]
        );
        assert_eq!(Ledger::parse(&renewed.text()).unwrap(), renewed);
    }

    #[test]
    fn a_broken_line_is_refused() {
        for text in ["a/b", "a/b\t5", "a/b\tx\t5", "a/b\t1\t2\t3"] {
            assert!(Ledger::parse(text).is_err(), "{text}");
        }
    }
}
