//! Control threads: a tokio current-thread runtime that is not pinned and has no ring; files go by
//! the workers there. For the controller and for HTTP.

use std::io;
use std::thread::JoinHandle;

use tokio::task::LocalSet;

use crate::runtime::LocalBoxFuture;

use super::affinity;

/// A started control thread.
#[derive(Debug)]
pub struct ControlThread(JoinHandle<()>);

impl ControlThread {
    /// Waits until its main future has ended. A panic is an error.
    pub fn join(self) -> io::Result<()> {
        self.0.join().map_err(|_| io::Error::other("a control thread panicked"))
    }
}

/// Starts a control thread; `build` is called on it. When the main future ends, the thread's other
/// tasks are dropped and the thread ends.
pub fn start_control(
    name: &str,
    build: impl FnOnce() -> LocalBoxFuture<()> + Send + 'static,
) -> io::Result<ControlThread> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let run = move || {
        if let Err(error) = affinity::unpin() {
            tracing::warn!(%error, "cannot unpin a control thread");
        }
        let local = LocalSet::new();
        local.block_on(&runtime, async move { build().await });
    };
    Ok(ControlThread(std::thread::Builder::new().name(name.to_owned()).spawn(run)?))
}
