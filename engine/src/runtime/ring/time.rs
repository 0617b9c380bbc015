//! Clock and timers of a runtime thread. Timers have a resolution of one millisecond. Any thread
//! may ask the time; only core and control threads may sleep.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::{Sleep, Timeout};

use crate::runtime::Mono;

/// Longest sleep that the timer wheel is asked for; callers see no difference.
const SLEEP_MAX: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Monotonic time now. Asked several times per request, so it is the kernel's number as it is,
/// without the arithmetic that `Instant` does around it.
pub fn now() -> Mono {
    Mono::from_nanos(nanos(libc::CLOCK_MONOTONIC))
}

/// What a clock of the kernel shows, in nanoseconds.
pub(super) fn nanos(clock: libc::clockid_t) -> u64 {
    let mut at = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a timespec that lives until after the call. The clocks asked for
    // exist on every kernel with io_uring, so it does not fail; if it did, time would stand at 0.
    unsafe { libc::clock_gettime(clock, &raw mut at) };
    as_nanos(at)
}

/// A time of the kernel as one number.
pub(super) fn as_nanos(time: libc::timespec) -> u64 {
    (time.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(time.tv_nsec as u64)
}

/// Wall time now, in milliseconds since 1970; 0 when the clock stands before that.
pub fn wall() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn instant(at: Mono) -> tokio::time::Instant {
    let wait = at.since(now()).min(SLEEP_MAX);
    tokio::time::Instant::now() + wait
}

/// Sleeps for at least `time`.
pub async fn sleep(time: Duration) {
    tokio::time::sleep(time.min(SLEEP_MAX)).await;
}

/// Sleeps until `at`; returns at once when it has passed.
pub async fn sleep_until(at: Mono) {
    while now() < at {
        tokio::time::sleep_until(instant(at)).await;
    }
}

/// Runs `future` until `deadline`; `None` = the deadline passed and the future was dropped. Never
/// wrap a file write or sync in it: dropping those does not stop the kernel.
pub fn within<F: Future>(deadline: Mono, future: F) -> Within<F> {
    match deadline {
        Mono::NEVER => Within::Endless(future),
        _ => Within::Limited(tokio::time::timeout_at(instant(deadline), future)),
    }
}

/// What [`within`] runs. No async block, which would keep room for its future twice.
#[derive(Debug)]
pub enum Within<F> {
    /// For as long as it takes.
    Endless(F),
    /// No longer than that.
    Limited(Timeout<F>),
}

impl<F: Future> Future for Within<F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: what is inside is never moved, and only reached through this pin.
        unsafe {
            match self.get_unchecked_mut() {
                Within::Endless(future) => Pin::new_unchecked(future).poll(cx).map(Some),
                Within::Limited(future) => Pin::new_unchecked(future).poll(cx).map(Result::ok),
            }
        }
    }
}

/// A timer for many waits in turn, each with a later deadline than the one before: it is set anew
/// only when it rings, and not with every wait.
#[derive(Debug, Default)]
pub struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
    rings: Mono,
}

impl Alarm {
    /// Ready once `deadline` has passed.
    pub fn poll_passed(&mut self, deadline: Mono, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if deadline == Mono::NEVER {
                return Poll::Pending;
            }
            if self.sleep.is_none() || deadline < self.rings {
                self.sleep = Some(Box::pin(tokio::time::sleep_until(instant(deadline))));
                self.rings = deadline;
            }
            match self.sleep.as_mut().map(|sleep| sleep.as_mut().poll(cx)) {
                Some(Poll::Ready(())) => self.sleep = None,
                _ => return Poll::Pending,
            }
            if deadline <= now() {
                return Poll::Ready(());
            }
        }
    }
}

/// Lets every other runnable task of this thread run once, and the driver look for events.
pub async fn yield_now() {
    tokio::task::yield_now().await;
}
