//! The virtual clock and its timers. Any task of the world.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use crate::runtime::Mono;

use super::scheduler::{Event, EventKey};
use super::world::{current, try_current};

/// Wall time when a world begins: 14 November 2023, in milliseconds since 1970.
const WALL_ORIGIN_MS: i64 = 1_700_000_000_000;

/// Monotonic time now.
pub fn now() -> Mono {
    Mono::from_nanos(current().scheduler.borrow().now)
}

/// Wall time now, in milliseconds since 1970.
pub fn wall() -> i64 {
    WALL_ORIGIN_MS + (now().as_nanos() / 1_000_000) as i64
}

/// Sleeps for at least `time`.
pub async fn sleep(time: Duration) {
    sleep_until(now() + time).await;
}

/// Sleeps until `at`; returns at once when it has passed.
pub async fn sleep_until(at: Mono) {
    Timer { at, planned: None }.await;
}

/// Runs `future` until `deadline`; `None` = the deadline passed and the future was dropped.
pub async fn within<F: Future>(deadline: Mono, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut timer = pin!(sleep_until(deadline));
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => timer.as_mut().poll(cx).map(|()| None),
    })
    .await
}

/// Lets other runnable tasks run.
pub async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

struct Timer {
    at: Mono,
    planned: Option<EventKey>,
}

impl Timer {
    fn cancel(&mut self) {
        if let (Some(key), Some(world)) = (self.planned.take(), try_current()) {
            world.scheduler.borrow_mut().cancel(key);
        }
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.cancel();
        if now() >= self.at {
            return Poll::Ready(());
        }
        if self.at != Mono::NEVER {
            let event = Event::Wake(cx.waker().clone());
            let world = current();
            let key = world.scheduler.borrow_mut().plan(self.at.as_nanos(), event);
            self.planned = Some(key);
        }
        Poll::Pending
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.cancel();
    }
}
