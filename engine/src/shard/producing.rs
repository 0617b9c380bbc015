//! Produce: batches grouped by owner core, one message to each, answers gathered.

use std::rc::Rc;

use super::message::ShardMessage;
use super::world::Shard;
use crate::partition::{Acks, AppendAnswers, AppendError, AppendGroup, AppendPart};
use crate::runtime::{self, Answer, CoreId, Mono, Reply};

/// The answers of a produce that stands in its owners' queues.
pub struct ProduceTicket {
    groups: Vec<(Vec<u32>, Answer<AppendAnswers>)>,
}

impl ProduceTicket {
    /// Resolves when every part is acknowledged, refused, or timed out.
    pub async fn answers(self) -> AppendAnswers {
        let mut answers = Vec::new();
        for (indexes, answer) in self.groups {
            match answer.await {
                Ok(group) => answers.extend(group),
                // The owner core stopped before it decided.
                Err(_) => answers.extend(indexes.into_iter().map(not_leader)),
            }
        }
        answers
    }
}

fn not_leader(index: u32) -> (u32, Result<crate::partition::Appended, AppendError>) {
    (index, Err(AppendError::NotLeader))
}

impl Shard {
    /// Queues every part at its owner; returns when all of them stand there. The ticket then
    /// waits for the acknowledgements, so that the caller may go on with its next request.
    pub async fn produce(
        self: &Rc<Self>,
        parts: Vec<AppendPart>,
        acks: Acks,
        deadline: Mono,
    ) -> ProduceTicket {
        let mut groups = Vec::new();
        for (core, parts) in self.by_owner(parts, |part| part.log) {
            let indexes: Vec<u32> = parts.iter().map(|part| part.index).collect();
            let (reply, answer) = runtime::reply();
            if core == self.core {
                self.append_here(parts, acks, deadline, reply);
            } else {
                self.tell(core, ShardMessage::Produce { parts, acks, deadline, reply }).await;
            }
            groups.push((indexes, answer));
        }
        ProduceTicket { groups }
    }

    /// Appends to partitions of this core. Synchronous: decided and queued on return.
    pub(super) fn append_here(
        self: &Rc<Self>,
        parts: Vec<AppendPart>,
        acks: Acks,
        deadline: Mono,
        reply: Reply<AppendAnswers>,
    ) {
        let group = AppendGroup::new(parts.iter().map(|part| part.index).collect(), reply);
        for part in parts {
            let index = part.index;
            match self.partition(part.log) {
                Err(_) => group.resolve(index, Err(self.absent(part.log))),
                Ok(partition) => match partition.append(part, acks) {
                    Ok(pending) => partition.wait(pending, acks, index, &group),
                    Err(error) => group.resolve(index, Err(error)),
                },
            }
        }
        if !group.is_answered() {
            self.deadlines.add(deadline, &group);
        }
    }

    fn absent(&self, log: crate::metadata::LogId) -> AppendError {
        // In the image but not here yet: the client shall come back.
        if self.image().partition(log).is_some() {
            AppendError::NotLeader
        } else {
            AppendError::UnknownPartition
        }
    }

    /// Splits `items` by the core that owns their log, each group in request order.
    pub(super) fn by_owner<T>(
        &self,
        items: Vec<T>,
        log: impl Fn(&T) -> crate::metadata::LogId,
    ) -> Vec<(CoreId, Vec<T>)> {
        let mut groups: Vec<(CoreId, Vec<T>)> = Vec::new();
        for item in items {
            let core = self.owner(log(&item));
            match groups.iter_mut().find(|(owner, _)| *owner == core) {
                Some((_, group)) => group.push(item),
                None => groups.push((core, vec![item])),
            }
        }
        groups
    }
}
