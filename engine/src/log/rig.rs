//! What this folder's tests share: a log in a scratch directory, batches, reading everything back.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use uuid::Uuid;

use crate::config::Fraction;
use crate::metadata::LogId;
use crate::record::{BatchBuilder, BatchHeader, Codec, Offset, Records, StampedBatch};
use crate::runtime::sync::watch;
use crate::runtime::{Part, ScratchDir};

use super::cleaner::{CleanError, CleanerSettings, CleanerStats, Cleaning, CleaningInput, Tempo};
use super::error::LogError;
use super::log::Log;
use super::open::{OpenFrom, RecoveryReport};
use super::settings::LogConfig;

pub const EPOCH: i32 = 3;

pub fn id() -> LogId {
    LogId { topic: Uuid::from_u128(7), partition: 0 }
}

pub fn small() -> LogConfig {
    LogConfig {
        segment_bytes: 4_000,
        index_interval_bytes: 300,
        // Timestamps of these tests are small numbers.
        producer_expiration_ms: i64::MAX,
        ..LogConfig::default()
    }
}

pub fn place(scratch: &ScratchDir) -> PathBuf {
    scratch.path().join("t-0")
}

pub async fn try_open(
    path: &Path,
    config: LogConfig,
    from: OpenFrom,
) -> Result<(Rc<Log>, RecoveryReport), LogError> {
    Log::open(path, id(), config, from, &|_| {}).await
}

pub async fn open(path: &Path, from: OpenFrom) -> (Rc<Log>, RecoveryReport) {
    try_open(path, small(), from).await.expect("a log that opens")
}

pub fn clean() -> OpenFrom {
    OpenFrom { clean: true, ..OpenFrom::default() }
}

pub fn unclean() -> OpenFrom {
    OpenFrom::default()
}

/// A batch of `records` records of `bytes` bytes each, at `timestamp` and one more per record.
pub fn batch(offset: Offset, records: usize, bytes: usize, timestamp: i64) -> StampedBatch {
    stamped(BatchBuilder::new(Codec::None), offset, records, bytes, timestamp)
}

pub fn stamped(
    mut builder: BatchBuilder,
    offset: Offset,
    records: usize,
    bytes: usize,
    timestamp: i64,
) -> StampedBatch {
    for index in 0..records {
        let value = vec![(offset as usize + index) as u8; bytes];
        builder.push(timestamp + index as i64, None, Some(&value));
    }
    finished(builder, offset)
}

/// What was built, at its offset.
pub fn finished(builder: BatchBuilder, offset: Offset) -> StampedBatch {
    let bytes: BytesMut = builder.finish().expect("a batch");
    let header = BatchHeader::parse(&bytes).expect("a header");
    StampedBatch::from_checked(header, bytes, offset, EPOCH, None)
}

/// A batch with a record per key, at `timestamp` and one more per record; no value deletes the key.
pub fn keyed(
    offset: Offset,
    timestamp: i64,
    records: &[(&str, Option<&str>)],
    codec: Codec,
) -> StampedBatch {
    let mut builder = BatchBuilder::new(codec);
    for (index, (key, value)) in records.iter().enumerate() {
        let value = value.map(str::as_bytes);
        builder.push(timestamp + index as i64, Some(key.as_bytes()), value);
    }
    finished(builder, offset)
}

/// What the tests of compaction run with.
pub fn compacted() -> LogConfig {
    LogConfig { compacts: true, deletes: false, min_cleanable_ratio: Fraction::new(0.0), ..small() }
}

/// Room for everything.
pub fn roomy() -> CleanerSettings {
    CleanerSettings { dedupe_bytes: 1 << 20, load_factor: 0.9, read_bytes: 1000, reserve_bytes: 0 }
}

/// Begins a cleaning that never rests; who sends `true` ends it.
pub async fn begin(
    input: CleaningInput,
    settings: CleanerSettings,
) -> (Result<Cleaning, CleanError>, watch::Sender<bool>) {
    let (stop, stopped) = watch::channel(false);
    (Cleaning::begin(input, settings, Tempo::new(f64::MAX, stopped)).await, stop)
}

/// Cleans the log, if that is due, and swaps the result in; answers what it did.
pub async fn compact(log: &Log, now_ms: i64, settings: CleanerSettings) -> Option<CleanerStats> {
    let input = log.begin_cleaning(now_ms, log.end_offset()).await.expect("a log to clean")?;
    let (begun, _stop) = begin(input, settings).await;
    let mut cleaning = begun.expect("a gathered log");
    while let Some(replacement) = cleaning.next_group().await.expect("a cleaned group") {
        assert!(
            log.replace_segments(replacement).await.expect("a swap"),
            "nothing else changed the log"
        );
    }
    log.end_cleaning(Some(cleaning.end()));
    Some(cleaning.stats())
}

/// Every record as offset, timestamp, key and value, each batch's header before.
pub async fn records_of(log: &Log) -> Vec<(BatchHeader, Vec<KeyedRecord>)> {
    let mut found = Vec::new();
    let mut at = log.start_offset();
    loop {
        let parts = log.read(at, Offset::MAX, 3000, true).await.expect("a read");
        if parts.is_empty() {
            return found;
        }
        for (header, batch) in batches_of(&parts).await {
            at = header.next_offset();
            let opened = Records::open(&header, &batch, 1 << 20).expect("readable records");
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let records = opened.iter().map(|record| {
                let record = record.expect("a record");
                let key = record.key.map(text).unwrap_or_default();
                (record.offset, record.timestamp, key, record.value.map(text))
            });
            found.push((header, records.collect()));
        }
    }
}

/// Offset, timestamp, key, value.
pub type KeyedRecord = (Offset, i64, String, Option<String>);

/// The same batch, written by the leader of another epoch.
pub fn in_epoch(batch: StampedBatch, epoch: i32) -> StampedBatch {
    let StampedBatch { header, bytes } = batch;
    StampedBatch::from_checked(header, bytes.into(), header.base_offset, epoch, None)
}

/// Appends `count` batches of three records, about 120 bytes each, one call per batch.
pub async fn fill(log: &Log, count: usize) {
    for _ in 0..count {
        let offset = log.end_offset();
        log.append(vec![batch(offset, 3, 10, 1_000 + offset)]).await.expect("an append");
    }
}

/// All headers from `from` on, each CRC checked, read `bytes_max` at a time.
pub async fn read_all(log: &Log, from: Offset, bytes_max: u32) -> Vec<BatchHeader> {
    let (mut at, mut headers) = (from, Vec::new());
    loop {
        let parts = log.read(at, Offset::MAX, bytes_max, true).await.expect("a read");
        if parts.is_empty() {
            return headers;
        }
        for header in headers_of(&parts).await {
            at = header.next_offset();
            headers.push(header);
        }
    }
}

pub async fn headers_of(parts: &[Part]) -> Vec<BatchHeader> {
    batches_of(parts).await.into_iter().map(|(header, _)| header).collect()
}

pub async fn batches_of(parts: &[Part]) -> Vec<(BatchHeader, Bytes)> {
    let mut batches = Vec::new();
    for part in parts {
        let Part::File(slice) = part else { panic!("a slice") };
        let len = slice.bytes as usize;
        let bytes = slice.file.read_at(slice.position, len).await.expect("bytes");
        let mut rest = bytes;
        while !rest.is_empty() {
            assert!(crate::record::check_crc(&rest), "a whole batch");
            let header = BatchHeader::parse(&rest).expect("a header");
            batches.push((header, rest.split_to(header.size_in_bytes())));
        }
    }
    batches
}
