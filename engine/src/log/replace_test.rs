//! The swap: every state that a power cut can leave is the old log or the new one, and readers
//! never notice.

use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::log::LogConfig;
use crate::log::cleaner::{Cleaning, Tempo};
use crate::log::open::OpenFrom;
use crate::log::rig::{
    self, KeyedRecord, compact, compacted, headers_of, keyed, place, records_of, roomy, try_open,
};
use crate::record::{BatchHeader, Codec};
use crate::runtime::sync::watch;
use crate::runtime::{ScratchDir, run_here};

type Content = Vec<(BatchHeader, Vec<KeyedRecord>)>;

/// Twelve keys written over and over, in segments of about 4000 bytes; the last one is active.
async fn write(log: &Log, batches: usize) {
    for _ in 0..batches {
        let offset = log.end_offset();
        let key = |n: i64| format!("key-{}", (offset * 5 + n) % 12);
        let keys = [key(0), key(1), key(2)];
        let value = "v".repeat(90);
        let records: Vec<_> = keys.iter().map(|key| (key.as_str(), Some(value.as_str()))).collect();
        log.append(vec![keyed(offset, 1_000 + offset, &records, Codec::None)]).await.unwrap();
    }
}

async fn open(path: &Path) -> std::rc::Rc<Log> {
    try_open(path, compacted(), OpenFrom::default()).await.unwrap().0
}

fn names(path: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(path).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for name in names(from) {
        std::fs::copy(from.join(&name), to.join(&name)).unwrap();
    }
}

/// A group of all closed segments that became one, ready to be swapped in.
async fn cleaned_group(log: &Log) -> (Cleaning, Replacement) {
    log.configure(LogConfig { segment_bytes: 1 << 20, ..compacted() });
    let input = log.begin_cleaning(5_000, log.end_offset()).await.unwrap().unwrap();
    let (_stop, stopped) = watch::channel(false);
    let tempo = Tempo::new(f64::MAX, stopped);
    let mut cleaning = Cleaning::begin(input, roomy(), tempo).await.unwrap();
    cleaning.join_groups();
    let replacement = cleaning.next_group().await.unwrap().unwrap();
    (cleaning, replacement)
}

/// The renames of a swap in order; what stands in one step may survive a power cut in any subset.
/// With them, how many steps it takes to be committed.
fn steps(sources: &[Offset], results: &[Offset]) -> (Vec<Vec<(String, String)>>, usize) {
    let of = |base: Offset, holds: &[Holds], from: &str, to: &str| {
        let renamed = |holds: &Holds| {
            let name = file_name(base, *holds);
            (format!("{name}{from}"), format!("{name}{to}"))
        };
        holds.iter().map(renamed).collect::<Vec<_>>()
    };
    let segment = [Holds::Records, Holds::OffsetIndex, Holds::TimeIndex];
    let mut steps: Vec<_> =
        results.iter().rev().map(|base| of(*base, &segment, CLEANED, SWAP)).collect();
    let mut deleted = Vec::new();
    for base in sources {
        deleted.extend(of(*base, &segment, "", DELETED));
        if !results.contains(base) {
            deleted.extend(of(*base, &[Holds::Snapshot], "", DELETED));
        }
    }
    steps.push(deleted);
    steps.extend(results.iter().map(|base| of(*base, &segment, SWAP, "")));
    (steps, results.len())
}

fn rename(dir: &Path, (from, to): &(String, String)) {
    std::fs::rename(dir.join(from), dir.join(to)).unwrap();
}

#[test]
fn whatever_a_power_cut_leaves_of_a_swap_is_the_old_log_or_the_new_one() {
    cut_everywhere(&[0], async |log| write(log, 40).await);
}

#[test]
fn a_swap_of_several_results_is_as_safe() {
    const FAR: Offset = 3_000_000_000;
    cut_everywhere(&[0, FAR], async |log| {
        write(log, 18).await;
        let far = keyed(FAR, 9, &[("key-3", Some("far")), ("other", Some("far"))], Codec::None);
        log.append(vec![far]).await.unwrap();
        write(log, 14).await;
        log.roll(log.end_offset()).await.unwrap();
    });
}

/// Swaps what `fill` has written into segments with these base offsets, and cuts the power at
/// every moment of that.
fn cut_everywhere(results: &[Offset], fill: impl AsyncFn(&Log)) {
    let scratch = ScratchDir::new();
    let (prepared, trial) = (scratch.path().join("prepared"), scratch.path().join("t-0"));
    let (before, after, sources) = run_here(async {
        let log = open(&trial).await;
        fill(&log).await;
        log.checkpoint().await.unwrap();
        let before = records_of(&log).await;
        let (_cleaning, replacement) = cleaned_group(&log).await;
        copy(&trial, &prepared);
        let sources: Vec<Offset> = replacement.sources.iter().map(|one| one.size.base).collect();
        assert_eq!(replacement.bases(), results);
        assert!(log.replace_segments(replacement).await.unwrap());
        (before, records_of(&log).await, sources)
    });
    assert!(sources.len() >= 3 && after.len() < before.len());
    let (steps, commits) = steps(&sources, results);
    for step in 0..steps.len() {
        // All subsets where they are few; else one by one, all but one, and every prefix.
        let renames = &steps[step];
        let all = (1_u32 << renames.len()) - 1;
        let mut subsets: BTreeSet<u32> = (0..renames.len())
            .flat_map(|n| [1 << n, all & !(1 << n), (1 << n) - 1, all & !((1 << n) - 1)])
            .collect();
        subsets.extend((0..=all).take(64));
        subsets.insert(all);
        for subset in subsets {
            std::fs::remove_dir_all(&trial).unwrap();
            copy(&prepared, &trial);
            steps[..step].iter().flatten().for_each(|one| rename(&trial, one));
            let kept = renames.iter().enumerate().filter(|(n, _)| subset & (1 << n) != 0);
            kept.for_each(|(_, one)| rename(&trial, one));
            let committed = step >= commits || (step + 1 == commits && subset == all);
            let found = recovered(&trial);
            let expected = if committed { &after } else { &before };
            assert_eq!(&found, expected, "step {step}, subset {subset:b}");
        }
    }
}

