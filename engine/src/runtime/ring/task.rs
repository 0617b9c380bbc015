//! Tasks of a runtime thread. A panic ends its task, is logged and counted, and nothing else.
//! Core and control threads.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::task::JoinHandle;

use super::context;

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
    Task(tokio::task::spawn_local(Fenced(Box::pin(task))))
}

/// Keeps a panic inside the task.
struct Fenced<F>(Pin<Box<F>>);

impl<F: Future<Output = ()>> Future for Fenced<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // A future that panicked is never polled again, so nobody meets its broken state.
        match catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(cx))) {
            Ok(poll) => poll,
            Err(panic) => {
                let core = context::current();
                if let Some(core) = &core {
                    core.metrics.task_panics.one();
                }
                let core = core.map(|core| core.id.0);
                tracing::error!(core, panic = text(&*panic), "task panicked");
                Poll::Ready(())
            }
        }
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
