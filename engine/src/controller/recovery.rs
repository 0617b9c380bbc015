//! What the two files of the metadata log say together, and what is to be done. Pure.
//!
//! What each file can look like is one enum each; `decide` has an answer for every pair, and a
//! test walks all of them. Whatever was answered to a client stands in a whole frame, so only
//! bytes behind the last whole frame may be cut; anything else is damage, and nothing is guessed.

use thiserror::Error;

use super::frame::{self, Frame};

/// The log, in the first log dir.
pub const LOG_FILE: &str = "corelog.metadata";
/// Its snapshot.
pub const SNAPSHOT_FILE: &str = "corelog.metadata.snapshot";

/// Why a node does not start from its metadata.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{file}, position {position}: {why}")]
pub struct Damage {
    /// [`LOG_FILE`] or [`SNAPSHOT_FILE`].
    pub file: &'static str,
    /// Bytes from its start.
    pub position: u64,
    /// In one sentence.
    pub why: String,
}

/// What the snapshot file can look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotState {
    /// There is none.
    Absent,
    /// One sound frame and nothing else.
    Sound {
        /// The generation of the log that follows it.
        generation: u64,
        /// The last frame that it holds.
        sequence: u64,
    },
    /// Anything else.
    Damaged,
}

/// What the log file can look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogState {
    /// There is none.
    Absent,
    /// No bytes. It is never written like that.
    Empty,
    /// No sound frame at its start, although it is put in place as a whole.
    NoStart,
    /// Sound frames of one generation with ascending numbers.
    Frames {
        /// Their generation.
        generation: u64,
        /// The number of the first, which repeats the last one of the snapshot.
        first: u64,
        /// The number of the last.
        last: u64,
        /// What follows them.
        tail: Tail,
    },
}

/// What follows the last frame of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// Nothing.
    Clean,
    /// Bytes that are no frame and have none behind them: a write that did not finish.
    Torn,
    /// Bytes that are no frame, and a sound frame somewhere behind them.
    Buried,
    /// A sound frame of this generation that has another number than the next one.
    Gap,
    /// A sound frame of another generation.
    Foreign,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The snapshot, if any, then every frame of the log.
    Replay,
    /// The same; bytes behind the last frame are cut first.
    CutAndReplay,
    /// The snapshot alone: the log is the one that it replaces. A new log is put in place.
    SnapshotOnly,
    /// Do not start.
    Refuse(Refusal),
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The snapshot is damaged.
    Snapshot,
    /// The log is missing.
    LogAbsent,
    /// The log has no bytes.
    LogEmpty,
    /// The log has no sound beginning.
    LogStart,
    /// What follows the last sound frame is no torn write.
    LogTail(Tail),
    /// The log goes on where a snapshot ended that is missing.
    SnapshotAbsent,
    /// Log and snapshot do not belong together.
    Strangers,
}

/// The table.
pub fn decide(snapshot: SnapshotState, log: LogState) -> Decision {
    let frames = match (snapshot, log) {
        (SnapshotState::Damaged, _) => return Decision::Refuse(Refusal::Snapshot),
        (_, LogState::Absent) => return Decision::Refuse(Refusal::LogAbsent),
        (_, LogState::Empty) => return Decision::Refuse(Refusal::LogEmpty),
        (_, LogState::NoStart) => return Decision::Refuse(Refusal::LogStart),
        (_, LogState::Frames { generation, first, last, tail }) => (generation, first, last, tail),
    };
    let (generation, first, last, tail) = frames;
    let replay = match tail {
        Tail::Clean => Decision::Replay,
        Tail::Torn => Decision::CutAndReplay,
        Tail::Buried | Tail::Gap | Tail::Foreign => {
            return Decision::Refuse(Refusal::LogTail(tail));
        }
    };
    match snapshot {
        SnapshotState::Damaged => Decision::Refuse(Refusal::Snapshot),
        SnapshotState::Absent if (generation, first) == (1, 0) => replay,
        SnapshotState::Absent => Decision::Refuse(Refusal::SnapshotAbsent),
        SnapshotState::Sound { generation: next, sequence } => {
            if (generation, first) == (next, sequence) {
                replay
            } else if generation.checked_add(1) == Some(next) && last == sequence {
                Decision::SnapshotOnly
            } else {
                Decision::Refuse(Refusal::Strangers)
            }
        }
    }
}

/// What stands in the files and counts.
#[derive(Debug, PartialEq, Eq)]
pub struct Recovered<'a> {
    /// Payloads in the order in which they are applied; the snapshot's first.
    pub payloads: Vec<&'a [u8]>,
    /// The generation of the log from now on.
    pub generation: u64,
    /// The last number that is taken.
    pub sequence: u64,
    /// Bytes of the log that count; `None`: it is replaced by a new one.
    pub keep_bytes: Option<u64>,
    /// Bytes of a torn write behind them.
    pub torn_bytes: u64,
}

