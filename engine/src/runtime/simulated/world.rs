//! A simulated world: what a test makes, runs, breaks and crashes. Everything random in it comes
//! from its seed. One thread; the world that runs is found through a thread-local.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::metrics::CoreMetrics;
use crate::runtime::{CoreId, Mono, Rng};

use super::disk::Disk;
use super::fault::{Fault, Faults, OpKind};
use super::scheduler::{Event, MAIN, Scheduler};
use super::{survival, task};

/// Everything of a world, in cells of their own so that no borrow outlives one call.
pub(super) struct Shared {
    pub seed: u64,
    pub scheduler: RefCell<Scheduler>,
    pub disk: RefCell<Disk>,
    pub rng: RefCell<Rng>,
    pub faults: RefCell<Faults>,
    pub counts: RefCell<BTreeMap<OpKind, u64>>,
    pub metrics: RefCell<BTreeMap<CoreId, Arc<CoreMetrics>>>,
    pub trace: RefCell<u64>,
}

thread_local! {
    static CURRENT: RefCell<Option<Rc<Shared>>> = const { RefCell::new(None) };
}

/// The world of this thread.
///
/// # Panics
/// Outside of `World::run` and `World::enter`.
#[expect(clippy::expect_used, reason = "runtime calls outside of a world are a test's error")]
pub(super) fn current() -> Rc<Shared> {
    try_current().expect("no simulated world runs on this thread; use World::run or run_here")
}

pub(super) fn try_current() -> Option<Rc<Shared>> {
    CURRENT.with(|current| current.borrow().clone())
}

struct Entered(Option<Rc<Shared>>);

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.with(|current| *current.borrow_mut() = self.0.take());
    }
}

fn enter(world: Rc<Shared>) -> Entered {
    Entered(CURRENT.with(|current| current.borrow_mut().replace(world)))
}

impl Shared {
    /// Mixes `word` into the trace: equal traces = equal runs.
    pub fn note(&self, word: u64) {
        let mut trace = self.trace.borrow_mut();
        *trace = (*trace ^ word).wrapping_mul(0x0100_0000_01b3).rotate_left(5);
    }

    fn finish_due(&self) {
        loop {
            let due = self.scheduler.borrow_mut().due();
            match due {
                Some(Event::Wake(waker)) => waker.wake(),
                Some(Event::Finish(action)) => action(self),
                None => return,
            }
        }
    }

    /// One step: a poll, or a jump in time. `main` is polled when its turn comes.
    fn step<T>(&self, main: &mut dyn FnMut() -> Poll<T>) -> Poll<T> {
        self.finish_due();
        let drawn = self.scheduler.borrow_mut().draw(&mut self.rng.borrow_mut());
        let Some(number) = drawn else {
            let moved = self.scheduler.borrow_mut().jump();
            assert!(moved, "deadlock: nothing will ever happen again (seed {})", self.seed);
            return Poll::Pending;
        };
        self.note(number);
        let cost = 100 + self.rng.borrow_mut().below(1_000);
        self.scheduler.borrow_mut().now += cost;
        if number != MAIN {
            task::poll(self, number);
            return Poll::Pending;
        }
        self.scheduler.borrow_mut().running = Some((MAIN, Some(CoreId(0))));
        let poll = main();
        self.scheduler.borrow_mut().running = None;
        poll
    }

    /// Runs other tasks until `done`; not to be called from inside a task.
    pub fn drive_until(&self, done: &dyn Fn() -> bool) {
        while !done() {
            let _: Poll<()> = self.step(&mut || Poll::Pending);
        }
    }
}

/// One machine: its tasks, its clock, its disk.
pub struct World(Rc<Shared>);

impl World {
    /// A fresh machine with an empty disk.
    pub fn new(seed: u64) -> World {
        World::with(seed, Rng::seeded(seed), 0, Disk::new())
    }

    fn with(seed: u64, rng: Rng, now: u64, disk: Disk) -> World {
        World(Rc::new(Shared {
            seed,
            scheduler: RefCell::new(Scheduler::new(now)),
            disk: RefCell::new(disk),
            rng: RefCell::new(rng),
            faults: RefCell::default(),
            counts: RefCell::default(),
            metrics: RefCell::default(),
            trace: RefCell::new(seed),
        }))
    }

    /// Runs `main` as core 0 to its end; tasks that it spawned stand still then, until the next
    /// run. Panics when nothing can ever happen again, naming the seed.
    #[expect(clippy::expect_used, reason = "without a limit the loop ends only with the answer")]
    pub fn run<F: Future>(&self, main: F) -> F::Output {
        self.run_until(Mono::NEVER, main).expect("ran without a limit")
    }

