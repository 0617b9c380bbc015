//! Executors: one thread with rings of its own each, pinned where that is asked for.

use std::time::Duration;

use glommio::{LocalExecutorBuilder, Placement};

use super::error::ExecutorError;
use super::task::spawn;

/// How long a task may go on while others are ready.
const PREEMPT: Duration = Duration::from_micros(100);
/// Longer than any run: an executor that spins never sleeps.
const FOR_EVER: Duration = Duration::from_secs(1 << 30);
/// An executor that sleeps looks at its rings at least so often: glommio 0.9 sometimes sleeps
/// through a socket that became readable, for as long as no timer ends (seen on Linux 6.18, once in
/// some thousand requests on a machine with too much to do; rarely even in spite of these looks).
/// An executor that spins never sleeps.
const LOOK: Duration = Duration::from_micros(500);
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
        let (work, sleeps) = (work.clone(), !seat.spins);
        let executor = builder
            .spawn(move || async move {
                let looking = sleeps.then(|| spawn(look_again()));
                let done = work(index).await;
                drop(looking);
                done
            })
            .map_err(|why| ExecutorError::Start { index, why: why.to_string() })?;
        started.push(executor);
    }
    let ended = started
        .into_iter()
        .map(|executor| executor.join().map_err(|why| ExecutorError::Panicked(why.to_string())));
    ended.collect()
}

/// Ends the sleep of its executor again and again.
async fn look_again() {
    loop {
        glommio::timer::sleep(LOOK).await;
    }
}
