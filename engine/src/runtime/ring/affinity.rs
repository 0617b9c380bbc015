//! Which CPUs a thread may use. A thread inherits the mask of the one that started it, so what a
//! pinned core starts must unpin itself. Any thread.

use std::io;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::{Pid, getpid};

const THIS_THREAD: Pid = Pid::from_raw(0);

/// The CPUs of the process: those of its main thread, which is never pinned.
pub(super) fn allowed() -> io::Result<CpuSet> {
    Ok(sched_getaffinity(getpid())?)
}

/// The same as a list, ascending.
pub(super) fn allowed_list() -> io::Result<Vec<usize>> {
    let set = allowed()?;
    Ok((0..CpuSet::count()).filter(|cpu| set.is_set(*cpu).unwrap_or(false)).collect())
}

/// Pins this thread to `cpu`.
pub(super) fn pin(cpu: usize) -> io::Result<()> {
    let mut set = CpuSet::new();
    set.set(cpu)?;
    Ok(sched_setaffinity(THIS_THREAD, &set)?)
}

/// Gives this thread every CPU of the process back.
pub(super) fn unpin() -> io::Result<()> {
    Ok(sched_setaffinity(THIS_THREAD, &allowed()?)?)
}
