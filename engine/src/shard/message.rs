//! What one core may ask of another: one message per owner core and request.
//!
//! Every message carries the slot its answer goes into, so an answer never needs room in a
//! queue and cores cannot wait for each other in a circle.

use super::cleaning::{CleaningEnd, DirtyLog};
use super::facts::PartitionFacts;
use crate::group::GroupError;
use crate::group::answer::ListedGroup;
use crate::group::coordinator::{GroupAsk, GroupFacts};
use crate::log::cleaner::{CleaningInput, Replacement};
use crate::metadata::LogId;
use crate::partition::{
    Acks, AppendAnswers, AppendPart, DeleteError, FetchError, FetchPart, Fetched, Isolation,
    OffsetQuestion, TimedAnswer,
};
use crate::record::{LeaderEpoch, Offset};
use crate::runtime::{Mono, Reply};

/// Answers to a fetch, by place in the request.
pub type FetchAnswers = Vec<(u32, Result<Fetched, FetchError>)>;
/// Answers to ListOffsets, by place in the request.
pub type OffsetAnswers = Vec<(u32, Result<TimedAnswer, FetchError>)>;
/// Answers to OffsetForLeaderEpoch, by place in the request.
pub type EpochAnswers = Vec<(u32, Result<Option<(LeaderEpoch, Offset)>, FetchError>)>;

/// First offsets after DeleteRecords, by place in the request.
pub type DeleteAnswers = Vec<(u32, Result<Offset, DeleteError>)>;

/// One partition of a ListOffsets request.
#[derive(Clone, Copy, Debug)]
pub struct OffsetAsk {
    /// Place in the request.
    pub index: u32,
    /// Which log.
    pub log: LogId,
    /// What about it.
    pub question: OffsetQuestion,
    /// The leader epoch the client believes in.
    pub current_leader_epoch: Option<LeaderEpoch>,
}

/// One partition of an OffsetForLeaderEpoch request.
#[derive(Clone, Copy, Debug)]
pub struct EpochAsk {
    /// Place in the request.
    pub index: u32,
    /// Which log.
    pub log: LogId,
    /// The epoch whose end is asked for.
    pub epoch: LeaderEpoch,
    /// The leader epoch the client believes in.
    pub current_leader_epoch: Option<LeaderEpoch>,
}

/// One partition of a DeleteRecords request.
#[derive(Clone, Copy, Debug)]
pub struct DeleteAsk {
    /// Place in the request.
    pub index: u32,
    /// Which log.
    pub log: LogId,
    /// What lies below goes; -1 = all below the high watermark.
    pub before: Offset,
}

/// One request to an owner core.
pub enum ShardMessage {
    /// Append these; answer when all are acknowledged, refused, or at the deadline.
    Produce {
        /// The batches.
        parts: Vec<AppendPart>,
        /// What acknowledged means.
        acks: Acks,
        /// Answer by then with what is decided.
        deadline: Mono,
        /// Where the answers go.
        reply: Reply<AppendAnswers>,
    },
    /// Read these, now.
    Fetch {
        /// The places.
        parts: Vec<FetchPart>,
        /// Limit over all of them.
        bytes_max: u32,
        /// What may be seen.
        isolation: Isolation,
        /// Where the answers go.
        reply: Reply<FetchAnswers>,
    },
    /// Say so, once, when one of these logs can be read beyond its offset.
    Watch {
        /// Logs and the offsets already seen.
        places: Vec<(LogId, Offset)>,
        /// The news.
        reply: Reply<()>,
    },
    /// Answer these questions about offsets.
    Offsets {
        /// The questions.
        asks: Vec<OffsetAsk>,
        /// What may be seen.
        isolation: Isolation,
        /// Where the answers go.
        reply: Reply<OffsetAnswers>,
    },
    /// Where these epochs end.
    EpochEnds {
        /// The questions.
        asks: Vec<EpochAsk>,
        /// Where the answers go.
        reply: Reply<EpochAnswers>,
    },
    /// Ask these groups.
    Groups {
        /// The requests; each has a slot for its answer, because a join may wait for a minute.
        asks: Vec<GroupAsk>,
    },
    /// Which groups there are.
    ListGroups {
        /// Where the answer goes.
        reply: Reply<Result<Vec<ListedGroup>, GroupError>>,
    },
    /// Move these logs' starts.
    DeleteRecords {
        /// Where to.
        asks: Vec<DeleteAsk>,
        /// Answer by then with what is done.
        deadline: Mono,
        /// Where the answers go.
        reply: Reply<DeleteAnswers>,
    },
    /// Which logs should be cleaned.
    DirtyLogs {
        /// The dirty ones.
        reply: Reply<Vec<DirtyLog>>,
    },
    /// Hand a log out to be cleaned.
    HandOut {
        /// Which.
        log: LogId,
        /// What is to be cleaned; `None` when nothing is.
        reply: Reply<Option<CleaningInput>>,
    },
    /// Swap in what became of a part of a log that was handed out.
    TakeBack {
        /// Which.
        log: LogId,
        /// What replaces what.
        replacement: Box<Replacement>,
        /// Whether it is in place; the log may no longer have that part.
        reply: Reply<bool>,
    },
    /// A log that was handed out is not cleaned any more.
    CleaningEnded {
        /// Which.
        log: LogId,
        /// With what result.
        end: CleaningEnd,
    },
    /// What there is to tell of these logs.
    Facts {
        /// Which.
        logs: Vec<LogId>,
        /// Of those that are here, in order.
        reply: Reply<Vec<PartitionFacts>>,
    },
    /// What there is to tell of the groups here.
    GroupFacts {
        /// Most committed offsets to tell, over all groups.
        offsets_max: usize,
        /// Of all groups.
        reply: Reply<Vec<GroupFacts>>,
    },
    /// A newer metadata image is published.
    ImageChanged,
    /// Stop: take no more appends, make everything durable, close the logs, answer.
    Stop {
        /// Answered when the logs are closed.
        reply: Reply<()>,
    },
}
