//! Worker threads: for what may block or burn (open, close, unlink, directory sync, compaction).
//! Not pinned, low priority, shared by the whole process. They take owned inputs and know nothing
//! of cores. `WORKERS` of them stay; more are started while all are busy, so that some that hang
//! on one device do not stop the others, and leave again when they have been idle for a while.

use std::any::Any;
use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::oneshot;

use super::{affinity, context, task};

/// Threads that never leave, unless `keep` says more.
const WORKERS: usize = 2;
/// Never more threads than this.
const WORKERS_MAX: usize = 64;
/// A thread above the kept number leaves after being idle for this long.
const IDLE: Duration = Duration::from_secs(10);
/// Niceness of a worker: behind every core, before nothing else.
const NICE: i32 = 5;

type Job = Box<dyn FnOnce() + Send>;

struct Pool {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
    keep: usize,
}

static POOL: Mutex<Pool> =
    Mutex::new(Pool { jobs: VecDeque::new(), threads: 0, idle: 0, keep: WORKERS });
static WORK: Condvar = Condvar::new();

fn pool() -> MutexGuard<'static, Pool> {
    // Jobs run outside the lock and are caught, so a poisoned pool is still a whole one.
    POOL.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Keeps `threads` threads (at least 2) from now on.
pub(super) fn keep(threads: usize) {
    pool().keep = threads.clamp(WORKERS, WORKERS_MAX);
}

/// Runs `job` on a worker; nobody waits for it. Never blocks.
pub(super) fn hand_over(job: Job) {
    let mut pool = pool();
    pool.jobs.push_back(job);
    if pool.idle >= pool.jobs.len() {
        WORK.notify_one();
    } else if pool.threads < WORKERS_MAX {
        pool.threads += 1;
        drop(pool);
        if let Err(error) = start_thread() {
            // The other threads do it later; without any the process cannot go on anyway.
            tracing::error!(%error, "cannot start a worker thread");
            self::pool().threads -= 1;
        }
    }
}

/// Runs `job` on a worker and waits for its result. The job runs to its end even when the future
/// is dropped; a panic of the job goes on in the caller.
pub async fn on_worker<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> T {
    begin_on_worker(job).await
}

/// As `on_worker`; the job begins now, and not with the first poll.
pub(super) fn begin_on_worker<T: Send + 'static>(
    job: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = T> {
    let (sender, receiver) = oneshot::channel::<Result<T, Box<dyn Any + Send>>>();
    hand_over(Box::new(move || drop(sender.send(catch_unwind(AssertUnwindSafe(job))))));
    async move {
        match receiver.await {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => resume_unwind(panic),
            Err(_) => unreachable!("a worker answers every job, also one that panics"),
        }
    }
}

fn start_thread() -> io::Result<()> {
    std::thread::Builder::new().name("worker".into()).spawn(work)?;
    Ok(())
}

fn work() {
    context::mark_worker();
    if let Err(error) = affinity::unpin() {
        tracing::warn!(%error, "cannot unpin a worker thread");
    }
    // SAFETY: takes numbers only; `0` names this thread (Linux keeps niceness per thread).
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICE) };
    while let Some(job) = next_job() {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(job)) {
            tracing::error!(panic = task::text(&*panic), "worker job panicked");
        }
    }
}

/// Waits for a job; `None` = this thread leaves.
fn next_job() -> Option<Job> {
    let mut pool = pool();
    loop {
        if let Some(job) = pool.jobs.pop_front() {
            return Some(job);
        }
        pool.idle += 1;
        let waited = WORK.wait_timeout(pool, IDLE).unwrap_or_else(|poisoned| poisoned.into_inner());
        pool = waited.0;
        pool.idle -= 1;
        if waited.1.timed_out() && pool.jobs.is_empty() && pool.threads > pool.keep {
            pool.threads -= 1;
            return None;
        }
    }
}
