//! `[server.properties] [--override key=value]...`: the file read, the overrides put
//! over it, and what was measured for the disks put beneath it.

use std::path::{Path, PathBuf};

use anyhow::Context;
use corelog_engine::config::{BrokerConfig, Given, Loaded, MEASURED_FILE_KEY};

/// Arguments that make up a broker's configuration.
#[derive(clap::Args)]
pub struct Settings {
    /// Kafka's server.properties; without it, a single node with its data in ./data
    #[arg(value_name = "server.properties")]
    file: Option<PathBuf>,
    /// A key and value that win over the file; may be repeated
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

/// Reads and checks everything, and logs nothing.
///
/// # Errors
/// The file cannot be read, or a value is not valid.
pub fn load(file: Option<&Path>, overrides: &[String]) -> anyhow::Result<Loaded> {
    let mut given = match file {
        None => Given::default(),
        Some(file) => read(&file.display().to_string())?,
    };
    for text in overrides {
        given.put(text)?;
    }
    let measured = given.get(MEASURED_FILE_KEY).filter(|name| !name.is_empty());
    if let Some(name) = measured.map(str::to_string) {
        given.put_beneath(&name, read(&name)?)?;
    }
    Ok(BrokerConfig::load(given)?)
}

fn read(name: &str) -> anyhow::Result<Given> {
    let content = std::fs::read(name).with_context(|| format!("cannot read {name}"))?;
    Ok(Given::from_file(name, &content)?)
}
