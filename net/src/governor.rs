//! The memory governor of a core: asks `memory` who may take bytes, lets the others wait, tells
//! frames whose senders are silent that they are cut, and gives bytes back when the last buffer
//! that stands on them is dropped. Core-local.
//!
//! Must not know: frames, requests, sockets.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use corelog_engine::metrics::CoreMetrics;
use corelog_engine::runtime::sync::oneshot;
use corelog_engine::runtime::{self, FixedMap, Mono};

use crate::memory::{Budget, Claim, Lane, Verdict};

/// One part of this many of the memory is for small frames only.
const RESERVE_PART: u64 = 8;
/// How often silent senders are looked for while memory is short.
const LOOK: Duration = Duration::from_millis(100);

/// The memory for requests of one core. Cheap to clone.
#[derive(Clone)]
pub struct Governor(Rc<RefCell<Inner>>);

struct Inner {
    budget: Budget,
    /// Where the level of the budget is told.
    metrics: Arc<CoreMetrics>,
    /// Those that wait for memory.
    waiting: FixedMap<Claim, oneshot::Sender<()>>,
    /// Those that wait for their sender.
    listening: FixedMap<Claim, oneshot::Sender<()>>,
    /// A task looks for silent senders.
    looking: bool,
}

impl Governor {
    /// A governor over `limit` bytes, for this core.
    pub fn new(limit: u64) -> Governor {
        let metrics = runtime::core_metrics();
        metrics.memory_limit.set(limit);
        Governor(Rc::new(RefCell::new(Inner {
            budget: Budget::new(limit, limit / RESERVE_PART),
            metrics,
            waiting: FixedMap::default(),
            listening: FixedMap::default(),
            looking: false,
        })))
    }

    /// A new claim that holds nothing.
    pub fn claim(&self) -> Claim {
        self.0.borrow_mut().budget.claim()
    }

    /// Bytes that are taken now.
    pub fn taken(&self) -> u64 {
        self.0.borrow().budget.taken()
    }

    /// Whether somebody waits for memory.
    pub fn is_short(&self) -> bool {
        self.0.borrow().budget.waiting() > 0
    }

    /// Whether a small frame would get `bytes` at once.
    pub fn has_room(&self, bytes: usize) -> bool {
        self.0.borrow().budget.has_room(bytes as u64)
    }

    /// Takes `bytes` for `claim`; waits in line while there are none.
    pub async fn take(&self, claim: Claim, lane: Lane, bytes: usize) -> Charge {
        self.pass(claim, lane, bytes as u64).await;
        Charge { governor: self.clone(), claim, lane, bytes: bytes as u64 }
    }

    /// Counts `bytes` that are in use already. A small frame waits in line while that is too much;
    /// a large one will have to ask for more anyway.
    pub async fn enter(&self, claim: Claim, lane: Lane, bytes: usize) -> Charge {
        self.0.borrow_mut().change(|budget| budget.count(lane, bytes as u64));
        let charge = Charge { governor: self.clone(), claim, lane, bytes: bytes as u64 };
        if lane == Lane::Small {
            self.pass(claim, lane, 0).await;
        }
        charge
    }

    /// Says that a frame that holds `held` bytes has room and waits for its sender from now on.
    pub fn listen(&self, claim: Claim, held: u64) -> Listening {
        let since = runtime::now();
        let (sender, told) = oneshot::channel();
        let mut inner = self.0.borrow_mut();
        inner.budget.listen(claim, since, held);
        inner.listening.insert(claim, sender);
        Listening { governor: self.clone(), claim, since, told }
    }

    async fn pass(&self, claim: Claim, lane: Lane, bytes: u64) {
        let verdict = self.0.borrow_mut().change(|budget| budget.ask(claim, lane, bytes));
        if verdict == Verdict::Granted {
            return;
        }
        let (sender, granted) = oneshot::channel();
        self.0.borrow_mut().waiting.insert(claim, sender);
        self.look_for_silence();
        let mut place = Place { governor: self, claim, lane, bytes, kept: false };
        // The sender lives in the map above until it is used, so this does not fail.
        let _ = granted.await;
        place.kept = true;
    }

    /// Sees to it that silent senders are cut for as long as memory is short.
    fn look_for_silence(&self) {
        if std::mem::replace(&mut self.0.borrow_mut().looking, true) {
            return;
        }
        let governor = self.clone();
        runtime::spawn(async move {
            while governor.is_short() {
                // Sleeping first: what reached the sockets while the core was busy is seen by
                // those who listen before their silence is measured.
                runtime::sleep(LOOK).await;
                governor.cut_silent(runtime::now());
            }
            governor.0.borrow_mut().looking = false;
        });
    }

    fn cut_silent(&self, now: Mono) {
        let mut inner = self.0.borrow_mut();
        for claim in inner.budget.cut_silent(now) {
            if let Some(sender) = inner.listening.remove(&claim) {
                let _ = sender.send(());
            }
        }
    }

    fn wake(&self, granted: &[Claim]) {
        let mut inner = self.0.borrow_mut();
        for claim in granted {
            if let Some(sender) = inner.waiting.remove(claim) {
                let _ = sender.send(());
            }
        }
    }

    fn give_back(&self, claim: Claim, lane: Lane, bytes: u64) {
        let granted = self.0.borrow_mut().change(|budget| budget.give_back(claim, lane, bytes));
        self.wake(&granted);
    }
}

impl Inner {
    /// Changes what is taken, and tells how much that is.
    fn change<T>(&mut self, change: impl FnOnce(&mut Budget) -> T) -> T {
        let outcome = change(&mut self.budget);
        self.metrics.memory_taken.set(self.budget.taken());
        outcome
    }
}

/// A place in the line; leaving it early lets the next one pass.
struct Place<'a> {
    governor: &'a Governor,
    claim: Claim,
    lane: Lane,
    bytes: u64,
    kept: bool,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let waited = self.governor.0.borrow_mut().waiting.remove(&self.claim).is_some();
        if waited {
            let granted = self.governor.0.borrow_mut().change(|budget| budget.withdraw(self.claim));
            self.governor.wake(&granted);
        } else {
            // Granted in the same moment in which the connection gave up.
            self.governor.give_back(self.claim, self.lane, self.bytes);
        }
    }
}

/// Bytes that are taken; dropping it gives them back.
pub struct Charge {
    governor: Governor,
    claim: Claim,
    lane: Lane,
    bytes: u64,
}

impl Charge {
    /// How many they are.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.governor.give_back(self.claim, self.lane, self.bytes);
    }
}

/// The wait of a frame for its sender. Ready = memory is short and the frame is to be cut, unless
/// bytes have come meanwhile; dropping it ends the wait.
pub struct Listening {
    governor: Governor,
    claim: Claim,
    since: Mono,
    told: oneshot::Receiver<()>,
}

impl Future for Listening {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.told).poll(cx).map(|_| ())
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut inner = self.governor.0.borrow_mut();
        inner.budget.heard(self.claim, self.since);
        inner.listening.remove(&self.claim);
    }
}

#[cfg(test)]
#[path = "governor_test.rs"]
mod governor_test;
