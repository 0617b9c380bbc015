//! Cleanings of real logs: what stays, what goes, and when.

use std::rc::Rc;

use bytes::Bytes;

use super::*;
use crate::log::cleaner::aborted::encode;
use crate::log::open::OpenFrom;
use crate::log::rig::{
    EPOCH, KeyedRecord, compact, compacted, keyed, place, records_of, roomy, try_open,
};
use crate::log::{Log, LogConfig};
use crate::record::{BatchBuilder, Codec, StampedBatch};
use crate::runtime::sync::watch;
use crate::runtime::{ScratchDir, run_here};

async fn open(scratch: &ScratchDir, config: LogConfig) -> Rc<Log> {
    try_open(&place(scratch), config, OpenFrom::default()).await.unwrap().0
}

fn hours(n: i64) -> LogConfig {
    LogConfig { delete_retention_ms: n * 3_600_000, ..compacted() }
}

async fn append(log: &Log, records: &[(&str, Option<&str>)]) {
    append_as(log, records, Codec::None).await;
}

async fn append_as(log: &Log, records: &[(&str, Option<&str>)], codec: Codec) {
    let offset = log.end_offset();
    log.append(vec![keyed(offset, 1_000 + offset, records, codec)]).await.unwrap();
}

/// Makes everything so far cleanable.
async fn roll(log: &Log) {
    log.roll(log.end_offset()).await.unwrap();
}

async fn content(log: &Log) -> Vec<KeyedRecord> {
    records_of(log).await.into_iter().flat_map(|(_, records)| records).collect()
}

async fn pairs(log: &Log) -> Vec<(Offset, String, Option<String>)> {
    content(log).await.into_iter().map(|(offset, _, key, value)| (offset, key, value)).collect()
}

fn pair(offset: Offset, key: &str, value: Option<&str>) -> (Offset, String, Option<String>) {
    (offset, key.to_owned(), value.map(str::to_owned))
}

#[test]
fn the_last_record_of_each_key_stays_at_its_offset() {
    for codec in Codec::ALL {
        let scratch = ScratchDir::new();
        run_here(async {
            let log = open(&scratch, compacted()).await;
            append_as(&log, &[("a", Some("1")), ("b", Some("1")), ("a", Some("2"))], codec).await;
            append_as(&log, &[("c", Some("1")), ("b", Some("2")), ("b", Some("3"))], codec).await;
            append_as(&log, &[("a", Some("3"))], codec).await;
            roll(&log).await;
            append_as(&log, &[("c", Some("2"))], codec).await;
            let stats = compact(&log, 1, roomy()).await.unwrap();
            let expected = [
                pair(3, "c", Some("1")),
                pair(5, "b", Some("3")),
                pair(6, "a", Some("3")),
                // Not clean yet, so its key was not looked at.
                pair(7, "c", Some("2")),
            ];
            assert_eq!(pairs(&log).await, expected, "{codec:?}");
            assert_eq!((stats.keys, stats.records_kept), (3, 3));
            let headers: Vec<_> = records_of(&log).await.into_iter().map(|(h, _)| h).collect();
            assert_eq!(headers[0].codec(), Ok(codec));
            assert_eq!((headers[0].base_offset, headers[0].last_offset()), (3, 5));
            assert_eq!(log.cleaned(), Some(7));
            assert!(compact(&log, 2, roomy()).await.is_none(), "nothing is dirty any more");
        });
    }
}

