//! Requests to groups: who coordinates one, one message per owner core, answers through slots.
//!
//! A group is coordinated by the leader of its partition of `__consumer_offsets`, on the core that
//! owns it. The topic is made when somebody first asks for a coordinator.

use std::rc::Rc;
use std::sync::Arc;

use super::message::ShardMessage;
use super::world::Shard;
use crate::controller::{CreateTopicError, NewTopic};
use crate::group::GroupError;
use crate::group::answer::{Answer as GroupAnswer, ListedGroup};
use crate::group::coordinator::{GroupAsk, partition_of};
use crate::group::request::{Caller, Request};
use crate::metadata::{GROUP_METADATA_TOPIC, LogId, NodeId};
use crate::runtime::{self, Answer, CoreId};

/// The answer of a request that stands in its group's queue.
pub struct GroupTicket {
    answer: Answer<Result<GroupAnswer, GroupError>>,
}

impl GroupTicket {
    /// Resolves when the group has decided and what it says is durable.
    ///
    /// # Errors
    /// The group's coordinator is not here, reads its log, or could not write.
    pub async fn answer(self) -> Result<GroupAnswer, GroupError> {
        // Dropped: the owner core stopped before it decided.
        self.answer.await.unwrap_or(Err(GroupError::NotCoordinator))
    }
}

impl Shard {
    /// The broker that coordinates `group`. Makes the topic that remembers groups if there is none
    /// yet, and then waits until its partitions are open.
    ///
    /// # Errors
    /// [`GroupError::CoordinatorNotAvailable`]: the topic cannot be made, or its partition has no
    /// leader.
    pub async fn coordinator_of(&self, group: &str) -> Result<NodeId, GroupError> {
        if self.image().topic(GROUP_METADATA_TOPIC).is_none() {
            self.create_offsets_topic().await?;
        }
        let image = self.image();
        let log = self.log_of(group).ok_or(GroupError::CoordinatorNotAvailable)?;
        let leader = image.partition(log).map(|partition| partition.leader);
        leader.filter(|node| *node >= 0).ok_or(GroupError::CoordinatorNotAvailable)
    }

    /// Asks one group. Returns when the request stands in the queue of the group's core, so that
    /// the caller may go on with its next request.
    pub async fn ask_group(
        self: &Rc<Self>,
        group: Arc<str>,
        caller: Caller,
        request: Request,
    ) -> GroupTicket {
        let (ask, ticket) = self.prepare(group, caller, request);
        if let Some(ask) = ask {
            match self.owner(ask.log) {
                core if core == self.core => self.ask_one_here(ask),
                core => self.tell(core, ShardMessage::Groups { asks: vec![ask] }).await,
            }
        }
        ticket
    }

    /// Asks several groups; the tickets are in the order of the requests.
    pub async fn ask_groups(
        self: &Rc<Self>,
        caller: &Caller,
        requests: Vec<(Arc<str>, Request)>,
    ) -> Vec<GroupTicket> {
        let (mut asks, mut tickets) = (Vec::new(), Vec::new());
        for (group, request) in requests {
            let (ask, ticket) = self.prepare(group, caller.clone(), request);
            asks.extend(ask);
            tickets.push(ticket);
        }
        for (core, asks) in self.by_owner(asks, |ask| ask.log) {
            if core == self.core {
                self.ask_here(asks);
            } else {
                self.tell(core, ShardMessage::Groups { asks }).await;
            }
        }
        tickets
    }

    /// Every group of this node.
    ///
    /// # Errors
    /// A coordinator reads its log, or the broker stops.
    pub async fn list_groups(self: &Rc<Self>) -> Result<Vec<ListedGroup>, GroupError> {
        let mut answers = Vec::new();
        for core in (0..self.shared.cores).map(CoreId).filter(|core| *core != self.core) {
            let (reply, answer) = runtime::reply();
            self.tell(core, ShardMessage::ListGroups { reply }).await;
            answers.push(answer);
        }
        let mut listed = self.coordinators.list()?;
        for answer in answers {
            listed.extend(answer.await.unwrap_or(Err(GroupError::CoordinatorNotAvailable))?);
        }
        Ok(listed)
    }

    /// Requests to groups of this core. Synchronous: every step is done on return.
    pub(super) fn ask_here(&self, asks: Vec<GroupAsk>) {
        asks.into_iter().for_each(|ask| self.ask_one_here(ask));
    }

    fn ask_one_here(&self, ask: GroupAsk) {
        self.coordinators.ask(ask, |log| self.why_uncoordinated(log));
    }

    /// Why nobody coordinates the groups of a log of this core. Who made the topic waits for its
    /// partitions, but others learn of it as soon as it is in the image.
    fn why_uncoordinated(&self, log: LogId) -> GroupError {
        let is_known = self.slots.borrow().contains_key(&log);
        match self.image().partition(log) {
            Some(_) if !is_known => GroupError::CoordinatorLoadInProgress,
            _ => GroupError::NotCoordinator,
        }
    }

    fn prepare(
        &self,
        group: Arc<str>,
        caller: Caller,
        request: Request,
    ) -> (Option<GroupAsk>, GroupTicket) {
        let (reply, answer) = runtime::reply();
        // Without a place the reply is dropped: whoever it is asks for a coordinator again.
        let log = self.log_of(&group);
        let ask = log.map(|log| GroupAsk { log, group, caller, request, reply });
        (ask, GroupTicket { answer })
    }

    fn log_of(&self, group: &str) -> Option<LogId> {
        let image = self.image();
        let topic = image.topic(GROUP_METADATA_TOPIC)?;
        let partitions = i32::try_from(topic.partitions.len()).ok()?;
        Some(LogId { topic: topic.id, partition: partition_of(group, partitions) })
    }

    async fn create_offsets_topic(&self) -> Result<(), GroupError> {
        let settings = &self.shared.config.offsets_topic;
        let brokers = i16::try_from(self.image().brokers().len()).unwrap_or(i16::MAX);
        let wanted = settings.replication_factor;
        if wanted > brokers {
            tracing::warn!(
                wanted,
                brokers,
                "{GROUP_METADATA_TOPIC} gets one copy per broker, which are fewer than \
                 offsets.topic.replication.factor asks for"
            );
        }
        let config = |name: &str, value: &str| (name.to_string(), Some(value.to_string()));
        let topic = NewTopic {
            name: GROUP_METADATA_TOPIC.to_string(),
            partitions: Some(settings.partitions),
            replication: Some(wanted.min(brokers)),
            configs: vec![
                config("cleanup.policy", "compact"),
                config("compression.type", "producer"),
                config("segment.bytes", &settings.segment_bytes.to_string()),
            ],
            ..NewTopic::default()
        };
        let created = self.shared.controller.create_topics(vec![topic], false).await;
        match created.into_iter().next() {
            // Somebody else was faster.
            Some(Ok(_) | Err(CreateTopicError::TopicExists(_))) => {
                self.settled(self.image().version).await;
                Ok(())
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "cannot create {GROUP_METADATA_TOPIC}");
                Err(GroupError::CoordinatorNotAvailable)
            }
            None => Err(GroupError::CoordinatorNotAvailable),
        }
    }
}
