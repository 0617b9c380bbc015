//! Where `corelog consume` has its records from: all partitions, or those of a member of a group,
//! which commits and leaves before it ends.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;

use corelog_engine::runtime::stop_signal;

use crate::client::{ClientError, Consumed, Consumer, GroupConsumer};

/// A source of records.
pub enum Reading {
    /// Whatever is there.
    Alone(Box<Consumer>),
    /// What the group gives; an interrupt ends it in good order.
    InGroup(Box<GroupConsumer>, Pin<Box<dyn Future<Output = ()>>>),
}

impl Reading {
    /// Reads all partitions.
    pub fn alone(consumer: Consumer) -> Reading {
        Reading::Alone(Box::new(consumer))
    }

    /// Reads what the group gives. From now on interrupts are for [`Reading::poll`] to notice.
    pub fn in_group(consumer: GroupConsumer) -> Reading {
        Reading::InGroup(Box::new(consumer), Box::pin(stop_signal()))
    }

    /// The next records, perhaps none; `None` = interrupted.
    ///
    /// # Errors
    /// See [`Consumer::poll`] and [`GroupConsumer::poll`].
    pub async fn poll(&mut self) -> Result<Option<Vec<Consumed>>, ClientError> {
        match self {
            Reading::Alone(consumer) => consumer.poll().await.map(Some),
            Reading::InGroup(consumer, stopped) => {
                let mut records = pin!(consumer.poll());
                poll_fn(|cx| match stopped.as_mut().poll(cx) {
                    Poll::Ready(()) => Poll::Ready(Ok(None)),
                    Poll::Pending => records.as_mut().poll(cx).map_ok(Some),
                })
                .await
            }
        }
    }

    /// The record has been printed.
    pub fn done(&mut self, record: &Consumed) {
        if let Reading::InGroup(consumer, _) = self {
            consumer.done(record);
        }
    }

    /// Commits what has been printed, and leaves.
    ///
    /// # Errors
    /// See [`GroupConsumer::close`].
    pub async fn close(self) -> Result<(), ClientError> {
        match self {
            Reading::Alone(_) => Ok(()),
            Reading::InGroup(consumer, _) => consumer.close().await,
        }
    }
}
