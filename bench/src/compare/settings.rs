//! What is compared, and how long. Plain data.

use std::path::PathBuf;

/// A broker to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peer {
    /// Corelog, by its command.
    Corelog(PathBuf),
    /// Apache Kafka; the script that runs its tools, and prints where its classes are.
    Kafka(PathBuf),
    /// A broker that somebody else runs, at an address. Its process is not known: no costs.
    At {
        /// Its name in the tables.
        name: String,
        /// Host and port.
        address: String,
    },
}

impl Peer {
    /// Its name in the tables.
    pub fn name(&self) -> &str {
        match self {
            Peer::Corelog(_) => "corelog",
            Peer::Kafka(_) => "kafka",
            Peer::At { name, .. } => name,
        }
    }
}

/// How long everything is.
#[derive(Debug, Clone, Copy)]
pub struct Lengths {
    /// Rounds.
    pub rounds: usize,
    /// The first so many rounds take the long steps too, and so often every broker is killed under
    /// load: idle partitions, a start with data, recovery. They take a JVM minutes.
    pub long_rounds: usize,
    /// Seconds of each load that do not count.
    pub warmup: u64,
    /// Seconds of each load that count.
    pub measured: u64,
    /// Records before anything is measured: a JVM compiles what is hot.
    pub jit_records: u64,
    /// Loads of a fixed number of records get this part of it.
    pub share: f64,
    /// Seconds between a start and a look at memory or idle CPU, and of that look.
    pub settle: u64,
    /// Bytes that are read over and over.
    pub hot_bytes: u64,
    /// Idle partitions.
    pub partitions: i32,
    /// Connections, a tenth of them active.
    pub connections: usize,
    /// Bytes that have to be free on the disk: what a turn of a fast broker writes, and a third of
    /// that again.
    pub disk_bytes: u64,
}

impl Lengths {
    /// Seconds of loads whose figure needs fewer.
    pub fn shorter(&self) -> u64 {
        self.measured.div_ceil(2)
    }

    /// Of a comparison to be kept: an hour and a half on two CPUs. A round beside Apache Kafka
    /// takes some eight minutes, one of them for the page cache; the long steps add five and
    /// recoveries two, what the machine allows two, the profiles three.
    pub const FULL: Lengths = Lengths {
        rounds: 5,
        long_rounds: 5,
        warmup: 1,
        measured: 3,
        jit_records: 1_000_000,
        share: 1.0,
        settle: 2,
        hot_bytes: 500_000_000,
        partitions: 10_000,
        connections: 10_000,
        disk_bytes: 22_000_000_000,
    };
    /// Of a test of the comparison itself.
    pub const QUICK: Lengths = Lengths {
        rounds: 1,
        long_rounds: 1,
        warmup: 1,
        measured: 1,
        jit_records: 100_000,
        share: 0.05,
        settle: 1,
        hot_bytes: 50_000_000,
        partitions: 200,
        connections: 200,
        disk_bytes: 6_000_000_000,
    };
}

/// The whole comparison.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The brokers; ours first.
    pub peers: Vec<Peer>,
    /// An empty folder on the disk that is measured.
    pub folder: PathBuf,
    /// Where results go.
    pub out: PathBuf,
    /// How long everything is.
    pub lengths: Lengths,
    /// Whether the page cache is filled before each turn; without it figures say little.
    pub fills_cache: bool,
    /// Gigabytes of the logs that are recovered.
    pub recovered: Vec<f64>,
    /// CPUs of the broker; empty = wherever the kernel likes (placement `shared`).
    pub broker_cpus: Vec<usize>,
    /// CPUs of the load.
    pub load_cpus: Vec<usize>,
    /// What the machine allows, when somebody measured it; else it is measured first.
    pub limits: Option<PathBuf>,
    /// Only rows of these numbers; empty = all.
    pub rows: Vec<u8>,
    /// Whether what was missed is looked at once more, with a profile.
    pub profiles: bool,
}

impl Settings {
    /// Whether any of these rows is wanted.
    pub fn wants(&self, rows: &[u8]) -> bool {
        self.rows.is_empty() || rows.iter().any(|row| self.rows.contains(row))
    }
}
