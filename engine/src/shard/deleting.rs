//! DeleteRecords: moves the starts of logs, each at its owner core, in order with the appends.
//!
//! An answer is given once the new start stands in the log dir's checkpoint: deleted records do not
//! come back with the next start of the broker, however it ended. Kafka may bring them back for a
//! minute after an unclean stop.

use std::rc::Rc;

use super::asking::{Waiting, gather};
use super::message::{DeleteAnswers, DeleteAsk, ShardMessage};
use super::world::{CheckpointNote, Shard};
use crate::commit::{Change, Ticket};
use crate::metadata::LogId;
use crate::partition::{DeleteError, FetchError, Partition};
use crate::record::Offset;
use crate::runtime::{self, Mono};

/// A change that stands in its log's queue.
struct Queued {
    log: LogId,
    dir: usize,
    partition: Rc<Partition>,
    ticket: Ticket,
}

impl Shard {
    /// Answers every partition of a DeleteRecords request with the first offset that is left, by
    /// `deadline` with what is done then.
    pub async fn delete_records(
        self: &Rc<Self>,
        asks: Vec<DeleteAsk>,
        deadline: Mono,
    ) -> DeleteAnswers {
        let mut here = Vec::new();
        let mut waiting = Waiting::new();
        for (core, asks) in self.by_owner(asks, |ask| ask.log) {
            if core == self.core {
                here = asks;
                continue;
            }
            let indexes = asks.iter().map(|ask| ask.index).collect();
            let (reply, answer) = runtime::reply();
            self.tell(core, ShardMessage::DeleteRecords { asks, deadline, reply }).await;
            waiting.push((indexes, answer));
        }
        let answers = self.delete_here(here, deadline).await;
        gather(answers, waiting, DeleteError::NotLeader).await
    }

    pub(super) async fn delete_here(&self, asks: Vec<DeleteAsk>, deadline: Mono) -> DeleteAnswers {
        // All stand in their queues before any is waited for.
        let queued: Vec<_> = asks.iter().map(|ask| (ask.index, self.queue_start(ask))).collect();
        let mut applied = Vec::with_capacity(queued.len());
        for (index, queued) in queued {
            let outcome = match queued {
                Ok(queued) => self.applied_start(queued, deadline).await,
                Err(error) => Err(error),
            };
            applied.push((index, outcome));
        }
        let mut kept = vec![None; self.shared.dirs.len()];
        let mut answers = DeleteAnswers::with_capacity(applied.len());
        for (index, outcome) in applied {
            let answer = match outcome {
                Ok((dir, start)) => self.kept_start(&mut kept, dir, deadline).await.map(|()| start),
                Err(error) => Err(error),
            };
            answers.push((index, answer));
        }
        answers
    }

    fn queue_start(&self, ask: &DeleteAsk) -> Result<Queued, DeleteError> {
        let log = ask.log;
        let partition = self.partition(log).map_err(unreadable)?;
        // Settings that are not obeyed yet are a reason to keep everything.
        let image = self.image();
        let topic = image.topic_by_id(log.topic);
        if topic.is_some_and(|topic| topic.imported_unsupported.is_some()) {
            return Err(DeleteError::Policy);
        }
        let start = partition.delete_before(ask.before)?;
        let dir = self.slots.borrow().get(&log).map(|slot| slot.dir);
        let dir = dir.ok_or(DeleteError::UnknownPartition)?;
        let ticket = self.committers[dir].change(log, Change::StartAt(start));
        let ticket = ticket.map_err(|_| DeleteError::NotLeader)?;
        Ok(Queued { log, dir, partition, ticket })
    }

    /// Waits until the log has its new start and tells the checkpoint; the log dir and the start.
    async fn applied_start(
        &self,
        queued: Queued,
        deadline: Mono,
    ) -> Result<(usize, Offset), DeleteError> {
        let Queued { log, dir, partition, ticket } = queued;
        match runtime::within(deadline, ticket).await {
            Some(Ok(_)) => {
                self.note(log, None);
                Ok((dir, partition.log().start_offset()))
            }
            Some(Err(_)) => Err(DeleteError::Storage),
            None => Err(DeleteError::TimedOut),
        }
    }

    /// Waits until what the checkpoint of a log dir was told is on disk; once per dir.
    async fn kept_start(
        &self,
        kept: &mut [Option<Result<(), DeleteError>>],
        dir: usize,
        deadline: Mono,
    ) -> Result<(), DeleteError> {
        let Some(known) = kept.get_mut(dir) else { return Err(DeleteError::UnknownPartition) };
        if let Some(known) = known {
            return *known;
        }
        let (done, written) = runtime::reply();
        // A closed channel drops the note and so its reply: the node is past its last checkpoint.
        let _ = self.shared.checkpoints.send(CheckpointNote::Awaited { dir, done });
        *known.insert(match runtime::within(deadline, written).await {
            Some(Ok(())) => Ok(()),
            Some(Err(_)) => Err(DeleteError::Storage),
            None => Err(DeleteError::TimedOut),
        })
    }
}

fn unreadable(error: FetchError) -> DeleteError {
    match error {
        FetchError::UnknownPartition => DeleteError::UnknownPartition,
        FetchError::Storage | FetchError::Corrupt => DeleteError::Storage,
        FetchError::NotLeader
        | FetchError::FencedLeaderEpoch
        | FetchError::UnknownLeaderEpoch
        | FetchError::OffsetOutOfRange => DeleteError::NotLeader,
    }
}