#[test]
fn the_marker_of_a_deleted_key_goes_only_after_its_time() {
    let scratch = ScratchDir::new();
    run_here(async {
        const HOUR: i64 = 3_600_000;
        let log = open(&scratch, hours(1)).await;
        let mut now = 50 * HOUR;
        append(&log, &[("a", Some("1")), ("b", Some("1"))]).await;
        append(&log, &[("a", None)]).await;
        roll(&log).await;
        append(&log, &[("c", Some("1"))]).await;
        compact(&log, now, roomy()).await.unwrap();
        let with_marker = [pair(1, "b", Some("1")), pair(2, "a", None), pair(3, "c", Some("1"))];
        assert_eq!(pairs(&log).await, with_marker);
        let horizon = records_of(&log).await[1].0.delete_horizon();
        assert_eq!(horizon, Some(51 * HOUR), "the time begins when it is first met");
        let timestamp = content(&log).await[1].1;
        assert_eq!(timestamp, 1_002, "the record's own time is what it was");

        for (later, stays) in [(HOUR - 1, true), (1, false)] {
            now += later;
            append(&log, &[("d", Some("1"))]).await;
            roll(&log).await;
            compact(&log, now, roomy()).await.unwrap();
            let found = pairs(&log).await;
            assert_eq!(found.contains(&pair(2, "a", None)), stays, "{found:?}");
        }
        assert_eq!(log.start_offset(), 0, "a hole at the start moves nothing");
    });
}

#[test]
fn a_map_that_is_full_cleans_a_part_and_the_rest_later() {
    let scratch = ScratchDir::new();
    run_here(async {
        let log = open(&scratch, compacted()).await;
        for round in 0..3 {
            for key in 0..40 {
                let key = format!("key-{key}");
                append(&log, &[(&key, Some("x")), (&key, Some(["a", "b", "c"][round]))]).await;
            }
        }
        roll(&log).await;
        append(&log, &[("last", None)]).await;
        let small = CleanerSettings { dedupe_bytes: 24 * 20, load_factor: 0.5, ..roomy() };
        let mut cleaned = 0;
        for _ in 0..30 {
            let Some(stats) = compact(&log, 1, small).await else { break };
            assert!(stats.keys <= 10);
            let now = log.cleaned().unwrap();
            assert!(now > cleaned, "every cleaning gets on");
            cleaned = now;
        }
        assert_eq!(cleaned, 240);
        // Keys that met in no map stay twice, but of two records in one batch never the first.
        let found = pairs(&log).await;
        assert!(found.iter().all(|(_, _, value)| value.as_deref() != Some("x")));
        let latest = |key: &str| found.iter().rfind(|(_, found, _)| found == key).unwrap();
        for key in 0..40 {
            let expected = pair(160 + 2 * key + 1, &format!("key-{key}"), Some("c"));
            assert_eq!(latest(&format!("key-{key}")), &expected);
        }
    });
}

#[test]
fn small_segments_grow_together_and_large_ones_stay_alone() {
    let scratch = ScratchDir::new();
    run_here(async {
        let log = open(&scratch, compacted()).await;
        for n in 0..200 {
            append(&log, &[(&format!("key-{}", n % 7), Some(&"v".repeat(100)))]).await;
        }
        roll(&log).await;
        append(&log, &[("end", None)]).await;
        assert!(log.segment_count() > 7);
        compact(&log, 1, roomy()).await.unwrap();
        let bytes = log.size_bytes();
        assert!(bytes < 2_000, "{bytes}");
        append(&log, &[("more", None)]).await;
        roll(&log).await;
        compact(&log, 1, roomy()).await.unwrap();
        assert_eq!(log.segment_count(), 2, "what was small is one");
        let unique = |n: i64| format!("unique-{n}");
        for n in 0..200 {
            append(&log, &[(&unique(n), Some(&"v".repeat(100)))]).await;
        }
        roll(&log).await;
        let before = log.segment_count();
        compact(&log, 2, roomy()).await.unwrap();
        assert!(log.segment_count() >= before - 1, "what is full stays as it is");
    });
}

