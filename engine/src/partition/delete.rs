//! DeleteRecords (KIP-107): from which offset on a partition's records are kept. Decides only; the
//! committer moves the start of the log, in order with the appends.

use thiserror::Error;

use super::replica::{Partition, Role};
use crate::record::Offset;

/// The offset that stands for the high watermark.
const HIGH_WATERMARK: Offset = -1;

/// Why records are not deleted, or not known to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DeleteError {
    /// No such topic or partition on this node.
    #[error("unknown topic or partition")]
    UnknownPartition,
    /// Led elsewhere, or not open yet.
    #[error("not the leader of this partition")]
    NotLeader,
    /// Above the high watermark, or no offset at all.
    #[error("offset out of range")]
    OffsetOutOfRange,
    /// The topic's `cleanup.policy` is `compact` alone: its records go by key only.
    #[error("the topic's cleanup policy does not allow to delete records")]
    Policy,
    /// The log dir is offline, or its checkpoint cannot be written. The records may be deleted.
    #[error("the log dir failed")]
    Storage,
    /// Not done before the client's deadline. The records may be deleted.
    #[error("not done in time")]
    TimedOut,
}

impl Partition {
    /// The start that the log gets when everything below `before` is deleted; at or below the
    /// present start nothing is. -1 deletes all that consumers may see.
    pub fn delete_before(&self, before: Offset) -> Result<Offset, DeleteError> {
        let Role::Leader { .. } = self.role.get() else {
            return Err(match self.has_failed() {
                true => DeleteError::Storage,
                false => DeleteError::NotLeader,
            });
        };
        if self.stopping.get() {
            return Err(DeleteError::NotLeader);
        }
        let policy = self.config().cleanup_policy;
        if policy.compacts() && !policy.deletes() {
            return Err(DeleteError::Policy);
        }
        start_after(before, self.high_watermark.get())
    }
}

fn start_after(before: Offset, high_watermark: Offset) -> Result<Offset, DeleteError> {
    match before {
        HIGH_WATERMARK => Ok(high_watermark),
        offset if (0..=high_watermark).contains(&offset) => Ok(offset),
        _ => Err(DeleteError::OffsetOutOfRange),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_starts_anywhere_up_to_its_high_watermark() {
        for (before, start) in [(0, 0), (7, 7), (9, 9), (-1, 9)] {
            assert_eq!(start_after(before, 9), Ok(start));
        }
        for before in [10, Offset::MAX, -2, Offset::MIN] {
            assert_eq!(start_after(before, 9), Err(DeleteError::OffsetOutOfRange));
        }
        assert_eq!(start_after(-1, 0), Ok(0), "an empty log has nothing to delete");
    }
}
