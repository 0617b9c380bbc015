//! `corelog-bench recover`: how long a start takes after a kill under load.

use std::path::PathBuf;

use anyhow::Context;

use super::compare::raise_file_limit;
use crate::compare::{Lengths, Peer, Settings, run};

/// Arguments of `corelog-bench recover`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The corelog command
    #[arg(long, default_value = "target/release/corelog", value_name = "FILE")]
    binary: PathBuf,
    /// Gigabytes that are acknowledged before the kill, comma separated
    #[arg(long, value_delimiter = ',', default_value = "1", value_name = "GB")]
    gigabytes: Vec<f64>,
    /// Empty folder for the data
    #[arg(long, default_value = "target/recover", value_name = "FOLDER")]
    folder: PathBuf,
    /// Where results go
    #[arg(long, default_value = "target/recovered", value_name = "FOLDER")]
    out: PathBuf,
    /// Times each
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    rounds: usize,
}

impl Arguments {
    /// Loads, kills and starts.
    ///
    /// # Errors
    /// The broker does not start, or lost what it had acknowledged.
    pub fn run(self) -> anyhow::Result<()> {
        raise_file_limit();
        anyhow::ensure!(self.gigabytes.iter().all(|size| *size > 0.0), "--gigabytes: above 0");
        let binary = std::path::absolute(&self.binary).context("--binary")?;
        let settings = Settings {
            peers: vec![Peer::Corelog(binary)],
            folder: std::path::absolute(&self.folder).context("--folder")?,
            out: self.out,
            lengths: Lengths { rounds: 0, long_rounds: self.rounds.max(1), ..Lengths::QUICK },
            fills_cache: false,
            recovered: self.gigabytes,
            broker_cpus: Vec::new(),
            load_cpus: Vec::new(),
            limits: None,
            rows: vec![18],
            profiles: false,
        };
        anyhow::ensure!(run(&settings)?, "the recovery failed");
        Ok(())
    }
}
