//! `corelog-bench produce`.

use super::load::LoadArguments;
use crate::report::perf_test_line;

/// Arguments of `corelog-bench produce`.
#[derive(clap::Args)]
pub struct Arguments {
    /// A workload, or a TOML file
    #[arg(default_value = "durable")]
    workload: String,
    #[command(flatten)]
    load: LoadArguments,
}

impl Arguments {
    /// Produces and prints the summary line.
    ///
    /// # Errors
    /// The load fails, or the broker refused a batch.
    pub fn run(self) -> anyhow::Result<()> {
        let mut workload = self.load.workload(&self.workload)?;
        workload.groups = 0;
        self.load.run(&self.workload, &workload, |outcome| {
            perf_test_line(&outcome.total(), outcome.seconds())
        })?;
        Ok(())
    }
}
