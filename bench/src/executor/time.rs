//! Sleeping until a moment of [`crate::clock`].

use std::time::Duration;

use futures_lite::FutureExt;

use crate::clock;

/// Longer than it takes to begin waiting for it.
const MOMENT: Duration = Duration::from_micros(1);

/// Sleeps until `at`, in nanoseconds of the clock; a timer of glommio is 0.1 to 0.6 ms late unless
/// the executor spins. Returns at once when `at` has gone by.
pub async fn sleep_until(at: u64) {
    while clock::now() < at {
        glommio::timer::sleep(clock::until(at)).await;
    }
}

/// What `work` gives, or `None` when that takes longer.
pub async fn within<T>(patience: Duration, work: impl Future<Output = T>) -> Option<T> {
    let given_up = async {
        glommio::timer::sleep(patience).await;
        None
    };
    async { Some(work.await) }.or(given_up).await
}

/// Lets other tasks of this executor have their turn, and I/O too: it has none while a task can run
/// (see `pool`), so this one waits for a moment that has gone by when I/O was looked at.
pub async fn yield_now() {
    glommio::timer::sleep(MOMENT).await;
}
