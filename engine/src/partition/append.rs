//! What an append brings and what it comes back with: plain values.

use bytes::BytesMut;
use thiserror::Error;

use crate::metadata::LogId;
use crate::record::{BatchHeader, Offset};

/// One checked batch on its way to its partition. `Send`: it may cross to the owner core.
#[derive(Debug)]
pub struct AppendPart {
    /// Place in the request; comes back with the answer.
    pub index: u32,
    /// Where it goes.
    pub log: LogId,
    /// The header as parsed by `record::check_produced`; equal to the first bytes of `batch`.
    pub header: BatchHeader,
    /// The batch as the producer sent it. Exclusive, so that the owner stamps it in place.
    pub batch: BytesMut,
}

/// An acknowledged append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Offset of the first record (of the original append, when this one was a duplicate).
    pub base_offset: Offset,
    /// Unix milliseconds, when the topic stamps `LogAppendTime`.
    pub log_append_time: Option<i64>,
    /// First offset of the log.
    pub log_start: Offset,
}

/// An append that stands in the log's queue but is not acknowledged yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// What the answer will say.
    pub answer: Appended,
    /// The answer may go out once the end asked for (acked end or high watermark) is here.
    pub until: Offset,
}

/// Why an append was refused. Nothing of it is in the log, but for the two `After` rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AppendError {
    /// No such topic or partition on this node.
    #[error("unknown topic or partition")]
    UnknownPartition,
    /// The partition is led elsewhere, or not open yet.
    #[error("not the leader of this partition")]
    NotLeader,
    /// `acks=all` with fewer in-sync replicas than `min.insync.replicas`.
    #[error("fewer in-sync replicas than min.insync.replicas")]
    NotEnoughReplicas,
    /// The in-sync set shrank below `min.insync.replicas` after the append.
    #[error("appended, but fewer in-sync replicas than min.insync.replicas")]
    NotEnoughReplicasAfterAppend,
    /// Appended, but not acknowledged before the producer's deadline.
    #[error("not acknowledged in time")]
    TimedOutAfterAppend,
    /// A sequence gap of an idempotent producer.
    #[error("out of order sequence number")]
    OutOfOrderSequence,
    /// The producer's epoch is older than one already seen.
    #[error("producer epoch is fenced")]
    InvalidProducerEpoch,
    /// A transactional batch, while no transaction coordinator exists.
    #[error("transactional batch outside of a transaction")]
    InvalidTransactionState,
    /// The log dir is offline, or the log failed.
    #[error("the log dir is offline")]
    Storage,
    /// The disk is nearly full: refused before it is full.
    #[error("the disk is nearly full")]
    DiskLow,
    /// The log dir's queue is full: back off.
    #[error("too many bytes wait for the disk")]
    Busy,
}
