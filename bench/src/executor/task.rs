//! Tasks of the current executor. A panic is caught in its task: glommio would end the executor.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures_lite::FutureExt;

use super::error::{ExecutorError, panicked};

/// A running task; dropped, it is cancelled.
pub struct Task<T>(glommio::Task<Result<T, Box<dyn Any + Send>>>);

/// Starts a task on this executor.
pub fn spawn<T: 'static>(work: impl Future<Output = T> + 'static) -> Task<T> {
    Task(glommio::spawn_local(AssertUnwindSafe(work).catch_unwind()))
}

impl<T> Task<T> {
    /// Waits for its end.
    ///
    /// # Errors
    /// [`ExecutorError::Panicked`].
    pub async fn join(self) -> Result<T, ExecutorError> {
        self.0.await.map_err(|cause| panicked(&*cause))
    }

    /// Lets it run on without anybody waiting.
    pub fn detach(self) {
        self.0.detach();
    }
}
