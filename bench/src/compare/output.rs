//! The results as text, as a page, and as raw data. The two durability classes have a table each.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;
use comfy_table::{Table, presets::NOTHING};
use serde_json::json;

use super::figures::Figures;
use super::goals::Class;
use super::limits::Limits;
use super::verdict::{Row, proofs, rows};
use crate::report::Page;

const TABLES: [(Class, &str); 3] = [
    (Class::D2, "D2: answered after the device's flush"),
    (Class::D1, "D1: answered from the page cache"),
    (Class::Both, "Acks play no part"),
];

/// Figures beside the goal table, by their names; the classes stay apart here too.
type Besides = (&'static str, fn(&str) -> bool);

const BESIDES: [Besides; 3] = [
    ("D2 besides: batches of a megabyte to so many partitions; single records in flight", |name| {
        name.starts_with("d2 large batches") || name.starts_with("acks ")
    }),
    ("D1 besides: batches of a megabyte to so many partitions", |name| {
        name.starts_with("d1 large batches")
    }),
    ("Recovery after a kill, each broker as it comes", |name| name.starts_with("recovery ")),
];

/// Everything that is written down.
pub struct Results<'a> {
    /// Names in the order of the comparison.
    pub brokers: &'a [String],
    /// What was measured.
    pub figures: &'a Figures,
    /// What the machine allows.
    pub limits: &'a Limits,
    /// What a reader has to know.
    pub circumstances: &'a [(String, String)],
    /// Megabytes that were free before each turn, where the page cache was filled.
    pub free_mb: Vec<f64>,
    /// The profile of each figure that was looked at once more.
    pub profiles: BTreeMap<String, String>,
}

