//! `corelog-bench e2e`.

use super::load::LoadArguments;
use crate::report::{end_to_end_lines, perf_test_line};

/// Arguments of `corelog-bench e2e`.
#[derive(clap::Args)]
pub struct Arguments {
    /// A workload, or a TOML file, with producers and groups
    #[arg(default_value = "end-to-end")]
    workload: String,
    #[command(flatten)]
    load: LoadArguments,
}

impl Arguments {
    /// Produces and consumes, and prints how long records were under way.
    ///
    /// # Errors
    /// The load fails, the broker refused something, or records did not arrive.
    pub fn run(self) -> anyhow::Result<()> {
        let mut workload = self.load.workload(&self.workload)?;
        workload.groups = workload.groups.max(1);
        let outcome = self.load.run(&self.workload, &workload, |outcome| {
            let total = outcome.total();
            let sent = perf_test_line(&total, outcome.seconds());
            format!("{sent}\n{}", end_to_end_lines(&total.end_to_end))
        })?;
        let sum = outcome.sum();
        let wanted = sum.produced.records * workload.groups as u64;
        let missing = wanted.saturating_sub(sum.consumed.records);
        anyhow::ensure!(missing == 0, "{missing} of {wanted} records did not arrive");
        Ok(())
    }
}
