//! Steps about producing: throughput in both classes, small and compressed batches.

use super::meter::{GB, Measured};
use super::turn::{Class, Turn};

/// Partitions, and records of a load to them.
const LARGE_BATCHES: [(i32, u32); 3] = [(1, 600_000), (16, 600_000), (100, 400_000)];

/// Load that nobody measures: a JVM compiles what is hot, files and caches come to be.
pub fn warm_up(turn: &mut Turn) -> anyhow::Result<()> {
    let mut workload = turn.workload("durable", Class::D1)?;
    workload.topic = "warm".to_owned();
    workload.records = turn.lengths().jit_records;
    turn.measure(&workload).map(|_| ())
}

/// Rows 1 and 2, and the proof of the class: flushes at the device per ack.
pub fn throughput(turn: &mut Turn) -> anyhow::Result<()> {
    for class in [Class::D2, Class::D1] {
        let measured = turn.measure(&turn.workload("durable", class)?)?;
        let name = class.name();
        turn.add(&format!("{name} produce MB/s"), measured.mb_per_second());
        turn.add(&format!("{name} produce records/s"), measured.records_per_second());
        turn.add(&format!("{name} produce CPU s/GB"), cpu_per_gb(&measured));
        let acks = measured.total.produced.requests as f64;
        turn.add(&format!("{name} flushes per ack"), measured.flushes.map(|count| count / acks));
        if class == Class::D2 {
            turn.add("plain CPU s/wire GB", cpu_per_wire_gb(&measured));
        }
    }
    Ok(())
}

/// Floors: one connection with batches of a megabyte, to as many partitions as that. Each load has
/// a fixed number of records, less where a flush per batch makes them slow.
pub fn large_batches(turn: &mut Turn) -> anyhow::Result<()> {
    for class in [Class::D2, Class::D1] {
        for (partitions, records) in LARGE_BATCHES {
            let mut workload = turn.workload("large-batches", class)?;
            let name = format!("{} large batches, {partitions}", class.name());
            workload.topic = name.replace(", ", "-").replace(' ', "-");
            workload.partitions = partitions;
            workload.records = (f64::from(records) * turn.lengths().share) as u64;
            let measured = turn.measure(&workload)?;
            let acks = measured.total.produced.requests as f64;
            turn.add(&format!("{name}: MB/s"), measured.mb_per_second());
            turn.add(&format!("{name}: CPU s/GB"), cpu_per_gb(&measured));
            let flushes = measured.flushes.map(|count| count / acks);
            turn.add(&format!("{name}: flushes per ack"), flushes);
        }
    }
    Ok(())
}

/// Row 13: the same records in compressed batches; CPU by the bytes that travel.
pub fn compressed(turn: &mut Turn) -> anyhow::Result<()> {
    for codec in ["zstd", "lz4"] {
        let mut workload = turn.workload(codec, Class::D2)?;
        workload.seconds = turn.lengths().shorter();
        let measured = turn.measure(&workload)?;
        let cost = cpu_per_wire_gb(&measured);
        turn.add(&format!("{codec} CPU s/wire GB"), cost);
        let plain = turn.known("plain CPU s/wire GB");
        turn.add(
            &format!("{codec} CPU over plain"),
            cost.zip(plain).map(|(own, plain)| own / plain),
        );
    }
    Ok(())
}

/// Row 3: one small record per request.
pub fn small(turn: &mut Turn) -> anyhow::Result<()> {
    let measured = turn.measure(&turn.workload("small-batch", Class::D2)?)?;
    turn.add("small records/s", measured.records_per_second());
    let records = measured.total.produced.records as f64;
    turn.add("small records per CPU s", measured.cpu.map(|cpu| records / cpu));
    Ok(())
}

/// CPU seconds of the broker per gigabyte of record values.
pub fn cpu_per_gb(measured: &Measured) -> Option<f64> {
    measured.cpu.map(|cpu| cpu / (measured.total.produced.bytes as f64 / GB))
}

fn cpu_per_wire_gb(measured: &Measured) -> Option<f64> {
    measured.cpu.map(|cpu| cpu / (measured.total.produced.wire_bytes as f64 / GB))
}