    /// Runs `main` for at most `time`; `None` = it had not ended, and was dropped.
    pub fn run_for<F: Future>(&self, time: Duration, main: F) -> Option<F::Output> {
        self.run_until(self.now() + time, main)
    }

    /// Runs `main` until `limit` at most; `None` = it had not ended, and was dropped.
    pub fn run_until<F: Future>(&self, limit: Mono, main: F) -> Option<F::Output> {
        let _entered = enter(self.0.clone());
        let mut main = pin!(main);
        let waker = self.0.scheduler.borrow().waker(MAIN);
        self.0.scheduler.borrow().ready.push(MAIN);
        loop {
            if self.now() >= limit {
                return None;
            }
            let mut poll = || main.as_mut().poll(&mut Context::from_waker(&waker));
            if let Poll::Ready(output) = self.0.step(&mut poll) {
                return Some(output);
            }
        }
    }

    /// Calls `inside` with this world as the thread's, outside of any task: for `start_cores` and
    /// its `join`.
    pub fn enter<T>(&self, inside: impl FnOnce() -> T) -> T {
        let _entered = enter(self.0.clone());
        inside()
    }

    /// Pulls the plug. All tasks are gone, operations that had not ended may have taken effect or
    /// not, and the disk keeps what `survival` draws. The clock goes on.
    pub fn crash(self) -> World {
        let _entered = enter(self.0.clone());
        let tasks = std::mem::take(&mut self.0.scheduler.borrow_mut().tasks);
        drop(tasks); // their drops may still call into this world
        let unfinished = self.0.scheduler.borrow_mut().unfinished();
        for action in unfinished {
            let happened = self.0.rng.borrow_mut().below(2) == 0;
            if happened {
                action(&self.0);
            }
        }
        let mut rng = self.0.rng.borrow_mut();
        let disk = survival::survivors(&self.0.disk.borrow(), &mut rng);
        let now = self.0.scheduler.borrow().now;
        let world = World::with(self.0.seed, rng.fork(), now, disk);
        *world.0.trace.borrow_mut() = *self.0.trace.borrow();
        world
    }

    /// Stops without a crash: all tasks are gone, the disk keeps everything, as after a kill.
    pub fn kill(self) -> World {
        let _entered = enter(self.0.clone());
        let tasks = std::mem::take(&mut self.0.scheduler.borrow_mut().tasks);
        drop(tasks);
        let unfinished = self.0.scheduler.borrow_mut().unfinished();
        unfinished.into_iter().for_each(|action| action(&self.0));
        let now = self.0.scheduler.borrow().now;
        let disk = self.0.disk.borrow().without_locks();
        let world = World::with(self.0.seed, self.0.rng.borrow_mut().fork(), now, disk);
        *world.0.trace.borrow_mut() = *self.0.trace.borrow();
        world
    }

    /// Plans a failure.
    pub fn plan(&self, fault: Fault) {
        self.0.faults.borrow_mut().plan(fault);
    }

    /// The next operation of this kind fails with `errno`.
    pub fn fail_next(&self, kind: OpKind, errno: i32) {
        self.plan(Fault { kind, path_contains: String::new(), after: 0, errno });
    }

    /// Operations below `path` hang for `time` from now.
    pub fn stall(&self, path: &Path, time: Duration) {
        let until = self.now() + time;
        self.0.faults.borrow_mut().stall(path, until.as_nanos());
    }

    /// The disk has room for `bytes` from now on.
    pub fn limit_space(&self, bytes: u64) {
        self.0.disk.borrow_mut().space_max = bytes;
    }

    /// Damages a byte of a file, as a failing device would; false = there is no such byte.
    pub fn flip(&self, path: &Path, position: u64) -> bool {
        self.0.disk.borrow_mut().flip(path, position)
    }

    /// How many operations of this kind were begun since the world stands.
    pub fn count(&self, kind: OpKind) -> u64 {
        self.0.counts.borrow().get(&kind).copied().unwrap_or(0)
    }

    /// Time in this world.
    pub fn now(&self) -> Mono {
        Mono::from_nanos(self.0.scheduler.borrow().now)
    }

    /// A number that two runs share when they took the same steps.
    pub fn trace(&self) -> u64 {
        *self.0.trace.borrow()
    }

    /// A generator that depends on the seed: for a test's own choices, as when to crash.
    pub fn rng(&self) -> Rng {
        self.0.rng.borrow_mut().fork()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _entered = enter(self.0.clone());
        let tasks = std::mem::take(&mut self.0.scheduler.borrow_mut().tasks);
        drop(tasks);
        drop(self.0.scheduler.borrow_mut().unfinished());
    }
}
