//! `corelog-bench idle`: what a broker costs while nothing happens.

use crate::load::{self, Target};
use crate::machine::{cpu_seconds, rss_bytes, switches};
use crate::workload::{Start, Workload};

const MIB: f64 = (1 << 20) as f64;

/// Arguments of `corelog-bench idle`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Process of the broker, on this machine
    #[arg(long, value_name = "PID")]
    pid: u32,
    /// Brokers to ask first, as host:port, comma separated
    #[arg(long, default_value = "localhost:9092", value_name = "HOST:PORT")]
    bootstrap_server: String,
    /// Partitions of the topic `bench-silent`, which is created when it is not there
    #[arg(long, default_value_t = 1000, value_name = "NUMBER")]
    partitions: i32,
    /// Consumers that wait for records which do not come; they share the partitions
    #[arg(long, default_value_t = 100, value_name = "NUMBER")]
    fetches: usize,
    /// Connections that say nothing
    #[arg(long, default_value_t = 100, value_name = "NUMBER")]
    connections: usize,
    /// Seconds to look
    #[arg(long, default_value_t = 10, value_name = "SECONDS")]
    seconds: u64,
}

impl Arguments {
    /// Parks everything and looks.
    ///
    /// # Errors
    /// A connection fails, or there is no such process.
    pub fn run(self) -> anyhow::Result<()> {
        let workload = Workload {
            topic: "bench-silent".to_owned(),
            partitions: self.partitions,
            producers: 0,
            groups: 1,
            consumers: self.fetches,
            idle_connections: self.connections,
            start: Start::Latest,
            // No fetch is to end while somebody looks.
            fetch_wait_ms: i32::try_from((self.seconds + 3) * 1000)?,
            warmup_seconds: 2,
            seconds: self.seconds,
            ..Workload::default()
        };
        workload.check()?;
        let target = Target::find(&self.bootstrap_server, &workload)?;
        let look = || Some((cpu_seconds(self.pid).ok()?.seconds, switches(self.pid).ok()?));
        let (mut before, mut after) = (None, None);
        load::run(&workload, &target, &mut |second| {
            match second.second + 1 {
                end if end == workload.warmup_seconds => before = look(),
                end if end == workload.warmup_seconds + workload.seconds => after = look(),
                _ => {}
            };
        })?;
        let (Some(before), Some(after)) = (before, after) else {
            anyhow::bail!("there is no process {}", self.pid);
        };
        let seconds = self.seconds as f64;
        println!("CPU: {:.3} % of a core", (after.0 - before.0) / seconds * 100.0);
        // Threads that ended meanwhile took theirs with them.
        let switches = after.1.saturating_sub(before.1) as f64;
        println!("context switches: {:.1} a second", switches / seconds);
        println!("resident memory: {:.1} MiB", rss_bytes(self.pid)? as f64 / MIB);
        Ok(())
    }
}
