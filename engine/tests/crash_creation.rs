//! Many logs created together, in the simulated world: whatever moment the power or the process
//! goes at, those that were served are there again with everything that was durable in them, and
//! the others can be created or opened as if nothing had been.
//!
//! The shipped files of `log` run unchanged, in the order in which a core opens its logs. Each seed
//! is one world; a planted bug proves that a broken build would be found.
#![cfg(simulated)]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use corelog_engine::log::{Birth, Log, LogConfig, OpenFrom};
use corelog_engine::metadata::LogId;
use corelog_engine::record::{BatchBuilder, BatchHeader, Codec, Offset, StampedBatch};
use corelog_engine::runtime::planted::{Bug, plant};
use corelog_engine::runtime::simulated::World;
use corelog_engine::runtime::{Directory, NewDirectories};
use uuid::Uuid;

const DIR: &str = "/data";
const LOGS: i32 = 3;
const ENDS_PER_SEED: usize = 4;
const EPOCH: i32 = 3;

/// How far each log was durable; it survives the end of a world.
type Ledger = Rc<RefCell<[Offset; LOGS as usize]>>;

fn id(partition: i32) -> LogId {
    LogId { topic: Uuid::from_u128(9), partition }
}

/// Opens what is there and creates what is not; all of it is on disk when this returns.
async fn open_all() -> Result<Vec<Rc<Log>>, String> {
    let told = |error: std::io::Error| error.to_string();
    Directory::create_all(Path::new(DIR)).await.map_err(told)?;
    let new = NewDirectories::below(Path::new(DIR)).await.map_err(told)?;
    let mut logs = Vec::new();
    for partition in 0..LOGS {
        let (id, name) = (id(partition), format!("many-{partition}"));
        let path = Path::new(DIR).join(&name);
        let config = LogConfig::default();
        let found = Log::find(&path, id, config.clone(), OpenFrom::default(), &|_| ()).await;
        let log = match found.map_err(|error| error.to_string())? {
            Some((log, report)) => {
                if report.names_unsure {
                    new.found(&path);
                }
                log
            }
            None => {
                let birth = Birth { id, start: 0, epoch: Some(EPOCH) };
                let created = Log::create(&new, &name, birth, config).await;
                created.map_err(|error| error.to_string())?.ok_or("there is one")?
            }
        };
        log.begin_epoch(EPOCH, log.end_offset());
        logs.push(log);
    }
    new.sync().await.map_err(told)?;
    Ok(logs)
}

async fn serve(ledger: Ledger) -> Result<(), String> {
    let logs = open_all().await?;
    for partition in 0..LOGS as usize {
        let (ends, log) = (*ledger.borrow(), &logs[partition]);
        if log.end_offset() < ends[partition] {
            let (end, durable) = (log.end_offset(), ends[partition]);
            return Err(format!("log {partition} ends at {end}, {durable} was durable"));
        }
        let epoch = log.latest_epoch().map(|latest| latest.epoch);
        if epoch != Some(EPOCH) {
            return Err(format!("log {partition} is in epoch {epoch:?}"));
        }
    }
    loop {
        for (partition, log) in logs.iter().enumerate() {
            log.append(vec![batch(log.end_offset())]).await.map_err(|error| error.to_string())?;
            let durable = log.sync().await.map_err(|error| error.to_string())?;
            ledger.borrow_mut()[partition] = durable;
        }
    }
}

fn batch(offset: Offset) -> StampedBatch {
    let mut builder = BatchBuilder::new(Codec::None);
    builder.push(1_700_000_000_000, None, Some(b"value"));
    let bytes = builder.finish().unwrap();
    let header = BatchHeader::parse(&bytes).unwrap();
    StampedBatch::from_checked(header, bytes, offset, EPOCH, None)
}

/// One seed: the power or the process goes a few times.
fn run(seed: u64) -> Result<(), String> {
    let ledger = Ledger::default();
    let mut world = World::new(seed);
    for end in 0..ENDS_PER_SEED {
        let mut rng = world.rng();
        let time = Duration::from_micros(100 + rng.below(120_000));
        let served = world.run_for(time, serve(ledger.clone()));
        served.unwrap_or(Ok(())).map_err(|error| format!("seed {seed}, end {end}: {error}"))?;
        world = if rng.below(2) == 0 { world.crash() } else { world.kill() };
    }
    world.run(open_all()).map(drop).map_err(|error| format!("seed {seed}, at last: {error}"))
}

#[test]
fn logs_that_were_served_are_there_again() {
    plant(None);
    for seed in 0..500 {
        if let Err(error) = run(seed) {
            panic!("{error}");
        }
    }
}

#[test]
fn a_directory_that_is_not_synced_is_found() {
    for bug in [Bug::SkippedDirectorySync, Bug::SkippedDataSync] {
        plant(Some(bug));
        let found = (0..300).any(|seed| run(seed).is_err());
        plant(None);
        assert!(found, "{bug:?}");
    }
}
