//! Steps about starting: empty, with data, and after a kill under load.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use corelog_engine::record::Codec;
use corelog_net::client::{Cluster, Consumer, EARLIEST, LATEST, Outgoing, Producer, Start};

use super::broker::Broker;
use super::meter::{GB, MB};
use super::turn::{Class, Turn};
use crate::clock;
use crate::load::{self, LoadError, Target, block_on, create_topic};
use crate::machine::read_bytes;
use crate::workload::Workload;

/// In a Produce request.
const ACKS_ALL: i16 = -1;

const PATIENCE: Duration = Duration::from_secs(600);
const PAUSE: Duration = Duration::from_millis(2);
/// Gigabytes in the names of figures: less than this is said in megabytes.
const MB_PER_GB: f64 = 1000.0;

/// Row 17, empty: from the start of the process to the first ack.
pub fn empty(turn: &mut Turn) -> anyhow::Result<()> {
    let begun = turn.broker.start()?;
    first_ack(turn)?;
    let took = begun.elapsed().as_secs_f64() * 1e3;
    turn.noted("start empty")?;
    turn.add("start empty ms", took);
    Ok(())
}

/// Row 17, with what this turn has written, after a clean stop.
pub fn with_data(turn: &mut Turn) -> anyhow::Result<()> {
    if turn.broker.id().is_none() {
        return Ok(()); // somebody else runs it
    }
    turn.broker.stop()?;
    let begun = turn.broker.start()?;
    first_ack(turn)?;
    let took = begun.elapsed().as_secs_f64() * 1e3;
    turn.noted("start with data")?;
    turn.add("start with data ms", took);
    Ok(())
}

/// One record to a topic of one partition, by the small client: the executors of a load take longer
/// to start than a broker.
fn first_ack(turn: &Turn) -> anyhow::Result<()> {
    let mut workload = turn.workload("idle-ack", Class::D2)?;
    workload.topic = "first".to_owned();
    let record = Outgoing { key: None, value: Some(vec![7; 100]), timestamp: clock::wall_ms() };
    block_on(async {
        let mut cluster = Cluster::connect(&turn.broker.address()).await?;
        create_topic(&mut cluster, &workload).await?;
        let mut producer = Producer::open(cluster, &workload.topic, ACKS_ALL, Codec::None).await?;
        producer.send(0, &[record]).await?;
        Ok(())
    })?;
    Ok(())
}

/// Row 18: killed under load, started again; from the start of the process until every partition
/// has given a sound batch at its start and one at its end, and nothing acknowledged is missing.
/// Each broker acks as it does when nobody sets anything.
pub fn recovery(turn: &mut Turn, folder: &Path, gigabytes: f64) -> anyhow::Result<()> {
    turn.broker.kill();
    turn.broker = Broker::new(turn.peer, folder, &turn.stage.settings.broker_cpus)?;
    turn.broker.start()?;
    let workload = Workload { configs: BTreeMap::new(), ..turn.workload("durable", Class::D2)? };
    let acked = load_and_kill(&mut turn.broker, workload.clone(), gigabytes * GB)?;
    drop_caches();
    let begun = turn.broker.start()?;
    let kept = serves(&turn.broker.address(), &workload)?;
    let took = begun.elapsed().as_secs_f64();
    anyhow::ensure!(kept >= acked, "{acked} records were acknowledged, {kept} are there");
    let size = match gigabytes {
        small if small < 1.0 => format!("{:.0} MB", small * MB_PER_GB),
        large => format!("{large:.0} GB"),
    };
    let read = turn.broker.id().and_then(|id| read_bytes(id).ok());
    turn.noted(&format!("recovery {size}"))?;
    turn.add(&format!("recovery s, {size}"), took);
    turn.add(&format!("recovery MB read, {size}"), read.map(|bytes| bytes as f64 / MB));
    turn.broker.kill();
    Ok(())
}

/// Produces until so many bytes are acknowledged, and kills the broker meanwhile; the records that
/// were acknowledged for sure.
fn load_and_kill(broker: &mut Broker, mut workload: Workload, bytes: f64) -> anyhow::Result<u64> {
    (workload.warmup_seconds, workload.seconds) = (0, PATIENCE.as_secs());
    let target = Target::find(&broker.address(), &workload)?;
    let (mut records, mut written) = (0, 0);
    let ended = load::run(&workload, &target, &mut |second| {
        if (written as f64) < bytes {
            records += second.produced.records;
            written += second.produced.bytes;
            if written as f64 >= bytes {
                broker.kill();
            }
        }
    });
    anyhow::ensure!(written as f64 >= bytes, "the load ended early: {:?}", ended.err());
    Ok(records)
}

/// Empties the page cache, where that is allowed: what is recovered has to be read.
fn drop_caches() {
    rustix::fs::sync();
    let _ = fs::write("/proc/sys/vm/drop_caches", "3\n");
}

/// Waits until every partition serves; how many records they hold.
fn serves(address: &str, workload: &Workload) -> anyhow::Result<u64> {
    let give_up = Instant::now() + PATIENCE;
    loop {
        match block_on(ends(address, workload)) {
            Ok(records) => return Ok(records),
            Err(why) if Instant::now() > give_up => return Err(why.into()),
            Err(_) => std::thread::sleep(PAUSE),
        }
    }
}

/// Reads the first and the last record of each partition; the client checks their batches.
async fn ends(address: &str, workload: &Workload) -> Result<u64, LoadError> {
    let mut cluster = Cluster::connect(address).await?;
    let places: Vec<_> =
        (0..workload.partitions).map(|number| (workload.topic.clone(), number)).collect();
    let first = cluster.offsets_at(&places, EARLIEST).await?;
    let last = cluster.offsets_at(&places, LATEST).await?;
    let mut records = 0;
    for place in &places {
        let offset = |of: &BTreeMap<_, Option<i64>>| of.get(place).copied().flatten();
        let (Some(start), Some(end)) = (offset(&first), offset(&last)) else {
            let why = format!("partition {} has no offsets", place.1);
            return Err(LoadError::Topic { topic: place.0.clone(), why });
        };
        records += u64::try_from(end - start).unwrap_or(0);
        for offset in [start, end - 1].into_iter().filter(|offset| (start..end).contains(offset)) {
            let cluster = Cluster::connect(address).await?;
            let from = Start::At(offset);
            let mut consumer = Consumer::open(cluster, &place.0, Some(place.1), from).await?;
            let found = consumer.poll().await?;
            if found.first().map(|record| record.offset) != Some(offset) {
                let why = format!("partition {} does not give offset {offset}", place.1);
                return Err(LoadError::Topic { topic: place.0.clone(), why });
            }
        }
    }
    Ok(records)
}
