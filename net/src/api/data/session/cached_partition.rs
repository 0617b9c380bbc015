//! One partition of a fetch session: what the client last asked of it, and what it was last told.
//! A broker keeps very many of these, so they are small. A value.

use corelog_engine::record::Offset;

use crate::wire::ErrorCode;
use crate::wire::fetch_response::FetchPartitionResponse;

/// No answer has said anything about this yet, or the last one was an error.
const UNTOLD: Offset = -1;

/// How a partition is to be read, as the wire has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// First offset wanted.
    pub offset: Offset,
    /// Most bytes from this partition.
    pub bytes_max: i32,
    /// Leader epoch the client believes in, -1 = it does not say.
    pub current_leader_epoch: i32,
    /// Epoch of the last record the client has, -1 = it does not say.
    pub last_fetched_epoch: i32,
}

/// A partition that the broker remembers for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CachedPartition {
    /// Place of its topic among the session's.
    topic: u32,
    partition: i32,
    asked: Asked,
    high_watermark: Offset,
    log_start: Offset,
}

const _: () = assert!(size_of::<CachedPartition>() == 48, "a million of them are 48 MB");

impl CachedPartition {
    /// A partition that nothing was answered about yet.
    pub fn new((topic, partition): (u32, i32), asked: Asked) -> CachedPartition {
        CachedPartition { topic, partition, asked, high_watermark: UNTOLD, log_start: UNTOLD }
    }

    /// What tells it from the others of its session: place of the topic, partition.
    pub fn key(&self) -> (u32, i32) {
        (self.topic, self.partition)
    }

    /// How it is to be read.
    pub fn asked(&self) -> &Asked {
        &self.asked
    }

    /// The client named it again.
    pub(super) fn ask(&mut self, asked: Asked) {
        self.asked = asked;
    }

    /// The topics of its session were put in another order.
    pub(super) fn move_to(&mut self, topic: u32) {
        self.topic = topic;
    }

    /// Whether the client has to hear this answer; takes it that it does. Kafka's rule: records, an
    /// error, a diverging epoch, another replica to read from, or a high watermark or log start
    /// that is not the one told last. A last stable offset that moved alone is no reason.
    pub(super) fn is_news(&mut self, answer: &FetchPartitionResponse) -> bool {
        let failed = answer.error != ErrorCode::None;
        let moved = self.high_watermark != answer.high_watermark
            || self.log_start != answer.log_start_offset;
        // After an error both are unknown to the client, so that the partition is answered again
        // once the error is over.
        self.high_watermark = if failed { UNTOLD } else { answer.high_watermark };
        self.log_start = answer.log_start_offset;
        moved
            || failed
            || has_records(answer)
            || answer.diverging_epoch.is_some()
            || answer.preferred_read_replica >= 0
    }
}

/// Whether there is anything to read in an answer.
pub(super) fn has_records(answer: &FetchPartitionResponse) -> bool {
    answer.records.iter().any(|part| part.bytes() > 0)
}
