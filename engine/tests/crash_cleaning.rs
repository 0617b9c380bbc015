//! Power cuts while a compacted log is written, trimmed and cleaned, in the simulated world: no
//! offset changes, the last value of every key is there, no deleted key comes back, and the marker
//! of a deletion goes only after its time.
//!
//! The shipped `commit`, `log` and cleaner run unchanged. Each seed is one log: random keys, a
//! cleaner that never rests, a power cut or a kill at a random moment, recovery, and again.
#![cfg(simulated)]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use corelog_engine::commit::{Applied, Change, CommitEvent, Committer, CommitterSettings};
use corelog_engine::config::Fraction;
use corelog_engine::log::cleaner::{CleanError, CleanerSettings, Cleaning, CleaningInput, Tempo};
use corelog_engine::log::{Log, LogConfig, OpenFrom, Pace};
use corelog_engine::metadata::LogId;
use corelog_engine::metrics::CoreMetrics;
use corelog_engine::record::{
    BatchBuilder, BatchHeader, Codec, Offset, Records, StampedBatch, check_crc,
};
use corelog_engine::runtime::planted::{Bug, plant};
use corelog_engine::runtime::simulated::World;
use corelog_engine::runtime::sync::{Notify, watch};
use corelog_engine::runtime::{self, Directory, Part, Rng};
use uuid::Uuid;

const PLACE: &str = "/data/t-0";
const CUTS_PER_SEED: usize = 4;
const KEYS: u64 = 40;
const RETENTION_MS: i64 = 8;

/// A record as it was appended.
#[derive(Clone, Debug, PartialEq)]
struct Appended {
    key: u8,
    /// `None` deletes the key.
    value: Option<Vec<u8>>,
    at_ms: i64,
}

/// What the outside knows: it survives the power cut.
#[derive(Default)]
struct Ledger {
    records: BTreeMap<Offset, Appended>,
    durable: Offset,
    log_start: Offset,
    recovery_point: Offset,
    /// What stands in the cleaner's checkpoint.
    cleaned: Option<Offset>,
    sequence: i32,
    /// Swaps that were finished.
    swaps: u64,
    swapped: Rc<Notify>,
    /// Names that power cuts left behind.
    leftovers: BTreeSet<&'static str>,
}

type Shared = Rc<RefCell<Ledger>>;

fn id() -> LogId {
    LogId { topic: Uuid::from_u128(7), partition: 0 }
}

fn config() -> LogConfig {
    LogConfig {
        segment_bytes: 2_500,
        index_interval_bytes: 200,
        file_delete_delay_ms: 3,
        deletes: false,
        compacts: true,
        min_cleanable_ratio: Fraction::new(0.0),
        delete_retention_ms: RETENTION_MS,
        producer_expiration_ms: i64::MAX,
        ..LogConfig::default()
    }
}

fn settings() -> CommitterSettings {
    CommitterSettings {
        in_flight_max: 4,
        write_bytes_max: 8 << 20,
        queued_bytes_max: 1 << 20,
        reserve_bytes: 0,
        one_step_bytes_max: 1_000,
        unchecked_bytes_max: 3_000,
        skip_sync: false,
    }
}

async fn open(ledger: &Shared) -> Result<Rc<Log>, String> {
    let from = {
        let ledger = ledger.borrow();
        OpenFrom {
            clean: false,
            recovery_point: ledger.recovery_point,
            log_start: ledger.log_start,
            cleaned: ledger.cleaned,
        }
    };
    let opened = Log::open(Path::new(PLACE), id(), config(), from, &|_| ()).await;
    opened.map(|(log, _)| log).map_err(|error| error.to_string())
}

/// Appends, trims and cleans until the power goes; sometimes that is soon after a swap.
async fn live(ledger: Shared, mut rng: Rng) -> Result<(), String> {
    let swaps_max = match rng.below(2) {
        0 => u64::MAX,
        _ => ledger.borrow().swaps + 1 + rng.below(8),
    };
    let log = open(&ledger).await?;
    let committer = Committer::new(settings(), Arc::new(CoreMetrics::default()));
    committer.adopt(id(), log.clone(), 1);
    runtime::spawn(keep_ledger(committer.clone(), ledger.clone()));
    runtime::spawn(clean_always(committer.clone(), log.clone(), ledger.clone(), rng.fork()));
    let mut end = log.end_offset();
    while ledger.borrow().swaps < swaps_max {
        let batch = next_batch(&ledger, &mut end, &mut rng);
        if committer.append(id(), vec![batch]).is_err() {
            return Err("refused an append on a sound disk".to_owned());
        }
        if rng.below(60) == 0 {
            let (start, durable) = (ledger.borrow().log_start, ledger.borrow().durable);
            let to = start + rng.below((durable - start).max(1) as u64) as i64 / 2;
            ledger.borrow_mut().log_start = to;
            committer.change(id(), Change::StartAt(to)).unwrap();
        }
        let until = runtime::now() + Duration::from_micros(rng.below(4_000));
        let swapped = ledger.borrow().swapped.clone();
        while ledger.borrow().swaps < swaps_max
            && runtime::within(until, swapped.notified()).await.is_some()
        {}
    }
    Ok(())
}

