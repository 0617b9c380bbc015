//! What a runtime thread knows of itself: its core number, its ring, its counters, its random
//! numbers. Thread-local; set when the thread starts its runtime, gone when that ends.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use crate::metrics::CoreMetrics;
use crate::runtime::{CoreId, Rng};

use super::kick::Kick;

/// The world of one core thread.
pub(super) struct CoreContext {
    pub id: CoreId,
    pub kick: Kick,
    pub metrics: Arc<CoreMetrics>,
    /// What the task that runs works on, as far as it said; told when it stalls the core.
    pub work: Cell<&'static str>,
    /// Reads without the ring since one that went through it.
    pub reads_at_once: Cell<u32>,
}

/// So many reads in a row hold the core for some tens of microseconds at most.
const READS_AT_ONCE_MAX: u32 = 16;

impl CoreContext {
    /// Whether the next read may do without the ring. Now and then one may not, so that a task that
    /// does nothing but read gives way to the others.
    pub fn may_read_at_once(&self) -> bool {
        let reads = self.reads_at_once.get() + 1;
        self.reads_at_once.set(reads % READS_AT_ONCE_MAX);
        reads < READS_AT_ONCE_MAX
    }
}

thread_local! {
    static CORE: RefCell<Option<Rc<CoreContext>>> = const { RefCell::new(None) };
    static RNG: RefCell<Option<Rng>> = const { RefCell::new(None) };
    static IS_WORKER: Cell<bool> = const { Cell::new(false) };
}

/// Leaves the core when dropped.
pub(super) struct Entered;

impl Drop for Entered {
    fn drop(&mut self) {
        CORE.with(|core| core.borrow_mut().take());
    }
}

/// Makes this thread the core `context.id`.
pub(super) fn enter(context: Rc<CoreContext>) -> Entered {
    CORE.with(|core| *core.borrow_mut() = Some(context));
    Entered
}

/// The core that this thread is; `None` on any other thread.
pub(super) fn current() -> Option<Rc<CoreContext>> {
    CORE.with(|core| core.borrow().clone())
}

/// Marks this thread as a worker, which may block.
pub(super) fn mark_worker() {
    IS_WORKER.with(|worker| worker.set(true));
}

/// True on a worker thread.
pub(super) fn is_worker() -> bool {
    IS_WORKER.with(Cell::get)
}

/// The number of this core.
///
/// # Panics
/// On a thread that is not a core.
pub fn core() -> CoreId {
    this_core().id
}

/// The counters of this core.
///
/// # Panics
/// On a thread that is not a core.
pub fn core_metrics() -> Arc<CoreMetrics> {
    this_core().metrics.clone()
}

/// The counters of this core; `None` on any other thread.
pub(in crate::runtime) fn counters() -> Option<Arc<CoreMetrics>> {
    current().map(|core| core.metrics.clone())
}

/// Says what the running task works on from here on: should it hold the core for too long, that is
/// what it is blamed for. Forgotten at the end of the task's turn. On any other thread: nothing.
pub fn works_on(what: &'static str) {
    CORE.with(|core| {
        if let Some(core) = &*core.borrow() {
            core.work.set(what);
        }
    });
}

#[expect(clippy::expect_used, reason = "a call from the wrong thread is a programmer's error")]
fn this_core() -> Rc<CoreContext> {
    current().expect("called on a thread that is not a core")
}

/// Random numbers, seeded by the kernel once per thread. Each call gives a generator of its own.
pub fn rng() -> Rng {
    RNG.with(|rng| rng.borrow_mut().get_or_insert_with(from_kernel).fork())
}

fn from_kernel() -> Rng {
    let mut words = [0u64; 4];
    for word in &mut words {
        let mut bytes = [0; 8];
        // SAFETY: the pointer and length describe `bytes`, which outlives the call. Reads of up to
        // 256 bytes are not cut short once the kernel's pool is ready, and they wait until it is.
        let got = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
        if got == 8 {
            *word = u64::from_ne_bytes(bytes);
        } else {
            // No getrandom: distinct per thread and start is all that is left to offer.
            let place = std::ptr::from_ref(&bytes) as u64;
            *word = super::now().as_nanos() ^ place.rotate_left(32) ^ super::wall() as u64;
        }
    }
    Rng::from_words(words)
}
