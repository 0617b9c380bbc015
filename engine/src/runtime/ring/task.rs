//! Tasks of a runtime thread. A panic ends its task, is logged and counted, and nothing else. A
//! turn that holds the core for too long is counted with the name of the task. Core and control
//! threads.

use std::any::{Any, type_name};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::task::JoinHandle;

use super::context::{self, CoreContext};
use super::turn::Turn;

/// A spawned task. Dropping this handle lets the task run on.
#[derive(Debug)]
pub struct Task(JoinHandle<()>);

impl Task {
    /// Drops the task at its next await point; a file operation that it started goes on.
    pub fn abort(&self) {
        self.0.abort();
    }

    /// Waits until the task has ended, by itself, by `abort` or by a panic.
    pub async fn finished(self) {
        drop(self.0.await);
    }

    /// True once the task has ended.
    pub fn is_finished(&self) -> bool {
        self.0.is_finished()
    }
}

/// Starts a task on this thread.
///
/// # Panics
/// On a thread without a runtime.
pub fn spawn(task: impl Future<Output = ()> + 'static) -> Task {
    Task(tokio::task::spawn_local(Fenced { task: Box::pin(task), core: context::current() }))
}

/// Keeps a panic inside the task, and looks at the clock around each turn.
struct Fenced<F> {
    task: Pin<Box<F>>,
    core: Option<Rc<CoreContext>>,
}

impl<F: Future<Output = ()>> Fenced<F> {
    fn poll_inside(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // A future that panicked is never polled again, so nobody meets its broken state.
        match catch_unwind(AssertUnwindSafe(|| self.task.as_mut().poll(cx))) {
            Ok(poll) => poll,
            Err(panic) => {
                if let Some(core) = &self.core {
                    core.metrics.task_panics.one();
                }
                let core = self.core.as_ref().map(|core| core.id.0);
                tracing::error!(core, panic = text(&*panic), "task panicked");
                Poll::Ready(())
            }
        }
    }
}

impl<F: Future<Output = ()>> Future for Fenced<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(core) = self.core.clone() else { return self.poll_inside(cx) };
        let turn = Turn::begin();
        core.work.set("");
        let poll = self.poll_inside(cx);
        if let Some(held) = turn.stall() {
            core.metrics.stalls.record(type_name::<F>(), core.work.get(), held);
        }
        poll
    }
}

/// The message of a panic, when it has one.
pub(super) fn text(panic: &(dyn Any + Send)) -> &str {
    if let Some(text) = panic.downcast_ref::<&str>() {
        text
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text
    } else {
        "no message"
    }
}
