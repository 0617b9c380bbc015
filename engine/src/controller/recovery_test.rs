//! The recovery table: every pair of states has its answer, and every state is read from bytes.

use super::*;

fn frame(generation: u64, sequence: u64, payload: &[u8]) -> Vec<u8> {
    frame::encode(generation, sequence, payload).unwrap()
}

fn frames(parts: &[(u64, u64)]) -> Vec<u8> {
    parts.iter().flat_map(|(generation, sequence)| frame(*generation, *sequence, b"pay")).collect()
}

const TAILS: [Tail; 5] = [Tail::Clean, Tail::Torn, Tail::Buried, Tail::Gap, Tail::Foreign];

/// Every kind of log around a snapshot that ends at frame 5 and is followed by generation 3.
fn all_logs() -> Vec<LogState> {
    let mut logs = vec![LogState::Absent, LogState::Empty, LogState::NoStart];
    for generation in [1, 2, 3, 4, u64::MAX] {
        for (first, last) in [(0, 0), (0, 4), (0, 5), (2, 5), (2, 6), (5, 5), (5, 9), (6, 9)] {
            for tail in TAILS {
                logs.push(LogState::Frames { generation, first, last, tail });
            }
        }
    }
    logs
}

#[test]
fn every_pair_of_states_has_the_answer_that_the_table_gives() {
    let sound = SnapshotState::Sound { generation: 3, sequence: 5 };
    for snapshot in [SnapshotState::Absent, sound, SnapshotState::Damaged] {
        for log in all_logs() {
            assert_eq!(decide(snapshot, log), expected(snapshot, log), "{snapshot:?} {log:?}");
        }
    }
}

/// The table as a person would write it down, rule by rule, the first that fits.
fn expected(snapshot: SnapshotState, log: LogState) -> Decision {
    let damaged = snapshot == SnapshotState::Damaged;
    let (generation, first, last, tail) = match log {
        _ if damaged => return Decision::Refuse(Refusal::Snapshot),
        LogState::Absent => return Decision::Refuse(Refusal::LogAbsent),
        LogState::Empty => return Decision::Refuse(Refusal::LogEmpty),
        LogState::NoStart => return Decision::Refuse(Refusal::LogStart),
        LogState::Frames { generation, first, last, tail } => (generation, first, last, tail),
    };
    if ![Tail::Clean, Tail::Torn].contains(&tail) {
        return Decision::Refuse(Refusal::LogTail(tail));
    }
    let torn = tail == Tail::Torn;
    let replay = if torn { Decision::CutAndReplay } else { Decision::Replay };
    match (snapshot == SnapshotState::Absent, generation, first, last) {
        (true, 1, 0, _) => replay,
        (true, ..) => Decision::Refuse(Refusal::SnapshotAbsent),
        (false, 3, 5, _) => replay,
        (false, 2, _, 5) => Decision::SnapshotOnly,
        (false, ..) => Decision::Refuse(Refusal::Strangers),
    }
}

#[test]
fn a_sound_log_is_replayed_whole() {
    let log = frames(&[(1, 0), (1, 1), (1, 2)]);
    let recovered = recover(None, Some(&log)).unwrap();
    assert_eq!(recovered.payloads, [b"pay"; 3]);
    assert_eq!((recovered.generation, recovered.sequence), (1, 2));
    assert_eq!((recovered.keep_bytes, recovered.torn_bytes), (Some(log.len() as u64), 0));
}

#[test]
fn a_torn_tail_of_any_length_is_cut() {
    let whole = frames(&[(1, 0), (1, 1)]);
    let next = frame(1, 2, &[7; 100]);
    for written in 1..next.len() {
        let torn = [&whole[..], &next[..written]].concat();
        let zeroed = [&torn[..], &vec![0; next.len() - written]].concat();
        for log in [torn, zeroed] {
            let recovered = recover(None, Some(&log)).unwrap();
            assert_eq!((recovered.payloads.len(), recovered.sequence), (2, 1));
            assert_eq!(recovered.keep_bytes, Some(whole.len() as u64));
            assert_eq!(recovered.torn_bytes, (log.len() - whole.len()) as u64);
        }
    }
}

#[test]
fn a_flipped_bit_before_the_last_frame_is_refused_with_its_position() {
    let log = frames(&[(1, 0), (1, 1), (1, 2)]);
    let each = log.len() / 3;
    for bit in 0..each * 2 * 8 {
        let mut damaged = log.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let damage = recover(None, Some(&damaged)).unwrap_err();
        let position = (bit / 8 / each * each) as u64;
        assert_eq!((damage.file, damage.position), (LOG_FILE, position), "bit {bit}");
    }
}

#[test]
fn gaps_repeats_and_foreign_generations_are_refused() {
    let each = frames(&[(1, 0)]).len() as u64;
    for log in [[(1, 0), (1, 2)], [(1, 0), (1, 0)], [(1, 0), (2, 1)], [(1, 0), (0, 1)]] {
        let damage = recover(None, Some(&frames(&log))).unwrap_err();
        assert_eq!((damage.file, damage.position), (LOG_FILE, each), "{log:?}");
    }
}

#[test]
fn a_snapshot_is_followed_by_its_log() {
    let snapshot = frame(2, 7, b"snap");
    let log = frames(&[(2, 7), (2, 8)]);
    let recovered = recover(Some(&snapshot), Some(&log)).unwrap();
    assert_eq!(recovered.payloads, [&b"snap"[..], b"pay", b"pay"]);
    assert_eq!((recovered.generation, recovered.sequence), (2, 8));
}

#[test]
fn a_stop_between_snapshot_and_truncation_loses_nothing() {
    let snapshot = frame(2, 1, b"snap");
    let log = frames(&[(1, 0), (1, 1)]);
    let recovered = recover(Some(&snapshot), Some(&log)).unwrap();
    assert_eq!(recovered.payloads, [b"snap"]);
    assert_eq!((recovered.generation, recovered.sequence), (2, 1));
    assert_eq!((recovered.keep_bytes, recovered.torn_bytes), (None, 0));
}

#[test]
fn files_that_are_missing_empty_or_damaged_are_named() {
    let log = frames(&[(1, 0)]);
    let next = frames(&[(2, 7)]);
    let snapshot = frame(2, 7, b"snap");
    let named = |snapshot: Option<&[u8]>, log: Option<&[u8]>| {
        recover(snapshot, log).map(|_| ()).map_err(|damage| damage.file)
    };
    assert_eq!(named(None, None), Err(LOG_FILE));
    assert_eq!(named(None, Some(b"")), Err(LOG_FILE));
    assert_eq!(named(None, Some(&[0; 99])), Err(LOG_FILE));
    assert_eq!(named(Some(&snapshot), None), Err(LOG_FILE));
    assert_eq!(named(None, Some(&next)), Err(SNAPSHOT_FILE));
    assert_eq!(named(Some(b""), Some(&next)), Err(SNAPSHOT_FILE));
    assert_eq!(named(Some(&snapshot[1..]), Some(&next)), Err(SNAPSHOT_FILE));
    assert_eq!(named(Some(&[&snapshot[..], b"x"].concat()), Some(&next)), Err(SNAPSHOT_FILE));
    assert_eq!(named(Some(&frame(3, 9, b"")), Some(&log)), Err(LOG_FILE));
    assert_eq!(named(Some(&snapshot), Some(&next)), Ok(()));
}
