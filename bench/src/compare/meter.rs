//! A load, and what the measured part of it cost the broker and the disk.

use super::broker::Broker;
use crate::load::{self, Target};
use crate::machine::{Disk, cpu_seconds, perf, switches};
use crate::measure::{Interval, Outcome};
use crate::workload::Workload;

/// Bytes of a gigabyte and a megabyte, as in every figure here.
pub const GB: f64 = 1e9;
pub const MB: f64 = 1e6;

/// Counters at a moment.
#[derive(Debug, Clone, Copy)]
struct Counters {
    cpu: f64,
    switches: f64,
    flushes: f64,
}

/// A load that was measured. Costs are `None` when the broker's process is not known.
pub struct Measured {
    /// What it gave.
    pub outcome: Outcome,
    /// The measured part of that.
    pub total: Interval,
    /// CPU seconds of the broker, with io_uring's workers.
    pub cpu: Option<f64>,
    /// Context switches of the broker.
    pub switches: Option<f64>,
    /// Flush requests that the disk completed, whoever asked for them.
    pub flushes: Option<f64>,
    /// System calls of the broker, where they were counted.
    pub syscalls: Option<f64>,
}

impl Measured {
    /// Megabytes of record values a second, produced or consumed.
    pub fn mb_per_second(&self) -> f64 {
        self.outcome.rate(self.total.produced.bytes.max(self.total.consumed.bytes)) / MB
    }

    /// Records a second that were produced.
    pub fn records_per_second(&self) -> f64 {
        self.outcome.rate(self.total.produced.records)
    }
}

/// Runs a load against a broker. Refused or unanswered requests are an error: a figure of a load
/// that failed in part means nothing.
///
/// # Errors
/// The load fails.
pub fn measure(
    broker: &Broker,
    disk: &Disk,
    workload: &Workload,
    counts_syscalls: bool,
) -> anyhow::Result<Measured> {
    let target = Target::find(&broker.address(), workload)?;
    let (mut before, mut after, mut counting) = (counters(broker, disk), None, None);
    let by_time = workload.records == 0;
    let outcome = load::run(workload, &target, &mut |second| {
        if by_time && second.second + 1 == workload.warmup_seconds {
            before = counters(broker, disk);
            let id = broker.id().filter(|_| counts_syscalls);
            counting = id.and_then(|id| perf::count_all(id, workload.seconds).ok());
        }
        if by_time && second.second + 1 == workload.warmup_seconds + workload.seconds {
            after = counters(broker, disk);
        }
    })?;
    let after = after.or_else(|| counters(broker, disk));
    if let Some(complaint) = &outcome.complaint {
        anyhow::bail!("refused: {complaint}");
    }
    anyhow::ensure!(outcome.unanswered == 0, "{} requests unanswered", outcome.unanswered);
    let total = if workload.records > 0 { outcome.sum() } else { outcome.total() };
    let between = |of: fn(&Counters) -> f64| Some(of(&after?) - of(&before?));
    Ok(Measured {
        total,
        outcome,
        cpu: between(|one| one.cpu),
        switches: between(|one| one.switches),
        flushes: between(|one| one.flushes),
        syscalls: counting
            .and_then(|look| perf::all_calls(&look.end().ok()?))
            .map(|count| count as f64),
    })
}

fn counters(broker: &Broker, disk: &Disk) -> Option<Counters> {
    let id = broker.id()?;
    Some(Counters {
        cpu: cpu_seconds(id).ok()?.seconds,
        switches: switches(id).ok()? as f64,
        flushes: disk.flushes().ok()? as f64,
    })
}