fn next_batch(ledger: &Shared, end: &mut Offset, rng: &mut Rng) -> StampedBatch {
    let codec = if rng.below(4) == 0 { Codec::Zstd } else { Codec::None };
    let mut builder = BatchBuilder::new(codec);
    let count = 1 + rng.below(6) as i32;
    if rng.below(3) == 0 {
        let mut ledger = ledger.borrow_mut();
        builder = builder.producer(5, 0, ledger.sequence);
        ledger.sequence += count;
    }
    for offset in (*end..).take(count as usize) {
        let key = rng.below(KEYS) as u8;
        let value = (rng.below(4) > 0).then(|| {
            let mut value = vec![0; rng.below(160) as usize];
            rng.fill(&mut value);
            value
        });
        let at_ms = runtime::wall();
        builder.push(at_ms, Some(&[key]), value.as_deref());
        ledger.borrow_mut().records.insert(offset, Appended { key, value, at_ms });
    }
    let bytes = builder.finish().unwrap();
    let header = BatchHeader::parse(&bytes).unwrap();
    let batch = StampedBatch::from_checked(header, bytes, *end, 3, None);
    *end = batch.header.next_offset();
    batch
}

async fn keep_ledger(committer: Rc<Committer>, ledger: Shared) {
    loop {
        match committer.next_event().await {
            CommitEvent::Durable { ends, .. } => {
                let mut ledger = ledger.borrow_mut();
                ledger.durable = ledger.durable.max(ends.durable);
            }
            CommitEvent::Checkpointed { recovery_point, .. } => {
                ledger.borrow_mut().recovery_point = recovery_point;
            }
            CommitEvent::Written { .. } => {}
            CommitEvent::Offline { why } => panic!("offline on a sound disk: {why}"),
        }
    }
}

async fn clean_always(committer: Rc<Committer>, log: Rc<Log>, ledger: Shared, mut rng: Rng) {
    loop {
        runtime::sleep(Duration::from_micros(rng.below(4_000))).await;
        let durable = ledger.borrow().durable;
        let begun = log.begin_cleaning(runtime::wall(), durable).await;
        let Some(input) = begun.expect("a sound disk") else { continue };
        let cleaned = clean(&committer, input, &ledger, &mut rng).await;
        log.end_cleaning(cleaned);
        // The checkpoint is written later, or not before the power goes.
        if rng.below(2) == 0 && log.cleaned().is_some() {
            ledger.borrow_mut().cleaned = log.cleaned();
        }
    }
}

async fn clean(
    committer: &Rc<Committer>,
    input: CleaningInput,
    ledger: &Shared,
    rng: &mut Rng,
) -> Option<Offset> {
    let (_stop, stopped) = watch::channel(false);
    let settings = CleanerSettings {
        // Sometimes there is no room for all keys.
        dedupe_bytes: if rng.below(4) == 0 { 24 * 6 } else { 1 << 16 },
        load_factor: 0.9,
        read_bytes: 300 + rng.below(4_000) as usize,
        reserve_bytes: 0,
    };
    let tempo = Tempo::new(f64::MAX, stopped);
    let mut cleaning = match Cleaning::begin(input, settings, tempo).await {
        Err(CleanError::Abandoned) => return None,
        begun => begun.expect("a sound disk"),
    };
    while let Some(group) = cleaning.next_group().await.expect("a sound disk") {
        let bases = group.bases();
        let ticket = committer.change(id(), Change::Replace(Box::new(group))).unwrap();
        if ticket.await.expect("a sound disk") == Applied::Outdated {
            cleaning.discard(&bases).await;
            return None;
        }
        ledger.borrow_mut().swaps += 1;
        ledger.borrow().swapped.notify_one();
    }
    Some(cleaning.end())
}

/// Which kinds of leftovers a cut left.
async fn look(ledger: &Shared) {
    let Ok(dir) = Directory::open(Path::new(PLACE)).await else { return };
    for entry in dir.entries().await.unwrap() {
        for suffix in [".cleaned", ".swap", ".deleted"] {
            if entry.name.ends_with(suffix) {
                ledger.borrow_mut().leftovers.insert(suffix);
            }
        }
    }
}

