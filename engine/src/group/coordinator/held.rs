//! Answers that wait until what they say is durable: first decided, first answered. Core-local.

use std::collections::VecDeque;

use crate::group::GroupError;
use crate::group::answer::Answer;
use crate::record::Offset;
use crate::runtime::{Mono, Reply};

/// Where an answer goes.
pub type GroupReply = Reply<Result<Answer, GroupError>>;

struct Entry {
    until: Offset,
    deadline: Mono,
    reply: GroupReply,
    answer: Answer,
}

/// The answers of one coordinator that wait for its high watermark.
#[derive(Default)]
pub(super) struct Held {
    queue: VecDeque<Entry>,
}

impl Held {
    /// Answers once the high watermark is at `until`; at `deadline` without it.
    pub(super) fn push(
        &mut self,
        until: Offset,
        deadline: Mono,
        reply: GroupReply,
        answer: Answer,
    ) {
        // What a group wrote last may lie below what another one wrote meanwhile.
        let place = self.queue.partition_point(|entry| entry.until <= until);
        self.queue.insert(place, Entry { until, deadline, reply, answer });
    }

    /// The high watermark has risen.
    pub(super) fn release(&mut self, high_watermark: Offset) {
        while self.queue.front().is_some_and(|entry| entry.until <= high_watermark) {
            if let Some(entry) = self.queue.pop_front() {
                entry.reply.send(Ok(entry.answer));
            }
        }
    }

    /// Tells those whose time has passed that this coordinator is not available.
    pub(super) fn expire(&mut self, now: Mono) {
        while self.queue.front().is_some_and(|entry| entry.deadline <= now) {
            if let Some(entry) = self.queue.pop_front() {
                entry.reply.send(Err(GroupError::CoordinatorNotAvailable));
            }
        }
    }

    /// When the first of them has waited for too long.
    pub(super) fn deadline(&self) -> Option<Mono> {
        self.queue.front().map(|entry| entry.deadline)
    }

    /// None of this will be acknowledged here.
    pub(super) fn fail(&mut self, error: &GroupError) {
        for entry in self.queue.drain(..) {
            entry.reply.send(Err(error.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::{reply, run_here};

    fn beat() -> Answer {
        Answer::Heartbeat(Ok(()))
    }

    #[test]
    fn answers_leave_when_the_watermark_is_there_or_their_time_has_passed() {
        run_here(async {
            let mut held = Held::default();
            let mut asked = Vec::new();
            for (until, deadline) in [(5, 10), (9, 30), (5, 20), (9, 40)] {
                let (reply, answer) = reply();
                held.push(until, Mono::from_nanos(deadline), reply, beat());
                asked.push(answer);
            }
            held.release(4);
            assert_eq!(held.deadline(), Some(Mono::from_nanos(10)));
            held.release(5);
            assert_eq!(held.deadline(), Some(Mono::from_nanos(30)));
            held.expire(Mono::from_nanos(30));
            held.fail(&GroupError::NotCoordinator);
            let mut answers = Vec::new();
            for answer in asked {
                answers.push(answer.await.unwrap());
            }
            let late = Err(GroupError::CoordinatorNotAvailable);
            assert_eq!(answers, [Ok(beat()), late, Ok(beat()), Err(GroupError::NotCoordinator)]);
        });
    }
}
