//! Walks over every combination of facts and demands what must hold in each.

use super::*;

const BOTH: [bool; 2] = [false, true];
const INDEXES: [IndexFacts; 5] = [
    IndexFacts::Missing,
    IndexFacts::Torn,
    IndexFacts::Contradicts,
    IndexFacts::Preallocated,
    IndexFacts::Sound,
];

fn every_file() -> Vec<FileFacts> {
    let mut all = vec![
        FileFacts::Deleted,
        FileFacts::Cleaned,
        FileFacts::Unfinished,
        FileFacts::Known,
        FileFacts::Foreign,
    ];
    all.extend(BOTH.map(|beside_cleaned| FileFacts::Swap { beside_cleaned }));
    for holds in Holds::ALL {
        for claimed in BOTH {
            let in_place = |replaced| FileFacts::InPlace { holds, claimed, replaced };
            all.extend(BOTH.map(in_place));
        }
    }
    all
}

fn every_segment() -> Vec<SegmentFacts> {
    let mut all = Vec::new();
    for bits in 0..16 {
        for coverage in [Coverage::Durable, Coverage::Straddles, Coverage::Beyond] {
            for offset_index in INDEXES {
                for time_index in INDEXES {
                    all.push(SegmentFacts {
                        clean: bits & 1 > 0,
                        last: bits & 2 > 0,
                        empty: bits & 4 > 0,
                        anchored: bits & 8 > 0,
                        coverage,
                        offset_index,
                        time_index,
                    });
                }
            }
        }
    }
    all
}

#[test]
fn every_file_has_an_action_and_strangers_are_never_touched() {
    for facts in every_file() {
        let action = decide_file(facts);
        match facts {
            FileFacts::Foreign | FileFacts::Known => assert_eq!(action, FileAction::Keep),
            FileFacts::InPlace { holds: Holds::Records, replaced: false, .. } => {
                assert_eq!(action, FileAction::Keep, "records only go when a compaction has them");
            }
            FileFacts::InPlace { holds, claimed: false, .. } if holds != Holds::Snapshot => {
                let orphan = !matches!(holds, Holds::Records);
                assert!(!orphan || action == FileAction::Unlink, "{facts:?}");
            }
            FileFacts::Deleted | FileFacts::Cleaned | FileFacts::Unfinished => {
                assert_eq!(action, FileAction::Unlink);
            }
            FileFacts::Swap { beside_cleaned } => {
                assert_eq!(action == FileAction::TakePlace, !beside_cleaned);
            }
            FileFacts::InPlace { .. } => assert_ne!(action, FileAction::TakePlace),
        }
    }
}

#[test]
fn snapshots_above_the_end_never_stay() {
    for bits in 0..16 {
        let facts = SnapshotFacts {
            at_segment: bits & 1 > 0,
            youngest: bits & 2 > 0,
            beyond_end: bits & 4 > 0,
            damaged: bits & 8 > 0,
        };
        let stays = decide_snapshot(facts) == FileAction::Keep;
        assert!(!(stays && (facts.beyond_end || facts.damaged)), "{facts:?}");
        let good = !facts.beyond_end && !facts.damaged;
        assert!(stays || !(good && facts.youngest), "{facts:?}: the youngest good one is needed");
    }
}

#[test]
fn what_nobody_vouches_for_is_checked() {
    for facts in every_segment() {
        let load = decide_load(facts);
        let usable = |index| matches!(index, IndexFacts::Sound | IndexFacts::Preallocated);
        let indexed = usable(facts.offset_index) && usable(facts.time_index);
        if !facts.clean && facts.coverage != Coverage::Durable {
            let checks =
                [Load::CheckAll, Load::CheckFromIndex, Load::CheckFromWindow].contains(&load);
            assert!(checks, "{facts:?} is not vouched for, {load:?}");
        }
        if facts.last {
            assert!(![Load::Trust, Load::Rebuild].contains(&load), "{facts:?}: {load:?}");
        }
        if !indexed {
            let uses_index = [Load::Trust, Load::CheckFromIndex, Load::CheckLast];
            assert!(!uses_index.contains(&load), "{facts:?} uses a bad index, {load:?}");
        }
        if !facts.anchored {
            assert_ne!(load, Load::CheckFromWindow, "{facts:?}");
        }
    }
}

#[test]
fn work_is_bounded_by_what_was_not_checkpointed() {
    for facts in every_segment() {
        let usable = |index| matches!(index, IndexFacts::Sound | IndexFacts::Preallocated);
        let indexed = usable(facts.offset_index) && usable(facts.time_index);
        let load = decide_load(facts);
        if facts.empty || !indexed {
            continue;
        }
        if facts.coverage == Coverage::Durable && !facts.last {
            assert_eq!(load, Load::Trust, "{facts:?}");
        }
        if facts.coverage == Coverage::Straddles || facts.anchored {
            assert_ne!(load, Load::CheckAll, "{facts:?}");
        }
    }
}

#[test]
fn nothing_below_the_recovery_point_is_ever_dropped() {
    for durable in BOTH {
        for later_segments in BOTH {
            let action = decide_bad(BadFacts { durable, later_segments });
            assert_eq!(action == BadAction::Corrupt, durable);
            let all_go = BadAction::Cut { drop_later: later_segments };
            assert!(durable || action == all_go, "a log has no holes");
        }
    }
    for bits in 0..8 {
        let facts = EndFacts {
            below_recovery_point: bits & 1 > 0,
            recovery_point_certain: bits & 2 > 0,
            below_start: bits & 4 > 0,
        };
        let certain_loss = facts.below_recovery_point && facts.recovery_point_certain;
        assert_eq!(decide_end(facts) == EndAction::Corrupt, certain_loss);
        if decide_end(facts) == EndAction::BeginAtStart {
            assert!(facts.below_start, "{facts:?}");
        }
    }
}

#[test]
fn producers_come_from_the_best_that_is_there() {
    for window in BOTH {
        for snapshot in BOTH {
            let source = decide_producers(ProducerFacts { window, snapshot });
            assert_eq!(source == ProducerSource::Window, window);
            assert_eq!(source == ProducerSource::Snapshot, snapshot && !window);
        }
    }
}
