//! Who waits for which offset of one partition: produces for an end, fetches for news.
//!
//! A produce message from one core is one [`AppendGroup`]: it answers once, when the last of its
//! parts is decided, or at its deadline with what is decided by then. Core-local; knows nothing
//! of connections.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use super::append::{AppendError, Appended};
use crate::record::Offset;
use crate::runtime::Reply;

/// The answers to one produce message, by place in the request.
pub type AppendAnswers = Vec<(u32, Result<Appended, AppendError>)>;

/// The parts of one produce message whose answers leave together.
pub struct AppendGroup {
    answers: RefCell<AppendAnswers>,
    waiting: RefCell<Vec<u32>>,
    reply: RefCell<Option<Reply<AppendAnswers>>>,
}

impl AppendGroup {
    /// A group that answers through `reply` once all of `indexes` are resolved.
    pub fn new(indexes: Vec<u32>, reply: Reply<AppendAnswers>) -> Rc<Self> {
        Rc::new(Self {
            answers: RefCell::new(Vec::with_capacity(indexes.len())),
            waiting: RefCell::new(indexes),
            reply: RefCell::new(Some(reply)),
        })
    }

    /// Decides one part. Later decisions for the same part change nothing.
    pub fn resolve(&self, index: u32, answer: Result<Appended, AppendError>) {
        let mut waiting = self.waiting.borrow_mut();
        let Some(place) = waiting.iter().position(|waiter| *waiter == index) else { return };
        waiting.swap_remove(place);
        self.answers.borrow_mut().push((index, answer));
        if waiting.is_empty() {
            self.send();
        }
    }

    /// The deadline has passed: what is undecided was appended but not acknowledged in time.
    pub fn expire(&self) {
        for index in std::mem::take(&mut *self.waiting.borrow_mut()) {
            self.answers.borrow_mut().push((index, Err(AppendError::TimedOutAfterAppend)));
        }
        self.send();
    }

    /// Whether the answer has left.
    pub fn is_answered(&self) -> bool {
        self.reply.borrow().is_none()
    }

    fn send(&self) {
        if let Some(reply) = self.reply.borrow_mut().take() {
            reply.send(std::mem::take(&mut *self.answers.borrow_mut()));
        }
    }
}

/// One appended part that waits for an end to pass it.
pub struct AppendWaiter {
    /// Answer once the end is here.
    pub until: Offset,
    /// Place in the request.
    pub index: u32,
    /// What to answer.
    pub answer: Appended,
    /// Through whom.
    pub group: Rc<AppendGroup>,
}

/// A parked fetch: woken once, by news on any of its partitions.
pub struct Watch {
    reply: Cell<Option<Reply<()>>>,
    fired: Cell<bool>,
}

impl Watch {
    /// A watch that wakes its fetch through `reply`.
    pub fn new(reply: Reply<()>) -> Rc<Self> {
        Rc::new(Self { reply: Cell::new(Some(reply)), fired: Cell::new(false) })
    }

    /// Wakes the fetch; again does nothing.
    pub fn fire(&self) {
        self.fired.set(true);
        if let Some(reply) = self.reply.take() {
            reply.send(());
        }
    }

    /// Whether nobody waits on it any more.
    pub fn is_over(&self) -> bool {
        self.fired.get()
    }
}

/// Below this many parked fetches nobody looks for finished ones.
const WATCHES_UNSWEPT_MAX: usize = 64;

/// Everybody who waits on one partition.
#[derive(Default)]
pub struct Waiters {
    acked: VecDeque<AppendWaiter>,
    committed: VecDeque<AppendWaiter>,
    watches: Vec<(Offset, Rc<Watch>)>,
    sweep_at: usize,
}

impl Waiters {
    /// Answer when the leader's acked end passes (`acks=1`).
    pub fn wait_acked(&mut self, waiter: AppendWaiter) {
        insert(&mut self.acked, waiter);
    }

    /// Answer when the high watermark passes (`acks=all`).
    pub fn wait_committed(&mut self, waiter: AppendWaiter) {
        insert(&mut self.committed, waiter);
    }

    /// Wake when the high watermark rises above `offset`.
    pub fn watch(&mut self, offset: Offset, watch: Rc<Watch>) {
        if self.watches.len() >= self.sweep_at.max(WATCHES_UNSWEPT_MAX) {
            self.watches.retain(|(_, watch)| !watch.is_over());
            self.sweep_at = self.watches.len() * 2;
        }
        self.watches.push((offset, watch));
    }

    /// The acked end or the high watermark moved.
    pub fn advanced(&mut self, acked_end: Offset, high_watermark: Offset) {
        answer(&mut self.acked, acked_end);
        answer(&mut self.committed, high_watermark);
        self.watches.retain(|(offset, watch)| {
            let news = *offset < high_watermark;
            if news {
                watch.fire();
            }
            !news && !watch.is_over()
        });
    }

    /// The partition leaves this core or its log failed: everybody hears `error`.
    pub fn fail(&mut self, error: AppendError) {
        for waiter in self.acked.drain(..).chain(self.committed.drain(..)) {
            waiter.group.resolve(waiter.index, Err(error));
        }
        for (_, watch) in self.watches.drain(..) {
            watch.fire();
        }
    }
}

/// Keeps the queue in order of `until`. Offsets rise, so the place is the end, but for the
/// answer to a duplicate.
fn insert(queue: &mut VecDeque<AppendWaiter>, waiter: AppendWaiter) {
    let place = queue.partition_point(|other| other.until <= waiter.until);
    queue.insert(place, waiter);
}

fn answer(queue: &mut VecDeque<AppendWaiter>, end: Offset) {
    while queue.front().is_some_and(|waiter| waiter.until <= end) {
        if let Some(waiter) = queue.pop_front() {
            waiter.group.resolve(waiter.index, Ok(waiter.answer));
        }
    }
}
