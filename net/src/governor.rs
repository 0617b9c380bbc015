//! The memory governor of a core: asks `memory` who may take bytes, lets the others wait, and
//! gives bytes back when the last buffer that stands on them is dropped. Core-local.
//!
//! Must not know: frames, requests, sockets.

use std::cell::RefCell;
use std::rc::Rc;

use corelog_engine::runtime::FixedMap;
use corelog_engine::runtime::sync::oneshot;

use crate::memory::{Budget, Claim, Verdict};

/// The memory for requests of one core. Cheap to clone.
#[derive(Clone)]
pub struct Governor(Rc<RefCell<Inner>>);

struct Inner {
    budget: Budget,
    wakers: FixedMap<u64, (Claim, oneshot::Sender<()>)>,
    next_waker: u64,
}

impl Governor {
    /// A governor over `limit` bytes.
    pub fn new(limit: u64) -> Governor {
        Governor(Rc::new(RefCell::new(Inner {
            budget: Budget::new(limit),
            wakers: FixedMap::default(),
            next_waker: 0,
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

    /// Takes `bytes` for `claim`; waits in line while there are none.
    pub async fn take(&self, claim: Claim, bytes: usize) -> Charge {
        let bytes = bytes as u64;
        let verdict = self.0.borrow_mut().budget.ask(claim, bytes);
        if verdict == Verdict::Wait {
            self.wait(claim, bytes).await;
        }
        Charge { governor: self.clone(), claim, bytes }
    }

    async fn wait(&self, claim: Claim, bytes: u64) {
        let (sender, granted) = oneshot::channel();
        let key = {
            let mut inner = self.0.borrow_mut();
            inner.next_waker += 1;
            let key = inner.next_waker;
            inner.wakers.insert(key, (claim, sender));
            key
        };
        let mut place = Place { governor: self, claim, bytes, key, kept: false };
        // The sender lives in the map above until it is used, so this does not fail.
        let _ = granted.await;
        place.kept = true;
    }

    fn wake(&self, granted: &[Claim]) {
        let mut inner = self.0.borrow_mut();
        for claim in granted {
            let key = inner.wakers.iter().find(|(_, (other, _))| other == claim).map(|(k, _)| *k);
            if let Some((_, sender)) = key.and_then(|key| inner.wakers.remove(&key)) {
                let _ = sender.send(());
            }
        }
    }

    fn give_back(&self, claim: Claim, bytes: u64) {
        let granted = self.0.borrow_mut().budget.give_back(claim, bytes);
        self.wake(&granted);
    }
}

/// A place in the line; leaving it early lets the next one pass.
struct Place<'a> {
    governor: &'a Governor,
    claim: Claim,
    bytes: u64,
    key: u64,
    kept: bool,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let waited = self.governor.0.borrow_mut().wakers.remove(&self.key).is_some();
        if waited {
            let granted = self.governor.0.borrow_mut().budget.withdraw(self.claim);
            self.governor.wake(&granted);
        } else {
            // Granted in the same moment in which the connection gave up.
            self.governor.give_back(self.claim, self.bytes);
        }
    }
}

/// Bytes that are taken; dropping it gives them back.
pub struct Charge {
    governor: Governor,
    claim: Claim,
    bytes: u64,
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.governor.give_back(self.claim, self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use corelog_engine::runtime::{now, run_here, sleep, spawn, within};

    use super::*;

    #[test]
    fn whoever_waits_goes_on_when_memory_is_given_back() {
        run_here(async {
            let governor = Governor::new(100);
            let first = governor.take(governor.claim(), 90).await;
            let second = governor.take(governor.claim(), 90).await;
            let waiting = governor.clone();
            let third = spawn(async move {
                let _charge = waiting.take(waiting.claim(), 50).await;
            });
            sleep(Duration::from_millis(5)).await;
            assert!(governor.is_short() && !third.is_finished());
            drop(first);
            sleep(Duration::from_millis(5)).await;
            assert!(!third.is_finished(), "one frame beyond the limit is enough");
            drop(second);
            third.finished().await;
            assert_eq!(governor.taken(), 0);
        });
    }

    #[test]
    fn whoever_gives_up_waiting_takes_nothing_with_it() {
        run_here(async {
            let governor = Governor::new(100);
            let first = governor.take(governor.claim(), 100).await;
            let second = governor.take(governor.claim(), 10).await;
            let soon = now() + Duration::from_millis(5);
            assert!(within(soon, governor.take(governor.claim(), 60)).await.is_none());
            assert!(!governor.is_short());
            drop((first, second));
            assert_eq!(governor.taken(), 0);
            assert!(within(now(), governor.take(governor.claim(), 60)).await.is_some());
        });
    }
}
