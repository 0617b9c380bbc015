//! A log from its first batch to its next start, on the ring.

use crate::record::{BatchBuilder, Codec};
use crate::runtime::{ScratchDir, run_here};

use super::super::error::ReadError;
use super::super::producers::Verdict;
use super::super::rig::{
    batch, clean, fill, headers_of, in_epoch, open, place, read_all, stamped, unclean,
};

#[test]
fn what_is_appended_is_read_back_over_all_segments() {
    run_here(async {
        let scratch = ScratchDir::new();
        let (log, _) = open(&place(&scratch), unclean()).await;
        fill(&log, 200).await;
        assert_eq!(log.end_offset(), 600);
        assert!(log.segment_count() > 3, "{} segments", log.segment_count());
        for bytes_max in [1, 250, 1_000, 100_000] {
            let headers = read_all(&log, 0, bytes_max).await;
            assert_eq!(headers.len(), 200, "at {bytes_max}");
            assert!(headers.iter().enumerate().all(|(i, h)| h.base_offset == i as i64 * 3));
        }
    });
}

#[test]
fn a_fetch_into_a_batch_gets_the_whole_batch_and_nothing_above_its_limit() {
    run_here(async {
        let scratch = ScratchDir::new();
        let (log, _) = open(&place(&scratch), unclean()).await;
        fill(&log, 200).await;
        for from in 0..600 {
            let parts = log.read(from, 600, 1, true).await.expect("a read");
            let headers = headers_of(&parts).await;
            assert_eq!(headers.len(), 1);
            assert_eq!(headers[0].base_offset, from / 3 * 3, "at {from}");
        }
        for below in [0, 1, 2, 3, 4, 300, 599] {
            let headers = headers_of(&log.read(0, below, 1 << 20, true).await.expect("read")).await;
            assert!(headers.iter().all(|header| header.next_offset() <= below), "{below}");
        }
        assert!(log.read(0, 600, 10, false).await.expect("a read").is_empty());
        assert!(log.read(600, 600, 10, true).await.expect("a read").is_empty());
        assert!(matches!(log.read(601, 700, 1, true).await, Err(ReadError::OutOfRange { .. })));
    });
}

#[test]
fn one_append_may_span_segments() {
    run_here(async {
        let scratch = ScratchDir::new();
        let (log, _) = open(&place(&scratch), unclean()).await;
        let group = (0..100).map(|index| batch(index * 3, 3, 10, 5)).collect();
        assert_eq!(log.append(group).await.expect("an append"), 300);
        assert!(log.segment_count() > 2);
        assert_eq!(read_all(&log, 0, 4_096).await.len(), 100);
        assert_eq!(log.sync().await.expect("a sync"), 300);
        assert_eq!(log.durable_end(), 300);
    });
}

#[test]
fn a_synced_append_is_durable_when_all_before_it_is() {
    run_here(async {
        let scratch = ScratchDir::new();
        let (log, _) = open(&place(&scratch), unclean()).await;
        let group = |from: i64, to: i64| (from..to).map(|at| batch(at * 3, 3, 10, 5)).collect();
        assert_eq!(log.append_synced(group(0, 100)).await.expect("an append"), 300);
        assert!(log.segment_count() > 2 && log.durable_end() == 300);
        log.append(group(100, 101)).await.expect("an append");
        assert_eq!(log.append_synced(group(101, 102)).await.expect("an append"), 306);
        assert_eq!(log.durable_end(), 300, "what is before them is not, so they wait as well");
        assert_eq!(log.sync().await.expect("a sync"), 306);
        assert_eq!(read_all(&log, 0, 4_096).await.len(), 102);
    });
}

#[test]
fn a_closed_log_opens_as_it_was_without_checking_records() {
    run_here(async {
        let scratch = ScratchDir::new();
        let (log, _) = open(&place(&scratch), unclean()).await;
        fill(&log, 200).await;
        log.begin_epoch(9, 600);
        let producing = BatchBuilder::new(Codec::None).producer(77, 1, 0);
        let led = in_epoch(stamped(producing, 600, 2, 5, 9_000), 9);
        log.append(vec![led]).await.expect("an append");
        log.close().await.expect("a close");
        let before = (log.producers(), log.epochs(), log.size_bytes());
        drop(log);
        let (log, report) = open(&place(&scratch), clean()).await;
        assert_eq!(report.checked_bytes, 0);
        assert_eq!(report.rebuilt_indexes, 0);
        assert_eq!((log.start_offset(), log.end_offset(), log.durable_end()), (0, 602, 602));
        assert_eq!((log.producers(), log.epochs(), log.size_bytes()), before);
        assert_eq!(read_all(&log, 0, 700).await.len(), 201);
        fill(&log, 50).await;
        assert_eq!(read_all(&log, 0, 700).await.len(), 251);
    });
}

#[test]
fn a_log_that_was_not_closed_checks_what_was_not_checkpointed() {
    run_here(async {
        let scratch = ScratchDir::new();
        let (log, _) = open(&place(&scratch), unclean()).await;
        fill(&log, 200).await;
        log.checkpoint().await.expect("a checkpoint");
        let size = log.size_bytes();
        fill(&log, 5).await;
        let unchecked = log.size_bytes() - size;
        drop(log);
        let (log, report) = open(&place(&scratch), unclean()).await;
        assert_eq!(report.checked_bytes, unchecked);
        assert_eq!(log.end_offset(), 615);
        assert_eq!(read_all(&log, 0, 700).await.len(), 205);
    });
}

#[test]
fn a_producer_sends_again_and_gets_the_offset_it_had() {
    run_here(async {
        let scratch = ScratchDir::new();
        let (log, _) = open(&place(&scratch), unclean()).await;
        let of = |sequence| BatchBuilder::new(Codec::None).producer(5, 0, sequence);
        for index in 0..6 {
            let sent = stamped(of(index * 2), i64::from(index) * 2, 2, 5, 1);
            log.append(vec![sent]).await.expect("an append");
        }
        log.checkpoint().await.expect("a checkpoint");
        drop(log);
        let (log, _) = open(&place(&scratch), unclean()).await;
        for index in 1..6 {
            let again = stamped(of(index * 2), 0, 2, 5, 1);
            let Verdict::Duplicate(mark) = log.producers().check(&again.header) else {
                panic!("batch {index} is known");
            };
            assert_eq!(mark.base_offset(), i64::from(index) * 2);
        }
    });
}
