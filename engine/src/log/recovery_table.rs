//! What follows from what a start finds: the whole recovery as tables of facts and actions.
//!
//! Pure; a test walks over every combination of facts. Whoever gathers facts and applies actions
//! decides nothing. Two rules stand above the rows: nothing below the recovery point is ever
//! dropped, and nothing that this module does not know is ever touched.

use super::names::Holds;

/// What a file of the directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFacts {
    /// A segment's file in its place.
    InPlace {
        /// Which.
        holds: Holds,
        /// Whether the `.log` file of this base offset is there.
        claimed: bool,
        /// Whether a complete compaction covers this segment.
        replaced: bool,
    },
    /// Its unlink was under way.
    Deleted,
    /// Result of a compaction that was not complete.
    Cleaned,
    /// Result of a complete compaction.
    Swap {
        /// Whether an incomplete one with this or a smaller base offset stands beside it: then it
        /// is part of a split that was not complete.
        beside_cleaned: bool,
    },
    /// A whole-file replacement that was not complete.
    Unfinished,
    /// A checkpoint with a name of its own.
    Known,
    /// Anything else.
    Foreign,
}

/// What becomes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileAction {
    /// It stays.
    Keep,
    /// It goes.
    Unlink,
    /// It takes the place that its name speaks of.
    TakePlace,
}

/// Decides about a file. Snapshots stay here; see [`decide_snapshot`].
pub fn decide_file(facts: FileFacts) -> FileAction {
    match facts {
        FileFacts::InPlace { replaced: true, .. } => FileAction::Unlink,
        FileFacts::InPlace { holds: Holds::Records | Holds::Snapshot, .. } => FileAction::Keep,
        FileFacts::InPlace { claimed: true, .. } => FileAction::Keep,
        FileFacts::InPlace { claimed: false, .. } => FileAction::Unlink,
        FileFacts::Deleted | FileFacts::Cleaned | FileFacts::Unfinished => FileAction::Unlink,
        FileFacts::Swap { beside_cleaned: true } => FileAction::Unlink,
        FileFacts::Swap { beside_cleaned: false } => FileAction::TakePlace,
        FileFacts::Known | FileFacts::Foreign => FileAction::Keep,
    }
}

/// What a producer snapshot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotFacts {
    /// Its offset is a segment's base offset.
    pub at_segment: bool,
    /// No younger snapshot lies within the log.
    pub youngest: bool,
    /// Its offset is above the log's end.
    pub beyond_end: bool,
    /// It was read and is damaged.
    pub damaged: bool,
}

/// Decides about a snapshot.
pub fn decide_snapshot(facts: SnapshotFacts) -> FileAction {
    if facts.beyond_end || facts.damaged || !(facts.at_segment || facts.youngest) {
        FileAction::Unlink
    } else {
        FileAction::Keep
    }
}

/// Where a segment lies, seen from the recovery point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// All of it below.
    Durable,
    /// The point is inside.
    Straddles,
    /// All of it at or above.
    Beyond,
}

/// What an index file looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexFacts {
    /// Not there.
    Missing,
    /// Not a whole number of entries.
    Torn,
    /// Its last entry does not fit the records.
    Contradicts,
    /// Whole entries, then slots that nobody wrote (Kafka preallocates an active index).
    Preallocated,
    /// Whole entries.
    Sound,
}

/// What is known of a segment before its records are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentFacts {
    /// Every log of this log dir was closed.
    pub clean: bool,
    /// It is the log's last one.
    pub last: bool,
    /// It has no bytes.
    pub empty: bool,
    /// Where it lies.
    pub coverage: Coverage,
    /// The window checkpoint describes a place in it, and the batch before that place is the one
    /// that the checkpoint was written for.
    pub anchored: bool,
    /// Its offset index.
    pub offset_index: IndexFacts,
    /// Its time index.
    pub time_index: IndexFacts,
}

