//! What the checkpoint files of one log dir say: plain data, from notes to file contents.
//!
//! Kafka's three files hold one line per partition of the whole dir, so no core can own them.

use std::collections::BTreeMap;

use crate::record::Offset;
use crate::shard::{CheckpointNote, LogDir};

/// Offsets by topic and partition, as a checkpoint file holds them.
pub(super) type Offsets = BTreeMap<(String, i32), Offset>;

/// The three checkpoint files of a log dir, in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CheckpointFiles {
    /// `recovery-point-offset-checkpoint`
    pub(super) recovery_points: Offsets,
    /// `log-start-offset-checkpoint`
    pub(super) log_starts: Offsets,
    /// `replication-offset-checkpoint`: high watermarks.
    pub(super) high_watermarks: Offsets,
    /// `cleaner-offset-checkpoint`
    pub(super) cleaner_points: Offsets,
    /// The last of them is not as it was when this was last taken back.
    pub(super) cleaner_changed: bool,
}

impl CheckpointFiles {
    /// What the files said at start.
    pub(super) fn of(dir: &LogDir) -> Self {
        Self {
            recovery_points: dir.recovery_points.clone(),
            log_starts: dir.log_starts.clone(),
            high_watermarks: Offsets::new(),
            cleaner_points: dir.cleaner_points.clone(),
            cleaner_changed: false,
        }
    }

    /// Takes in one note. A recovery point is taken as told: a truncation may lower it.
    pub(super) fn take(&mut self, note: CheckpointNote) {
        match note {
            CheckpointNote::Reached {
                name,
                recovery_point,
                log_start,
                high_watermark,
                cleaned,
                ..
            } => {
                if let Some(cleaned) = cleaned {
                    let before = self.cleaner_points.insert(name.clone(), cleaned);
                    self.cleaner_changed |= before != Some(cleaned);
                }
                if let Some(recovery_point) = recovery_point {
                    self.recovery_points.insert(name.clone(), recovery_point);
                }
                // Kafka lists only logs whose start has moved.
                if log_start > 0 {
                    self.log_starts.insert(name.clone(), log_start);
                }
                self.high_watermarks.insert(name, high_watermark);
            }
            CheckpointNote::Gone { name, .. } => {
                self.recovery_points.remove(&name);
                self.log_starts.remove(&name);
                self.high_watermarks.remove(&name);
                self.cleaner_changed |= self.cleaner_points.remove(&name).is_some();
            }
            CheckpointNote::Awaited { .. } | CheckpointNote::Last => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> (String, i32) {
        ("events".to_string(), 3)
    }

    #[test]
    fn a_deleted_log_leaves_no_line_behind() {
        let mut files = CheckpointFiles::default();
        files.take(CheckpointNote::Reached {
            dir: 0,
            name: name(),
            recovery_point: Some(7),
            log_start: 2,
            high_watermark: 9,
            cleaned: Some(4),
        });
        assert_eq!(files.recovery_points.get(&name()), Some(&7));
        assert_eq!(files.cleaner_points.get(&name()), Some(&4));
        assert!(std::mem::take(&mut files.cleaner_changed));
        files.take(CheckpointNote::Gone { dir: 0, name: name() });
        assert!(std::mem::take(&mut files.cleaner_changed));
        assert_eq!(files, CheckpointFiles::default());
    }

    #[test]
    fn a_note_without_a_recovery_point_keeps_the_old_one() {
        let mut files = CheckpointFiles::default();
        for recovery_point in [Some(7), None] {
            files.take(CheckpointNote::Reached {
                dir: 0,
                name: name(),
                recovery_point,
                log_start: 0,
                high_watermark: 9,
                cleaned: None,
            });
        }
        assert_eq!(files.recovery_points.get(&name()), Some(&7));
        assert!(files.log_starts.is_empty());
    }
}
