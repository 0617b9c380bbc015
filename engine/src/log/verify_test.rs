//! Damage to indexes that no lookup trips over, to snapshots, and to the topic id.

use crate::runtime::{Directory, ScratchDir, run_here, spawn};

use super::super::error::LogError;
use super::super::identity::topic_of;
use super::super::log::Log;
use super::super::names::{PARTITION_METADATA, WINDOW_CHECKPOINT};
use super::super::open::OpenFrom;
use super::super::rig::{fill, id, open, place, read_all, small, try_open, unclean};
use super::Pace;

const BATCHES: usize = 110;

async fn content(dir: &Directory, name: &str) -> Vec<u8> {
    dir.read(name, 1 << 20).await.expect("a file")
}

async fn flip(dir: &Directory, name: &str, bit: usize) {
    let mut bytes = content(dir, name).await;
    bytes[bit / 8] ^= 1 << (bit % 8);
    dir.replace(name, bytes).await.expect("a replacement");
}

async fn written(scratch: &ScratchDir, closed: bool) -> Directory {
    let (log, _) = open(&place(scratch), unclean()).await;
    fill(&log, BATCHES).await;
    if closed {
        log.close().await.expect("a close");
    } else {
        log.checkpoint().await.expect("a checkpoint");
        fill(&log, 3).await;
    }
    Directory::open(&place(scratch)).await.expect("a directory")
}

async fn verify(log: &Log) -> usize {
    log.verify_indexes(&mut Pace::new(u64::MAX), &|| true).await.expect("a verification")
}

async fn indexes(dir: &Directory) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in dir.entries().await.expect("entries") {
        if entry.name.ends_with("index") {
            let bytes = content(dir, &entry.name).await;
            found.push((entry.name, bytes));
        }
    }
    found
}

#[test]
fn every_flipped_byte_of_an_index_is_found_and_rebuilt() {
    run_here(async {
        for closed in [true, false] {
            let from = OpenFrom { clean: closed, ..OpenFrom::default() };
            let scratch = ScratchDir::new();
            let dir = written(&scratch, closed).await;
            let as_found = indexes(&dir).await;
            let (log, _) = open(&place(&scratch), from).await;
            assert_eq!(verify(&log).await, 0, "nothing is damaged");
            log.close().await.expect("a close");
            let as_closed = indexes(&dir).await;
            assert!(log.segment_count() > 2);
            let (active, last) = as_closed.last().expect("an index");
            assert!(active.ends_with("timeindex") && last.len() > 12);
            for (name, bytes) in &as_found {
                for at in (0..bytes.len()).step_by(17) {
                    let scratch = ScratchDir::new();
                    let dir = written(&scratch, closed).await;
                    flip(&dir, name, at * 8 + at % 8).await;
                    let (log, _) = open(&place(&scratch), from).await;
                    verify(&log).await;
                    let context = format!("{name} byte {at} closed {closed}");
                    if name[..20] != active[..20] {
                        assert_eq!(&content(&dir, name).await, bytes, "{context}");
                    }
                    let batches = read_all(&log, 0, 900).await.len();
                    assert_eq!(batches, BATCHES + if closed { 0 } else { 3 }, "{context}");
                    log.close().await.expect("a close");
                    assert_eq!(indexes(&dir).await, as_closed, "{context}");
                }
            }
        }
    });
}

#[test]
fn a_damaged_snapshot_is_made_again_by_the_next_close() {
    run_here(async {
        let scratch = ScratchDir::new();
        let dir = written(&scratch, true).await;
        let entries = dir.entries().await.expect("entries");
        let snapshots = entries.iter().filter(|entry| entry.name.ends_with(".snapshot"));
        let youngest = snapshots.map(|entry| &entry.name).max().expect("a snapshot");
        let sound = content(&dir, youngest).await;
        flip(&dir, youngest, 8 * (sound.len() - 1)).await;
        let clean = OpenFrom { clean: true, ..OpenFrom::default() };
        open(&place(&scratch), clean).await.0.close().await.expect("a close");
        assert_eq!(content(&dir, youngest).await, sound);
    });
}

