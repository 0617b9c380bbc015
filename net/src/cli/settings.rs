//! `[server.properties] [--override key=value]...`: the file read, the environment put over it, the
//! overrides over both, and what was measured for the disks put beneath it all.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Context;
use corelog_engine::config::{BrokerConfig, Environment, Given, Loaded, MEASURED_FILE_KEY};

/// Arguments that make up a broker's configuration.
#[derive(clap::Args)]
pub struct Settings {
    /// Kafka's server.properties; without it, a single node with its data in ./data
    #[arg(value_name = "server.properties")]
    file: Option<PathBuf>,
    /// A key and value that win over the file and the environment; may be repeated
    #[arg(long = "override", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
}

impl Settings {
    /// Reads and checks everything, and logs what is worth a note.
    ///
    /// # Errors
    /// The file cannot be read, or a value is not valid.
    pub fn load(&self) -> anyhow::Result<BrokerConfig> {
        let Loaded { config, notes } = load(self.file.as_deref(), &self.overrides)?;
        for note in notes {
            if note.warning {
                tracing::warn!("{}", note.text);
            } else {
                tracing::info!("{}", note.text);
            }
        }
        Ok(config)
    }
}

/// This process's variables. One that is not UTF-8 is none of ours: no name or value of Kafka is.
fn environment() -> Environment {
    let texts = |(name, value): (OsString, OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    Environment::read(std::env::vars_os().filter_map(texts))
}

/// Reads and checks everything, and logs nothing.
///
/// # Errors
/// The file cannot be read, or a value is not valid.
pub fn load(file: Option<&Path>, overrides: &[String]) -> anyhow::Result<Loaded> {
    let mut given = match file {
        None => Given::default(),
        Some(file) => read(&file.display().to_string())?,
    };
    let environment = environment();
    let note = environment.note();
    given.put_environment(environment);
    for text in overrides {
        given.put(text)?;
    }
    let measured = given.get(MEASURED_FILE_KEY).filter(|name| !name.is_empty());
    if let Some(name) = measured.map(str::to_string) {
        given.put_beneath(&name, read(&name)?)?;
    }
    let mut loaded = BrokerConfig::load(given)?;
    loaded.notes.extend(note);
    Ok(loaded)
}

fn read(name: &str) -> anyhow::Result<Given> {
    let content = std::fs::read(name).with_context(|| format!("cannot read {name}"))?;
    Ok(Given::from_file(name, &content)?)
}
