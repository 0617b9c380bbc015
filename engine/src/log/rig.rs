//! What this folder's tests share: a log in a scratch directory, batches, reading everything back.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use bytes::BytesMut;
use uuid::Uuid;

use crate::metadata::LogId;
use crate::record::{BatchBuilder, BatchHeader, Codec, Offset, StampedBatch};
use crate::runtime::{Part, ScratchDir};

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
    let bytes: BytesMut = builder.finish().expect("a batch");
    let header = BatchHeader::parse(&bytes).expect("a header");
    StampedBatch::from_checked(header, bytes, offset, EPOCH, None)
}

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
    let mut headers = Vec::new();
    for part in parts {
        let Part::File(slice) = part else { panic!("a slice") };
        let len = slice.bytes as usize;
        let bytes = slice.file.read_at(slice.position, len).await.expect("bytes");
        let mut rest = bytes.as_ref();
        while !rest.is_empty() {
            assert!(crate::record::check_crc(rest), "a whole batch");
            let header = BatchHeader::parse(rest).expect("a header");
            rest = &rest[header.size_in_bytes()..];
            headers.push(header);
        }
    }
    headers
}
