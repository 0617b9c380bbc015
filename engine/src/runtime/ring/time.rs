//! Clock and timers of a runtime thread. Timers have a resolution of one millisecond. Any thread
//! may ask the time; only core and control threads may sleep.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::runtime::Mono;

/// Longest sleep that the timer wheel is asked for; callers see no difference.
const SLEEP_MAX: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

fn origin() -> Instant {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    *ORIGIN.get_or_init(Instant::now)
}

/// Monotonic time now.
pub fn now() -> Mono {
    let nanos = Instant::now().saturating_duration_since(origin()).as_nanos();
    Mono::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
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
pub async fn within<F: Future>(deadline: Mono, future: F) -> Option<F::Output> {
    if deadline == Mono::NEVER {
        return Some(future.await);
    }
    tokio::time::timeout_at(instant(deadline), future).await.ok()
}

/// Lets every other runnable task of this thread run once, and the driver look for events.
pub async fn yield_now() {
    tokio::task::yield_now().await;
}
