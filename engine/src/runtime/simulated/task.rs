//! Tasks of the simulated world, and what a task may ask about itself: its core, its counters,
//! random numbers. A panic ends its task and is logged, as with the ring.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use crate::metrics::CoreMetrics;
use crate::runtime::{CoreId, Rng};

use super::world::{Shared, current, try_current};

/// A spawned task. Dropping this handle lets the task run on.
#[derive(Debug)]
pub struct Task {
    number: u64,
    done: Rc<Cell<bool>>,
    /// Closed when the task's future is gone.
    gone: oneshot::Receiver<()>,
}

/// Says that the task's future is gone, however that happened.
struct Leaving {
    done: Rc<Cell<bool>>,
    _gone: oneshot::Sender<()>,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.done.set(true);
    }
}

impl Task {
    /// Drops the task; a file operation that it started goes on.
    pub fn abort(&self) {
        let Some(world) = try_current() else { return };
        let mut scheduler = world.scheduler.borrow_mut();
        let Some(slot) = scheduler.tasks.get_mut(&self.number) else { return };
        slot.aborted = true;
        let future = slot.future.take();
        if future.is_some() {
            scheduler.tasks.remove(&self.number);
        }
        drop(scheduler);
        drop(future); // its drops may call into this world
    }

    /// Waits until the task has ended, by itself, by `abort` or by a panic.
    pub async fn finished(self) {
        drop(self.gone.await);
    }

    /// True once the task has ended.
    pub fn is_finished(&self) -> bool {
        self.done.get()
    }
}

/// Starts a task on the core of the one that calls.
pub fn spawn(task: impl Future<Output = ()> + 'static) -> Task {
    let world = current();
    let core = world.scheduler.borrow().running.and_then(|(_, core)| core);
    spawn_on(&world, core, task)
}

/// Starts a task on `core`; `None` = the control thread.
pub(super) fn spawn_on(
    world: &Shared,
    core: Option<CoreId>,
    task: impl Future<Output = ()> + 'static,
) -> Task {
    let (sender, gone) = oneshot::channel();
    let done = Rc::new(Cell::new(false));
    let leaving = Leaving { done: done.clone(), _gone: sender };
    let future = Box::pin(async move {
        let _leaving = leaving;
        task.await;
    });
    let number = world.scheduler.borrow_mut().add(core, future);
    Task { number, done, gone }
}

/// Polls task `number`, when it still exists.
pub(super) fn poll(world: &Shared, number: u64) {
    let mut scheduler = world.scheduler.borrow_mut();
    let waker = scheduler.waker(number);
    let Some(slot) = scheduler.tasks.get_mut(&number) else { return };
    let (Some(mut future), core) = (slot.future.take(), slot.core) else { return };
    scheduler.running = Some((number, core));
    drop(scheduler);

    let mut cx = Context::from_waker(&waker);
    let poll = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut cx)));
    if poll.is_err() {
        if let Some(core) = core {
            metrics_of(world, core).task_panics.one();
        }
        tracing::error!(core = core.map(|core| core.0), "task panicked");
    }

    let mut scheduler = world.scheduler.borrow_mut();
    scheduler.running = None;
    match scheduler.tasks.get_mut(&number) {
        Some(slot) if matches!(poll, Ok(Poll::Pending)) && !slot.aborted => {
            slot.future = Some(future);
        }
        _ => {
            scheduler.tasks.remove(&number);
            drop(scheduler);
            drop(future);
        }
    }
}

fn metrics_of(world: &Shared, core: CoreId) -> Arc<CoreMetrics> {
    world.metrics.borrow_mut().entry(core).or_default().clone()
}

/// The number of this core.
///
/// # Panics
/// In a task of the control thread, and outside of tasks.
#[expect(clippy::expect_used, reason = "a call from the wrong thread is a programmer's error")]
pub fn core() -> CoreId {
    let running = current().scheduler.borrow().running;
    running.and_then(|(_, core)| core).expect("called on a thread that is not a core")
}

/// The counters of this core.
///
/// # Panics
/// As [`core`].
pub fn core_metrics() -> Arc<CoreMetrics> {
    metrics_of(&current(), core())
}

/// The counters of this core; `None` on the control thread and outside of tasks.
pub(in crate::runtime) fn counters() -> Option<Arc<CoreMetrics>> {
    let world = try_current()?;
    let core = world.scheduler.borrow().running.and_then(|(_, core)| core)?;
    Some(metrics_of(&world, core))
}

/// Random numbers that depend on the world's seed. Each call gives a generator of its own.
pub fn rng() -> Rng {
    current().rng.borrow_mut().fork()
}
