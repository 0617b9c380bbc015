//! `corelog-bench limits`: what the machine allows.

use std::path::PathBuf;

use crate::limits::{Plan, Settings, run};
use crate::{clock, machine};

/// Arguments of `corelog-bench limits`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Data directory on the disk that is measured; it needs some 4 GB, and keeps nothing
    #[arg(long, default_value = "data", value_name = "FOLDER")]
    dir: PathBuf,
    /// The results [default: bench/results/<date>-<machine>/limits.json]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Cores of the broker, and as many for the load: what limits of throughput are for
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    cores: usize,
    /// Leave the page cache as it is; otherwise it is filled first, as `compare` does
    #[arg(long)]
    as_found: bool,
    /// Some twenty seconds with short rounds, and the page cache as it is: a first look
    #[arg(long)]
    quick: bool,
}

impl Arguments {
    /// Measures.
    ///
    /// # Errors
    /// Something cannot be measured here.
    pub fn run(self) -> anyhow::Result<()> {
        anyhow::ensure!(self.cores > 0, "--cores: above 0");
        let kept = || {
            let folder = format!("bench/results/{}-{}", clock::date(), machine::name());
            PathBuf::from(folder).join("limits.json")
        };
        run(&Settings {
            dir: self.dir,
            output: self.output.unwrap_or_else(kept),
            plan: if self.quick { Plan::QUICK } else { Plan::FULL },
            fills_cache: !self.quick && !self.as_found,
            cores: self.cores,
        })
    }
}
