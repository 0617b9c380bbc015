//! Starting and joining the cores: one thread, one ring, one runtime each. `run_here` is the same
//! for one future on the calling thread, for tests and tools.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::fd::RawFd;
use std::rc::Rc;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

use crate::metrics::{self, CoreMetrics};
use crate::runtime::{CoreId, CoreSettings, LocalBoxFuture};

use super::context::{self, CoreContext};
use super::kick::{self, Kick};
use super::{affinity, probe, worker};

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

/// Rings of this process are found by comparing its open descriptors before and after; nobody else
/// may open or close one meanwhile.
static RINGS: Mutex<()> = Mutex::new(());

fn rings_locked() -> MutexGuard<'static, ()> {
    RINGS.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// A runtime with its ring.
struct Ring {
    runtime: Option<tokio_uring::Runtime>,
    descriptor: RawFd,
}

impl Ring {
    fn new(settings: &CoreSettings) -> io::Result<Ring> {
        let _locked = rings_locked();
        let before = open_rings()?;
        let entries = settings.ring_entries.max(256).next_power_of_two();
        let mut uring = tokio_uring::uring_builder();
        uring.setup_cqsize(entries * 4);
        let runtime = tokio_uring::Runtime::new(
            tokio_uring::builder().entries(entries).uring_builder(&uring),
        )
        .map_err(|error| io::Error::new(error.kind(), probe::explain(error)))?;
        let mut new = open_rings()?.into_iter().filter(|ring| !before.contains(ring));
        let descriptor = new.next().ok_or_else(|| io::Error::other("the new ring is not open"))?;
        set_ring_workers(descriptor, settings.ring_workers)?;
        Ok(Ring { runtime: Some(runtime), descriptor })
    }

    #[expect(clippy::expect_used, reason = "only drop takes the runtime out")]
    fn run<F: Future>(&self, id: CoreId, metrics: Arc<CoreMetrics>, future: F) -> F::Output {
        let core = Rc::new(CoreContext { id, kick: Kick::new(self.descriptor), metrics });
        let runtime = self.runtime.as_ref().expect("the runtime is there until drop");
        let _entered = context::enter(core.clone());
        runtime.block_on(async move {
            tokio::task::spawn_local(kick::run(core));
            future.await
        })
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        let _locked = rings_locked();
        drop(self.runtime.take());
    }
}

/// Descriptors of this process that are rings.
fn open_rings() -> io::Result<BTreeSet<RawFd>> {
    let mut rings = BTreeSet::new();
    for entry in fs::read_dir("/proc/self/fd")? {
        let entry = entry?;
        let is_ring = fs::read_link(entry.path())
            .is_ok_and(|target| target.to_str() == Some("anon_inode:[io_uring]"));
        if let (true, Some(Ok(descriptor))) = (is_ring, entry.file_name().to_str().map(str::parse))
        {
            rings.insert(descriptor);
        }
    }
    Ok(rings)
}

/// Lets the ring use `workers` kernel threads for operations on files. Otherwise it has
/// min(entries, 4 x CPUs), and as many syncs that hang on one device would stop all others.
fn set_ring_workers(ring: RawFd, workers: u32) -> io::Result<()> {
    const REGISTER_IOWQ_MAX_WORKERS: libc::c_uint = 19;
    let mut workers = [workers, 0]; // bounded (files), unbounded (the rest; 0 = as it is)
    // SAFETY: the pointer is to the two numbers that this operation reads and writes.
    let result = unsafe {
        libc::syscall(
            libc::SYS_io_uring_register,
            ring,
            REGISTER_IOWQ_MAX_WORKERS,
            workers.as_mut_ptr(),
            2,
        )
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
