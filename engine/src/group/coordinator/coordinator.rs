//! The groups of one partition of `__consumer_offsets`: a request in, one step, its effects out.
//!
//! Before a step that may write, the log is asked whether it takes records now; so a step is never
//! taken back. Its records are appended before anything else happens to the partition, and its
//! answers leave when they are durable. Core-local; no borrow crosses an await.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use thiserror::Error;

use super::batches::batches_of;
use super::coordinators::{CoreView, GroupAsk};
use super::held::{GroupReply, Held};
use super::timers::Timers;
use crate::group::answer::ListedGroup;
use crate::group::request::Request;
use crate::group::{DeletedTopics, Effect, Effects, Event, Group, GroupError, TimerKey, Token};
use crate::metadata::LogId;
use crate::partition::{AppendError, Partition};
use crate::record::offsets_topic::GroupRecord;
use crate::record::{BatchError, BatchHeader, BuildError, Codec, Offset, ProducerId};
use crate::runtime::{self, FixedMap, Mono};

/// What a step may write and the log must have room for before it begins.
pub(super) const STEP_BYTES: u64 = 64 << 10;
/// Steps of groups nobody asked for before other work of the core has its turn.
pub(super) const STEPS_MAX: usize = 64;

/// How far a coordinator has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Reads its log.
    Loading,
    /// Answers.
    Active,
    /// Its log failed, its partition is gone, or the broker stops.
    Gone,
}

/// Why a step's records are not in the log. The coordinator is gone then.
#[derive(Debug, Error)]
pub(super) enum WriteError {
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error(transparent)]
    Append(#[from] AppendError),
}

/// A group and how far it has written.
pub(super) struct Slot {
    pub(super) group: Group,
    /// What the group says is durable when the high watermark is here.
    pub(super) written: Offset,
}

/// The coordinator of the groups of one partition.
pub(super) struct Coordinator {
    pub(super) partition: Rc<Partition>,
    pub(super) core: Rc<CoreView>,
    pub(super) phase: Cell<Phase>,
    pub(super) groups: RefCell<BTreeMap<Arc<str>, Slot>>,
    pub(super) timers: RefCell<Timers>,
    pub(super) held: RefCell<Held>,
    askers: RefCell<FixedMap<Token, GroupReply>>,
    next_token: Cell<u64>,
    /// The first offset behind everything written here.
    written: Cell<Offset>,
    /// When offsets are looked at for expiry.
    pub(super) sweep_due: Cell<Mono>,
    /// Groups for which a producer committed inside a transaction that has not ended.
    pub(super) open: RefCell<BTreeMap<ProducerId, BTreeSet<Arc<str>>>>,
    /// Topics that were deleted while the log was read.
    pub(super) missed: RefCell<Vec<DeletedTopics>>,
}

impl Coordinator {
    pub(super) fn new(partition: Rc<Partition>, core: Rc<CoreView>) -> Rc<Coordinator> {
        Rc::new(Coordinator {
            written: Cell::new(partition.log().end_offset()),
            partition,
            core,
            phase: Cell::new(Phase::Loading),
            groups: RefCell::default(),
            timers: RefCell::default(),
            held: RefCell::default(),
            askers: RefCell::default(),
            next_token: Cell::new(0),
            sweep_due: Cell::new(Mono::NEVER),
            open: RefCell::default(),
            missed: RefCell::default(),
        })
    }

    pub(super) fn log(&self) -> LogId {
        self.partition.id()
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase.get()
    }

    /// Takes a request, or says why not.
    pub(super) fn ask(&self, ask: GroupAsk) {
        let GroupAsk { group, caller, request, reply, .. } = ask;
        if let Err(error) = self.admit(&request) {
            return reply.send(Err(error));
        }
        let from = Token(self.next_token.replace(self.next_token.get() + 1));
        self.askers.borrow_mut().insert(from, reply);
        self.step(&group, Event::Request { from, caller, request });
    }

    fn admit(&self, request: &Request) -> Result<(), GroupError> {
        match self.phase.get() {
            Phase::Loading => return Err(GroupError::CoordinatorLoadInProgress),
            Phase::Gone => return Err(GroupError::NotCoordinator),
            Phase::Active => {}
        }
        let refused = match request {
            Request::Heartbeat(_)
            | Request::FetchOffsets(_)
            | Request::Describe
            | Request::DescribeConsumer => return Ok(()),
            Request::Join(_)
            | Request::Sync(_)
            | Request::Leave(_)
            | Request::ConsumerHeartbeat(_)
            | Request::Commit(_)
            | Request::DeleteOffsets(_)
            | Request::Delete => self.partition.takes(STEP_BYTES),
        };
        refused.map_err(|error| match error {
            AppendError::NotLeader | AppendError::UnknownPartition | AppendError::Storage => {
                GroupError::NotCoordinator
            }
            _ => GroupError::CoordinatorNotAvailable,
        })
    }

