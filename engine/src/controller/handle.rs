//! What the rest of the broker holds of the controller: a way to ask, and the newest image.
//!
//! `Clone + Send`; any thread. An answer means that what it says is durable and published.

use std::ops::Range;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::ask::{
    CreateTopicError, DeleteTopicError, NewTopic, ProducerIdError, RegisterError, TopicRef,
};
use super::creating::Created;
use crate::metadata::{BrokerRegistered, Image, TopicImage};
use crate::record::ProducerId;
use crate::runtime::sync::{mpsc, watch};
use crate::runtime::{Reply, reply};

/// The answer for one topic.
pub type Deleted = Result<Arc<TopicImage>, DeleteTopicError>;

/// One question with the slot for its answer.
#[derive(Debug)]
pub(super) enum Ask {
    Create { topics: Vec<NewTopic>, validate_only: bool, reply: Reply<Vec<Created>> },
    Delete { topics: Vec<TopicRef>, reply: Reply<Vec<Deleted>> },
    ProducerIds { reply: Reply<Result<Range<ProducerId>, ProducerIdError>> },
    Register { broker: BrokerRegistered, reply: Reply<Result<i64, RegisterError>> },
}

/// The newest image, and who is told about it.
#[derive(Debug)]
pub(super) struct Published {
    image: ArcSwap<Image>,
    version: watch::Sender<u64>,
}

impl Published {
    pub(super) fn new(image: Image) -> Published {
        let version = watch::Sender::new(image.version);
        Published { image: ArcSwap::from_pointee(image), version }
    }

    /// The image first, then the word that it is there.
    pub(super) fn publish(&self, image: Image) {
        let version = image.version;
        self.image.store(Arc::new(image));
        self.version.send_replace(version);
    }
}

/// The way to the controller.
#[derive(Debug, Clone)]
pub struct ControllerHandle {
    pub(super) asks: mpsc::Sender<Ask>,
    pub(super) published: Arc<Published>,
}

impl ControllerHandle {
    /// The newest image.
    pub fn image(&self) -> Arc<Image> {
        self.published.image.load_full()
    }

    /// The version of the newest image, and a way to wait for the next.
    pub fn versions(&self) -> watch::Receiver<u64> {
        self.published.version.subscribe()
    }

    /// Whether the controller takes questions.
    pub fn is_active(&self) -> bool {
        !self.asks.is_closed()
    }

    /// Creates topics; one answer per topic, in order. With `validate_only` nothing is created.
    pub async fn create_topics(&self, topics: Vec<NewTopic>, validate_only: bool) -> Vec<Created> {
        let count = topics.len();
        let (reply, answer) = reply();
        if self.asks.send(Ask::Create { topics, validate_only, reply }).await.is_ok()
            && let Ok(answer) = answer.await
        {
            return answer;
        }
        vec![Err(CreateTopicError::Unavailable); count]
    }

    /// Deletes topics; one answer per reference, in order: the topic as it was.
    pub async fn delete_topics(&self, topics: Vec<TopicRef>) -> Vec<Deleted> {
        let count = topics.len();
        let (reply, answer) = reply();
        if self.asks.send(Ask::Delete { topics, reply }).await.is_ok()
            && let Ok(answer) = answer.await
        {
            return answer;
        }
        vec![Err(DeleteTopicError::Unavailable); count]
    }

    /// Producer ids that nobody ever had.
    ///
    /// # Errors
    /// There are none left, or the node is going down.
    pub async fn producer_id_block(&self) -> Result<Range<ProducerId>, ProducerIdError> {
        let (reply, answer) = reply();
        if self.asks.send(Ask::ProducerIds { reply }).await.is_err() {
            return Err(ProducerIdError::Unavailable);
        }
        answer.await.unwrap_or(Err(ProducerIdError::Unavailable))
    }

    /// Registers a broker that has started; its `epoch` is ignored, the new one is the answer. The
    /// leader epoch of every partition that it leads rises: call it before any of them is opened.
    ///
    /// # Errors
    /// The node is going down.
    pub async fn register(&self, broker: BrokerRegistered) -> Result<i64, RegisterError> {
        let (reply, answer) = reply();
        if self.asks.send(Ask::Register { broker, reply }).await.is_err() {
            return Err(RegisterError::Unavailable);
        }
        answer.await.unwrap_or(Err(RegisterError::Unavailable))
    }
}