/// Whether a log holds nothing but where its cluster begins: what a format leaves that did not
/// finish.
pub fn is_only_a_start(log: &[u8]) -> bool {
    frame::decode(log)
        .is_some_and(|frame| (frame.generation, frame.sequence, frame.size()) == (1, 0, log.len()))
}

/// Reads both files by the table. `None` is a file that does not exist.
///
/// # Errors
/// The node must not start.
pub fn recover<'a>(
    snapshot: Option<&'a [u8]>,
    log: Option<&'a [u8]>,
) -> Result<Recovered<'a>, Damage> {
    let (snapshot_state, snapshot_frame) = read_snapshot(snapshot);
    let (log_state, frames, good_bytes) = read_log(log);
    let decision = decide(snapshot_state, log_state);
    if let Decision::Refuse(refusal) = decision {
        return Err(damage(refusal, good_bytes));
    }
    let in_log = decision != Decision::SnapshotOnly;
    let counted = snapshot_frame.into_iter().chain(frames.into_iter().filter(|_| in_log));
    let (mut payloads, mut generation, mut sequence) = (Vec::new(), 0, 0);
    for frame in counted {
        (generation, sequence) = (frame.generation, frame.sequence);
        payloads.push(frame.payload);
    }
    let torn_bytes = log.map_or(0, <[u8]>::len) as u64 - good_bytes;
    Ok(Recovered {
        payloads,
        generation,
        sequence,
        keep_bytes: in_log.then_some(good_bytes),
        torn_bytes: if in_log { torn_bytes } else { 0 },
    })
}

fn read_snapshot(bytes: Option<&[u8]>) -> (SnapshotState, Option<Frame<'_>>) {
    let Some(bytes) = bytes else { return (SnapshotState::Absent, None) };
    match frame::decode(bytes) {
        Some(frame) if frame.size() == bytes.len() => {
            let Frame { generation, sequence, .. } = frame;
            (SnapshotState::Sound { generation, sequence }, Some(frame))
        }
        _ => (SnapshotState::Damaged, None),
    }
}

/// The state, the frames, and the bytes they take.
fn read_log(bytes: Option<&[u8]>) -> (LogState, Vec<Frame<'_>>, u64) {
    let Some(bytes) = bytes else { return (LogState::Absent, Vec::new(), 0) };
    let Some(start) = frame::decode(bytes) else {
        let state = if bytes.is_empty() { LogState::Empty } else { LogState::NoStart };
        return (state, Vec::new(), 0);
    };
    let (generation, first) = (start.generation, start.sequence);
    let (mut frames, mut last, mut rest) = (vec![start], first, &bytes[start.size()..]);
    let tail = loop {
        if rest.is_empty() {
            break Tail::Clean;
        }
        match frame::decode(rest) {
            Some(frame) if frame.generation != generation => break Tail::Foreign,
            Some(frame) if Some(frame.sequence) != last.checked_add(1) => break Tail::Gap,
            Some(frame) => {
                last = frame.sequence;
                rest = &rest[frame.size()..];
                frames.push(frame);
            }
            None if frame::any_within(rest, generation) => break Tail::Buried,
            None => break Tail::Torn,
        }
    };
    let state = LogState::Frames { generation, first, last, tail };
    (state, frames, (bytes.len() - rest.len()) as u64)
}

fn damage(refusal: Refusal, good_bytes: u64) -> Damage {
    let (file, position, why) = match refusal {
        Refusal::Snapshot => (SNAPSHOT_FILE, 0, "the snapshot is damaged"),
        Refusal::SnapshotAbsent => {
            (SNAPSHOT_FILE, 0, "the file is missing; the metadata log goes on where it ended")
        }
        Refusal::LogAbsent => (LOG_FILE, 0, "the file is missing"),
        Refusal::LogEmpty => (LOG_FILE, 0, "the file is empty; it is never written like that"),
        Refusal::LogStart => (LOG_FILE, 0, "the first frame is damaged"),
        Refusal::LogTail(Tail::Gap) => (LOG_FILE, good_bytes, "a frame is missing here"),
        Refusal::LogTail(Tail::Foreign) => {
            (LOG_FILE, good_bytes, "a frame of another generation stands here")
        }
        Refusal::LogTail(Tail::Buried | Tail::Clean | Tail::Torn) => {
            (LOG_FILE, good_bytes, "a frame is damaged, and a sound one stands behind it")
        }
        Refusal::Strangers => (LOG_FILE, 0, "the log does not go on where the snapshot ends"),
    };
    Damage { file, position, why: why.to_string() }
}

#[cfg(test)]
#[path = "recovery_test.rs"]
mod recovery_test;