/// How a segment is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// Nothing is read: its indexes tell what has to be known.
    Trust,
    /// Its headers are read, its indexes made anew.
    Rebuild,
    /// Batches behind the window checkpoint's place are checked, indexes made anew from there.
    CheckFromWindow,
    /// Batches from the last index entry below the recovery point on are checked, indexes made
    /// anew from there.
    CheckFromIndex,
    /// Every batch is checked, indexes made anew.
    CheckAll,
    /// Headers behind the last index entry are read, the last batch is checked.
    CheckLast,
}

/// Decides how a segment is loaded.
pub fn decide_load(facts: SegmentFacts) -> Load {
    let usable = |index| matches!(index, IndexFacts::Sound | IndexFacts::Preallocated);
    let indexed = usable(facts.offset_index) && usable(facts.time_index);
    let closed = facts.clean || facts.coverage == Coverage::Durable;
    match (closed, facts.last) {
        _ if facts.empty => Load::CheckAll,
        (true, false) if indexed => Load::Trust,
        (true, false) => Load::Rebuild,
        (true, true) if facts.anchored => Load::CheckFromWindow,
        (true, true) if indexed => Load::CheckLast,
        (true, true) => Load::CheckAll,
        (false, _) if facts.anchored => Load::CheckFromWindow,
        (false, _) if facts.coverage == Coverage::Straddles && indexed => Load::CheckFromIndex,
        (false, _) => Load::CheckAll,
    }
}

/// What is known where a walk met something that is not a good batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadFacts {
    /// The offset expected there is below the recovery point.
    pub durable: bool,
    /// Segments follow.
    pub later_segments: bool,
}

/// What becomes of the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadAction {
    /// A torn tail, or garbage behind the end: it goes, and with it whatever follows.
    Cut {
        /// Later segments go too.
        drop_later: bool,
    },
    /// Bytes that were on stable storage have changed: the partition stays offline.
    Corrupt,
}

/// Decides about the rest of a log behind something that is not a good batch.
pub fn decide_bad(facts: BadFacts) -> BadAction {
    if facts.durable {
        return BadAction::Corrupt;
    }
    BadAction::Cut { drop_later: facts.later_segments }
}

/// What is known about the end of a log when all segments are loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndFacts {
    /// The end lies below the recovery point.
    pub below_recovery_point: bool,
    /// The recovery point comes from a sound window checkpoint, which is lowered before every
    /// truncation. Kafka's own may be older than a truncation.
    pub recovery_point_certain: bool,
    /// The end lies below the log's start.
    pub below_start: bool,
}

/// What becomes of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndAction {
    /// It is served.
    Serve,
    /// Records that were on stable storage are missing: the partition stays offline.
    Corrupt,
    /// Nothing of it can be read by anybody: it begins anew at its start, empty.
    BeginAtStart,
}

/// Decides about a log whose end is known.
pub fn decide_end(facts: EndFacts) -> EndAction {
    if facts.below_recovery_point && facts.recovery_point_certain {
        EndAction::Corrupt
    } else if facts.below_start {
        EndAction::BeginAtStart
    } else {
        EndAction::Serve
    }
}

/// What is known about producers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerFacts {
    /// The window checkpoint is sound, fits the log and lies within it.
    pub window: bool,
    /// There is a sound snapshot within the log.
    pub snapshot: bool,
}

/// Where the table of producers comes from; headers above are replayed over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProducerSource {
    /// The window checkpoint.
    Window,
    /// The youngest snapshot.
    Snapshot,
    /// Nothing: all headers are replayed.
    Headers,
}

/// Decides where the table of producers comes from.
pub fn decide_producers(facts: ProducerFacts) -> ProducerSource {
    if facts.window {
        ProducerSource::Window
    } else if facts.snapshot {
        ProducerSource::Snapshot
    } else {
        ProducerSource::Headers
    }
}

#[cfg(test)]
#[path = "recovery_table_test.rs"]
mod recovery_table_test;
