//! `corelog-bench compare`: brokers side by side.

use std::path::PathBuf;

use anyhow::Context;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::compare::{Lengths, Peer, Settings, run};
use crate::{clock, machine};

/// Open files that ten thousand partitions and connections need.
const FILES: u64 = 1 << 20;
/// Files of a partition that a broker may hold open, and those that it needs for all else.
const PARTITION_FILES: u64 = 5;
const OTHER_FILES: u64 = 6000;

/// Arguments of `corelog-bench compare`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The corelog command
    #[arg(long, default_value = "target/release/corelog", value_name = "FILE")]
    binary: PathBuf,
    /// The script that runs Apache Kafka's tools
    #[arg(long, default_value = "scripts/kafka", value_name = "FILE")]
    kafka: PathBuf,
    /// Leave Apache Kafka out
    #[arg(long)]
    without_kafka: bool,
    /// Another broker, which somebody else runs: what it costs is not known
    #[arg(long, value_name = "NAME=HOST:PORT")]
    peer: Vec<String>,
    /// Empty folder for the data, on the disk that is measured
    #[arg(long, default_value = "target/compare", value_name = "FOLDER")]
    folder: PathBuf,
    /// Where results go [default: bench/results/<date>-<machine>]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Only these rows of the goal table, comma separated
    #[arg(long, value_delimiter = ',', value_name = "ROW")]
    rows: Vec<u8>,
    /// What `corelog-bench limits` found on this machine; without it that is measured first
    #[arg(long, value_name = "FILE")]
    limits: Option<PathBuf>,
    /// Rounds
    #[arg(long, value_name = "NUMBER")]
    rounds: Option<usize>,
    /// CPUs of the broker; the load gets the others. Without it both float
    #[arg(long, value_delimiter = ',', value_name = "CPU")]
    broker_cpus: Vec<usize>,
    /// CPUs of the load
    #[arg(long, value_delimiter = ',', value_name = "CPU")]
    load_cpus: Vec<usize>,
    /// Rounds, the first ones, with the steps that take a JVM minutes: idle partitions, a start
    /// with data; and recoveries after a kill
    #[arg(long, value_name = "NUMBER")]
    long_rounds: Option<usize>,
    /// Do not look once more, with perf, at what was missed
    #[arg(long)]
    without_profiles: bool,
    /// One short round with little data: shows that everything works, says nothing of speed
    #[arg(long)]
    quick: bool,
}

impl Arguments {
    /// Compares.
    ///
    /// # Errors
    /// A broker does not start, or a step of a turn does not work.
    pub fn run(self) -> anyhow::Result<()> {
        let files = raise_file_limit();
        let absolute = |path: &PathBuf| {
            std::path::absolute(path).with_context(|| format!("no {}", path.display()))
        };
        let mut peers = vec![Peer::Corelog(absolute(&self.binary)?)];
        if !self.without_kafka {
            peers.push(Peer::Kafka(absolute(&self.kafka)?));
        }
        for given in &self.peer {
            let (name, address) = given.split_once('=').context("--peer is NAME=HOST:PORT")?;
            peers.push(Peer::At { name: name.to_owned(), address: address.to_owned() });
        }
        let mut lengths = if self.quick { Lengths::QUICK } else { Lengths::FULL };
        lengths.rounds = self.rounds.unwrap_or(lengths.rounds).max(1);
        let held = i32::try_from(files.saturating_sub(OTHER_FILES) / PARTITION_FILES);
        lengths.partitions = held.map_or(lengths.partitions, |most| lengths.partitions.min(most));
        lengths.long_rounds = self.long_rounds.unwrap_or(lengths.long_rounds);
        let kept = || format!("bench/results/{}-{}", clock::date(), machine::name());
        let settings = Settings {
            fills_cache: !self.quick,
            recovered: if self.quick { vec![0.05, 0.2] } else { vec![1.0, 10.0] },
            peers,
            folder: absolute(&self.folder)?,
            out: self.out.unwrap_or_else(|| kept().into()),
            lengths,
            broker_cpus: self.broker_cpus,
            load_cpus: self.load_cpus,
            limits: self.limits,
            rows: self.rows,
            profiles: !self.without_profiles,
        };
        anyhow::ensure!(run(&settings)?, "some steps did not work");
        Ok(())
    }
}

/// Brokers inherit it. Without the right to raise it, what there is has to do: returned.
pub fn raise_file_limit() -> u64 {
    let most = getrlimit(Resource::Nofile).maximum;
    let wanted = Rlimit { current: Some(FILES), maximum: Some(FILES) };
    if setrlimit(Resource::Nofile, wanted).is_err() {
        let _ = setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most });
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