#[test]
fn what_the_log_itself_does_to_its_indexes_is_no_damage() {
    run_here(async {
        let scratch = ScratchDir::new();
        let (log, _) = open(&place(&scratch), unclean()).await;
        fill(&log, BATCHES).await;
        assert_eq!(verify(&log).await, 0);
        log.truncate(100).await.expect("a truncation");
        assert_eq!(verify(&log).await, 0);
        fill(&log, 20).await;
        log.checkpoint().await.expect("a checkpoint");
        fill(&log, 9).await;
        drop(log);
        let (log, _) = open(&place(&scratch), unclean()).await;
        assert_eq!(verify(&log).await, 0);
        fill(&log, BATCHES).await;
        log.start_at(60).await.expect("a start");
        assert_eq!(verify(&log).await, 0);
        log.close().await.expect("a close");
    });
}

#[test]
fn a_verification_ends_when_it_is_told_to() {
    run_here(async {
        let scratch = ScratchDir::new();
        let dir = written(&scratch, true).await;
        let (name, _) = indexes(&dir).await.swap_remove(0);
        flip(&dir, &name, 9).await;
        let (log, _) = open(&place(&scratch), OpenFrom { clean: true, ..unclean() }).await;
        // One byte a second: this would not end today.
        let stopped = log.verify_indexes(&mut Pace::new(1), &|| false).await;
        assert_eq!(stopped.expect("a verification"), 0);
        assert_eq!(verify(&log).await, 1);
    });
}

#[test]
fn batches_that_are_appended_during_a_rebuild_keep_their_entries() {
    run_here(async {
        let scratch = ScratchDir::new();
        let config = || super::super::settings::LogConfig { segment_bytes: 1 << 20, ..small() };
        let (log, _) = try_open(&place(&scratch), config(), unclean()).await.expect("a log");
        fill(&log, 300).await;
        log.checkpoint().await.expect("a checkpoint");
        let dir = Directory::open(&place(&scratch)).await.expect("a directory");
        drop(log);
        flip(&dir, "00000000000000000000.index", 100).await;
        let (log, _) = try_open(&place(&scratch), config(), unclean()).await.expect("a log");
        let writer = log.clone();
        let writing = spawn(async move { fill(&writer, 100).await });
        assert_eq!(verify(&log).await, 1);
        writing.finished().await;
        log.close().await.expect("a close");
        let after = indexes(&dir).await;
        let plain = ScratchDir::new();
        let (log, _) = try_open(&place(&plain), config(), unclean()).await.expect("a log");
        fill(&log, 400).await;
        log.close().await.expect("a close");
        let dir = Directory::open(&place(&plain)).await.expect("a directory");
        assert_eq!(indexes(&dir).await, after);
    });
}

#[test]
fn a_flipped_bit_of_the_topic_id_is_set_right() {
    run_here(async {
        for closed in [true, false] {
            let scratch = ScratchDir::new();
            let dir = written(&scratch, closed).await;
            let good = content(&dir, PARTITION_METADATA).await;
            for bit in 0..good.len() * 8 {
                flip(&dir, PARTITION_METADATA, bit).await;
                let told = topic_of(&dir).await.expect("a directory");
                assert_eq!(told, Some(id().topic), "bit {bit}");
                open(&place(&scratch), OpenFrom { clean: closed, ..OpenFrom::default() }).await;
                assert_eq!(content(&dir, PARTITION_METADATA).await, good, "bit {bit}");
            }
        }
    });
}

#[test]
fn without_a_window_the_topic_is_what_partition_metadata_says() {
    run_here(async {
        let scratch = ScratchDir::new();
        let dir = written(&scratch, true).await;
        flip(&dir, WINDOW_CHECKPOINT, 200).await;
        assert_eq!(topic_of(&dir).await.expect("a directory"), Some(id().topic));
        let other = "version: 0\ntopic_id: q83vASNFZ4mrze8BI0VniQ";
        dir.replace(PARTITION_METADATA, other.into()).await.expect("a replacement");
        assert_ne!(topic_of(&dir).await.expect("a directory"), Some(id().topic));
        let refused = try_open(&place(&scratch), small(), unclean()).await;
        assert!(matches!(refused, Err(LogError::OtherTopic { .. })));
        dir.unlink(PARTITION_METADATA).await.expect("an unlink");
        assert_eq!(topic_of(&dir).await.expect("a directory"), None);
    });
}
