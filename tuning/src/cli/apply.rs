//! `corelog-tune apply`: sets what is wrong, or writes the script that would.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::asked::Scope;
use super::check::place;
use super::run::{Ended, Format};
use super::table::table;
use crate::change::{Outcome, apply};
use crate::host::{ATIME_MODES, Host, Mount, Root, mounts};
use crate::script::script;
use crate::state::StateFile;
use crate::survey::Row;

/// Where `apply` remembers and `undo` reads.
pub const STATE: &str = "/var/lib/corelog/tune-undo.json";

/// Arguments of `apply`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    scope: Scope,
    /// Write a shell script that does it, and change nothing; - is standard output
    #[arg(long, value_name = "FILE", conflicts_with = "format")]
    output_script: Option<PathBuf>,
    /// The file that remembers what was there
    #[arg(long, value_name = "FILE", default_value = STATE)]
    state: PathBuf,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Arguments {
    /// Sets what is wrong and can be set. What only people can do is listed and fails nothing.
    ///
    /// # Errors
    /// It is not run by root, or what was there cannot be remembered: nothing is changed then.
    pub fn run(&self) -> anyhow::Result<Ended> {
        let host = Root::real();
        let rows = self.scope.survey(&host)?;
        if let Some(path) = &self.output_script {
            write_script(path, &script_of(&host, &rows)?)?;
            return Ok(Ended::Well);
        }
        need_root("apply")?;
        let state = open_state(&self.state)?;
        let outcomes = apply(&host, &rows, &state)
            .with_context(|| format!("nothing was changed: {}", self.state.display()))?;
        self.show(&outcomes, &rows)?;
        let refused = outcomes.iter().any(|outcome| outcome.done.is_err());
        Ok(if refused { Ended::Failed } else { Ended::Well })
    }

    fn show(&self, outcomes: &[Outcome], rows: &[Row]) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        if self.format == Format::Json {
            let by_hand = rows.iter().filter_map(|row| {
                let (condition, target) = (row.knob.name, &row.aspect.target);
                Some(json!({ "condition": condition, "target": target, "what": row.by_hand()? }))
            });
            let all = json!({
                "changes": outcomes.iter().map(described).collect::<Vec<_>>(),
                "by_hand": by_hand.collect::<Vec<_>>(),
            });
            return Ok(writeln!(out, "{all:#}")?);
        }
        if outcomes.is_empty() {
            writeln!(out, "nothing to change")?;
        } else {
            let head = ["CONDITION", "SETTING", "BEFORE", "AFTER"];
            write!(out, "{}", table(&head, outcomes.iter().map(cells)))?;
            writeln!(out, "\n`corelog-tune undo` brings it back")?;
        }
        for row in rows {
            if let Some(what) = row.by_hand() {
                writeln!(out, "by hand, {}: {what}", row.knob.name)?;
            }
        }
        Ok(())
    }
}

/// The kernel's settings are root's.
///
/// # Errors
/// This is somebody else.
pub fn need_root(command: &str) -> anyhow::Result<()> {
    if !nix::unistd::geteuid().is_root() {
        bail!("`{command}` changes settings of the kernel: run it as root");
    }
    Ok(())
}

/// The state file, locked.
///
/// # Errors
/// See [`StateFile::open`].
pub fn open_state(path: &Path) -> anyhow::Result<StateFile> {
    StateFile::open(path).with_context(|| format!("{}", path.display()))
}

fn cells(outcome: &Outcome) -> Vec<String> {
    let change = &outcome.recorded.change;
    vec![
        outcome.recorded.knob.clone(),
        place(&change.to.place),
        change.before.value.clone(),
        match &outcome.done {
            Ok(found) => found.clone(),
            Err(why) => format!("refused: {why}"),
        },
    ]
}

fn described(outcome: &Outcome) -> Value {
    let change = &outcome.recorded.change;
    json!({
        "condition": outcome.recorded.knob,
        "target": outcome.recorded.target,
        "setting": place(&change.to.place),
        "before": change.before.value,
        "after": outcome.done.as_ref().ok(),
        "refused": outcome.done.as_ref().err(),
    })
}

fn script_of(host: &Root, rows: &[Row]) -> anyhow::Result<String> {
    let all: Vec<Mount> = mounts(&host.read("/proc/self/mountinfo")?);
    Ok(script(rows, |point| {
        let found = all.iter().rev().find(|mount| mount.point == point);
        let options = found.map(|mount| mount.options.clone()).unwrap_or_default();
        options.into_iter().filter(|option| !ATIME_MODES.contains(&option.as_str())).collect()
    }))
}

fn write_script(path: &Path, text: &str) -> anyhow::Result<()> {
    if path == Path::new("-") {
        return Ok(std::io::stdout().lock().write_all(text.as_bytes())?);
    }
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o755).open(path);
    let mut file = file.with_context(|| format!("cannot write {}", path.display()))?;
    Ok(file.write_all(text.as_bytes())?)
}