#[test]
fn the_last_batch_of_a_producer_keeps_its_sequence_numbers() {
    let scratch = ScratchDir::new();
    run_here(async {
        let log = open(&scratch, compacted()).await;
        for (producer, sequence) in [(7, 0), (7, 2), (8, 0), (7, 4)] {
            let builder = BatchBuilder::new(Codec::None).producer(producer, 3, sequence);
            append_built(&log, builder, &[("k", Some("v")), ("k", Some("w"))]).await;
        }
        append(&log, &[("k", Some("end"))]).await;
        roll(&log).await;
        append(&log, &[("x", None)]).await;
        let producers = log.producers();
        compact(&log, 1, roomy()).await.unwrap();
        let found = records_of(&log).await;
        let kept: Vec<_> = found
            .iter()
            .map(|(h, r)| (h.base_offset, h.producer_id, h.last_sequence(), r.len()))
            .collect();
        assert_eq!(kept, [(4, 8, 1, 0), (6, 7, 5, 0), (8, -1, -1, 1), (9, -1, -1, 1)]);
        assert_eq!(log.producers(), producers);
        log.close().await.unwrap();
        let from = OpenFrom { clean: true, ..OpenFrom::default() };
        let (log, _) = try_open(&place(&scratch), compacted(), from).await.unwrap();
        assert_eq!(log.producers(), producers, "and so does a start");
        let newest = log.max_timestamp(Offset::MAX).await.unwrap().unwrap();
        assert_eq!(newest.offset, 9);
    });
}

async fn append_built(log: &Log, mut builder: BatchBuilder, records: &[(&str, Option<&str>)]) {
    let offset = log.end_offset();
    for (key, value) in records {
        builder.push(1_000 + offset, Some(key.as_bytes()), value.map(str::as_bytes));
    }
    let bytes = builder.finish().unwrap();
    let header = BatchHeader::parse(&bytes).unwrap();
    let batch = StampedBatch::from_checked(header, bytes, offset, EPOCH, None);
    log.append(vec![batch]).await.unwrap();
}

async fn marker(log: &Log, producer: i64, kind: u8) {
    let mut builder = BatchBuilder::new(Codec::None).producer(producer, 0, -1);
    builder = builder.transactional().control();
    builder.push(1_000 + log.end_offset(), Some(&[0, 0, 0, kind]), Some(&[0; 6]));
    let bytes = builder.finish().unwrap();
    let header = BatchHeader::parse(&bytes).unwrap();
    let batch = StampedBatch::from_checked(header, bytes, log.end_offset(), EPOCH, None);
    log.append(vec![batch]).await.unwrap();
}

fn transactional(producer: i64, sequence: i32) -> BatchBuilder {
    BatchBuilder::new(Codec::None).producer(producer, 0, sequence).transactional()
}

/// Offset, control, records, delete horizon of each batch.
async fn outline(log: &Log) -> Vec<(Offset, bool, usize, Option<i64>)> {
    let found = records_of(log).await.into_iter();
    found.map(|(h, r)| (h.base_offset, h.is_control(), r.len(), h.delete_horizon())).collect()
}

