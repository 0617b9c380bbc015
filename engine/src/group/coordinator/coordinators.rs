//! All coordinators of a core: started and ended with their partitions, woken by one task.
//!
//! Core-local. An idle group costs no task and no wake-up: one task sleeps until the earliest timer
//! of all coordinators.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use uuid::Uuid;

use super::coordinator::{Coordinator, Phase};
use super::held::GroupReply;
use crate::config::{GroupSettings, OffsetsTopicConfig};
use crate::group::answer::ListedGroup;
use crate::group::request::{Caller, Request};
use crate::group::{Context, DeletedTopics, GroupError};
use crate::metadata::{Image, LogId};
use crate::partition::Partition;
use crate::runtime::sync::{Notify, Semaphore};
use crate::runtime::{self, Mono, Rng};

/// Logs of one core that are read at once.
const LOADING_MAX: usize = 2;

/// What coordinators are told at start.
#[derive(Debug, Clone)]
pub struct CoordinatorSettings {
    /// For the groups.
    pub groups: Arc<GroupSettings>,
    /// For their topic.
    pub topic: OffsetsTopicConfig,
}

/// A request to one group on its way to its coordinator. `Send`: it may cross to the owner core.
#[derive(Debug)]
pub struct GroupAsk {
    /// The partition that holds the group.
    pub log: LogId,
    /// The group.
    pub group: Arc<str>,
    /// Who asks.
    pub caller: Caller,
    /// What.
    pub request: Request,
    /// Where the answer goes.
    pub reply: GroupReply,
}

/// What the coordinators of a core share.
pub(super) struct CoreView {
    pub(super) settings: CoordinatorSettings,
    image: RefCell<Arc<Image>>,
    rng: RefCell<Rng>,
    /// When the core's timer task wakes next.
    armed: Cell<Mono>,
    sooner: Notify,
}

impl CoreView {
    /// Calls `step` with what a step may look at.
    pub(super) fn with_context<T>(&self, step: impl FnOnce(&mut Context<'_>) -> T) -> T {
        let image = self.image.borrow();
        let mut rng = self.rng.borrow_mut();
        step(&mut Context {
            now: runtime::now(),
            wall: runtime::wall(),
            rng: &mut rng,
            settings: &self.settings.groups,
            image: &image,
        })
    }

    /// Something is due at this time.
    pub(super) fn arm(&self, at: Mono) {
        if at < self.armed.get() {
            self.armed.set(at);
            self.sooner.notify_one();
        }
    }
}

/// The coordinators of one core.
pub struct Coordinators {
    core: Rc<CoreView>,
    pub(super) all: RefCell<BTreeMap<LogId, Rc<Coordinator>>>,
    turns: Rc<Semaphore>,
    /// Topics that are gone, and not every coordinator has heard of it.
    deleted: RefCell<Vec<(Arc<str>, Uuid)>>,
    deletion: Notify,
}

impl Coordinators {
    /// None yet. [`Coordinators::run`] and [`Coordinators::follow_deletions`] must be running
    /// before any starts.
    pub fn new(settings: CoordinatorSettings, image: Arc<Image>) -> Rc<Coordinators> {
        let core = CoreView {
            settings,
            image: RefCell::new(image),
            rng: RefCell::new(runtime::rng()),
            armed: Cell::new(Mono::NEVER),
            sooner: Notify::new(),
        };
        Rc::new(Coordinators {
            core: Rc::new(core),
            all: RefCell::default(),
            turns: Rc::new(Semaphore::new(LOADING_MAX)),
            deleted: RefCell::default(),
            deletion: Notify::new(),
        })
    }

    /// This core leads a partition of `__consumer_offsets` now: reads it, then answers for it.
    pub fn start(&self, partition: Rc<Partition>) {
        let coordinator = Coordinator::new(partition, self.core.clone());
        let before = self.all.borrow_mut().insert(coordinator.log(), coordinator.clone());
        if let Some(before) = before {
            before.fail();
        }
        if coordinator.has_nothing_to_read() {
            return coordinator.open_doors();
        }
        if self.core.settings.topic.hold_load_for_tests {
            return tracing::error!(log = ?coordinator.log(), "held: its groups are never loaded");
        }
        let turns = self.turns.clone();
        runtime::spawn(async move { coordinator.load(turns).await });
    }

