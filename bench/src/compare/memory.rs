//! Steps about memory and idling: resident memory, connections, partitions.

use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use super::turn::{Class, Turn};
use crate::load::Target;
use crate::machine::{Threads, rss_bytes, rss_peak_bytes};
use crate::measure::Interval;
use crate::workload::{Start, Workload};

const MIB: f64 = (1 << 20) as f64;
const KIB: f64 = 1024.0;
/// Partitions that one parked fetch waits for.
const PER_FETCH: usize = 10;
/// Longer than any look: a parked fetch is not woken by its own timer.
const PARKED_MS: i32 = 120_000;
/// Requests in flight of all active connections together.
const IN_FLIGHT: usize = 100;

/// Row 15, after the start, and the CPU that nothing takes.
pub fn idle(turn: &mut Turn) -> anyhow::Result<()> {
    let time = Duration::from_secs(turn.lengths().settle);
    sleep(time);
    let rss = rss(turn);
    let threads = || turn.broker.id().and_then(|id| Threads::of(id).ok());
    let before = threads();
    sleep(time);
    let ran = before.zip(threads()).map(|(before, after)| after.seconds_since(&before));
    let share = ran.map(|seconds| seconds / time.as_secs_f64());
    turn.noted("idle")?;
    turn.add("RSS idle MiB", rss.map(|bytes| bytes / MIB));
    turn.add("idle CPU alone %", share.map(|share| share * 100.0));
    Ok(())
}

/// Row 15, the most so far.
pub fn loaded(turn: &mut Turn) -> anyhow::Result<()> {
    let peak = turn.broker.id().and_then(|id| rss_peak_bytes(id).ok());
    turn.noted("loaded")?;
    turn.add("RSS loaded MiB", peak.map(|bytes| bytes as f64 / MIB));
    Ok(())
}

/// Row 20: what is left of the throughput beside many connections that say nothing.
pub fn connections(turn: &mut Turn) -> anyhow::Result<()> {
    let mut workload = turn.workload("connections", Class::D2)?;
    workload.seconds = turn.lengths().shorter();
    let [few, beside] = crowds(&workload, turn.lengths().connections);
    let few = turn.measure(&few)?.records_per_second();
    let beside = turn.measure(&beside)?.records_per_second();
    turn.add("few connections records/s", few);
    turn.add("many connections records/s", beside);
    turn.add("kept with many connections", beside / few);
    Ok(())
}

/// The same number of requests in flight from ten connections, and from a tenth of many.
pub fn crowds(workload: &Workload, many: usize) -> [Workload; 2] {
    let active = (many / 10).max(IN_FLIGHT);
    let of = |producers, in_flight, idle_connections| Workload {
        producers,
        in_flight,
        idle_connections,
        ..workload.clone()
    };
    [of(10, active / 10, 0), of(active, 1, many.saturating_sub(active))]
}

/// Rows 16 and 25: what an idle partition and an idle connection take, and the CPU of a broker with
/// parked fetches, connections and partitions, and nothing to do. After a start, and the
/// connections last, which go again: a heap that was larger before takes more without growing. The
/// first tenth does not count, so that what is made once for all does not either.
pub fn idle_things(turn: &mut Turn) -> anyhow::Result<()> {
    if turn.broker.id().is_some() {
        turn.broker.stop()?;
        turn.broker.start()?;
    }
    let workload = idle_workload(turn)?;
    partitions(turn, &workload)?;
    idle_connections(turn)?;
    idle_cpu(turn, &workload)
}

/// The idle partitions, and fetches that are parked at them.
fn idle_workload(turn: &Turn) -> anyhow::Result<Workload> {
    let lengths = turn.lengths();
    Ok(Workload {
        topic: "idle".to_owned(),
        partitions: lengths.partitions,
        producers: 0,
        groups: 1,
        consumers: usize::try_from(lengths.partitions).unwrap_or(0) / PER_FETCH,
        idle_connections: lengths.connections / 10,
        start: Start::Latest,
        fetch_wait_ms: PARKED_MS,
        configs: Default::default(),
        ..turn.workload("tail", Class::D1)?
    })
}

fn partitions(turn: &mut Turn, workload: &Workload) -> anyhow::Result<()> {
    let tenth = workload.partitions / 10;
    let first = Workload { topic: "first-idle".to_owned(), partitions: tenth, ..workload.clone() };
    Target::find(&turn.broker.address(), &first)?;
    let before = settled(turn);
    Target::find(&turn.broker.address(), workload)?;
    let after = settled(turn);
    turn.noted("partitions")?;
    let count = usize::try_from(workload.partitions).unwrap_or(0);
    turn.add("KiB per partition", kib_each(before, after, count));
    Ok(())
}

fn idle_connections(turn: &mut Turn) -> anyhow::Result<()> {
    let (tenth, many) = (turn.lengths().connections / 10, turn.lengths().connections);
    let address = turn.broker.address();
    let connect =
        |count| -> Result<Vec<_>, _> { (0..count).map(|_| TcpStream::connect(&address)).collect() };
    let mut open: Vec<TcpStream> = connect(tenth)?;
    let before = settled(turn);
    open.extend(connect(many - tenth)?);
    let after = settled(turn);
    turn.noted("connections")?;
    turn.add("KiB per connection", kib_each(before, after, many - tenth));
    Ok(())
}

/// Resident memory when nothing moves any more.
fn settled(turn: &Turn) -> Option<f64> {
    sleep(Duration::from_secs(turn.lengths().settle * 2));
    rss(turn)
}

fn kib_each(before: Option<f64>, after: Option<f64>, count: usize) -> Option<f64> {
    before.zip(after).map(|(before, after)| (after - before) / count.max(1) as f64 / KIB)
}

/// Parks the fetches in a thread of their own, and looks meanwhile.
fn idle_cpu(turn: &mut Turn, workload: &Workload) -> anyhow::Result<()> {
    let Some(id) = turn.broker.id() else { return Ok(()) };
    let settle = turn.lengths().settle;
    let mut parked = workload.clone();
    (parked.wrap, parked.warmup_seconds, parked.seconds) = (false, settle, settle * 6);
    parked.fetch_wait_ms = i32::try_from(settle * 10 * 1000).unwrap_or(PARKED_MS);
    let target = Target::find(&turn.broker.address(), &parked)?;
    let (mut before, mut used) = (None, None);
    let now = || Threads::of(id).ok();
    turn.profiled("idle with parked fetches", || {
        let look = &mut |second: &Interval| {
            if second.second + 1 == parked.warmup_seconds {
                before = now();
            }
            if second.second + 1 == parked.warmup_seconds + parked.seconds {
                let ran = |(before, after): (&Threads, Threads)| after.seconds_since(before);
                used = before.as_ref().zip(now()).map(ran);
            }
        };
        Ok(crate::load::run(&parked, &target, look)?)
    })?;
    turn.add("idle CPU %", used.map(|cpu| cpu / parked.seconds as f64 * 100.0));
    Ok(())
}

fn rss(turn: &Turn) -> Option<f64> {
    turn.broker.id().and_then(|id| rss_bytes(id).ok()).map(|bytes| bytes as f64)
}
