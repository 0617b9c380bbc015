//! What wakes the groups of a coordinator besides requests: timers, the sweep for expired offsets,
//! deleted topics. Core-local.
//!
//! One task of the core does it for all coordinators; many steps at once leave room for other work.

use std::rc::Rc;
use std::time::Duration;

use super::coordinator::{Coordinator, Phase, STEP_BYTES, STEPS_MAX};
use crate::group::{DeletedTopics, Event, TimerKey};
use crate::runtime::{self, Mono};

/// When a timer rings while the log takes nothing, it rings again after this time.
const RETRY: Duration = Duration::from_millis(500);
/// Timers that ring before other work of the core has its turn.
const RUNG_MAX: usize = 64;

impl Coordinator {
    /// When this coordinator wants to be woken.
    pub(super) fn first_due(&self) -> Option<Mono> {
        let timer = self.timers.borrow().first();
        let deadline = self.held.borrow().deadline();
        let sweep = Some(self.sweep_due.get()).filter(|at| *at != Mono::NEVER);
        [timer, deadline, sweep].into_iter().flatten().min()
    }

    /// Does what is due.
    pub(super) fn wake(self: &Rc<Self>, now: Mono) {
        for _ in 0..RUNG_MAX {
            let due = self.timers.borrow_mut().take_due(now);
            let Some((group, key)) = due else { break };
            if self.partition.takes(STEP_BYTES).is_ok() {
                self.step(&group, Event::Timer(key));
            } else {
                // Nothing that would have to be written is decided now.
                self.timers.borrow_mut().set(&group, key, now + RETRY);
            }
        }
        self.held.borrow_mut().expire(now);
        if self.sweep_due.get() <= now {
            self.sweep_due.set(now + self.core.settings.groups.offsets_retention_check);
            let coordinator = self.clone();
            runtime::spawn(async move { coordinator.sweep().await });
        }
    }

    /// Lets every group look at what has expired.
    async fn sweep(self: Rc<Self>) {
        for (count, id) in self.ids().into_iter().enumerate() {
            if count % STEPS_MAX == STEPS_MAX - 1 {
                runtime::yield_now().await;
            }
            if self.phase.get() == Phase::Active && self.partition.takes(STEP_BYTES).is_ok() {
                self.step(&id, Event::Timer(TimerKey::Offsets));
            }
        }
    }

    /// These topics are gone.
    pub(super) async fn topics_deleted(&self, deleted: DeletedTopics) {
        if self.phase.get() == Phase::Loading {
            return self.missed.borrow_mut().push(deleted);
        }
        for (count, id) in self.ids().into_iter().enumerate() {
            if count % STEPS_MAX == STEPS_MAX - 1 {
                runtime::yield_now().await;
            }
            if self.phase.get() != Phase::Active {
                return;
            }
            self.step(&id, Event::TopicsDeleted(deleted.clone()));
        }
    }
}
