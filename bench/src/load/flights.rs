//! Requests of one connection that wait for their answer, in the order of the answers. Lives on an
//! executor, shared by the task that sends and the one that reads.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Poll, Waker};

use crate::measure::Flow;

/// A request under way.
#[derive(Debug, Clone, Copy)]
pub struct Flight {
    /// Correlation id.
    pub id: i32,
    /// When it was meant to be sent.
    pub due: u64,
    /// When it was handed to the kernel.
    pub sent: u64,
    /// What it carries.
    pub flow: Flow,
}

/// The requests under way, at most so many.
pub struct Flights {
    most: usize,
    under_way: RefCell<VecDeque<Flight>>,
    closed: Cell<bool>,
    sender: Cell<Option<Waker>>,
    reader: Cell<Option<Waker>>,
}

impl Flights {
    /// None yet.
    pub fn new(most: usize) -> Flights {
        Flights {
            most,
            under_way: RefCell::default(),
            closed: Cell::new(false),
            sender: Cell::new(None),
            reader: Cell::new(None),
        }
    }

    /// Whether another one has to wait.
    pub fn is_full(&self) -> bool {
        self.under_way.borrow().len() >= self.most
    }

    /// How many are under way.
    pub fn len(&self) -> usize {
        self.under_way.borrow().len()
    }

    /// Waits until there is room, or until nothing may be sent any more.
    pub async fn room(&self) {
        poll_fn(|context| {
            if !self.is_full() || self.closed.get() {
                return Poll::Ready(());
            }
            self.sender.set(Some(context.waker().clone()));
            Poll::Pending
        })
        .await;
    }

    /// A request is about to be sent.
    pub fn push(&self, flight: Flight) {
        self.under_way.borrow_mut().push_back(flight);
        wake(&self.reader);
    }

    /// Waits until an answer is owed; `false` when none is and none will be.
    pub async fn owed(&self) -> bool {
        poll_fn(|context| {
            if !self.under_way.borrow().is_empty() {
                return Poll::Ready(true);
            }
            if self.closed.get() {
                return Poll::Ready(false);
            }
            self.reader.set(Some(context.waker().clone()));
            Poll::Pending
        })
        .await
    }

    /// The request that the next answer belongs to.
    pub fn pop(&self) -> Option<Flight> {
        let flight = self.under_way.borrow_mut().pop_front();
        wake(&self.sender);
        flight
    }

    /// Nothing more is sent.
    pub fn close(&self) {
        self.closed.set(true);
        wake(&self.reader);
        wake(&self.sender);
    }

    /// Whether nothing more is sent.
    pub fn is_closed(&self) -> bool {
        self.closed.get()
    }
}

fn wake(waiting: &Cell<Option<Waker>>) {
    if let Some(waker) = waiting.take() {
        waker.wake();
    }
}
