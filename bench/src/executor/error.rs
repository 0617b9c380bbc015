//! What can go wrong with an executor itself.

use std::any::Any;

use thiserror::Error;

/// Why an executor or a task of it gave no result.
#[derive(Debug, Error)]
pub enum ExecutorError {
    /// The kernel refuses what an executor needs: rings, locked memory, the CPU.
    #[error("executor {index} does not start: {why}")]
    Start {
        /// Its number.
        index: usize,
        /// What glommio says.
        why: String,
    },
    /// A task panicked.
    #[error("a task panicked: {0}")]
    Panicked(String),
}

/// What a panic said.
pub(super) fn panicked(cause: &(dyn Any + Send)) -> ExecutorError {
    let text = cause.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| cause.downcast_ref::<String>().cloned());
    ExecutorError::Panicked(text.unwrap_or_else(|| "without a message".to_owned()))
}
