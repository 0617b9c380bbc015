//! `corelog-bench workloads`: what there is to run, and what can be set.

use comfy_table::{ContentArrangement, Table, presets::NOTHING};

use crate::workload::{BUILT_IN, FIELDS, Valid, Workload, find};

/// Arguments of `corelog-bench workloads`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Show this workload with all its fields, as a file to begin from
    name: Option<String>,
    /// Show every field: what it means, what is valid, its default
    #[arg(long, conflicts_with = "name")]
    fields: bool,
}

impl Arguments {
    /// Prints.
    ///
    /// # Errors
    /// There is no such workload.
    pub fn run(self) -> anyhow::Result<()> {
        match self.name {
            Some(name) => print!("{}", toml::to_string(&find(&name, &[])?)?),
            None if self.fields => println!("{}", fields()?),
            None => println!("{}", listing()?),
        }
        Ok(())
    }
}

fn listing() -> anyhow::Result<Table> {
    let mut table = table(&["WORKLOAD", "WHAT FOR"]);
    for (name, _) in BUILT_IN {
        table.add_row([(*name).to_owned(), find(name, &[])?.description]);
    }
    Ok(table)
}

fn fields() -> anyhow::Result<Table> {
    let defaults = toml::Table::try_from(Workload::default())?;
    let mut table = table(&["FIELD", "DEFAULT", "VALID", "MEANING"]);
    for field in FIELDS {
        let default = defaults.get(field.name).map(ToString::to_string).unwrap_or_default();
        let valid = match field.valid {
            Valid::Between(low, high) => format!("{low} to {high}"),
            Valid::Words(words) => words.to_owned(),
        };
        table.add_row([field.name.to_owned(), default, valid, field.meaning.to_owned()]);
    }
    Ok(table)
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header.iter().copied());
    table
}
