//! Micro benchmarks of a log on a core's ring, in a folder for temporary files: appending batches
//! (no sync), and finding an offset by the index.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use corelog_bench::paths::bulk_batch;
use corelog_engine::log::{Log, LogConfig, OpenFrom};
use corelog_engine::metadata::LogId;
use corelog_engine::record::{BatchHeader, Offset, StampedBatch};
use corelog_engine::runtime::{ScratchDir, run_here};
use criterion::{Criterion, criterion_group, criterion_main};
use uuid::Uuid;

/// Batches in the log that is searched: an index of some hundred entries.
const BATCHES: usize = 1000;
/// What a read asks for: the slice is found, and not read.
const READ_BYTES: u32 = 1;

async fn open(scratch: &ScratchDir) -> Rc<Log> {
    let id = LogId { topic: Uuid::from_u128(7), partition: 0 };
    let path = scratch.path().join("t-0");
    let from = OpenFrom::default();
    let opened = Log::open(&path, id, LogConfig::default(), from, &|_| {}).await;
    opened.unwrap().0
}

/// The next batch of a log, stamped as its leader does.
fn batch(log: &Log, bytes: &[u8]) -> StampedBatch {
    let header = BatchHeader::parse(bytes).unwrap();
    StampedBatch::from_checked(header, BytesMut::from(bytes), log.end_offset(), 1, None)
}

fn appending(count: u64) -> Duration {
    let bytes = bulk_batch().unwrap();
    run_here(async {
        let scratch = ScratchDir::new();
        let log = open(&scratch).await;
        let begun = Instant::now();
        for _ in 0..count {
            log.append(vec![batch(&log, &bytes)]).await.unwrap();
        }
        begun.elapsed()
    })
}

fn finding(count: u64) -> Duration {
    let bytes = bulk_batch().unwrap();
    run_here(async {
        let scratch = ScratchDir::new();
        let log = open(&scratch).await;
        for _ in 0..BATCHES {
            log.append(vec![batch(&log, &bytes)]).await.unwrap();
        }
        let (end, mut at) = (log.end_offset(), 0);
        let begun = Instant::now();
        for _ in 0..count {
            at = (at + 7919) % end; // a prime: all over the log
            let parts = log.read(at, Offset::MAX, READ_BYTES, true).await.unwrap();
            assert_eq!(parts.len(), 1);
        }
        begun.elapsed()
    })
}

fn log(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("log");
    group.sample_size(10);
    group.bench_function("append-64KiB", |bencher| bencher.iter_custom(appending));
    group.bench_function("find-offset", |bencher| bencher.iter_custom(finding));
    group.finish();
}

criterion_group!(benches, log);
criterion_main!(benches);
