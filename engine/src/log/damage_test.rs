//! Whatever happens to a file that is not a `.log`: every record is served after the next start.

use crate::runtime::{Directory, ScratchDir, run_here};

use super::super::error::LogError;
use super::super::open::OpenFrom;
use super::super::rig::{clean, fill, open, place, read_all, small, try_open, unclean};

const BATCHES: usize = 70;

#[derive(Clone, Copy, Debug)]
enum Damage {
    Gone,
    Zeroed,
    Halved,
    Flipped(usize),
}

async fn damage(dir: &Directory, name: &str, how: Damage) {
    let mut content = dir.read(name, 1 << 20).await.expect("a file");
    match how {
        Damage::Gone => return dir.unlink(name).await.expect("an unlink"),
        Damage::Zeroed => content.fill(0),
        Damage::Halved => content.truncate(content.len() / 2),
        Damage::Flipped(share) => {
            let at = content.len() * share / 8;
            if let Some(byte) = content.get_mut(at) {
                *byte ^= 4;
            }
        }
    }
    dir.replace(name, content).await.expect("a replacement");
}

async fn written(scratch: &ScratchDir, closed: bool) -> (Vec<String>, Directory) {
    let (log, _) = open(&place(scratch), unclean()).await;
    fill(&log, BATCHES).await;
    if closed {
        log.close().await.expect("a close");
    } else {
        log.checkpoint().await.expect("a checkpoint");
        fill(&log, 3).await;
    }
    let dir = Directory::open(&place(scratch)).await.expect("a directory");
    let entries = dir.entries().await.expect("entries");
    let names = entries.into_iter().map(|entry| entry.name);
    (names.filter(|name| !name.ends_with(".log")).collect(), dir)
}

#[test]
fn derived_files_may_be_damaged_in_any_way() {
    run_here(async {
        let kinds = [1, 4, 7].map(Damage::Flipped);
        let kinds: Vec<Damage> =
            [Damage::Gone, Damage::Zeroed, Damage::Halved].into_iter().chain(kinds).collect();
        for closed in [true, false] {
            let scratch = ScratchDir::new();
            let (names, _) = written(&scratch, closed).await;
            drop(scratch);
            for (name, how) in names.iter().flat_map(|name| kinds.iter().map(move |k| (name, *k))) {
                let scratch = ScratchDir::new();
                let (_, dir) = written(&scratch, closed).await;
                damage(&dir, name, how).await;
                let from = OpenFrom { clean: closed, ..OpenFrom::default() };
                let (log, _) = open(&place(&scratch), from).await;
                let batches = BATCHES + if closed { 0 } else { 3 };
                let context = format!("{name} {how:?} closed {closed}");
                assert_eq!(log.end_offset(), batches as i64 * 3, "{context}");
                for from in (0..log.end_offset()).step_by(31) {
                    let first = log.read(from, i64::MAX, 1, true).await.expect(&context);
                    let header = super::super::rig::headers_of(&first).await[0];
                    assert_eq!(header.base_offset, from / 3 * 3, "{context}");
                    let timed = log.offset_for_time(1_000 + from, i64::MAX).await.expect(&context);
                    assert_eq!(timed.map(|found| found.offset), Some(from), "{context}");
                }
                assert_eq!(read_all(&log, 0, 900).await.len(), batches, "{context}");
                assert_eq!(log.latest_epoch().map(|last| last.epoch), Some(3), "{context}");
                fill(&log, 5).await;
                log.close().await.expect(&context);
                let (log, _) = open(&place(&scratch), clean()).await;
                assert_eq!(read_all(&log, 0, 900).await.len(), batches + 5, "{context}");
            }
        }
    });
}

#[test]
fn bytes_missing_below_the_recovery_point_are_reported_with_file_and_place() {
    run_here(async {
        let scratch = ScratchDir::new();
        let (log, _) = open(&place(&scratch), unclean()).await;
        fill(&log, 10).await;
        log.checkpoint().await.expect("a checkpoint");
        drop(log);
        let dir = Directory::open(&place(&scratch)).await.expect("a directory");
        let name = "00000000000000000000.log";
        let mut content = dir.read(name, 1 << 20).await.expect("a file");
        let at = content.len() - 1;
        content.truncate(at);
        dir.replace(name, content).await.expect("a replacement");
        let failed = try_open(&place(&scratch), small(), unclean()).await;
        let Err(LogError::Corrupt { path, position, .. }) = failed else { panic!("refused") };
        assert!(path.ends_with(name));
        assert!(position < at as u64);
    });
}

#[test]
fn a_torn_tail_above_the_recovery_point_is_cut_off() {
    run_here(async {
        for lost in [1, 30, 61, 100] {
            let scratch = ScratchDir::new();
            let (log, _) = open(&place(&scratch), unclean()).await;
            fill(&log, 5).await;
            log.checkpoint().await.expect("a checkpoint");
            fill(&log, 1).await;
            drop(log);
            let dir = Directory::open(&place(&scratch)).await.expect("a directory");
            let name = "00000000000000000000.log";
            let mut content = dir.read(name, 1 << 20).await.expect("a file");
            content.truncate(content.len() - lost);
            content.extend_from_slice(&vec![0xab; lost % 7]);
            dir.replace(name, content).await.expect("a replacement");
            let (log, report) = open(&place(&scratch), unclean()).await;
            assert_eq!(log.end_offset(), 15, "{lost} bytes lost");
            assert!(report.cut_bytes > 0);
            fill(&log, 2).await;
            assert_eq!(read_all(&log, 0, 500).await.len(), 7);
        }
    });
}
