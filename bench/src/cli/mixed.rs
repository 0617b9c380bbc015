//! `corelog-bench mixed`: a steady load alone, and beside a reader of old records that are not in
//! memory.

use std::fs;
use std::thread;

use super::load::LoadArguments;
use crate::load::{self, Target};
use crate::measure::Outcome;
use crate::report::perf_test_line;
use crate::workload::{Start, Workload};

/// Bytes of a megabyte.
const MB: f64 = 1e6;
/// What an idle fetch of the reader waits, in milliseconds: it ends with its records.
const WAIT_MS: i32 = 100;

/// Arguments of `corelog-bench mixed`.
#[derive(clap::Args)]
pub struct Arguments {
    /// A workload, or a TOML file, with a rate
    #[arg(default_value = "steady")]
    workload: String,
    /// Megabytes of old records; twice the memory is needed for none of them to be in it
    #[arg(long, default_value_t = 1000, value_name = "MB")]
    backlog: u64,
    /// Empty this machine's page cache between writing the old records and reading them
    #[arg(long)]
    drop_caches: bool,
    #[command(flatten)]
    load: LoadArguments,
}

impl Arguments {
    /// Runs both and prints what the reader cost the others.
    ///
    /// # Errors
    /// A load fails.
    pub fn run(self) -> anyhow::Result<()> {
        let workload = self.load.workload(&self.workload)?;
        anyhow::ensure!(workload.rate > 0.0, "rate: a steady load has one");
        let backlog = backlog(&workload, self.backlog);
        eprintln!("writing {} MB of old records", self.backlog);
        self.load.outcome(&backlog)?;
        let alone = self.load.outcome(&workload)?;
        if self.drop_caches {
            rustix::fs::sync();
            fs::write("/proc/sys/vm/drop_caches", "3\n")?;
        }
        let reader = reader(&backlog);
        let target = Target::find(&self.load.bootstrap_server, &reader)?;
        let reading = thread::spawn(move || load::run(&reader, &target, &mut |_| ()));
        let beside = self.load.outcome(&workload)?;
        let read = reading.join().map_err(|_| anyhow::anyhow!("the reader panicked"))??;
        let line = |outcome: &Outcome| perf_test_line(&outcome.total(), outcome.seconds());
        println!("alone:  {}", line(&alone));
        println!("beside: {}", line(&beside));
        let p99 = [&alone, &beside].map(|outcome| outcome.total().ack.ms(0.99));
        println!("ack p99 beside the reader / alone: {:.2}", p99[1] / p99[0]);
        let bytes = read.sum().consumed.bytes;
        println!("old records: {:.1} MB/s", read.rate(bytes) / MB);
        Ok(())
    }
}

/// What writes the old records: as many as that takes, to a topic of their own.
fn backlog(of: &Workload, megabytes: u64) -> Workload {
    let records = megabytes * 1_000_000 / of.record_bytes as u64;
    let topic = format!("{}-old", of.topic);
    Workload { records, topic, rate: 0.0, groups: 0, spin: false, in_flight: 4, ..of.clone() }
}

/// Who reads them, once.
fn reader(of: &Workload) -> Workload {
    Workload {
        producers: 0,
        groups: 1,
        consumers: 1,
        start: Start::Earliest,
        fetch_wait_ms: WAIT_MS,
        ..of.clone()
    }
}
