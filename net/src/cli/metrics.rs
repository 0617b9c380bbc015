//! `corelog metrics`: every series that a broker shows, with its kind, unit, labels and meaning.

use std::io::Write;

use serde_json::json;

use super::output::{Format, json_line, out};
use crate::http::{SERIES, Series};

/// Arguments of `corelog metrics`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only series whose name contains this
    #[arg(value_name = "PART")]
    part: Option<String>,
    /// Form of the list
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Arguments {
    /// Prints the list.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn run(self) -> anyhow::Result<()> {
        let part = self.part.unwrap_or_default();
        let series = SERIES.iter().copied().flatten().filter(|series| series.name.contains(&part));
        match self.format {
            Format::Json => json_line(&serde_json::Value::Array(series.map(json_of).collect())),
            Format::Text => {
                let mut out = out();
                for Series { name, kind, unit, labels, meaning, .. } in series {
                    let labels = match labels {
                        [] => String::new(),
                        labels => format!("{{{}}}", labels.join(",")),
                    };
                    writeln!(out, "{name}{labels}\n    {}, {unit}: {meaning}", kind.name())?;
                }
                Ok(out.flush()?)
            }
        }
    }
}

fn json_of(series: &Series) -> serde_json::Value {
    let Series { name, kind, unit, labels, meaning, .. } = series;
    json!({
        "name": name,
        "kind": kind.name(),
        "unit": unit,
        "labels": labels,
        "meaning": meaning,
    })
}
