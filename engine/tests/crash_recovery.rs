//! A log under thousands of crashes: whatever the disk keeps, the log starts again, holds all that
//! was durable, nothing that was never written, and knows its producers and epochs.
//!
//! Each seed is one life of a log: random appends, syncs, checkpoints, rolls, truncations and log
//! starts, cut off at a random moment, several times. `cargo test` with `--cfg simulated`.
#![cfg(simulated)]

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use corelog_engine::log::{Log, LogConfig, OpenFrom, ProducerTable};
use corelog_engine::metadata::LogId;
use corelog_engine::record::{BatchBuilder, BatchHeader, Codec, StampedBatch, check_crc};
use corelog_engine::runtime::simulated::World;
use corelog_engine::runtime::{Part, Rng};

const PLACE: &str = "/data/t-0";

/// What the world outside of the machine remembers.
#[derive(Default)]
struct Outside {
    /// Every batch that may be in the log, in order.
    history: Vec<BatchHeader>,
    /// The log said that everything below is durable.
    durable: i64,
    /// The log said that everything below is written.
    written: i64,
    /// What stands in the log dir's checkpoints.
    recovery_point: i64,
    log_start: i64,
    closed: bool,
    epoch: i32,
    /// The log was cut below its recovery point, where only Kafka's snapshots, which have one
    /// batch per producer, know the producers.
    cut_deep: bool,
}

type Shared = Rc<RefCell<Outside>>;

fn id() -> LogId {
    LogId { topic: uuid::Uuid::from_u128(7), partition: 0 }
}

fn config() -> LogConfig {
    LogConfig {
        segment_bytes: 3_000,
        index_interval_bytes: 200,
        producer_expiration_ms: i64::MAX,
        file_delete_delay_ms: 5,
        ..LogConfig::default()
    }
}

async fn open(outside: &Shared) -> Rc<Log> {
    let from = {
        let outside = outside.borrow();
        OpenFrom {
            clean: outside.closed,
            recovery_point: outside.recovery_point,
            log_start: outside.log_start,
            cleaned: None,
        }
    };
    let opened = Log::open(Path::new(PLACE), id(), config(), from, &|_| {}).await;
    opened.unwrap_or_else(|error| panic!("a log always starts: {error}")).0
}

fn batch(outside: &Outside, offset: i64, rng: &mut Rng) -> StampedBatch {
    let records = 1 + rng.below(4) as i32;
    let producer = rng.below(3) as i64;
    let last = outside.history.iter().rev().find(|header| header.producer_id == producer);
    let sequence = last.map_or(0, |last| last.last_sequence() + 1);
    let mut builder = BatchBuilder::new(Codec::None).producer(producer, 0, sequence);
    for _ in 0..records {
        let most = if rng.below(20) == 0 { 2_000 } else { 60 };
        let mut value = vec![0; rng.below(most) as usize];
        rng.fill(&mut value);
        builder.push(1_000 + rng.below(500) as i64, None, Some(&value));
    }
    let bytes = builder.finish().expect("a batch");
    let header = BatchHeader::parse(&bytes).expect("a header");
    StampedBatch::from_checked(header, bytes, offset, outside.epoch, None)
}

async fn append(log: &Log, outside: &Shared, rng: &mut Rng) {
    let mut group = Vec::new();
    let mut offset = log.end_offset();
    for _ in 0..1 + rng.below(4) {
        let batch = batch(&outside.borrow(), offset, rng);
        offset = batch.header.next_offset();
        outside.borrow_mut().history.push(batch.header);
        group.push(batch);
    }
    let written = log.append(group).await.expect("an append");
    assert_eq!(written, offset);
    outside.borrow_mut().written = written;
}

async fn truncate(log: &Log, outside: &Shared, rng: &mut Rng) {
    let (start, end) = (log.start_offset(), log.end_offset());
    let to = start + rng.below((end - start + 1) as u64) as i64;
    {
        let mut outside = outside.borrow_mut();
        let kept = outside.history.iter().rev().find(|header| header.next_offset() <= to);
        let end = kept.map_or(start, BatchHeader::next_offset).max(start);
        outside.durable = outside.durable.min(end);
        outside.written = outside.written.min(end);
        outside.cut_deep |= to < log.recovery_point();
    }
    let end = log.truncate(to).await.expect("a truncation");
    let mut outside = outside.borrow_mut();
    outside.history.retain(|header| header.next_offset() <= to);
    assert!(end <= to);
    outside.recovery_point = outside.recovery_point.min(end);
}

async fn start_at(log: &Log, outside: &Shared, rng: &mut Rng) {
    let (start, durable) = (log.start_offset(), log.durable_end());
    let to = start + rng.below((durable - start + 1).max(1) as u64) as i64;
    outside.borrow_mut().log_start = to;
    log.start_at(to).await.expect("a start");
}

async fn close(log: &Log, outside: &Shared) {
    log.close().await.expect("a close");
    let mut outside = outside.borrow_mut();
    let end = log.end_offset();
    (outside.durable, outside.recovery_point, outside.closed) = (end, end, true);
}

