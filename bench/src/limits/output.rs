//! The results as text and as data. `compare` reads `allows`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;
use comfy_table::{Table, presets::NOTHING};
use serde_json::{Value, json};

use super::figures::{Figure, Figures, Primitive};
use super::model::Allowed;
use crate::measure::Spread;

/// Everything that is written down.
pub struct Results<'a> {
    /// What a reader has to know.
    pub circumstances: &'a [(String, String)],
    /// The primitives.
    pub figures: &'a Figures,
    /// What they allow.
    pub allowed: &'a [Allowed],
}

impl Results<'_> {
    /// For a terminal.
    pub fn text(&self) -> String {
        let mut parts: Vec<String> =
            self.circumstances.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        parts.extend(self.primitives());
        let mut table = Table::new();
        table.load_style(NOTHING).set_header(["THE MACHINE ALLOWS", "", "BY"]);
        for Allowed { figure, value, by } in self.allowed {
            let value = Spread::of(&[*value]).map(|value| value.to_string()).unwrap_or_default();
            table.add_row([figure.as_str(), value.as_str(), *by]);
        }
        parts.push(format!("\n{table}"));
        parts.join("\n")
    }

    /// A heading for each primitive, and its cases below.
    fn primitives(&self) -> Vec<String> {
        let (mut lines, mut last) = (Vec::new(), None);
        let width = self.figures.all().iter().map(|figure| figure.case.len()).max().unwrap_or(0);
        for Figure { primitive, case, spread } in self.figures.all() {
            if last != Some(primitive) {
                let Primitive { id, name, meaning, unit } = primitive;
                lines.push(format!("\n{id} {name}, {unit}: {meaning}"));
            }
            last = Some(primitive);
            lines.push(format!("    {case:width$}  {spread}"));
        }
        lines
    }

    fn data(&self) -> Value {
        let each = || self.allowed.iter();
        let limits: BTreeMap<&str, f64> =
            each().map(|one| (one.figure.as_str(), one.value)).collect();
        let by: BTreeMap<&str, &str> = each().map(|one| (one.figure.as_str(), one.by)).collect();
        json!({
            "circumstances": self.circumstances,
            "primitives": self.figures,
            "allows": limits,
            "allowed_by": by,
        })
    }

    /// Writes the data.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, file: &Path) -> anyhow::Result<()> {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot make {}", folder.display()))?;
        }
        fs::write(file, format!("{:#}\n", self.data()))
            .with_context(|| format!("cannot write {}", file.display()))
    }
}
