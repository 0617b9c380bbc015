//! Making a ring: a tokio-uring runtime, the descriptor of its ring (which tokio-uring does not
//! tell), and how many kernel threads it may use, and where. One per core thread.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::fd::RawFd;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::metrics::CoreMetrics;
use crate::runtime::{CoreId, CoreSettings};

use super::context::{self, CoreContext};
use super::kick::{self, Kick};
use super::{affinity, probe, task};

/// Rings of this process are found by comparing its open descriptors before and after; nobody else
/// may open or close one meanwhile.
static RINGS: Mutex<()> = Mutex::new(());

fn rings_locked() -> MutexGuard<'static, ()> {
    RINGS.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// A runtime with its ring.
pub(super) struct Ring {
    runtime: Option<tokio_uring::Runtime>,
    descriptor: RawFd,
}

impl Ring {
    pub fn new(settings: &CoreSettings) -> io::Result<Ring> {
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
        let ring = Ring { runtime: Some(runtime), descriptor };
        ring.spread_workers()?;
        Ok(ring)
    }

    /// Lets the ring's kernel threads run on every CPU of the process. They inherit the pinned CPU
    /// otherwise, and a write or sync would wait there for a busy core's time slice to end.
    fn spread_workers(&self) -> io::Result<()> {
        const REGISTER_IOWQ_AFF: libc::c_uint = 17;
        let cpus = affinity::allowed()?;
        // SAFETY: the pointer and the length describe `cpus`, which the kernel only reads; a
        // `CpuSet` is the kernel's bit mask.
        let result = unsafe {
            libc::syscall(
                libc::SYS_io_uring_register,
                self.descriptor,
                REGISTER_IOWQ_AFF,
                (&raw const cpus),
                std::mem::size_of_val(&cpus),
            )
        };
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    #[expect(clippy::expect_used, reason = "only drop takes the runtime out")]
    /// Runs `future` as core `id` of this thread.
    pub fn run<F: Future>(&self, id: CoreId, metrics: Arc<CoreMetrics>, future: F) -> F::Output {
        let (kick, work) = (Kick::new(self.descriptor), Cell::default());
        let reads_at_once = Cell::default();
        let core = Rc::new(CoreContext { id, kick, metrics, work, reads_at_once });
        let runtime = self.runtime.as_ref().expect("the runtime is there until drop");
        let _entered = context::enter(core.clone());
        runtime.block_on(async move {
            task::spawn(kick::run(core));
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
