//! Truncation, log start and deletion, on the ring.

use crate::record::{BatchBuilder, Codec};
use crate::runtime::{Part, ScratchDir, run_here};

use super::super::error::{LogError, ReadError};
use super::super::rig::{clean, fill, open, place, read_all, stamped, unclean};

#[test]
fn a_truncated_log_ends_in_front_of_the_batch_that_holds_the_offset() {
    run_here(async {
        for to in [599, 598, 450, 301, 7, 1, 0] {
            let scratch = ScratchDir::new();
            let (log, _) = open(&place(&scratch), unclean()).await;
            fill(&log, 200).await;
            log.checkpoint().await.expect("a checkpoint");
            let end = log.truncate(to).await.expect("a truncation");
            let whole = usize::try_from(to / 3).expect("a count");
            assert_eq!(end, to / 3 * 3);
            assert_eq!((log.end_offset(), log.durable_end()), (end, end));
            drop(log);
            let (log, _) = open(&place(&scratch), unclean()).await;
            assert_eq!(log.end_offset(), end);
            assert_eq!(read_all(&log, 0, 500).await.len(), whole, "to {to}");
            fill(&log, 30).await;
            assert_eq!(read_all(&log, 0, 500).await.len(), whole + 30);
            drop(log);
            let (log, _) = open(&place(&scratch), unclean()).await;
            assert_eq!(log.end_offset(), end + 90, "to {to}");
            assert_eq!(read_all(&log, 0, 500).await.len(), whole + 30);
        }
    });
}

#[test]
fn slices_of_what_was_cut_are_void() {
    run_here(async {
        let scratch = ScratchDir::new();
        let (log, _) = open(&place(&scratch), unclean()).await;
        fill(&log, 5).await;
        let parts = log.read(0, 15, 10_000, true).await.expect("a read");
        let Part::File(slice) = &parts[0] else { panic!("a slice") };
        assert!(slice.is_current());
        log.truncate(6).await.expect("a truncation");
        assert!(!slice.is_current());
    });
}

#[test]
fn producers_and_epochs_are_as_they_were_at_the_cut() {
    run_here(async {
        let scratch = ScratchDir::new();
        let (log, _) = open(&place(&scratch), unclean()).await;
        let of = |sequence| BatchBuilder::new(Codec::None).producer(5, 0, sequence);
        for index in 0..100 {
            if index == 60 {
                log.begin_epoch(8, 120);
            }
            let sent = stamped(of(index * 2), i64::from(index) * 2, 2, 50, 1);
            log.append(vec![sent]).await.expect("an append");
        }
        log.truncate(100).await.expect("a truncation");
        assert_eq!(log.latest_epoch().map(|last| last.epoch), Some(3));
        let producers = log.producers();
        let last = producers.get(5).and_then(|producer| producer.window.last());
        assert_eq!(last.map(|mark| mark.last_sequence), Some(99));
        log.close().await.expect("a close");
        let (log, _) = open(&place(&scratch), clean()).await;
        assert_eq!(log.producers(), producers);
    });
}

#[test]
fn the_start_moves_and_segments_below_it_go() {
    run_here(async {
        let scratch = ScratchDir::new();
        let (log, _) = open(&place(&scratch), unclean()).await;
        fill(&log, 200).await;
        let segments = log.segment_count();
        log.start_at(301).await.expect("a start");
        assert!(log.segment_count() < segments);
        assert!(matches!(log.read(300, 600, 1, true).await, Err(ReadError::OutOfRange { .. })));
        assert_eq!(read_all(&log, 301, 500).await[0].base_offset, 300);
        log.start_at(600).await.expect("a start");
        assert_eq!((log.segment_count(), log.size_bytes()), (1, 0));
        assert!(matches!(log.start_at(601).await, Err(LogError::StartOutOfRange { .. })));
        fill(&log, 3).await;
        assert_eq!(read_all(&log, 600, 500).await.len(), 3);
    });
}

#[test]
fn a_log_can_begin_anew_anywhere() {
    run_here(async {
        let scratch = ScratchDir::new();
        let (log, _) = open(&place(&scratch), unclean()).await;
        fill(&log, 100).await;
        log.restart_at(5_000).await.expect("a restart");
        assert_eq!((log.start_offset(), log.end_offset()), (5_000, 5_000));
        fill(&log, 3).await;
        drop(log);
        let (log, _) = open(&place(&scratch), unclean()).await;
        assert_eq!((log.start_offset(), log.end_offset()), (5_000, 5_009));
        assert_eq!(read_all(&log, 5_000, 500).await.len(), 3);
    });
}

#[test]
fn a_deleted_log_is_renamed_at_once_and_changes_no_more() {
    run_here(async {
        let scratch = ScratchDir::new();
        let (log, _) = open(&place(&scratch), unclean()).await;
        fill(&log, 5).await;
        log.delete().await.expect("a deletion");
        let name = log.path().file_name().map(|name| name.to_string_lossy().into_owned());
        assert!(name.is_some_and(|name| name.starts_with("t-0.") && name.ends_with("-delete")));
        assert!(matches!(log.sync().await, Err(LogError::Poisoned { .. })));
        assert_eq!(read_all(&log, 0, 500).await.len(), 5);
        let (log, _) = open(&place(&scratch), unclean()).await;
        assert_eq!(log.end_offset(), 0);
    });
}
