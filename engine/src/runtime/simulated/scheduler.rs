//! The seeded scheduler: which runnable task goes next is drawn at random, time stands still while
//! one is runnable (but for a little per step) and jumps to the next event when none is. It knows
//! tasks and events, not what they do. One thread.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Wake, Waker};

use crate::runtime::{CoreId, FixedSet, Rng};

use super::world::Shared;

/// The future that `World::run` was given; every other task has a higher number.
pub(super) const MAIN: u64 = 0;

pub(super) type TaskFuture = Pin<Box<dyn Future<Output = ()>>>;
/// What an event does when its time comes.
pub(super) type Action = Box<dyn FnOnce(&Shared)>;

/// Something that happens at a point of time.
pub(super) enum Event {
    /// A timer.
    Wake(Waker),
    /// An operation of the disk or a worker ends: its effect, and the answer.
    Finish(Action),
}

/// Tasks that were woken, in the order in which they were.
#[derive(Default)]
struct Runnable {
    list: Vec<u64>,
    members: FixedSet<u64>,
}

#[derive(Default)]
pub(super) struct ReadyQueue(Mutex<Runnable>);

impl ReadyQueue {
    fn locked(&self) -> MutexGuard<'_, Runnable> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    pub fn push(&self, task: u64) {
        let mut runnable = self.locked();
        if runnable.members.insert(task) {
            runnable.list.push(task);
        }
    }

    fn draw(&self, rng: &mut Rng) -> Option<u64> {
        let mut runnable = self.locked();
        if runnable.list.is_empty() {
            return None;
        }
        let at = rng.below(runnable.list.len() as u64) as usize;
        let task = runnable.list.swap_remove(at);
        runnable.members.remove(&task);
        Some(task)
    }
}

struct TaskWaker {
    task: u64,
    ready: Arc<ReadyQueue>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.ready.push(self.task);
    }
}

/// A task that is not being polled just now.
pub(super) struct TaskSlot {
    /// `None` while it is being polled.
    pub future: Option<TaskFuture>,
    pub core: Option<CoreId>,
    /// Set by `abort` while it is being polled.
    pub aborted: bool,
}

/// Tasks, events and the clock of one world.
pub(super) struct Scheduler {
    pub ready: Arc<ReadyQueue>,
    pub tasks: BTreeMap<u64, TaskSlot>,
    events: BTreeMap<(u64, u64), Event>,
    numbers: u64,
    /// Nanoseconds since the world began.
    pub now: u64,
    /// The task being polled, and the core it belongs to.
    pub running: Option<(u64, Option<CoreId>)>,
}

/// Names an event, to take it back.
pub(super) type EventKey = (u64, u64);

impl Scheduler {
    pub fn new(now: u64) -> Scheduler {
        Scheduler {
            ready: Arc::default(),
            tasks: BTreeMap::new(),
            events: BTreeMap::new(),
            numbers: MAIN,
            now,
            running: None,
        }
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    pub fn waker(&self, task: u64) -> Waker {
        Waker::from(Arc::new(TaskWaker { task, ready: self.ready.clone() }))
    }

    /// Adds a runnable task of `core`.
    pub fn add(&mut self, core: Option<CoreId>, future: TaskFuture) -> u64 {
        let task = self.number();
        self.tasks.insert(task, TaskSlot { future: Some(future), core, aborted: false });
        self.ready.push(task);
        task
    }

    /// Plans `event` for `at`; events of the same time happen in the order of planning.
    pub fn plan(&mut self, at: u64, event: Event) -> EventKey {
        let key = (at, self.number());
        self.events.insert(key, event);
        key
    }

    pub fn cancel(&mut self, key: EventKey) {
        self.events.remove(&key);
    }

    /// The next event that is due.
    pub fn due(&mut self) -> Option<Event> {
        let entry = self.events.first_entry()?;
        if entry.key().0 > self.now {
            return None;
        }
        Some(entry.remove())
    }

    /// Moves the clock to the next event; false = there is none.
    pub fn jump(&mut self) -> bool {
        match self.events.keys().next() {
            Some(&(at, _)) => {
                self.now = self.now.max(at);
                true
            }
            None => false,
        }
    }

    /// A runnable task, drawn at random.
    pub fn draw(&mut self, rng: &mut Rng) -> Option<u64> {
        self.ready.draw(rng)
    }

    /// What had not ended when the power went, in the order of time.
    pub fn unfinished(&mut self) -> Vec<Action> {
        let events = std::mem::take(&mut self.events);
        let finishes = events.into_values().filter_map(|event| match event {
            Event::Finish(action) => Some(action),
            Event::Wake(_) => None,
        });
        finishes.collect()
    }
}
