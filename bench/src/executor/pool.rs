//! Executors: one thread with rings of its own each, pinned where that is asked for.

use std::time::Duration;

use glommio::{LocalExecutorBuilder, Placement};

use super::error::ExecutorError;

/// Longer than any run: an executor that spins never sleeps.
const FOR_EVER: Duration = Duration::from_secs(1 << 30);
/// When runnable tasks give way to I/O that became ready: never, only when all of them wait. Ours
/// soon do, for room, an answer or a moment. An earlier moment is not safe in glommio 0.9: when
/// this timer ends between its start and the first task (the thread lost its CPU), `LocalExecutor`
/// takes it that nothing ran for that nothing was runnable, and parks (or spins) on top of
/// runnable tasks until something else wakes one: answers lie unread in their sockets meanwhile.
pub(super) const PREEMPT: Duration = FOR_EVER;
/// Memory for file I/O, of which there is none.
const IO_MEMORY: usize = 64 << 10;

/// Where an executor runs.
#[derive(Debug, Clone, Copy)]
pub struct Seat {
    /// The CPU; `None` = wherever the kernel likes.
    pub cpu: Option<usize>,
    /// Never sleep: timers are exact and no wake-up is waited for, at the price of the whole CPU.
    pub spins: bool,
}

/// Runs `work` with its number on an executor per seat, and waits for all of them.
///
/// # Errors
/// [`ExecutorError`] of the first executor that does not start or whose work panics.
pub fn run<T, F, W>(seats: &[Seat], work: W) -> Result<Vec<T>, ExecutorError>
where
    T: Send + 'static,
    F: Future<Output = T> + 'static,
    W: Fn(usize) -> F + Clone + Send + 'static,
{
    let mut started = Vec::with_capacity(seats.len());
    for (index, seat) in seats.iter().enumerate() {
        let placement = seat.cpu.map_or(Placement::Unbound, Placement::Fixed);
        let mut builder = LocalExecutorBuilder::new(placement)
            .name(&format!("bench-{index}"))
            .io_memory(IO_MEMORY)
            .preempt_timer(PREEMPT);
        if seat.spins {
            builder = builder.spin_before_park(FOR_EVER);
        }
        let work = work.clone();
        let executor = builder
            .spawn(move || work(index))
            .map_err(|why| ExecutorError::Start { index, why: why.to_string() })?;
        started.push(executor);
    }
    let ended = started
        .into_iter()
        .map(|executor| executor.join().map_err(|why| ExecutorError::Panicked(why.to_string())));
    ended.collect()
}
