//! Sleeping until a moment of [`crate::clock`].

use std::time::Duration;

use futures_lite::FutureExt;

use crate::clock;

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

/// Lets other tasks and I/O of this executor have their turn.
pub async fn yield_now() {
    glommio::executor().yield_now().await;
}
