//! `corelog-tune undo`: everything as it was before the first `apply` of this boot.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use serde_json::{Value, json};

use super::apply::{STATE, need_root, open_state};
use super::check::place;
use super::run::{Ended, Format};
use super::table::table;
use crate::change::{Restored, undo};
use crate::host::Root;
use crate::state::Recorded;

/// Arguments of `undo`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The file that remembers what was there
    #[arg(long, value_name = "FILE", default_value = STATE)]
    state: PathBuf,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Arguments {
    /// Brings everything back.
    ///
    /// # Errors
    /// It is not run by root, or the state file cannot be read.
    pub fn run(&self) -> anyhow::Result<Ended> {
        need_root("undo")?;
        let state = open_state(&self.state)?;
        let restored =
            undo(&Root::real(), &state).with_context(|| format!("{}", self.state.display()))?;
        self.show(&restored)?;
        let refused = |(_, outcome): &(Recorded, Restored)| matches!(outcome, Restored::Refused(_));
        Ok(if restored.iter().any(refused) { Ended::Failed } else { Ended::Well })
    }

    fn show(&self, restored: &[(Recorded, Restored)]) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        match self.format {
            Format::Json => {
                let all: Vec<Value> = restored.iter().map(described).collect();
                writeln!(out, "{:#}", Value::from(all))?;
            }
            Format::Text if restored.is_empty() => {
                writeln!(out, "nothing was changed since the last start of this host")?;
            }
            Format::Text => {
                let head = ["CONDITION", "SETTING", "BROUGHT BACK", "OUTCOME"];
                write!(out, "{}", table(&head, restored.iter().map(cells)))?;
            }
        }
        Ok(())
    }
}

fn outcome(restored: &Restored) -> String {
    match restored {
        Restored::Back => "done".to_string(),
        Restored::Already => "was so already".to_string(),
        Restored::Over(found) => format!("done, over {found} which somebody set since"),
        Restored::Gone => "gone, with what it was a setting of".to_string(),
        Restored::Refused(why) => format!("refused: {why}"),
    }
}

fn cells((recorded, restored): &(Recorded, Restored)) -> Vec<String> {
    let before = &recorded.change.before;
    vec![recorded.knob.clone(), place(&before.place), before.value.clone(), outcome(restored)]
}

fn described((recorded, restored): &(Recorded, Restored)) -> Value {
    let before = &recorded.change.before;
    json!({
        "condition": recorded.knob,
        "target": recorded.target,
        "setting": place(&before.place),
        "value": before.value,
        "restored": !matches!(restored, Restored::Refused(_)),
        "outcome": outcome(restored),
    })
}
