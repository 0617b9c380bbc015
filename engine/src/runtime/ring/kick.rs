//! The ring kick: submits queued operations while the core is busy.
//!
//! tokio-uring hands its queue to the kernel only when the thread parks, and a core with always one
//! more runnable task never parks. So every operation that is queued wakes one task of this core;
//! it stands at the end of the run queue, behind all tasks that are runnable now, and then submits
//! with one `io_uring_enter` whatever they have queued. On an idle core that is at once.
//!
//! Completions need no such help: tokio polls epoll, in which the ring stands, between any two
//! rounds of at most 61 task polls. Core-local.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::os::fd::RawFd;
use std::rc::Rc;
use std::task::{Poll, Waker};

use super::context::CoreContext;

/// The submitter of one ring.
pub(super) struct Kick {
    ring: RawFd,
    queued: Cell<bool>,
    task: RefCell<Option<Waker>>,
}

impl Kick {
    /// For the ring behind descriptor `ring`, which outlives the core's tasks.
    pub fn new(ring: RawFd) -> Kick {
        Kick { ring, queued: Cell::new(false), task: RefCell::new(None) }
    }

    /// To be called after an operation was queued: it is submitted at the end of this round.
    pub fn request(&self) {
        if !self.queued.replace(true)
            && let Some(task) = &*self.task.borrow()
        {
            task.wake_by_ref();
        }
    }

    /// One system call for everything queued. Errors are left to the next park or kick, which
    /// meet them again: the queue is still there.
    fn submit(&self) {
        const EVERYTHING: u32 = u32::MAX >> 1;
        // SAFETY: no memory is passed; `ring` is an open ring of this thread (see `new`), and the
        // kernel takes at most as many entries as the queue's shared tail says were published.
        unsafe {
            libc::syscall(
                libc::SYS_io_uring_enter,
                self.ring,
                EVERYTHING,
                0,
                0,
                std::ptr::null::<libc::c_void>(),
                0,
            );
        }
    }
}

/// The task that submits; runs for as long as the core does.
pub(super) async fn run(core: Rc<CoreContext>) {
    poll_fn(|cx| {
        let kick = &core.kick;
        *kick.task.borrow_mut() = Some(cx.waker().clone());
        if kick.queued.replace(false) {
            kick.submit();
            core.metrics.ring_enters.one();
        }
        Poll::<()>::Pending
    })
    .await;
}

#[cfg(test)]
#[path = "kick_test.rs"]
mod kick_test;
