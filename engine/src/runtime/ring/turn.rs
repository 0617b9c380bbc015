//! How long a task's turn holds its core, told only when that is too long. Core-local.
//!
//! Every turn is looked at, so a turn that is short must cost next to nothing: it reads the time of
//! the kernel's last tick twice, a few instructions each, where the exact time would read a
//! hardware clock. A long turn reads that one at its end. Its beginning is known to half a tick,
//! which is 0.5 to 5 ms (`CONFIG_HZ`).

use std::sync::OnceLock;

use super::time::{as_nanos, nanos};

/// A task that holds its core for this long, in nanoseconds, stalls it.
const STALL_NANOS: u64 = 10_000_000;

/// A turn that has begun.
pub(super) struct Turn {
    /// The last tick before it.
    tick: u64,
}

impl Turn {
    /// A turn begins now.
    pub fn begin() -> Turn {
        Turn { tick: nanos(libc::CLOCK_MONOTONIC_COARSE) }
    }

    /// The turn ends now: for how long it held the core, in nanoseconds, when that is too long.
    pub fn stall(self) -> Option<u64> {
        let ticked = nanos(libc::CLOCK_MONOTONIC_COARSE).saturating_sub(self.tick);
        if ticked == 0 || ticked + tick_nanos() < STALL_NANOS {
            return None;
        }
        let begun = self.tick + tick_nanos() / 2;
        let held = nanos(libc::CLOCK_MONOTONIC).saturating_sub(begun);
        (held >= STALL_NANOS).then_some(held)
    }
}

/// Time between two ticks of the kernel.
fn tick_nanos() -> u64 {
    static TICK: OnceLock<u64> = OnceLock::new();
    *TICK.get_or_init(|| {
        let mut tick = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the pointer is to a timespec that lives until after the call.
        unsafe { libc::clock_getres(libc::CLOCK_MONOTONIC_COARSE, &raw mut tick) };
        as_nanos(tick)
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::metrics::Stall;
    use crate::runtime::*;

    async fn hog() {
        works_on("Fetch");
        std::thread::sleep(Duration::from_millis(60));
        yield_now().await;
        std::thread::sleep(Duration::from_millis(30));
    }

    #[test]
    fn a_turn_that_holds_the_core_is_counted_with_what_it_ran() {
        run_here(async {
            spawn(hog()).finished().await;
            let stalls = core_metrics().stalls.all();
            let of = |work: &str| {
                let hogs = |stall: &&Stall| stall.task.ends_with("hog::{{closure}}");
                stalls.iter().filter(hogs).find(|stall| stall.work == work).copied().unwrap()
            };
            let (first, second) = (of("Fetch"), of(""));
            // Beside other load a sleep may take longer, never less, but for half a tick.
            assert!(first.count == 1 && first.nanos > 54_000_000, "{first:?}");
            // What it worked on is forgotten with its turn.
            assert!(second.count == 1 && second.longest_nanos > 24_000_000, "{second:?}");
        });
    }

    #[test]
    fn a_short_turn_is_not_counted() {
        run_here(async {
            for _ in 0..100 {
                spawn(async {}).finished().await;
            }
            // On a busy machine a turn may have to wait for its CPU in the middle.
            let counted: u64 = core_metrics().stalls.all().iter().map(|stall| stall.count).sum();
            assert!(counted < 50, "{counted}");
        });
    }
}
