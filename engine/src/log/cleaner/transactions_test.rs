//! Cleanings of logs with transactions: aborted records, their markers, and the index of them.

use super::*;
use crate::log::cleaner::aborted::encode;
use crate::log::cleaner::rig::{append, append_built, content, open, pair, pairs, roll};
use crate::log::rig::{compact, compacted, finished, records_of, roomy};
use crate::log::{Log, LogConfig};
use crate::record::{BatchBuilder, Codec};
use crate::runtime::{ScratchDir, run_here};

async fn marker(log: &Log, producer: i64, kind: u8) {
    let mut builder = BatchBuilder::new(Codec::None).producer(producer, 0, -1);
    builder = builder.transactional().control();
    builder.push(1_000 + log.end_offset(), Some(&[0, 0, 0, kind]), Some(&[0; 6]));
    log.append(vec![finished(builder, log.end_offset())]).await.unwrap();
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
