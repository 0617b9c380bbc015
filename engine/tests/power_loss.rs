//! Power cuts under load, in the simulated world: what `commit` called durable is there again
//! after recovery, in order, without holes, and nothing else is.
//!
//! The shipped `commit`, `log` and recovery files run unchanged. Each seed is one world: a random
//! load on a few logs, a power cut at a random moment, recovery, and again. The planted bugs of
//! `runtime::planted` prove that a broken build would be found.
#![cfg(simulated)]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use corelog_engine::commit::{CommitEvent, Committer, CommitterSettings};
use corelog_engine::log::{Log, LogConfig, OpenFrom, checkpoints};
use corelog_engine::metadata::LogId;
use corelog_engine::metrics::CoreMetrics;
use corelog_engine::record::{
    BatchBuilder, BatchHeader, Codec, HEADER_BYTES, Offset, StampedBatch,
};
use corelog_engine::runtime::planted::{Bug, plant};
use corelog_engine::runtime::simulated::World;
use corelog_engine::runtime::{self, Directory, Part, Rng};
use uuid::Uuid;

const DIR: &str = "/data";
const LOGS: i32 = 3;
const CUTS_PER_SEED: usize = 3;

/// What the outside knows of the logs: it survives the power cut.
#[derive(Default)]
struct Ledger {
    /// Every batch ever appended, by log and base offset, since the last cut below it.
    appended: BTreeMap<(LogId, Offset), Bytes>,
    /// What was called durable.
    durable: BTreeMap<LogId, Offset>,
}

type Shared = Rc<RefCell<Ledger>>;

fn log_id(partition: i32) -> LogId {
    LogId { topic: Uuid::from_u128(7), partition }
}

fn path_of(id: LogId) -> PathBuf {
    Path::new(DIR).join(format!("events-{}", id.partition))
}

fn config() -> LogConfig {
    LogConfig {
        segment_bytes: 4096,
        index_interval_bytes: 256,
        file_delete_delay_ms: 10,
        ..LogConfig::default()
    }
}

/// Small groups are synced with their write or after it.
fn settings(rng: &mut Rng) -> CommitterSettings {
    CommitterSettings {
        in_flight_max: 4,
        write_bytes_max: 8 << 20,
        one_step_bytes_max: rng.below(4) * 1000,
        queued_bytes_max: 1 << 20,
        reserve_bytes: 0,
        unchecked_bytes_max: 3000,
        skip_sync: false,
    }
}

async fn open(id: LogId) -> Result<Rc<Log>, String> {
    let dir = Directory::create_all(Path::new(DIR)).await.map_err(|error| error.to_string())?;
    let points = checkpoints::read(&dir, checkpoints::RECOVERY_POINTS).await.unwrap();
    let recovery_point = points.get(&("events".to_owned(), id.partition)).copied().unwrap_or(0);
    let from = OpenFrom { clean: false, recovery_point, log_start: 0, ..OpenFrom::default() };
    let opened = Log::open(&path_of(id), id, config(), from, &|_| ()).await;
    opened.map(|(log, _)| log).map_err(|error| error.to_string())
}

/// Appends until the power goes. Reports what became durable, and keeps the recovery points.
async fn load(ledger: Shared, mut rng: Rng) -> Result<(), String> {
    let committer = Committer::new(settings(&mut rng), Arc::new(CoreMetrics::default()));
    let mut ends = BTreeMap::new();
    for partition in 0..LOGS {
        let id = log_id(partition);
        let log = open(id).await?;
        ends.insert(id, log.end_offset());
        committer.adopt(id, log, 1);
    }
    runtime::spawn(keep_ledger(committer.clone(), ledger.clone()));
    loop {
        let id = log_id(rng.below(LOGS as u64) as i32);
        let end = ends.get_mut(&id).unwrap();
        let batches: Vec<StampedBatch> =
            (0..=rng.below(3)).map(|_| next_batch(end, &mut rng)).collect();
        for batch in &batches {
            let place = (id, batch.header.base_offset);
            ledger.borrow_mut().appended.insert(place, batch.bytes.clone());
        }
        if committer.append(id, batches).is_err() {
            return Err("refused an append on a sound disk".to_owned());
        }
        if rng.below(3) == 0 {
            runtime::sleep(Duration::from_micros(rng.below(3000))).await;
        }
    }
}

async fn keep_ledger(committer: Rc<Committer>, ledger: Shared) {
    let mut points = checkpoints::Offsets::new();
    loop {
        match committer.next_event().await {
            CommitEvent::Durable { log, ends } => {
                let mut ledger = ledger.borrow_mut();
                let durable = ledger.durable.entry(log).or_default();
                *durable = ends.durable.max(*durable);
            }
            CommitEvent::Checkpointed { log, recovery_point } => {
                points.insert(("events".to_owned(), log.partition), recovery_point);
                let dir = Directory::open(Path::new(DIR)).await.unwrap();
                checkpoints::write(&dir, checkpoints::RECOVERY_POINTS, &points).await.unwrap();
            }
            CommitEvent::Written { .. } => {}
            CommitEvent::Offline { why } => panic!("offline on a sound disk: {why}"),
        }
    }
}