    /// One step of a group. Only a request makes a group that there is not.
    pub(super) fn step(&self, id: &Arc<str>, event: Event) {
        let mut groups = self.groups.borrow_mut();
        if matches!(event, Event::Request { .. }) && !groups.contains_key(id) {
            // A group of this name may have been deleted a moment ago.
            let slot = Slot { group: Group::new(id.clone()), written: self.written.get() };
            groups.insert(id.clone(), slot);
        }
        let Some(slot) = groups.get_mut(id) else { return };
        let effects = self.core.with_context(|context| slot.group.step(context, event));
        let done = self.carry_out(id, slot, effects);
        if !slot.group.exists() {
            groups.remove(id);
            self.timers.borrow_mut().forget(id);
        }
        drop(groups);
        if let Err(error) = done {
            tracing::error!(%error, group = %id, "what a group decided could not be written");
            self.fail();
        }
    }

    pub(super) fn carry_out(
        &self,
        id: &Arc<str>,
        slot: &mut Slot,
        effects: Effects,
    ) -> Result<(), WriteError> {
        let (mut records, mut answers) = (Vec::new(), Vec::new());
        for effect in effects {
            match effect {
                Effect::Append(record) => records.push(record),
                Effect::Answer { to, answer } => answers.push((to, answer)),
                Effect::Timer { key, at } => self.set_timer(id, key, at),
            }
        }
        if !records.is_empty() {
            slot.written = self.write(&records)?;
        }
        let durable = slot.written <= self.partition.high_watermark();
        for (to, answer) in answers {
            let Some(reply) = self.askers.borrow_mut().remove(&to) else { continue };
            if durable {
                reply.send(Ok(answer));
            } else {
                let deadline = runtime::now() + self.core.settings.topic.write_timeout;
                self.held.borrow_mut().push(slot.written, deadline, reply, answer);
                self.core.arm(deadline);
            }
        }
        Ok(())
    }

    fn set_timer(&self, id: &Arc<str>, key: TimerKey, at: Option<Mono>) {
        let mut timers = self.timers.borrow_mut();
        match at {
            Some(at) => {
                timers.set(id, key, at);
                self.core.arm(at);
            }
            None => timers.cancel(id, &key),
        }
    }

    /// Appends records; what they say is durable at the offset returned.
    fn write(&self, records: &[GroupRecord]) -> Result<Offset, WriteError> {
        let codec = Codec::from_attributes(self.core.settings.topic.codec)?;
        let most = self.partition.config().max_message_bytes as usize;
        for batch in batches_of(records, codec, most, runtime::wall())? {
            let header = BatchHeader::parse(&batch)?;
            self.written.set(self.partition.append_own(header, batch)?);
        }
        Ok(self.written.get())
    }

    /// The high watermark may have risen.
    pub(super) fn advanced(&self) {
        self.held.borrow_mut().release(self.partition.high_watermark());
    }

    pub(super) fn ids(&self) -> Vec<Arc<str>> {
        self.groups.borrow().keys().cloned().collect()
    }

    /// Every group, as ListGroups tells of it.
    pub(super) fn listed(&self) -> Vec<ListedGroup> {
        self.groups.borrow().values().map(|slot| slot.group.listed()).collect()
    }

    /// The log failed or the partition is gone: nothing more is answered here.
    pub(super) fn fail(&self) {
        self.stop();
        self.held.borrow_mut().fail(&GroupError::NotCoordinator);
    }

    /// Takes nothing more and tells those who wait for others to come; what is decided is still
    /// answered when it is durable.
    pub(super) fn stop(&self) {
        self.phase.set(Phase::Gone);
        for (_, reply) in self.askers.borrow_mut().drain() {
            reply.send(Err(GroupError::NotCoordinator));
        }
        *self.groups.borrow_mut() = BTreeMap::new();
        *self.timers.borrow_mut() = Timers::default();
        self.sweep_due.set(Mono::NEVER);
    }
}
