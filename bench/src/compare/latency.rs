//! Steps about latency, all durable: one record at a time, half load, end to end.

use std::time::Duration;

use super::bare::{self, Pace};
use super::meter::Measured;
use super::produce::cpu_per_gb;
use super::turn::{Class, Turn};
use crate::workload::Workload;

const HALF: f64 = 0.5;
const TENTH: f64 = 0.1;
/// Rare latencies need more requests than a rate does.
const LONGER: u64 = 2;
/// Bytes of a batch at a tenth of the load: what a producer collects in about a millisecond.
const COLLECTED_BYTES: usize = 16 << 10;
/// Connections of that load, as many as of the others: Kafka takes the requests of one in turn.
const PRODUCERS: usize = 8;

/// Requests in flight that show how acks share a sync; one is measured anyway.
const IN_FLIGHT: [usize; 2] = [8, 64];

/// Row 5, and the sharpest proof of both classes: one request in flight, so that a durable ack has
/// a flush of its own, and one from the page cache has none.
pub fn idle_ack(turn: &mut Turn) -> anyhow::Result<()> {
    for class in [Class::D2, Class::D1] {
        let mut workload = turn.workload("idle-ack", class)?;
        if class == Class::D1 {
            workload.seconds = turn.lengths().shorter();
        }
        let measured = turn.measure(&workload)?;
        let acks = measured.total.produced.requests as f64;
        let flushes = measured.flushes.map(|count| count / acks);
        turn.add(&format!("{} flushes per lone ack", class.name()), flushes);
        if class == Class::D2 {
            turn.add("idle ack p50 ms", measured.total.ack.ms(0.5));
            turn.add("idle ack p99 ms", measured.total.ack.ms(0.99));
            turn.add("acks per sync, 1 in flight", acks_per_sync(turn, &measured));
        }
    }
    for count in IN_FLIGHT {
        let mut workload = turn.workload("idle-ack", Class::D2)?;
        workload.topic = format!("d2-{count}-in-flight");
        (workload.in_flight, workload.seconds) = (count, turn.lengths().shorter());
        let measured = turn.measure(&workload)?;
        turn.add(&format!("acks per sync, {count} in flight"), acks_per_sync(turn, &measured));
        turn.add(&format!("acks/s, {count} in flight"), measured.records_per_second());
    }
    Ok(())
}

/// Flush requests over those of one sync; a sync is at least one.
fn acks_per_sync(turn: &Turn, measured: &Measured) -> Option<f64> {
    let per_sync = turn.stage.sync.flushes.round().max(1.0);
    let acks = measured.total.produced.requests as f64;
    measured.flushes.map(|flushes| acks / (flushes / per_sync).max(1.0))
}

/// Rows 6, 11 and 12: on a schedule at half of what this broker did durably in this round, and at
/// a rate that is the same for all.
pub fn half_load(turn: &mut Turn) -> anyhow::Result<()> {
    let mut workload = turn.workload("steady", Class::D2)?;
    workload.topic = "d2-durable".to_owned();
    let most = turn.known("d2 produce records/s");
    let most = most.ok_or_else(|| anyhow::anyhow!("half of what is not known"))?;
    workload.rate = (most * HALF).max(1.0);
    workload.seconds *= LONGER;
    let measured = turn.measure_syscalls(&workload)?;
    let ack = &measured.total.ack;
    turn.add("half load p50 ms", ack.ms(0.5));
    turn.add("half load p99 ms", ack.ms(0.99));
    turn.add("half load p99.9 ms", ack.ms(0.999));
    let sync = turn.stage.sync.append_ms;
    turn.add("half load p99 / S", ack.ms(0.99) / sync);
    turn.add("half load p99.9 / S", ack.ms(0.999) / sync);
    beside_bare_loop(turn, &workload, &measured)?;
    turn.add("half load CPU s/GB", cpu_per_gb(&measured));
    let records = measured.total.produced.records as f64;
    turn.add("syscalls per record", measured.syscalls.map(|count| count / records));
    turn.add("switches per record", measured.switches.map(|count| count / records));
    if let Some(rate) = turn.stage.equal_rate {
        (workload.rate, workload.seconds) = (rate * HALF, turn.lengths().measured);
        let measured = turn.measure(&workload)?;
        turn.add("equal rate p50 ms", measured.total.ack.ms(0.5));
        turn.add("equal rate p99 ms", measured.total.ack.ms(0.99));
        turn.add("equal rate p99.9 ms", measured.total.ack.ms(0.999));
    }
    Ok(())
}

/// The machine's own part in row 6: as many batches of that size a second, without a broker.
fn beside_bare_loop(
    turn: &mut Turn,
    workload: &Workload,
    measured: &Measured,
) -> anyhow::Result<()> {
    let pace = Pace {
        files: usize::try_from(workload.partitions)?,
        rate: measured.outcome.rate(measured.total.produced.requests),
        batch_bytes: workload.batch_bytes,
        time: Duration::from_secs(workload.seconds),
    };
    let bare = bare::acks(&turn.stage.settings.folder, &pace)?;
    turn.add("half load of a bare loop p50 ms", bare.ms(0.5));
    turn.add("half load of a bare loop p99 ms", bare.ms(0.99));
    turn.add("half load of a bare loop p99.9 ms", bare.ms(0.999));
    turn.add("half load p99 / bare loop", measured.total.ack.ms(0.99) / bare.ms(0.99));
    Ok(())
}

/// Row 7: to a consumer, at a tenth of what every broker can do.
pub fn end_to_end(turn: &mut Turn) -> anyhow::Result<()> {
    let mut workload = turn.workload("end-to-end", Class::D2)?;
    let rate = turn.stage.equal_rate.or_else(|| turn.known("d2 produce records/s"));
    workload.rate = (rate.unwrap_or(workload.rate) * TENTH).max(1.0);
    (workload.batch_bytes, workload.producers) = (COLLECTED_BYTES, PRODUCERS);
    let measured = turn.measure(&workload)?;
    turn.add("end to end p50 ms", measured.total.end_to_end.ms(0.5));
    turn.add("end to end p99 ms", measured.total.end_to_end.ms(0.99));
    Ok(())
}