/// Recovers the log and holds it against the ledger; forgets what the cut took.
async fn check(ledger: &Shared) -> Result<(), String> {
    look(ledger).await;
    let log = open(ledger).await?;
    let (start, end) = (log.start_offset(), log.end_offset());
    let found = read(&log).await?;
    let mut ledger = ledger.borrow_mut();
    if end < ledger.durable {
        return Err(format!("ends at {end}, {} was durable", ledger.durable));
    }
    if start != ledger.log_start {
        return Err(format!("starts at {start}, not {}", ledger.log_start));
    }
    ledger.records.retain(|offset, _| *offset < end);
    for (offset, record) in &found {
        let appended = ledger.records.get(offset);
        if appended != Some(record) {
            return Err(format!("at {offset} is {record:?}, appended was {appended:?}"));
        }
    }
    let now = runtime::wall();
    for key in 0..KEYS as u8 {
        let last = ledger.records.range(start..).rfind(|(_, record)| record.key == key);
        let there = found.range(start..).rfind(|(_, record)| record.key == key);
        let expired = last.is_some_and(|(_, record)| {
            record.value.is_none() && now - record.at_ms >= RETENTION_MS
        });
        if there != last && !(there.is_none() && expired) {
            return Err(format!("key {key} ends with {there:?}, not {last:?}"));
        }
    }
    let damaged = log.verify_indexes(&mut Pace::new(u64::MAX), &|| true).await;
    if damaged.map_err(|error| error.to_string())? > 0 {
        return Err("an index does not fit its segment".to_owned());
    }
    ledger.durable = end;
    Ok(())
}

async fn read(log: &Log) -> Result<BTreeMap<Offset, Appended>, String> {
    let (mut at, end) = (log.start_offset(), log.end_offset());
    let mut found = BTreeMap::new();
    while at < end {
        let parts = log.read(at, end, 1_500, true).await.map_err(|error| error.to_string())?;
        if parts.is_empty() {
            break;
        }
        for part in parts {
            let Part::File(slice) = part else { continue };
            let bytes = slice.file.read_at(slice.position, slice.bytes as usize).await;
            let mut rest: Bytes = bytes.map_err(|error| error.to_string())?;
            while !rest.is_empty() {
                let header = BatchHeader::parse(&rest).map_err(|error| error.to_string())?;
                if !check_crc(&rest) || header.last_offset() < at {
                    return Err(format!("a bad batch at {}", header.base_offset));
                }
                at = header.next_offset();
                let batch = rest.split_to(header.size_in_bytes());
                let opened = Records::open(&header, &batch, 1 << 20).unwrap();
                for record in opened.iter().map(Result::unwrap) {
                    let key = record.key.unwrap()[0];
                    let value = record.value.map(<[u8]>::to_vec);
                    let at_ms = record.timestamp;
                    if found.insert(record.offset, Appended { key, value, at_ms }).is_some() {
                        return Err(format!("offset {} twice", record.offset));
                    }
                }
            }
        }
    }
    Ok(found)
}

/// One seed: cuts the power a few times.
fn run(seed: u64, ledger: &Shared) -> Result<(), String> {
    let mut world = World::new(seed);
    for cut in 0..CUTS_PER_SEED {
        let told = |error| format!("seed {seed}, cut {cut}: {error}");
        let mut rng = world.rng();
        let time = Duration::from_micros(20_000 + rng.below(500_000));
        let lived = world.run_for(time, live(ledger.clone(), world.rng()));
        lived.unwrap_or(Ok(())).map_err(told)?;
        world = if rng.below(5) == 0 { world.kill() } else { world.crash() };
        world.run(check(ledger)).map_err(told)?;
    }
    Ok(())
}

fn seeds(default: u64) -> u64 {
    std::env::var("CORELOG_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(default)
}

#[test]
fn no_power_cut_loses_a_value_or_brings_a_deleted_key_back() {
    plant(None);
    let (mut swaps, mut leftovers) = (0, BTreeSet::<&str>::new());
    for seed in 0..seeds(200) {
        let ledger = Shared::default();
        if let Err(error) = run(seed, &ledger) {
            panic!("{error}");
        }
        swaps += ledger.borrow().swaps;
        leftovers.extend(ledger.borrow().leftovers.iter());
    }
    println!("{swaps} swaps, left behind: {leftovers:?}");
    assert!(swaps > 100, "the log was cleaned");
    assert_eq!(leftovers.len(), 3, "cuts came before, in and after swaps: {leftovers:?}");
}

#[test]
fn a_swap_whose_steps_are_not_durable_one_by_one_is_found() {
    for bug in [Bug::SkippedDirectorySync, Bug::UnorderedSwap] {
        plant(Some(bug));
        let found = (0..1_000).find_map(|seed| {
            match std::panic::catch_unwind(|| run(seed, &Shared::default())) {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error),
                Err(_) => Some(format!("seed {seed}: panicked")),
            }
        });
        plant(None);
        println!("{bug:?}: {}", found.unwrap_or_else(|| panic!("{bug:?} was not found")));
    }
}