#[test]
fn aborted_records_go_at_once_and_their_marker_after_its_time() {
    let scratch = ScratchDir::new();
    run_here(async {
        let log = open(&scratch, LogConfig { delete_retention_ms: 10, ..compacted() }).await;
        append(&log, &[("a", Some("committed"))]).await;
        append_built(&log, transactional(7, 0), &[("a", Some("aborted"))]).await;
        append_built(&log, transactional(8, 0), &[("b", Some("committed"))]).await;
        marker(&log, 7, 0).await;
        marker(&log, 8, 1).await;
        // Later batches of both, so that none of these is the last of its producer.
        append_built(&log, transactional(7, 1), &[("y", Some("1"))]).await;
        append_built(&log, transactional(8, 1), &[("z", Some("1"))]).await;
        marker(&log, 7, 1).await;
        marker(&log, 8, 1).await;
        roll(&log).await;
        append(&log, &[("x", None)]).await;
        let one = AbortedTransaction { producer: 7, first: 1, last: 3, last_stable: 1 };
        std::fs::write(log.path().join("00000000000000000000.txnindex"), encode(&[one])).unwrap();

        compact(&log, 100, roomy()).await.unwrap();
        let data = |offset| (offset, false, 1, None);
        let control = |offset, horizon| (offset, true, 1, horizon);
        let rest = |horizon| [data(5), data(6), control(7, horizon), control(8, horizon), data(9)];
        let expected =
            [vec![data(0), data(2), control(3, None), control(4, None)], rest(None).into()];
        assert_eq!(outline(&log).await, expected.concat(), "its records were still there");
        let index = std::fs::read(log.path().join("00000000000000000000.txnindex")).unwrap();
        assert_eq!(index, encode(&[one]), "readers need it as long as the marker is needed");

        again(&log, 200).await;
        assert_eq!(outline(&log).await[2], control(3, Some(210)), "its time begins");
        assert!(!log.path().join("00000000000000000000.txnindex").exists());
        again(&log, 209).await;
        assert_eq!(outline(&log).await[2], control(3, Some(210)));
        again(&log, 210).await;
        assert_eq!(outline(&log).await[2], control(4, None), "the other one is still needed");
        assert_eq!(pairs(&log).await[0], pair(0, "a", Some("committed")));
    });
}

/// Another cleaning, with something new to clean.
async fn again(log: &Log, now_ms: i64) {
    append(log, &[("more", Some("1"))]).await;
    roll(log).await;
    compact(log, now_ms, roomy()).await.unwrap();
}

#[test]
fn an_open_transaction_and_what_comes_after_it_stay() {
    let scratch = ScratchDir::new();
    run_here(async {
        let log = open(&scratch, compacted()).await;
        append(&log, &[("a", Some("1")), ("a", Some("2"))]).await;
        roll(&log).await;
        append_built(&log, transactional(7, 0), &[("a", Some("3"))]).await;
        roll(&log).await;
        append(&log, &[("a", Some("4"))]).await;
        compact(&log, 1, roomy()).await.unwrap();
        assert_eq!(log.cleaned(), Some(2));
        assert_eq!(content(&log).await.len(), 3);
    });
}

#[test]
fn markers_are_asked_where_the_index_is_lost() {
    // What stands in the index's place, and whether the marker is in the segment that is cleaned.
    for (index, within) in [(None, true), (None, false), (Some(b"torn"), true)] {
        let scratch = ScratchDir::new();
        run_here(async {
            let log = open(&scratch, compacted()).await;
            append(&log, &[("a", Some("committed")), ("c", Some("1"))]).await;
            append_built(&log, transactional(8, 0), &[("c", Some("2"))]).await;
            append_built(&log, transactional(7, 0), &[("a", Some("aborted"))]).await;
            if within {
                marker(&log, 7, 0).await;
            }
            roll(&log).await;
            if !within {
                marker(&log, 7, 0).await;
            }
            marker(&log, 8, 1).await;
            append_built(&log, transactional(7, 1), &[("x", None)]).await;
            append_built(&log, transactional(8, 1), &[("x", None)]).await;
            marker(&log, 7, 1).await;
            marker(&log, 8, 1).await;
            let path = log.path().join("00000000000000000000.txnindex");
            if let Some(bytes) = index {
                std::fs::write(&path, bytes).unwrap();
            }
            compact(&log, 100, roomy()).await.unwrap();
            let found = pairs(&log).await;
            let expected = [pair(0, "a", Some("committed")), pair(2, "c", Some("2"))];
            assert_eq!(found[..2], expected, "{index:?} {within}");
            let healed = AbortedTransaction { producer: 7, first: 3, last: 4, last_stable: 3 };
            let healed = within.then(|| encode(&[healed]));
            assert_eq!(std::fs::read(&path).ok(), healed, "{index:?} {within}");
        });
    }
}

