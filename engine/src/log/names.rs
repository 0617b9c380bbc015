//! File names of a partition's directory, Kafka's own: what a name says, and how a name is made.
//!
//! Pure. Must not know contents of files. Runs anywhere.

use crate::record::Offset;

/// Checkpoint of leader epochs and their first offsets.
pub const EPOCH_CHECKPOINT: &str = "leader-epoch-checkpoint";
/// Topic id of the directory.
pub const PARTITION_METADATA: &str = "partition.metadata";
/// Recovery point with the full window of every producer; the broker's own file.
pub const WINDOW_CHECKPOINT: &str = "producer-window-checkpoint";
/// Files that wait for their delayed unlink.
pub const DELETED: &str = ".deleted";
/// A compaction's result before it is complete.
pub const CLEANED: &str = ".cleaned";
/// A compaction's complete result before it takes its place.
pub const SWAP: &str = ".swap";

/// What one of a segment's files holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holds {
    /// Record batches.
    Records,
    /// Offsets to positions.
    OffsetIndex,
    /// Timestamps to offsets.
    TimeIndex,
    /// Aborted transactions. Kept, never written here.
    TxnIndex,
    /// State of producers at this offset.
    Snapshot,
}

impl Holds {
    /// Every kind, for loops over a segment's files.
    pub const ALL: [Holds; 5] =
        [Holds::Records, Holds::OffsetIndex, Holds::TimeIndex, Holds::TxnIndex, Holds::Snapshot];

    fn suffix(self) -> &'static str {
        match self {
            Holds::Records => ".log",
            Holds::OffsetIndex => ".index",
            Holds::TimeIndex => ".timeindex",
            Holds::TxnIndex => ".txnindex",
            Holds::Snapshot => ".snapshot",
        }
    }
}

/// What the name of a file in a partition's directory says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// One of a segment's files, in its place.
    Segment(Offset, Holds),
    /// A leftover: unlink was under way.
    Deleted,
    /// A leftover of a compaction that was not complete.
    Cleaned(Offset),
    /// A leftover of a compaction that was complete; takes the place of what it replaces.
    Swap(Offset, Holds),
    /// A file that was being replaced.
    Unfinished,
    /// A file with a fixed name that this module lists.
    Known,
    /// Anything else: never touched.
    Foreign,
}

/// `<20 digits>.<suffix>`.
pub fn file_name(base: Offset, holds: Holds) -> String {
    format!("{base:020}{}", holds.suffix())
}

/// Reads a name.
pub fn parse(name: &str) -> Name {
    if [EPOCH_CHECKPOINT, PARTITION_METADATA, WINDOW_CHECKPOINT].contains(&name) {
        return Name::Known;
    }
    if let Some(inner) = name.strip_suffix(".tmp") {
        return match parse(inner) {
            Name::Known | Name::Segment(..) => Name::Unfinished,
            _ => Name::Foreign,
        };
    }
    if let Some(inner) = name.strip_suffix(DELETED) {
        return if segment_file(inner).is_some() { Name::Deleted } else { Name::Foreign };
    }
    if let Some(inner) = name.strip_suffix(CLEANED) {
        return segment_file(inner).map_or(Name::Foreign, |(base, _)| Name::Cleaned(base));
    }
    if let Some(inner) = name.strip_suffix(SWAP) {
        return segment_file(inner).map_or(Name::Foreign, |(base, holds)| Name::Swap(base, holds));
    }
    segment_file(name).map_or(Name::Foreign, |(base, holds)| Name::Segment(base, holds))
}

fn segment_file(name: &str) -> Option<(Offset, Holds)> {
    let (digits, _) = name.split_at_checked(20)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let holds = Holds::ALL.into_iter().find(|holds| holds.suffix() == &name[20..])?;
    Some((digits.parse().ok()?, holds))
}

/// `<topic>-<partition>` split at the last dash; `None` for other directories.
pub fn parse_directory(name: &str) -> Option<(&str, i32)> {
    let (topic, partition) = name.rsplit_once('-')?;
    if topic.is_empty() || !partition.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((topic, partition.parse().ok()?))
}

/// `<topic>-<partition>.<32 hex digits>-delete`, the topic cut so that the whole stays under the
/// 255 bytes a file name may have, as Kafka does.
pub fn deleted_directory(directory: &str, unique: u128) -> String {
    let suffix = format!(".{unique:032x}-delete");
    let Some((topic, partition)) = directory.rsplit_once('-') else {
        return format!("{directory}{suffix}");
    };
    let room = 255 - suffix.len() - partition.len() - 1;
    let topic = &topic[..topic.len().min(room)];
    format!("{topic}-{partition}{suffix}")
}

/// Whether a directory of a log dir waits for its delayed removal.
pub fn is_deleted_directory(name: &str) -> bool {
    name.ends_with("-delete") && name.contains('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_made() {
        for holds in Holds::ALL {
            assert_eq!(parse(&file_name(170_210, holds)), Name::Segment(170_210, holds));
        }
        assert_eq!(file_name(7, Holds::TimeIndex), "00000000000000000007.timeindex");
    }

    #[test]
    fn leftovers_and_strangers_are_told_apart() {
        assert_eq!(parse("00000000000000000007.log.deleted"), Name::Deleted);
        assert_eq!(parse("00000000000000000007.index.cleaned"), Name::Cleaned(7));
        assert_eq!(parse("00000000000000000007.log.swap"), Name::Swap(7, Holds::Records));
        assert_eq!(parse("leader-epoch-checkpoint.tmp"), Name::Unfinished);
        assert_eq!(parse("partition.metadata"), Name::Known);
        for foreign in ["notes.txt", "7.log", "x.deleted", "99999999999999999999.log", "é"] {
            assert_eq!(parse(foreign), Name::Foreign, "{foreign}");
        }
    }

    #[test]
    fn a_deleted_directory_keeps_within_a_file_name() {
        let long = format!("{}-12", "t".repeat(249));
        let renamed = deleted_directory(&long, 5);
        assert_eq!(renamed.len(), 255);
        assert!(is_deleted_directory(&renamed));
        assert_eq!(parse_directory("a-b-3"), Some(("a-b", 3)));
        assert_eq!(parse_directory("a-b"), None);
    }
}
