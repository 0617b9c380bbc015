//! Starting and joining the cores: one thread, one ring, one runtime each. `run_here` is the same
//! for one future on the calling thread, for tests and tools.

use std::io;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;

use crate::metrics::{self, CoreMetrics};
use crate::runtime::{CoreId, CoreSettings, LocalBoxFuture};

use super::setup::Ring;
use super::{affinity, worker};

/// Makes the main future of a core, on that core's thread.
pub type CoreBuild = Box<dyn FnOnce() -> LocalBoxFuture<()> + Send>;

/// The started core threads.
#[derive(Debug)]
pub struct CoreThreads(Vec<JoinHandle<()>>);

impl CoreThreads {
    /// Waits until every core's main future has ended. A core that panicked is an error.
    pub fn join(self) -> io::Result<()> {
        let mut panicked = Vec::new();
        for (number, thread) in self.0.into_iter().enumerate() {
            if thread.join().is_err() {
                panicked.push(number);
            }
        }
        if panicked.is_empty() {
            return Ok(());
        }
        Err(io::Error::other(format!("cores {panicked:?} panicked")))
    }

    /// Number of cores.
    pub fn cores(&self) -> usize {
        self.0.len()
    }
}

impl CoreSettings {
    /// The CPU of each core: `cpus`, or every CPU that the process may use.
    pub fn cpus_of_cores(&self) -> io::Result<Vec<usize>> {
        if self.cpus.is_empty() { affinity::allowed_list() } else { Ok(self.cpus.clone()) }
    }
}

/// Starts the cores and returns once all their rings stand; an error of one of them is returned
/// after the others have ended. `build` is called here, once per core, and its result on the core.
/// When the main future of a core ends, its other tasks are dropped and the thread ends.
pub fn start_cores(
    settings: CoreSettings,
    build: impl Fn(CoreId) -> CoreBuild,
) -> io::Result<CoreThreads> {
    worker::keep(settings.workers);
    let (ready, wait) = mpsc::channel();
    let mut threads = Vec::new();
    let mut starts = Vec::new();
    for (number, cpu) in settings.cpus_of_cores()?.into_iter().enumerate() {
        let id = CoreId(u16::try_from(number).map_err(io::Error::other)?);
        let (start, started) = mpsc::channel::<()>();
        let (settings, ready, build) = (settings.clone(), ready.clone(), build(id));
        let run = move || run_core(&settings, id, cpu, build, &ready, &started);
        threads.push(std::thread::Builder::new().name(format!("core-{number}")).spawn(run)?);
        starts.push(start);
    }
    drop(ready);
    let result: io::Result<()> = wait.iter().take(threads.len()).collect();
    match result {
        Ok(()) => {
            for start in starts {
                // A core that is gone shows in `join`.
                let _ = start.send(());
            }
            Ok(CoreThreads(threads))
        }
        Err(error) => {
            drop(starts); // the cores that stand see that they are not wanted
            CoreThreads(threads).join()?;
            Err(error)
        }
    }
}

fn run_core(
    settings: &CoreSettings,
    id: CoreId,
    cpu: usize,
    build: CoreBuild,
    ready: &mpsc::Sender<io::Result<()>>,
    started: &mpsc::Receiver<()>,
) {
    let pinned = if settings.pin { affinity::pin(cpu) } else { affinity::unpin() };
    let ring = match pinned.and_then(|()| Ring::new(settings)) {
        Ok(ring) => ring,
        Err(error) => return drop(ready.send(Err(error))),
    };
    drop(ready.send(Ok(())));
    if started.recv().is_err() {
        return;
    }
    let metrics = Arc::new(CoreMetrics::default());
    metrics.thread.set(u64::try_from(nix::unistd::gettid().as_raw()).unwrap_or(0));
    metrics::register(id.0, metrics.clone());
    ring.run(id, metrics, async move { build().await });
}

/// Runs `future` to its end on this thread as core 0 of its own, unpinned, with a ring; then drops
/// the tasks that it spawned. For tests and tools; panics when there is no ring.
#[expect(clippy::expect_used, reason = "a test or tool without a ring cannot go on")]
pub fn run_here<F: Future>(future: F) -> F::Output {
    let ring = Ring::new(&CoreSettings::default()).expect("a ring for this thread");
    ring.run(CoreId(0), Arc::new(CoreMetrics::default()), future)
}