#[test]
fn what_fits_no_index_becomes_segments_of_its_own() {
    let scratch = ScratchDir::new();
    run_here(async {
        const FAR: Offset = 3_000_000_000;
        let log = open(&scratch, compacted()).await;
        append(&log, &[("a", Some("1")), ("b", Some("1"))]).await;
        log.append(vec![keyed(FAR, 1, &[("a", Some("2")), ("c", Some("1"))], Codec::None)])
            .await
            .unwrap();
        append(&log, &[("d", Some("1"))]).await;
        roll(&log).await;
        append(&log, &[("x", None)]).await;
        let input = log.begin_cleaning(1, log.end_offset()).await.unwrap().unwrap();
        let (_stop, stopped) = watch::channel(false);
        let tempo = Tempo::new(f64::MAX, stopped);
        let mut cleaning = Cleaning::begin(input, roomy(), tempo).await.unwrap();
        cleaning.join_groups();
        let replacement = cleaning.next_group().await.unwrap().unwrap();
        assert_eq!(replacement.bases(), [0, FAR]);
        assert!(log.replace_segments(replacement).await.unwrap());
        log.end_cleaning(Some(cleaning.end()));
        let expected = [
            pair(1, "b", Some("1")),
            pair(FAR, "a", Some("2")),
            pair(FAR + 1, "c", Some("1")),
            pair(FAR + 2, "d", Some("1")),
            pair(FAR + 3, "x", None),
        ];
        assert_eq!(pairs(&log).await, expected);
    });
}

/// Why a cleaning does not begin.
async fn failure(log: &Log) -> CleanError {
    let input = log.begin_cleaning(1, log.end_offset()).await.unwrap().unwrap();
    let (_stop, stopped) = watch::channel(false);
    let begun = Cleaning::begin(input, roomy(), Tempo::new(f64::MAX, stopped)).await;
    log.end_cleaning(None);
    begun.err().expect("a failure")
}

#[test]
fn damage_ends_the_cleaning_and_unreadable_records_do_not() {
    let scratch = ScratchDir::new();
    run_here(async {
        let log = open(&scratch, compacted()).await;
        append(&log, &[("a", Some("1"))]).await;
        // A producer may send what it likes while the topic is not compacted.
        let mut batch = keyed(1, 5, &[("a", Some("2"))], Codec::None);
        let mut bytes = bytes::BytesMut::from(&batch.bytes[..]);
        bytes[22] |= 4;
        let crc = crate::record::crc32c(&bytes[21..]);
        bytes[17..21].copy_from_slice(&crc.to_be_bytes());
        batch = StampedBatch::parse(Bytes::from(bytes)).unwrap();
        log.append(vec![batch.clone()]).await.unwrap();
        append(&log, &[("a", Some("3"))]).await;
        roll(&log).await;
        append(&log, &[("x", None)]).await;
        let stats = compact(&log, 1, roomy()).await.unwrap();
        assert_eq!((stats.unreadable, stats.records_kept), (1, 1));
        let parts = log.read(0, 9, 10, true).await.unwrap();
        let found = crate::log::rig::batches_of(&parts).await;
        assert_eq!(found[0].1, batch.bytes, "as it came");

        append(&log, &[("b", Some("1"))]).await;
        roll(&log).await;
        let path = log.path().join("00000000000000000003.log");
        let mut damaged = std::fs::read(&path).unwrap();
        let last = damaged.len() - 1;
        damaged[last] ^= 1;
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, &damaged, 0).unwrap();
        let error = failure(&log).await.to_string();
        assert!(error.contains("00000000000000000003.log is damaged at byte"), "{error}");
        let left = std::fs::read_dir(log.path()).unwrap().map(|entry| entry.unwrap().file_name());
        assert!(left.into_iter().all(|name| !name.to_string_lossy().ends_with(".cleaned")));
    });
}

