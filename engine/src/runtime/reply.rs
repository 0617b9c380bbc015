//! A one-shot slot for an answer, made together with the question. Sending never blocks and needs
//! no room in any queue, so two cores that ask each other cannot deadlock. `Send`; any thread.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

/// The slot was dropped without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the question was dropped without an answer")]
pub struct Dropped;

/// The side that answers. Dropping it answers with [`Dropped`].
#[derive(Debug)]
pub struct Reply<T>(oneshot::Sender<T>);

/// The side that waits: a future.
#[derive(Debug)]
pub struct Answer<T>(oneshot::Receiver<T>);

/// Makes a slot.
pub fn reply<T: Send>() -> (Reply<T>, Answer<T>) {
    let (sender, receiver) = oneshot::channel();
    (Reply(sender), Answer(receiver))
}

impl<T: Send> Reply<T> {
    /// Answers; never blocks. An answer that nobody waits for any more is dropped.
    pub fn send(self, answer: T) {
        drop(self.0.send(answer));
    }

    /// True when nobody waits any more.
    pub fn is_abandoned(&self) -> bool {
        self.0.is_closed()
    }
}

impl<T> Future for Answer<T> {
    type Output = Result<T, Dropped>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|answer| answer.map_err(|_| Dropped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::run_here;

    #[test]
    fn an_answer_arrives_and_a_dropped_question_says_so() {
        run_here(async {
            let (question, answer) = reply();
            question.send(7);
            assert_eq!(answer.await, Ok(7));
            let (question, answer) = reply::<u32>();
            drop(question);
            assert_eq!(answer.await, Err(Dropped));
            let (question, answer) = reply::<u32>();
            drop(answer);
            assert!(question.is_abandoned());
            question.send(1);
        });
    }
}
