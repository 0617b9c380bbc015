//! `corelog-tune check`: the table of conditions, and what is to be done about those that fail.

use std::io::Write;

use serde_json::{Value, json};

use super::asked::Scope;
use super::run::{Ended, Format};
use super::table::table;
use crate::aspect::{Place, Verdict};
use crate::host::Root;
use crate::survey::Row;

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    scope: Scope,
    /// Say of every condition why it is one and what it gained, not only of those that fail
    #[arg(long)]
    why: bool,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Arguments {
    /// Shows the table; changes nothing.
    ///
    /// # Errors
    /// The configuration cannot be read, or standard output cannot be written.
    pub fn run(&self) -> anyhow::Result<Ended> {
        let rows = self.scope.survey(&Root::real())?;
        let mut out = std::io::stdout().lock();
        match self.format {
            Format::Json => {
                let all: Vec<Value> = rows.iter().map(described).collect();
                writeln!(out, "{:#}", Value::from(all))?;
            }
            Format::Text => {
                write!(out, "{}", listed(&rows))?;
                for row in rows.iter().filter(|row| self.why || row.verdict == Verdict::Failed) {
                    write!(out, "\n{}", explained(row))?;
                }
                write!(out, "{}", summary(&rows))?;
            }
        }
        let failed = rows.iter().any(|row| row.verdict == Verdict::Failed);
        Ok(if failed { Ended::Failed } else { Ended::Well })
    }
}

fn listed(rows: &[Row]) -> String {
    let head = ["CONDITION", "TARGET", "REQUIRED", "CURRENT", "SEVERITY", "PASSED"];
    let cells = |row: &Row| {
        let passed = match row.verdict {
            Verdict::Passed => "true",
            Verdict::Failed => "false",
            Verdict::Unseen(_) => "?",
            Verdict::NotOffered => "-",
        };
        vec![
            row.knob.name.to_string(),
            if row.aspect.target.is_empty() { "-" } else { &row.aspect.target }.to_string(),
            row.aspect.required_shown(),
            row.aspect.seen.shown().to_string(),
            row.knob.severity.shown().to_string(),
            passed.to_string(),
        ]
    };
    table(&head, rows.iter().map(cells))
}

fn explained(row: &Row) -> String {
    let target = match row.aspect.target.as_str() {
        "" => String::new(),
        target => format!(" ({target})"),
    };
    let mut text = format!("{}{target}\n  why: {}\n", row.knob.name, row.knob.why);
    text.push_str(&format!("  gain: {}\n", row.knob.gain.shown()));
    for change in row.changes() {
        let (to, before) = (&change.to.value, &change.before.value);
        let place = place(&change.to.place);
        text.push_str(&format!("  apply sets: {place} to {to}, now {before}\n"));
    }
    if let Some(what) = row.by_hand() {
        text.push_str(&format!("  by hand: {what}\n"));
    }
    text
}

/// A place, for people.
pub fn place(place: &Place) -> String {
    match place {
        Place::File(path) => path.clone(),
        Place::Atime(point) => format!("access times of {point}"),
    }
}

fn summary(rows: &[Row]) -> String {
    let failed = rows.iter().filter(|row| row.verdict == Verdict::Failed).count();
    let mut text = format!("\n{} conditions, {failed} failed\n", rows.len());
    for row in rows {
        if let Verdict::Unseen(why) = &row.verdict {
            text.push_str(&format!("could not see {}: {why}\n", row.knob.name));
        }
    }
    text
}

fn described(row: &Row) -> Value {
    let (passed, note) = match &row.verdict {
        Verdict::Passed => (json!(true), None),
        Verdict::Failed => (json!(false), None),
        Verdict::Unseen(why) => (Value::Null, Some(why.as_str())),
        Verdict::NotOffered => (Value::Null, Some("there is none here")),
    };
    let changes = row.changes().iter().map(|change| {
        json!({ "place": place(&change.to.place), "to": change.to.value,
                "before": change.before.value })
    });
    json!({
        "condition": row.knob.name,
        "target": row.aspect.target,
        "required": row.aspect.required_shown(),
        "current": row.aspect.seen.shown(),
        "severity": row.knob.severity.shown(),
        "passed": passed,
        "note": note,
        "why": row.knob.why,
        "gain": row.knob.gain.shown(),
        "apply_sets": changes.collect::<Vec<_>>(),
        "by_hand": row.by_hand(),
    })
}
