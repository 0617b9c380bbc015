//! The results as text, as a page, and as raw data. The two durability classes have a table each.

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
}

impl Results<'_> {
    fn tables(&self) -> impl Iterator<Item = (&'static str, Vec<Row>)> {
        let judged = |class| rows(class, self.brokers, self.figures, self.limits);
        TABLES.iter().map(move |(class, title)| (*title, judged(*class)))
    }

    fn header(&self) -> Vec<&str> {
        let mut header = vec!["ROW"];
        header.extend(self.brokers.iter().map(String::as_str));
        header.extend(["OF LIMIT", "TARGET", ""]);
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
            rows.iter().flat_map(lines).for_each(|line| _ = table.add_row(line));
            parts.push(format!("\n{title}\n{table}"));
        }
        parts.push("\nFlushes at the device".to_owned());
        for (text, proved) in self.proofs() {
            parts.push(format!("  {text}: {}", judgement(proved, "proved", "NOT PROVED")));
        }
        for broker in self.brokers {
            // Logs of other sizes than the goal table's.
            let figures = self.figures.values.get(broker).into_iter().flatten();
            for (name, _) in figures.filter(|(name, _)| name.starts_with("recovery s,")) {
                let spread = self.figures.spread(broker, name);
                parts.extend(spread.map(|spread| format!("{broker}, {name}: {spread}")));
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
            let cells: Vec<Vec<String>> = rows.iter().flat_map(lines).collect();
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

/// A row's lines: one per target.
fn lines(row: &Row) -> Vec<Vec<String>> {
    let spread = |one: &Option<crate::measure::Spread>| {
        one.map_or("-".to_owned(), |spread| spread.to_string())
    };
    let lines = row.targets.iter().enumerate().map(|(number, (target, met))| {
        let mut cells = Vec::new();
        if number == 0 {
            cells.push(format!("{:>2} {}", row.row, row.title));
            cells.extend(row.brokers.iter().map(spread));
            cells.push(row.of_limit.map_or("-".to_owned(), |share| format!("{share:.2}")));
        } else {
            cells.resize(row.brokers.len() + 2, String::new());
        }
        cells.push(target.clone());
        cells.push(judgement(*met, "met", "missed"));
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
