//! `corelog-bench profile`: where a broker's time goes under a load.

use std::path::PathBuf;

use anyhow::Context;

use super::compare::raise_file_limit;
use crate::machine::perf::CallGraph;
use crate::profile::{Settings, Subject, run};
use crate::workload;

/// Arguments of `corelog-bench profile`.
#[derive(clap::Args)]
pub struct Arguments {
    /// A workload, or a TOML file; one without producers reads what is put there first
    #[arg(long, default_value = "small-batch", value_name = "NAME")]
    workload: String,
    /// The corelog command: a broker is started for it
    #[arg(long, default_value = "target/release/corelog", value_name = "FILE")]
    binary: PathBuf,
    /// A broker's process on this machine, instead of one that is started
    #[arg(long, value_name = "PID")]
    broker_pid: Option<u32>,
    /// Where that is reached, as host:port
    #[arg(long, default_value = "localhost:9092", value_name = "HOST:PORT")]
    bootstrap_server: String,
    /// Set a field of the workload; see `corelog-bench workloads --fields`
    #[arg(long, value_name = "FIELD=VALUE")]
    set: Vec<String>,
    /// Seconds of each section: not looked at, sampled, system calls counted
    #[arg(long, default_value_t = 10, value_name = "SECONDS")]
    seconds: u64,
    /// How callers are found
    #[arg(long, value_enum, default_value = "dwarf")]
    call_graph: CallGraph,
    /// Fill the page cache first, so that new pages come from reclaim
    #[arg(long)]
    full_cache: bool,
    /// Empty folder for data and samples, on the disk that is meant; it is removed
    #[arg(long, default_value = "target/profile", value_name = "FOLDER")]
    folder: PathBuf,
    /// Where `account.txt` and `flame.svg` go
    #[arg(long, default_value = "profile", value_name = "FOLDER")]
    out: PathBuf,
}

impl Arguments {
    /// Looks, and prints the account.
    ///
    /// # Errors
    /// perf is missing or may not look, the broker does not start, or the load fails.
    pub fn run(self) -> anyhow::Result<()> {
        raise_file_limit();
        let absolute = |path: &PathBuf| {
            std::path::absolute(path).with_context(|| format!("no {}", path.display()))
        };
        let subject = match self.broker_pid {
            Some(id) => Subject::Process(id, self.bootstrap_server),
            None => Subject::Binary(absolute(&self.binary)?),
        };
        let settings = Settings {
            subject,
            workload: workload::find(&self.workload, &self.set)?,
            name: self.workload,
            section: self.seconds,
            graph: self.call_graph,
            fills_cache: self.full_cache,
            folder: absolute(&self.folder)?,
            out: self.out,
        };
        print!("{}", run(&settings)?);
        Ok(())
    }
}
