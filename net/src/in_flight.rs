//! The requests of one connection whose answers are still owed, in request order. Core-local.
//!
//! All of them run at once, driven by the half that sends; only the first may leave. Both halves
//! are one task, the sending one polled last: adding a request needs no wake-up. How many there
//! may be is bounded, in requests, in bytes of requests and in bytes of replies that wait: at the
//! bound the connection stops reading, so that a client that does not read its replies meets TCP's
//! back pressure.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Context, Poll, Waker};

use corelog_engine::runtime::{self, LocalBoxFuture, Part};

use crate::journey::{Journey, Travels};

/// Requests in flight on a connection.
pub const REQUESTS_MAX: usize = 128;
/// Bytes of requests in flight on a connection; one request may be larger.
pub const REQUEST_BYTES_MAX: usize = 32 << 20;
/// Bytes of replies in memory that wait for the socket.
pub const REPLY_BYTES_MAX: usize = 2 << 20;

/// How a request ends.
pub enum Outcome {
    /// A whole response frame.
    Reply(Vec<Part>),
    /// Nothing is sent (`acks=0`).
    Silence,
    /// The connection is closed after the replies before this one.
    Close(&'static str),
}

/// What the ordered stage of a handler leaves behind.
pub enum Staged {
    /// The outcome is known.
    Done(Outcome),
    /// Everything stands in its owner's queue; the outcome follows.
    Later(LocalBoxFuture<Outcome>),
}

enum State {
    Running(LocalBoxFuture<Outcome>),
    Done(Outcome),
}

struct Slot {
    state: State,
    journey: Journey,
    request_bytes: usize,
}

#[derive(Default)]
struct Inner {
    slots: VecDeque<Slot>,
    request_bytes: usize,
    reply_bytes: usize,
    /// No further request comes; the sender stops after what is here.
    ended: bool,
    reader: Option<Waker>,
}

/// Shared by the two halves of a connection.
pub struct InFlight {
    inner: RefCell<Inner>,
    travels: Travels,
}

impl InFlight {
    /// Nothing yet.
    pub fn new(travels: Travels) -> InFlight {
        InFlight { inner: RefCell::default(), travels }
    }

    /// Where the sending half tells what has left.
    pub fn travels(&self) -> &Travels {
        &self.travels
    }

    /// Waits until one more request may be dispatched.
    pub async fn room(&self) {
        poll_fn(|cx| {
            let mut inner = self.inner.borrow_mut();
            if inner.has_room() {
                return Poll::Ready(());
            }
            inner.reader = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Adds the next request, in order.
    pub fn push(&self, staged: Staged, journey: Journey, request_bytes: usize) {
        let mut inner = self.inner.borrow_mut();
        let state = match staged {
            Staged::Later(work) => {
                self.travels.takes_off();
                State::Running(work)
            }
            Staged::Done(outcome) => {
                self.travels.waits();
                inner.reply_bytes += outcome.memory_bytes();
                State::Done(outcome)
            }
        };
        inner.request_bytes += request_bytes;
        inner.slots.push_back(Slot { state, journey, request_bytes });
    }

    /// No further request comes.
    pub fn end(&self) {
        self.inner.borrow_mut().ended = true;
    }

    /// Whether answers are owed.
    pub fn is_busy(&self) -> bool {
        !self.inner.borrow().slots.is_empty()
    }

    /// Runs what is in flight until the oldest outcomes are known, and takes up to `at_most` of
    /// those that are; `None` = ended and nothing left. For the sending half only.
    pub async fn outcomes(&self, at_most: usize) -> Option<Vec<(Outcome, Journey)>> {
        poll_fn(|cx| self.inner.borrow_mut().poll_outcomes(cx, at_most, &self.travels)).await
    }
}

impl Inner {
    fn has_room(&self) -> bool {
        self.slots.len() < REQUESTS_MAX
            && self.request_bytes < REQUEST_BYTES_MAX
            && self.reply_bytes < REPLY_BYTES_MAX
    }

    fn poll_outcomes(
        &mut self,
        cx: &mut Context<'_>,
        at_most: usize,
        travels: &Travels,
    ) -> Poll<Option<Vec<(Outcome, Journey)>>> {
        for slot in &mut self.slots {
            let State::Running(work) = &mut slot.state else { continue };
            runtime::works_on(slot.journey.api.name());
            if let Poll::Ready(outcome) = work.as_mut().poll(cx) {
                self.reply_bytes += outcome.memory_bytes();
                slot.state = State::Done(outcome);
                slot.journey.answered = runtime::now();
                travels.lands();
                travels.waits();
            }
        }
        let mut known = Vec::new();
        while known.len() < at_most
            && matches!(self.slots.front(), Some(Slot { state: State::Done(_), .. }))
            && let Some(slot) = self.slots.pop_front()
        {
            self.request_bytes -= slot.request_bytes;
            if let State::Done(outcome) = slot.state {
                self.reply_bytes -= outcome.memory_bytes();
                known.push((outcome, slot.journey));
            }
        }
        if known.is_empty() {
            if self.ended && self.slots.is_empty() {
                return Poll::Ready(None);
            }
            return Poll::Pending;
        }
        if self.has_room()
            && let Some(reader) = self.reader.take()
        {
            reader.wake();
        }
        Poll::Ready(Some(known))
    }
}

impl Outcome {
    fn memory_bytes(&self) -> usize {
        let Outcome::Reply(parts) = self else { return 0 };
        parts
            .iter()
            .map(|part| match part {
                Part::Memory(bytes) => bytes.len(),
                Part::File(_) => 0,
            })
            .sum()
    }
}
