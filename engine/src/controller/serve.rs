//! The controller's loop: takes what is queued, decides, makes it durable, publishes, answers.
//!
//! Lives on the control thread. Requests that queue up while a sync runs share the next one. It
//! ends when nobody holds a handle any more, or when the metadata log fails: then the node must
//! stop, because nothing can be decided any more.

use std::sync::Arc;

use super::ask::{CreateTopicError, DeleteTopicError, ProducerIdError, RegisterError};
use super::decider::Decider;
use super::handle::{Ask, ControllerHandle, Published};
use super::metadata_log::{MetadataLog, MetadataLogError};
use crate::config::BrokerConfig;
use crate::metadata::Image;
use crate::runtime::sync::mpsc;
use crate::runtime::{Directory, random_uuid};

/// Questions that may wait; more make those who ask wait.
const ASKS_MAX: usize = 1024;

/// Questions that share one frame, so that a frame stays small.
const ASKS_PER_SYNC_MAX: usize = 64;

/// The controller of a node.
#[derive(Debug)]
pub struct Controller {
    decider: Decider,
    log: MetadataLog,
    asks: mpsc::Receiver<Ask>,
    published: Arc<Published>,
}

/// An answer that waits for its sync: called with true when what it says is durable.
type Answer = Box<dyn FnOnce(bool)>;

impl Controller {
    /// Reads the metadata of a log dir that is known to hold some. `run` must follow.
    ///
    /// # Errors
    /// The metadata log is missing, damaged, or not to be understood: the node must not start.
    pub async fn open(
        dir: Directory,
        config: Arc<BrokerConfig>,
    ) -> Result<(Controller, ControllerHandle), MetadataLogError> {
        let opened = MetadataLog::open(dir).await?;
        let mut image = Image::empty(config.topic_defaults.clone());
        for record in &opened.records {
            image.apply(record).map_err(|error| opened.log.does_not_fit(&error))?;
        }
        image.version = opened.log.sequence();
        if opened.torn_bytes > 0 {
            tracing::info!(
                bytes = opened.torn_bytes,
                "cut an unfinished write of the metadata log"
            );
        }
        let (sender, asks) = mpsc::channel(ASKS_MAX);
        let published = Arc::new(Published::new(image.clone()));
        let handle = ControllerHandle { asks: sender, published: published.clone() };
        let decider = Decider::new(config, image);
        Ok((Controller { decider, log: opened.log, asks, published }, handle))
    }

    /// Serves until nobody holds a handle any more.
    ///
    /// # Errors
    /// The metadata log failed; who asked since then was refused.
    pub async fn run(mut self) -> Result<(), MetadataLogError> {
        let mut asks = Vec::new();
        while self.asks.recv_many(&mut asks, ASKS_PER_SYNC_MAX).await > 0 {
            let answers: Vec<Answer> = asks.drain(..).map(|ask| self.decide(ask)).collect();
            let done = self.make_durable().await;
            answers.into_iter().for_each(|answer| answer(done.is_ok()));
            done?;
            if self.log.wants_snapshot() {
                self.log.snapshot(&self.decider.image().to_records()).await?;
            }
        }
        Ok(())
    }

    fn decide(&mut self, ask: Ask) -> Answer {
        match ask {
            Ask::Create { topics, validate_only, reply } => {
                let made = self.decider.create_topics(&topics, validate_only, &mut random_uuid);
                Box::new(move |durable| {
                    reply.send(if durable {
                        made
                    } else {
                        vec![Err(CreateTopicError::Unavailable); made.len()]
                    });
                })
            }
            Ask::Delete { topics, reply } => {
                let gone = self.decider.delete_topics(&topics);
                Box::new(move |durable| {
                    reply.send(if durable {
                        gone
                    } else {
                        vec![Err(DeleteTopicError::Unavailable); gone.len()]
                    });
                })
            }
            Ask::ProducerIds { reply } => {
                let block = self.decider.producer_id_block();
                Box::new(move |durable| {
                    reply.send(if durable { block } else { Err(ProducerIdError::Unavailable) });
                })
            }
            Ask::Register { broker, reply } => {
                let epoch = self.decider.register(broker, self.log.sequence() + 1);
                Box::new(move |durable| {
                    reply.send(if durable { Ok(epoch) } else { Err(RegisterError::Unavailable) });
                })
            }
        }
    }

    async fn make_durable(&mut self) -> Result<(), MetadataLogError> {
        let records = self.decider.take_records();
        if records.is_empty() {
            return Ok(());
        }
        self.log.append(&records).await?;
        self.decider.set_version(self.log.sequence());
        self.published.publish(self.decider.image().clone());
        Ok(())
    }
}

#[cfg(not(simulated))]
#[cfg(test)]
impl Controller {
    /// Every write fails from now on.
    async fn break_log(&mut self) {
        self.log.break_file().await;
    }
}

// These look at the directory from outside, with the real file system.
#[cfg(not(simulated))]
#[cfg(test)]
#[path = "serve_test.rs"]
mod serve_test;