#[test]
fn a_stop_and_a_full_disk_end_a_cleaning_without_a_trace() {
    let scratch = ScratchDir::new();
    run_here(async {
        let log = open(&scratch, compacted()).await;
        for n in 0..100 {
            append(&log, &[(&format!("key-{}", n % 7), Some(&"v".repeat(100)))]).await;
        }
        let before = records_of(&log).await;
        let begin = async |settings| {
            let input = log.begin_cleaning(1, log.end_offset()).await.unwrap().unwrap();
            let (stop, stopped) = watch::channel(false);
            let tempo = Tempo::new(f64::MAX, stopped);
            (Cleaning::begin(input, settings, tempo).await.unwrap(), stop)
        };
        let (mut cleaning, stop) = begin(roomy()).await;
        stop.send_replace(true);
        assert!(matches!(cleaning.next_group().await, Err(CleanError::Abandoned)));
        log.end_cleaning(None);
        let full = CleanerSettings { reserve_bytes: u64::MAX, ..roomy() };
        let (mut cleaning, _stop) = begin(full).await;
        assert!(matches!(cleaning.next_group().await, Err(CleanError::DiskLow { .. })));
        log.end_cleaning(None);
        let left = std::fs::read_dir(log.path()).unwrap().map(|entry| entry.unwrap().file_name());
        assert!(left.into_iter().all(|name| !name.to_string_lossy().ends_with(".cleaned")));
        assert_eq!(records_of(&log).await, before);
    });
}

#[test]
fn indexes_times_and_epochs_are_found_through_the_holes() {
    let scratch = ScratchDir::new();
    run_here(async {
        let log = open(&scratch, compacted()).await;
        for epoch in [3, 4, 5, 6] {
            log.begin_epoch(epoch, log.end_offset());
            for n in 0..60 {
                let key = format!("key-{}", n % 5);
                let offset = log.end_offset();
                let batch = keyed(offset, 1_000 + 10 * offset, &[(&key, Some("v"))], Codec::None);
                log.append(vec![crate::log::rig::in_epoch(batch, epoch)]).await.unwrap();
            }
            roll(&log).await;
        }
        append(&log, &[("end", None)]).await;
        compact(&log, 1, roomy()).await.unwrap();
        let (epochs, content) = (log.epochs(), records_of(&log).await);
        check_times(&log).await;
        log.close().await.unwrap();
        for lost in
            ["index", "timeindex", "leader-epoch-checkpoint", "producer-window-checkpoint", ""]
        {
            for entry in std::fs::read_dir(place(&scratch)).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                if !lost.is_empty() && name.ends_with(lost) {
                    std::fs::remove_file(path).unwrap();
                }
            }
            let from = OpenFrom { recovery_point: 241, ..OpenFrom::default() };
            let (log, _) = try_open(&place(&scratch), compacted(), from).await.unwrap();
            assert_eq!(records_of(&log).await, content, "without {lost}");
            if lost != "leader-epoch-checkpoint" {
                assert_eq!(log.epochs(), epochs, "without {lost}: holes contradict nothing");
            } else {
                log.begin_epoch(3, 0);
                std::fs::write(place(&scratch).join(lost), epochs.text()).unwrap();
            }
            check_times(&log).await;
            let mut pace = crate::log::Pace::new(u64::MAX);
            assert_eq!(log.verify_indexes(&mut pace, &|| true).await.unwrap(), 0);
        }
    });
}

/// Every record is found by its time, and the first later one for a time in a hole.
async fn check_times(log: &Log) {
    let all = content(log).await;
    let newest = log.max_timestamp(Offset::MAX).await.unwrap().unwrap();
    let most = all.iter().map(|(_, timestamp, ..)| *timestamp).max().unwrap();
    assert_eq!(newest.timestamp, most);
    for time in (0..4_000).step_by(7) {
        let expected = all.iter().find(|(_, timestamp, ..)| *timestamp >= time);
        let found = log.offset_for_time(time, Offset::MAX).await.unwrap();
        assert_eq!(found.map(|found| found.offset), expected.map(|(offset, ..)| *offset), "{time}");
    }
}
