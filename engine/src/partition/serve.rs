//! Reading from a partition: what a consumer may see, and where it is.
//!
//! The reads themselves are the log's; this file decides what may be read.

use super::read::{FetchError, FetchPart, Fetched, Isolation, OffsetQuestion, TimedAnswer};
use super::replica::{Partition, Role};
use crate::log::{ReadError, UNDEFINED_OFFSET};
use crate::record::{LeaderEpoch, Offset};

/// Offset, timestamp and epoch of "there is none".
const NONE: TimedAnswer = TimedAnswer { offset: -1, timestamp: -1, leader_epoch: -1 };

impl Partition {
    /// Whole batches from the one that holds `part.offset`, at most `bytes_max` of them, the
    /// first one even above that if `at_least_one`. Empty when there is nothing yet.
    pub async fn fetch(
        &self,
        part: &FetchPart,
        isolation: Isolation,
        bytes_max: u32,
        at_least_one: bool,
    ) -> Result<Fetched, FetchError> {
        let outcome = self.look_up(part, isolation, bytes_max, at_least_one).await;
        self.traffic.read(&outcome);
        outcome
    }

    async fn look_up(
        &self,
        part: &FetchPart,
        isolation: Isolation,
        bytes_max: u32,
        at_least_one: bool,
    ) -> Result<Fetched, FetchError> {
        self.check_epoch(part.current_leader_epoch)?;
        let below = self.readable_end(isolation);
        let mut fetched = Fetched {
            high_watermark: self.high_watermark.get(),
            last_stable: self.high_watermark.get(),
            log_start: self.log.start_offset(),
            ..Fetched::default()
        };
        if let Some(diverging) = self.diverging(part) {
            fetched.diverging = Some(diverging);
            return Ok(fetched);
        }
        if part.offset < fetched.log_start || part.offset > self.log.end_offset() {
            return Err(FetchError::OffsetOutOfRange);
        }
        if part.offset < below {
            let parts = self.log.read(part.offset, below, bytes_max, at_least_one).await;
            fetched.parts = parts.map_err(read_failed)?;
            fetched.bytes = fetched.parts.iter().map(|part| part.bytes()).sum();
        }
        Ok(fetched)
    }

    /// Answers one question of ListOffsets.
    pub async fn offset_for(
        &self,
        question: OffsetQuestion,
        current_leader_epoch: Option<LeaderEpoch>,
        isolation: Isolation,
    ) -> Result<TimedAnswer, FetchError> {
        let epoch = self.check_epoch(current_leader_epoch)?;
        let end = self.readable_end(isolation);
        let start = self.log.start_offset();
        let found = match question {
            OffsetQuestion::Latest => {
                return Ok(TimedAnswer { offset: end, timestamp: -1, leader_epoch: epoch });
            }
            // Without tiered storage the local log is the log.
            OffsetQuestion::Earliest | OffsetQuestion::EarliestLocal => {
                let leader_epoch = self.log.epoch_of(start).unwrap_or(-1);
                return Ok(TimedAnswer { offset: start, timestamp: -1, leader_epoch });
            }
            OffsetQuestion::LatestTiered => return Ok(NONE),
            OffsetQuestion::EarliestPendingUpload => return Ok(NONE),
            OffsetQuestion::MaxTimestamp => self.log.max_timestamp(end).await,
            OffsetQuestion::AtTime(time) => self.log.offset_for_time(time, end).await,
        };
        Ok(found.map_err(read_failed)?.map_or(NONE, |at| TimedAnswer {
            offset: at.offset,
            timestamp: at.timestamp,
            leader_epoch: at.leader_epoch,
        }))
    }

    /// Where `epoch` ends here: (the largest epoch up to it, first offset after that), or `None`
    /// when this log knows none (KIP-101, KIP-279).
    pub fn epoch_end(
        &self,
        epoch: LeaderEpoch,
        current_leader_epoch: Option<LeaderEpoch>,
    ) -> Result<Option<(LeaderEpoch, Offset)>, FetchError> {
        self.check_epoch(current_leader_epoch)?;
        Ok(known(self.log.epoch_end(epoch, self.log.end_offset())))
    }

    fn check_epoch(&self, told: Option<LeaderEpoch>) -> Result<LeaderEpoch, FetchError> {
        let Role::Leader { epoch, .. } = self.role.get() else {
            return Err(self.not_serving());
        };
        match told {
            Some(told) if told < epoch => Err(FetchError::FencedLeaderEpoch),
            Some(told) if told > epoch => Err(FetchError::UnknownLeaderEpoch),
            _ => Ok(epoch),
        }
    }

    /// The client's last fetched epoch must end here no earlier than where it wants to read on.
    fn diverging(&self, part: &FetchPart) -> Option<(LeaderEpoch, Offset)> {
        let told = part.last_fetched_epoch?;
        let (epoch, end) = known(self.log.epoch_end(told, self.log.end_offset()))?;
        (epoch < told || end < part.offset).then_some((epoch, end))
    }

    fn readable_end(&self, isolation: Isolation) -> Offset {
        match isolation {
            // No transaction is open while nobody can start one: both ends are the watermark.
            Isolation::ReadUncommitted | Isolation::ReadCommitted => self.high_watermark.get(),
        }
    }
}

/// `None` for the log's "unknown".
fn known((epoch, end): (LeaderEpoch, Offset)) -> Option<(LeaderEpoch, Offset)> {
    (end != UNDEFINED_OFFSET).then_some((epoch, end))
}

fn read_failed(error: ReadError) -> FetchError {
    tracing::error!(%error, "read failed");
    match error {
        ReadError::OutOfRange { .. } => FetchError::OffsetOutOfRange,
        ReadError::Corrupt { .. } => FetchError::Corrupt,
        // Truncated meanwhile: whoever leads now knows more.
        ReadError::Truncated => FetchError::NotLeader,
        ReadError::Io { .. } => FetchError::Storage,
    }
}