    /// The partition is not led here any more.
    pub fn end(&self, log: LogId) {
        let ended = self.all.borrow_mut().remove(&log);
        if let Some(coordinator) = ended {
            coordinator.fail();
        }
    }

    /// Nothing more is durable in this log: its log dir is offline.
    pub fn failed(&self, log: LogId) {
        if let Some(coordinator) = self.find(log) {
            coordinator.fail();
        }
    }

    /// Takes a request; `absent` says why, where nobody coordinates its group. Synchronous: its
    /// step is done on return.
    pub fn ask(&self, ask: GroupAsk, absent: impl FnOnce(LogId) -> GroupError) {
        match self.find(ask.log) {
            Some(coordinator) => coordinator.ask(ask),
            None => ask.reply.send(Err(absent(ask.log))),
        }
    }

    /// Every group of this core.
    ///
    /// # Errors
    /// One of the coordinators does not know its groups yet.
    pub fn list(&self) -> Result<Vec<ListedGroup>, GroupError> {
        let mut listed = Vec::new();
        for coordinator in self.all.borrow().values() {
            match coordinator.phase() {
                Phase::Loading => return Err(GroupError::CoordinatorLoadInProgress),
                Phase::Active => listed.extend(coordinator.listed()),
                // Who takes over tells of them.
                Phase::Gone => {}
            }
        }
        Ok(listed)
    }

    /// The high watermark of a log may have risen.
    pub fn advanced(&self, log: LogId) {
        if let Some(coordinator) = self.find(log) {
            coordinator.advanced();
        }
    }

    /// Whether every coordinator has read its log.
    pub fn are_loaded(&self) -> bool {
        self.all.borrow().values().all(|coordinator| coordinator.phase() != Phase::Loading)
    }

    /// There is a newer metadata image.
    pub fn image_changed(&self, image: Arc<Image>) {
        let before = self.core.image.replace(image.clone());
        if self.all.borrow().is_empty() {
            return;
        }
        let gone = before.topics().filter(|topic| image.topic_by_id(topic.id).is_none());
        self.deleted.borrow_mut().extend(gone.map(|topic| (topic.name.clone(), topic.id)));
        self.deletion.notify_one();
    }

    /// Tells groups of deleted topics for as long as the core lives.
    pub async fn follow_deletions(&self) {
        loop {
            self.deletion.notified().await;
            let deleted: DeletedTopics = std::mem::take(&mut *self.deleted.borrow_mut()).into();
            if deleted.is_empty() {
                continue;
            }
            for coordinator in self.everyone() {
                coordinator.topics_deleted(deleted.clone()).await;
            }
        }
    }

    /// Wakes groups for as long as the core lives.
    pub async fn run(&self) {
        loop {
            let first = self.everyone().iter().filter_map(|one| one.first_due()).min();
            let first = first.unwrap_or(Mono::NEVER);
            self.core.armed.set(first);
            if first > runtime::now() {
                // Either the time has come or an earlier one was set: look again.
                let _ = runtime::within(first, self.core.sooner.notified()).await;
            } else {
                runtime::yield_now().await;
            }
            let now = runtime::now();
            for coordinator in self.everyone() {
                if coordinator.first_due().is_some_and(|due| due <= now) {
                    coordinator.wake(now);
                }
            }
        }
    }

    /// The broker stops: nothing more is taken, and who waits for others to join hears of it. What
    /// is decided is still answered when it is durable.
    pub fn stop(&self) {
        self.everyone().iter().for_each(|coordinator| coordinator.stop());
    }

    /// The logs are closed: what is not durable by now is not answered.
    pub fn close(&self) {
        self.everyone().iter().for_each(|coordinator| coordinator.fail());
    }

    fn find(&self, log: LogId) -> Option<Rc<Coordinator>> {
        self.all.borrow().get(&log).cloned()
    }

    fn everyone(&self) -> Vec<Rc<Coordinator>> {
        self.all.borrow().values().cloned().collect()
    }
}