/// Lives until the plug is pulled, or until the log was closed.
async fn live(log: Rc<Log>, outside: Shared, mut rng: Rng) {
    loop {
        match rng.below(32) {
            0..18 => append(&log, &outside, &mut rng).await,
            18..25 => {
                let durable = log.sync().await.expect("a sync");
                let mut outside = outside.borrow_mut();
                outside.durable = outside.durable.max(durable);
            }
            25..28 => {
                let point = log.checkpoint().await.expect("a checkpoint");
                let mut outside = outside.borrow_mut();
                outside.durable = outside.durable.max(point);
                if rng.below(2) == 0 {
                    outside.recovery_point = point;
                }
            }
            28 => truncate(&log, &outside, &mut rng).await,
            29 => start_at(&log, &outside, &mut rng).await,
            30 => {
                outside.borrow_mut().epoch += 1;
                let epoch = outside.borrow().epoch;
                log.begin_epoch(epoch, log.end_offset());
            }
            _ if rng.below(8) == 0 => return close(&log, &outside).await,
            _ => {}
        }
    }
}

async fn headers(log: &Log) -> Vec<BatchHeader> {
    let (mut at, mut found) = (log.start_offset(), Vec::new());
    loop {
        let parts = log.read(at, i64::MAX, 700, true).await.expect("a read");
        if parts.is_empty() {
            return found;
        }
        for part in parts {
            let Part::File(slice) = part else { panic!("a slice") };
            let len = slice.bytes as usize;
            let bytes = slice.file.read_at(slice.position, len).await.expect("bytes");
            let mut rest = bytes.as_ref();
            while !rest.is_empty() {
                assert!(check_crc(rest), "a whole batch");
                let header = BatchHeader::parse(rest).expect("a header");
                rest = &rest[header.size_in_bytes()..];
                at = header.next_offset();
                found.push(header);
            }
        }
    }
}

/// Looks at what is there, and takes it as the log from now on.
async fn check(log: &Log, outside: &Shared, killed: bool) {
    let mut outside = outside.borrow_mut();
    let (start, end) = (log.start_offset(), log.end_offset());
    assert!(end >= outside.durable, "ends at {end}, durable was {}", outside.durable);
    assert!(!killed || end >= outside.written, "a kill loses nothing that was written");
    assert!(start >= outside.log_start, "starts at {start}, not {}", outside.log_start);
    outside.history.retain(|header| header.next_offset() <= end);
    let kept = outside.history.iter().filter(|header| header.last_offset() >= start);
    let kept: Vec<BatchHeader> = kept.copied().collect();
    assert_eq!(headers(log).await, kept, "what is there is what was written, up to the end");
    assert!(kept.last().is_none_or(|last| last.next_offset() == end));
    for header in &kept {
        assert_eq!(log.epoch_of(header.last_offset()), Some(header.partition_leader_epoch));
    }
    let mut table = ProducerTable::default();
    outside.history.iter().for_each(|header| table.apply(header));
    if outside.cut_deep {
        assert_eq!(log.producers().len(), table.len());
        for (id, producer) in log.producers().iter() {
            let all = &table.get(id).expect("a producer of the log").window;
            assert!(all.ends_with(&producer.window) && !producer.window.is_empty());
        }
    } else {
        assert_eq!(log.producers(), table, "producers are as the log says");
    }
    (outside.durable, outside.written, outside.closed) = (end, end, false);
}

fn one_life(seed: u64) {
    let outside = Shared::default();
    let mut world = World::new(seed);
    let mut killed = true;
    for _ in 0..4 {
        let mut rng = world.rng();
        let shared = outside.clone();
        world.run(async {
            let log = open(&shared).await;
            check(&log, &shared, killed).await;
        });
        let time = Duration::from_micros(rng.below(80_000));
        let shared = outside.clone();
        world.run_for(time, async {
            let log = open(&shared).await;
            shared.borrow_mut().closed = false;
            live(log, shared.clone(), rng).await;
        });
        killed = world.rng().below(4) == 0;
        world = if killed { world.kill() } else { world.crash() };
    }
    world.run(async {
        let log = open(&outside).await;
        check(&log, &outside, killed).await;
    });
}

#[test]
fn whatever_a_crash_leaves_the_log_starts_with_all_that_was_durable() {
    let seeds = std::env::var("CORELOG_SEEDS").ok().and_then(|seeds| seeds.parse().ok());
    let first = std::env::var("CORELOG_SEED").ok().and_then(|seed| seed.parse().ok());
    let first = first.unwrap_or(0_u64);
    for seed in first..first + seeds.unwrap_or(1_000_u64) {
        let failed = std::panic::catch_unwind(|| one_life(seed)).is_err();
        assert!(!failed, "seed {seed}");
    }
}

#[test]
fn the_same_seed_lives_the_same_life() {
    let trace = |seed| {
        let outside = Shared::default();
        let world = World::new(seed);
        let rng = world.rng();
        world.run_for(Duration::from_millis(50), async {
            let log = open(&outside).await;
            live(log, outside.clone(), rng).await;
        });
        world.trace()
    };
    assert_eq!(trace(3), trace(3));
}
