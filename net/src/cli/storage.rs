//! `corelog storage`: cluster ids, formatting log dirs, and what is in them; in Kafka's words.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use anyhow::{Context, bail};
use clap::Subcommand;
use corelog_engine::config::BrokerConfig;
use corelog_engine::controller::{LogDirError, META_PROPERTIES, MetaProperties, format_log_dirs};
use corelog_engine::metadata::uuid_text;
use corelog_engine::runtime::{random_uuid, start_control};

use super::output::out;
use super::settings;

/// What to do with log dirs.
#[derive(Subcommand)]
pub enum Command {
    /// Print a new cluster id
    RandomUuid,
    /// Prepare the log dirs of a node for its first start
    Format(Format),
    /// Print what the log dirs of a node are
    Info(Config),
}

/// Arguments of `corelog storage format`.
#[derive(clap::Args)]
pub struct Format {
    /// Id of the cluster, from `corelog storage random-uuid`
    #[arg(short = 't', long, value_name = "ID")]
    cluster_id: String,
    /// Leave log dirs alone that are formatted already
    #[arg(short = 'g', long)]
    ignore_formatted: bool,
    /// This node is the whole quorum; taken for Kafka's sake, it always is
    #[arg(short = 's', long)]
    standalone: bool,
    #[command(flatten)]
    config: Config,
}

/// Which node.
#[derive(clap::Args)]
pub struct Config {
    /// Kafka's server.properties
    #[arg(short = 'c', long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A key and value that win over the file and the environment; may be repeated
    #[arg(long = "override", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
}

impl Config {
    fn load(&self) -> anyhow::Result<BrokerConfig> {
        Ok(settings::load(self.config.as_deref(), &self.overrides)?.config)
    }
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// A log dir is not as it should be.
    pub fn run(self) -> anyhow::Result<()> {
        match self {
            Command::RandomUuid => say(&uuid_text(random_uuid())),
            Command::Format(format) => format.run(),
            Command::Info(config) => info(&config.load()?),
        }
    }
}

impl Format {
    fn run(self) -> anyhow::Result<()> {
        let config = self.config.load()?;
        if self.cluster_id.is_empty() || self.cluster_id.contains(char::is_whitespace) {
            bail!("invalid --cluster-id: valid is what `corelog storage random-uuid` prints");
        }
        let first = config.log_dirs.first().cloned();
        let formatted = format(config, self.cluster_id.clone(), self.ignore_formatted)?;
        if formatted.is_empty() {
            return say("All of the log directories are already formatted.");
        }
        for dir in formatted {
            let kind = if Some(&dir) == first.as_ref() { "metadata" } else { "data" };
            let id = &self.cluster_id;
            say(&format!("Formatting {kind} directory {} with cluster.id {id}.", dir.display()))?;
        }
        Ok(())
    }
}

/// Formats on a thread of the broker's runtime, which alone may write there.
fn format(
    config: BrokerConfig,
    cluster_id: String,
    ignore_formatted: bool,
) -> anyhow::Result<Vec<PathBuf>> {
    let (outcome, waiting) = mpsc::channel::<Result<Vec<PathBuf>, LogDirError>>();
    let thread = start_control("format", move || {
        Box::pin(async move {
            let dirs = format_log_dirs(&config, &cluster_id, ignore_formatted).await;
            // Nobody waits only if the command is being ended.
            let _ = outcome.send(dirs.map(|dirs| dirs.formatted));
        })
    })?;
    thread.join()?;
    Ok(waiting.recv().context("formatting ended without a result")??)
}

/// Prints log dirs and what their meta.properties say, or what is wrong with them.
fn info(config: &BrokerConfig) -> anyhow::Result<()> {
    let mut out = out();
    let found: Vec<(&PathBuf, Result<MetaProperties, String>)> =
        config.log_dirs.iter().map(|dir| (dir, look(dir))).collect();
    let dirs: Vec<&PathBuf> = found.iter().filter(|(dir, _)| dir.is_dir()).map(|at| at.0).collect();
    if !dirs.is_empty() {
        let what = if dirs.len() == 1 { "directory" } else { "directories" };
        writeln!(out, "Found log {what}:")?;
        for dir in dirs {
            writeln!(out, "  {}", dir.display())?;
        }
        writeln!(out)?;
    }
    if let Some(meta) = found.iter().find_map(|(_, meta)| meta.as_ref().ok()) {
        let entries = meta.entries();
        let entries: Vec<String> =
            entries.iter().map(|(key, value)| format!("{key}={value}")).collect();
        writeln!(out, "Found metadata: {{{}}}\n", entries.join(", "))?;
    }
    let problems: Vec<&String> = found.iter().filter_map(|(_, meta)| meta.as_ref().err()).collect();
    if problems.is_empty() {
        return Ok(out.flush()?);
    }
    writeln!(out, "Found problem{}:", if problems.len() == 1 { "" } else { "s" })?;
    for problem in &problems {
        writeln!(out, "  {problem}")?;
    }
    writeln!(out)?;
    out.flush()?;
    bail!("not every log directory is formatted")
}

fn look(dir: &Path) -> Result<MetaProperties, String> {
    let shown = dir.display();
    if !dir.exists() {
        return Err(format!("{shown} does not exist"));
    }
    if !dir.is_dir() {
        return Err(format!("{shown} is not a directory"));
    }
    match std::fs::read(dir.join(META_PROPERTIES)) {
        Ok(content) => MetaProperties::parse(&content)
            .map_err(|why| format!("Error parsing {shown}/{META_PROPERTIES}: {why}")),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(format!("{shown} is not formatted."))
        }
        Err(error) => Err(format!("Error reading {shown}/{META_PROPERTIES}: {error}")),
    }
}

fn say(line: &str) -> anyhow::Result<()> {
    let mut out = out();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
