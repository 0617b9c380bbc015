//! Steps about fetching: one reader of hot records, and many groups behind one producer.

use super::meter::GB;
use super::turn::{Class, Turn};

/// Records a second of the fan-out's producer when nothing is known of the brokers.
const TENTH: f64 = 0.1;

/// Row 9: the same records over and over.
pub fn tail(turn: &mut Turn) -> anyhow::Result<()> {
    let mut fill = turn.workload("durable", Class::D1)?;
    fill.topic = "d1-tail".to_owned();
    fill.partitions = 1;
    fill.records = turn.lengths().hot_bytes / fill.record_bytes as u64;
    turn.measure(&fill)?;
    let workload = turn.workload("tail", Class::D1)?;
    let measured = turn.measure(&workload)?;
    turn.add("tail MB/s", measured.mb_per_second());
    let bytes = measured.total.consumed.bytes as f64;
    turn.add("tail CPU s/GB", measured.cpu.map(|cpu| cpu / (bytes / GB)));
    Ok(())
}

/// Row 10: CPU per gigabyte delivered to eight groups.
pub fn fan_out(turn: &mut Turn) -> anyhow::Result<()> {
    let mut workload = turn.workload("fan-out", Class::D1)?;
    if let Some(rate) = turn.stage.equal_rate {
        workload.rate = (rate * TENTH).max(1.0);
    }
    let measured = turn.measure(&workload)?;
    let delivered = measured.total.consumed.bytes as f64;
    turn.add("fan-out CPU s/GB", measured.cpu.map(|cpu| cpu / (delivered / GB)));
    Ok(())
}
