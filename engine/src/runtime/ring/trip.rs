//! Trips through a core's ring with nothing at their end: what a submission, and a hop to a thread
//! of the kernel, cost by themselves. For measurements. Core-local.

use std::io;

use super::context;
use super::operation::{self, Reader};

/// Who does an operation that does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RingTrip {
    /// The core's thread, while it submits.
    Inline,
    /// A thread of the kernel, as for buffered writes and syncs.
    Hop,
}

/// Makes `count` trips at once, submitted together, and waits for all. `count` should fit the
/// ring's entries.
///
/// # Errors
/// The kernel refuses, or this thread is not a core.
pub async fn ring_trips(count: usize, trip: RingTrip) -> io::Result<()> {
    let core = context::current().ok_or_else(|| io::Error::other("not a core's thread"))?;
    let reader = match trip {
        RingTrip::Inline => Reader::Core,
        RingTrip::Hop => Reader::Kernel,
    };
    operation::nothing(&core, count, reader).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::run_here;

    #[test]
    fn trips_end_on_both_ways_and_only_on_a_core() {
        run_here(async {
            for count in [0, 1, 32] {
                ring_trips(count, RingTrip::Inline).await.unwrap();
                ring_trips(count, RingTrip::Hop).await.unwrap();
            }
        });
        let elsewhere = std::pin::pin!(ring_trips(1, RingTrip::Inline));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(matches!(elsewhere.poll(&mut context), std::task::Poll::Ready(Err(_))));
    }
}