impl Results<'_> {
    fn tables(&self) -> impl Iterator<Item = (&'static str, Vec<Row>)> {
        let judged = |class| {
            let mut judged = rows(class, self.brokers, self.figures, self.limits);
            for row in judged.iter_mut().filter(|row| row.is_missed()) {
                row.profile = self.profiles.get(row.figure).cloned();
            }
            judged
        };
        TABLES.iter().map(move |(class, title)| (*title, judged(*class)))
    }

    /// Numbers of the rows with a missed target.
    pub fn missed(&self) -> Vec<u8> {
        let all = self.tables().flat_map(|(_, rows)| rows);
        let mut missed: Vec<u8> = all.filter(Row::is_missed).map(|row| row.row).collect();
        missed.sort_unstable();
        missed.dedup();
        missed
    }

    /// A row's lines for a table.
    fn lines(&self, row: &Row) -> Vec<Vec<String>> {
        let most = row.brokers.iter().flatten().map(|one| one.rounds).max().unwrap_or(0);
        let all = self.figures.values.values().flat_map(BTreeMap::values).map(Vec::len).max();
        let few = Some(most).filter(|most| all.is_some_and(|all| *most < all && *most > 0));
        lines(row, few)
    }

    fn header(&self) -> Vec<&str> {
        let mut header = vec!["ROW"];
        header.extend(self.brokers.iter().map(String::as_str));
        header.extend(["OF LIMIT", "TARGET", "", "WHY"]);
        header
    }

    /// The proofs of the durability classes, and whether each holds.
    fn proofs(&self) -> Vec<(String, Option<bool>)> {
        self.brokers.iter().flat_map(|broker| proofs(broker, self.figures)).collect()
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        let mut parts = Vec::new();
        for (name, value) in self.circumstances {
            parts.push(format!("{name}: {value}"));
        }
        for (title, rows) in self.tables() {
            let mut table = Table::new();
            table.load_style(NOTHING).set_header(self.header());
            let lines = rows.iter().flat_map(|row| self.lines(row));
            lines.for_each(|line| _ = table.add_row(line));
            parts.push(format!("\n{title}\n{table}"));
        }
        parts.push("\nFlushes at the device".to_owned());
        for (text, proved) in self.proofs() {
            parts.push(format!("  {text}: {}", judgement(proved, "proved", "NOT PROVED")));
        }
        for (title, wanted) in BESIDES {
            parts.push(format!("\n{title}"));
            for (broker, figures) in &self.figures.values {
                for name in figures.keys().filter(|name| wanted(name)) {
                    let spread = self.figures.spread(broker, name);
                    parts.extend(spread.map(|spread| format!("  {broker}, {name}: {spread}")));
                }
            }
        }
        parts.extend(self.figures.failures.iter().map(|failure| format!("FAILED {failure}")));
        parts.join("\n")
    }

    /// Writes `raw.json`, `summary.txt` and `report.html` into a folder.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let tables: Vec<_> =
            self.tables().map(|(title, rows)| json!({"title": title, "rows": rows})).collect();
        let raw = json!({
            "circumstances": self.circumstances,
            "brokers": self.brokers,
            "tables": tables,
            "proofs": self.proofs(),
            "limits": self.limits,
            "figures": self.figures,
            "profiles": self.profiles,
            "free_mb": self.free_mb,
        });
        fs::write(folder.join("raw.json"), format!("{raw:#}\n"))?;
        fs::write(folder.join("summary.txt"), self.text() + "\n")?;
        fs::write(folder.join("report.html"), self.page().html())?;
        Ok(())
    }

    fn page(&self) -> Page {
        let mut page = Page::new("Brokers side by side");
        let facts = self.circumstances.iter();
        let facts: Vec<_> = facts.map(|(name, value)| vec![name.clone(), value.clone()]).collect();
        page.table(&["", ""], &facts);
        for (title, rows) in self.tables() {
            page.heading(title);
            page.text("Median and range of the rounds.");
            let cells: Vec<Vec<String>> = rows.iter().flat_map(|row| self.lines(row)).collect();
            page.table(&self.header(), &cells);
        }
        page.heading("Flushes at the device");
        let proofs = self.proofs().into_iter();
        let proofs: Vec<_> =
            proofs.map(|(text, proved)| vec![text, judgement(proved, "met", "missed")]).collect();
        page.table(&["", ""], &proofs);
        if !self.figures.failures.is_empty() {
            page.heading("What did not work");
            self.figures.failures.iter().for_each(|failure| page.text(failure));
        }
        page.heading("Every figure of every round");
        for (broker, figures) in &self.figures.values {
            let rows = figures.iter().map(|(name, values)| {
                let values: Vec<String> = values.iter().map(|one| format!("{one:.4}")).collect();
                vec![name.clone(), values.join("  ")]
            });
            page.table(&[broker, ""], &rows.collect::<Vec<_>>());
        }
        page
    }
}

/// A row's lines: one per target. `few` = measured in fewer rounds than others were.
fn lines(row: &Row, few: Option<usize>) -> Vec<Vec<String>> {
    let spread = |one: &Option<crate::measure::Spread>| {
        one.map_or("-".to_owned(), |spread| spread.to_string())
    };
    let lines = row.targets.iter().enumerate().map(|(number, (target, met))| {
        let mut cells = Vec::new();
        if number == 0 {
            let few = few.map(|few| format!(" ({few} of the rounds)")).unwrap_or_default();
            cells.push(format!("{:>2} {}{few}", row.row, row.title));
            cells.extend(row.brokers.iter().map(spread));
            cells.push(row.of_limit.map_or("-".to_owned(), |share| format!("{share:.2}")));
        } else {
            cells.resize(row.brokers.len() + 2, String::new());
        }
        cells.push(target.clone());
        cells.push(judgement(*met, "met", "missed"));
        let why = row.profile.clone().filter(|_| *met == Some(false));
        cells.push(why.unwrap_or_default());
        cells
    });
    lines.collect()
}

fn judgement(held: Option<bool>, good: &str, bad: &str) -> String {
    match held {
        Some(true) => good.to_owned(),
        Some(false) => bad.to_owned(),
        None => "-".to_owned(),
    }
}