fn next_batch(end: &mut Offset, rng: &mut Rng) -> StampedBatch {
    let mut builder = BatchBuilder::new(Codec::None);
    for _ in 0..=rng.below(3) {
        let mut value = vec![0; rng.below(400) as usize];
        rng.fill(&mut value);
        builder.push(1_700_000_000_000 + *end, None, Some(&value));
    }
    let bytes = builder.finish().unwrap();
    let header = BatchHeader::parse(&bytes).unwrap();
    let batch = StampedBatch::from_checked(header, bytes, *end, 3, None);
    *end = batch.header.next_offset();
    batch
}

/// Recovers every log and holds it against the ledger; forgets what the cut took.
async fn check(ledger: Shared) -> Result<(), String> {
    for partition in 0..LOGS {
        let id = log_id(partition);
        let log = open(id).await?;
        let end = log.end_offset();
        let durable = ledger.borrow().durable.get(&id).copied().unwrap_or(0);
        if end < durable {
            return Err(format!("log {partition} ends at {end}, {durable} was durable"));
        }
        let mut at = 0;
        for batch in batches_of(&log).await? {
            let header = BatchHeader::parse(&batch).map_err(|error| error.to_string())?;
            if header.base_offset != at {
                return Err(format!("log {partition}: a hole or a repeat at {at}"));
            }
            at = header.next_offset();
            if ledger.borrow().appended.get(&(id, header.base_offset)) != Some(&batch) {
                return Err(format!("log {partition}: a batch at {at} that nobody appended"));
            }
        }
        if at != end {
            return Err(format!("log {partition} can be read to {at}, but ends at {end}"));
        }
        let mut ledger = ledger.borrow_mut();
        ledger.appended.retain(|(log, base), _| *log != id || *base < end);
        ledger.durable.insert(id, end);
    }
    Ok(())
}

async fn batches_of(log: &Log) -> Result<Vec<Bytes>, String> {
    let (mut at, end) = (log.start_offset(), log.end_offset());
    let mut batches = Vec::new();
    while at < end {
        let parts = log.read(at, end, 1 << 20, true).await.map_err(|error| error.to_string())?;
        let mut read = Vec::new();
        for part in parts {
            match part {
                Part::Memory(bytes) => read.extend_from_slice(&bytes),
                Part::File(slice) => {
                    let bytes = slice.file.read_at(slice.position, slice.bytes as usize).await;
                    read.extend_from_slice(&bytes.map_err(|error| error.to_string())?);
                }
            }
        }
        let read = Bytes::from(read);
        let mut position = 0;
        while position + HEADER_BYTES <= read.len() {
            let header =
                BatchHeader::parse(&read[position..]).map_err(|error| error.to_string())?;
            let next = position + header.size_in_bytes();
            if next > read.len() {
                return Err(format!("a read ends inside the batch at {}", header.base_offset));
            }
            batches.push(read.slice(position..next));
            (position, at) = (next, header.next_offset());
        }
        if position == 0 {
            return Err(format!("nothing to read at {at} of {end}"));
        }
    }
    Ok(batches)
}

/// One seed: cuts the power a few times.
fn run(seed: u64) -> Result<(), String> {
    let ledger = Shared::default();
    let mut world = World::new(seed);
    for cut in 0..CUTS_PER_SEED {
        let mut rng = world.rng();
        let time = Duration::from_micros(500 + rng.below(60_000));
        let loaded = world.run_for(time, load(ledger.clone(), world.rng()));
        let told = |error| format!("seed {seed}, cut {cut}: {error}");
        loaded.unwrap_or(Ok(())).map_err(told)?;
        world = world.crash();
        let check = check(ledger.clone());
        world.run(check).map_err(|error| format!("seed {seed}, cut {cut}: {error}"))?;
    }
    Ok(())
}

fn seeds() -> u64 {
    std::env::var("CORELOG_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(1000)
}

#[test]
fn what_was_durable_survives_every_power_cut() {
    plant(None);
    for seed in 0..seeds() {
        if let Err(error) = run(seed) {
            panic!("{error}");
        }
    }
}

#[test]
fn every_planted_bug_is_found() {
    for bug in Bug::OF_LOADS {
        plant(Some(bug));
        let found = (0..300).find_map(|seed| {
            let outcome = std::panic::catch_unwind(|| run(seed));
            match outcome {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error),
                Err(_) => Some(format!("seed {seed}: panicked")),
            }
        });
        plant(None);
        let found = found.unwrap_or_else(|| panic!("{bug:?} was not found within 300 seeds"));
        println!("{bug:?}: {found}");
    }
}