/// What a start makes of a directory, twice; nothing of the swap is left in it.
fn recovered(path: &Path) -> Content {
    run_here(async {
        let log = open(path).await;
        let found = records_of(&log).await;
        assert_eq!(
            log.verify_indexes(&mut crate::log::Pace::new(u64::MAX), &|| true).await.unwrap(),
            0
        );
        drop(log);
        let left: Vec<String> = names(path)
            .into_iter()
            .filter(|name| [CLEANED, SWAP, DELETED].iter().any(|suffix| name.ends_with(suffix)))
            .collect();
        assert!(left.is_empty(), "{left:?}");
        let again = open(path).await;
        assert_eq!(records_of(&again).await, found, "a second start");
        found
    })
}

#[test]
fn readers_keep_their_slices_and_find_their_place_in_the_new_segment() {
    let scratch = ScratchDir::new();
    run_here(async {
        let log = open(&place(&scratch)).await;
        write(&log, 60).await;
        let end = log.end_offset();
        let held = log.read(0, end, 1 << 20, true).await.unwrap();
        let before = headers_of(&held).await;
        // A reader whose place in the old segment is remembered.
        let first = log.read(0, end, 700, true).await.unwrap();
        let next = headers_of(&first).await.last().unwrap().next_offset();
        compact(&log, 5_000, roomy()).await.unwrap();
        assert_eq!(headers_of(&held).await, before, "the old file stays readable");
        let content = records_of(&log).await;
        for from in (0..end).chain([next]) {
            let parts = log.read(from, end, 1, true).await.unwrap();
            let found = headers_of(&parts).await[0];
            let expected = content.iter().find(|(header, _)| header.last_offset() >= from);
            assert_eq!(found, expected.unwrap().0, "from {from}");
        }
        assert!(!log.state.borrow().segments.values().any(|segment| segment.distrusted));
    });
}

#[test]
fn a_log_that_was_changed_meanwhile_takes_nothing() {
    let scratch = ScratchDir::new();
    run_here(async {
        let log = open(&place(&scratch)).await;
        write(&log, 60).await;
        let (cleaning, replacement) = cleaned_group(&log).await;
        log.start_at(log.end_offset() / 2).await.unwrap();
        let before = records_of(&log).await;
        assert!(!log.replace_segments(replacement).await.unwrap());
        cleaning.discard(&[0]).await;
        log.end_cleaning(None);
        assert_eq!(records_of(&log).await, before);
        assert!(names(&log.path()).iter().all(|name| !name.ends_with(CLEANED)));
        assert_eq!(log.cleaned(), None);

        let (_cleaning, replacement) = cleaned_group(&log).await;
        log.truncate(replacement.sources[0].size.base + 1).await.unwrap();
        assert!(!log.replace_segments(replacement).await.unwrap(), "cut in the middle");
        log.end_cleaning(Some(90));
        assert_eq!(log.cleaned(), None, "what was cut off is not clean");
    });
}

#[test]
fn a_result_whose_files_are_gone_changes_nothing() {
    let scratch = ScratchDir::new();
    run_here(async {
        let log = open(&place(&scratch)).await;
        write(&log, 60).await;
        let before = records_of(&log).await;
        let (_cleaning, replacement) = cleaned_group(&log).await;
        let lost = format!("{}{CLEANED}", file_name(0, Holds::TimeIndex));
        std::fs::remove_file(log.path().join(lost)).unwrap();
        assert!(!log.replace_segments(replacement).await.unwrap());
        log.end_cleaning(None);
        assert!(!log.is_poisoned());
        assert!(names(&log.path()).iter().all(|name| !name.ends_with(SWAP)));
        assert_eq!(records_of(&log).await, before);
        assert!(compact(&log, 5_000, roomy()).await.is_some(), "the next one succeeds");
    });
}

#[test]
fn a_cut_behind_a_cleaning_takes_the_cleaned_point_with_it() {
    let scratch = ScratchDir::new();
    run_here(async {
        let log = open(&place(&scratch)).await;
        write(&log, 60).await;
        compact(&log, 5_000, roomy()).await.unwrap();
        let cleaned = log.cleaned().unwrap();
        log.truncate(cleaned - 40).await.unwrap();
        assert_eq!(log.cleaned(), Some(cleaned - 40));
        let content = records_of(&log).await;
        assert!(content.iter().all(|(header, _)| header.last_offset() < cleaned - 40));
        rig::fill(&log, 3).await;
        assert_eq!(records_of(&log).await.len(), content.len() + 3);
    });
}
