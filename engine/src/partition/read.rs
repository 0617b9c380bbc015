//! What a read asks for and what it comes back with: plain values, all `Send`.

use thiserror::Error;

use crate::metadata::LogId;
use crate::record::{LeaderEpoch, Offset};
use crate::runtime::Part;

/// `isolation.level` of a consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Up to the high watermark.
    ReadUncommitted,
    /// Up to the last stable offset.
    ReadCommitted,
}

/// One partition of a fetch.
#[derive(Clone, Copy, Debug)]
pub struct FetchPart {
    /// Place in the request; comes back with the answer.
    pub index: u32,
    /// Which log.
    pub log: LogId,
    /// First offset wanted; a batch that contains it is returned whole.
    pub offset: Offset,
    /// `max.partition.fetch.bytes`.
    pub bytes_max: u32,
    /// The leader epoch the client believes in (KIP-320); `None` = not said.
    pub current_leader_epoch: Option<LeaderEpoch>,
    /// Epoch of the last record the client has (KIP-595); `None` = not said.
    pub last_fetched_epoch: Option<LeaderEpoch>,
}

/// One partition's answer to a fetch.
#[derive(Debug, Default)]
pub struct Fetched {
    /// Consumers may read below this offset.
    pub high_watermark: Offset,
    /// No transaction is open below this offset.
    pub last_stable: Offset,
    /// First offset of the log.
    pub log_start: Offset,
    /// The batches: file slices, or memory.
    pub parts: Vec<Part>,
    /// Sum of `parts`.
    pub bytes: u64,
    /// Set when the client's last fetched epoch ends earlier here: (epoch, end offset).
    pub diverging: Option<(LeaderEpoch, Offset)>,
}

/// Why a read was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FetchError {
    /// No such topic or partition on this node.
    #[error("unknown topic or partition")]
    UnknownPartition,
    /// Led elsewhere, or not open yet.
    #[error("not the leader of this partition")]
    NotLeader,
    /// The client's leader epoch is older than ours.
    #[error("leader epoch is fenced")]
    FencedLeaderEpoch,
    /// The client's leader epoch is newer than ours.
    #[error("leader epoch is unknown")]
    UnknownLeaderEpoch,
    /// Below the log start or above the high watermark.
    #[error("offset out of range")]
    OffsetOutOfRange,
    /// The log dir is offline, or a read failed.
    #[error("the log cannot be read")]
    Storage,
    /// What is stored there is no batch.
    #[error("the log is damaged")]
    Corrupt,
}

/// What ListOffsets may ask (special timestamps of KIP-79, 734, 405, 1005, 1023).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetQuestion {
    /// -1: the end that this isolation level may read.
    Latest,
    /// -2: the log start.
    Earliest,
    /// -3: the record with the largest timestamp.
    MaxTimestamp,
    /// -4: the first offset on this node's disks.
    EarliestLocal,
    /// -5: the last offset in tiered storage: none without it.
    LatestTiered,
    /// -6: the first offset not yet in tiered storage.
    EarliestPendingUpload,
    /// The first record whose timestamp is at or after this one (unix ms).
    AtTime(i64),
}

/// The answer to an [`OffsetQuestion`]; -1 where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedAnswer {
    /// The offset, or -1.
    pub offset: Offset,
    /// Its timestamp in unix ms, or -1.
    pub timestamp: i64,
    /// Epoch of the batch that holds it, or -1.
    pub leader_epoch: LeaderEpoch,
}
