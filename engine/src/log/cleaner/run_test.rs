//! Cleanings of real logs: what stays, what goes, and when.

use super::*;
use crate::log::cleaner::rig::{append, append_as, append_built, content, open, pair, pairs, roll};
use crate::log::open::OpenFrom;
use crate::log::rig::{begin, compact, compacted, keyed, place, records_of, roomy, try_open};
use crate::log::{Log, LogConfig};
use crate::record::{BatchBuilder, Codec};
use crate::runtime::{ScratchDir, run_here};

fn hours(n: i64) -> LogConfig {
    LogConfig { delete_retention_ms: n * 3_600_000, ..compacted() }
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
        let (begun, _stop) = begin(input, roomy()).await;
        let mut cleaning = begun.unwrap();
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
