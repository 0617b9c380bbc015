//! Questions about offsets and epochs: grouped by owner core, answered in one message each.

use std::rc::Rc;

use super::message::{EpochAnswers, EpochAsk, OffsetAnswers, OffsetAsk, ShardMessage};
use super::world::Shard;
use crate::partition::{FetchError, Isolation};
use crate::runtime::{self, Answer};

/// Answers of one core, and the places to fill should that core stop.
pub(super) type Waiting<T, E = FetchError> = Vec<(Vec<u32>, Answer<Vec<(u32, Result<T, E>)>>)>;

impl Shard {
    /// Answers every question of a ListOffsets request.
    pub async fn list_offsets(
        self: &Rc<Self>,
        asks: Vec<OffsetAsk>,
        isolation: Isolation,
    ) -> OffsetAnswers {
        let mut answers = OffsetAnswers::new();
        let mut waiting = Waiting::new();
        for (core, asks) in self.by_owner(asks, |ask| ask.log) {
            if core == self.core {
                answers.extend(self.offsets_here(asks, isolation).await);
                continue;
            }
            let indexes = asks.iter().map(|ask| ask.index).collect();
            let (reply, answer) = runtime::reply();
            self.tell(core, ShardMessage::Offsets { asks, isolation, reply }).await;
            waiting.push((indexes, answer));
        }
        gather(answers, waiting, FetchError::NotLeader).await
    }

    /// Answers every question of an OffsetForLeaderEpoch request.
    pub async fn epoch_ends(self: &Rc<Self>, asks: Vec<EpochAsk>) -> EpochAnswers {
        let mut answers = EpochAnswers::new();
        let mut waiting = Waiting::new();
        for (core, asks) in self.by_owner(asks, |ask| ask.log) {
            if core == self.core {
                answers.extend(self.epochs_here(&asks));
                continue;
            }
            let indexes = asks.iter().map(|ask| ask.index).collect();
            let (reply, answer) = runtime::reply();
            self.tell(core, ShardMessage::EpochEnds { asks, reply }).await;
            waiting.push((indexes, answer));
        }
        gather(answers, waiting, FetchError::NotLeader).await
    }

    pub(super) async fn offsets_here(
        &self,
        asks: Vec<OffsetAsk>,
        isolation: Isolation,
    ) -> OffsetAnswers {
        let mut answers = OffsetAnswers::with_capacity(asks.len());
        for ask in asks {
            let answer = match self.partition(ask.log) {
                Ok(partition) => {
                    partition.offset_for(ask.question, ask.current_leader_epoch, isolation).await
                }
                Err(error) => Err(error),
            };
            answers.push((ask.index, answer));
        }
        answers
    }

    pub(super) fn epochs_here(&self, asks: &[EpochAsk]) -> EpochAnswers {
        let answer = |ask: &EpochAsk| {
            self.partition(ask.log)
                .and_then(|partition| partition.epoch_end(ask.epoch, ask.current_leader_epoch))
        };
        asks.iter().map(|ask| (ask.index, answer(ask))).collect()
    }
}

/// Waits for the other cores; `stopped` is the answer for what a core leaves open when it stops.
pub(super) async fn gather<T, E: Copy>(
    mut answers: Vec<(u32, Result<T, E>)>,
    waiting: Waiting<T, E>,
    stopped: E,
) -> Vec<(u32, Result<T, E>)> {
    for (indexes, answer) in waiting {
        match answer.await {
            Ok(group) => answers.extend(group),
            Err(_) => {
                answers.extend(indexes.into_iter().map(|at| (at, Err(stopped))));
            }
        }
    }
    answers.sort_by_key(|(index, _)| *index);
    answers
}
