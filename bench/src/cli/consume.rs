//! `corelog-bench consume`.

use super::load::LoadArguments;
use crate::clock;
use crate::report::consumer_lines;

/// Arguments of `corelog-bench consume`.
#[derive(clap::Args)]
pub struct Arguments {
    /// A workload, or a TOML file; its producers are left out
    #[arg(default_value = "tail")]
    workload: String,
    #[command(flatten)]
    load: LoadArguments,
}

impl Arguments {
    /// Consumes and prints the lines of kafka-consumer-perf-test; its times are milliseconds since
    /// 1970.
    ///
    /// # Errors
    /// The load fails, or the broker refused a fetch.
    pub fn run(self) -> anyhow::Result<()> {
        let mut workload = self.load.workload(&self.workload)?;
        workload.producers = 0;
        workload.groups = workload.groups.max(1);
        self.load.run(&self.workload, &workload, |outcome| {
            let (ended, took) = (clock::wall_ms(), (outcome.seconds() * 1000.0) as i64);
            let times = [(ended - took).to_string(), ended.to_string()];
            let times = [times[0].as_str(), times[1].as_str()];
            consumer_lines(&outcome.total(), times, outcome.seconds())
        })?;
        Ok(())
    }
}
