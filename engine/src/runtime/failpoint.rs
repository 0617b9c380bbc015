//! Places where a test can have the process end as if it were killed, to prove that what is on the
//! disk then is enough; or where it can have a core held up, to prove that this is noticed. Any
//! thread.
//!
//! Armed at most once, at start. A place that is not armed costs one relaxed load.

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use super::CoreId;

/// A place between two steps that must hold together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Failpoint {
    /// A cleaning has written a part of its result.
    Clean = 1,
    /// The result of a cleaning is complete under its first names.
    Cleaned = 2,
    /// It has the names that a start completes.
    Swap = 3,
    /// What it replaces is renamed away.
    Delete = 4,
    /// It is in place, and nobody was told.
    Placed = 5,
    /// A core begins with a request: the core is held up for a while, at every request.
    Request = 6,
    /// Core 0 gives a sign of life: the core hangs, for ever.
    Heartbeat = 7,
}

/// For how long [`Failpoint::Request`] holds up its core.
const STALL: Duration = Duration::from_millis(40);
/// Signs of life of core 0 before [`Failpoint::Heartbeat`] hangs it: the broker serves by then.
const BEATS: u8 = 10;

impl Failpoint {
    /// All of them.
    pub const ALL: [Failpoint; 7] = [
        Failpoint::Clean,
        Failpoint::Cleaned,
        Failpoint::Swap,
        Failpoint::Delete,
        Failpoint::Placed,
        Failpoint::Request,
        Failpoint::Heartbeat,
    ];

    /// As `corelog.test.failpoint` names it.
    pub fn name(self) -> &'static str {
        match self {
            Failpoint::Clean => "compaction.clean",
            Failpoint::Cleaned => "compaction.cleaned",
            Failpoint::Swap => "compaction.swap",
            Failpoint::Delete => "compaction.delete",
            Failpoint::Placed => "compaction.placed",
            Failpoint::Request => "core.stall",
            Failpoint::Heartbeat => "core.hang",
        }
    }
}

static ARMED: AtomicU8 = AtomicU8::new(0);

/// The process ends at the failpoint of this name; an unknown name arms none.
pub fn arm(name: &str) {
    let found = Failpoint::ALL.into_iter().find(|point| point.name() == name);
    ARMED.store(found.map_or(0, |point| point as u8), Ordering::Relaxed);
}

/// Ends the process without any clean-up, or holds up the core, if this failpoint is armed.
pub fn pass(point: Failpoint) {
    if ARMED.load(Ordering::Relaxed) == point as u8 {
        strike(point);
    }
}

#[cold]
fn strike(point: Failpoint) {
    match point {
        Failpoint::Request => std::thread::sleep(STALL),
        Failpoint::Heartbeat => hang_core_0(),
        _ => {
            tracing::error!(failpoint = point.name(), "armed: the process ends here");
            std::process::abort();
        }
    }
}

fn hang_core_0() {
    static PASSED: AtomicU8 = AtomicU8::new(0);
    if super::core() != CoreId(0) || PASSED.fetch_add(1, Ordering::Relaxed) < BEATS {
        return;
    }
    tracing::error!(failpoint = Failpoint::Heartbeat.name(), "armed: core 0 hangs from here on");
    loop {
        std::thread::sleep(STALL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Rule, broker_key};

    #[test]
    fn every_failpoint_can_be_asked_for_and_none_else() {
        let key = broker_key("corelog.test.failpoint").unwrap();
        let Rule::OneOf(words) = key.rule else { panic!("a list of words") };
        let names: Vec<&str> = words.iter().copied().filter(|word| !word.is_empty()).collect();
        assert_eq!(names, Failpoint::ALL.map(Failpoint::name));
        for point in Failpoint::ALL {
            pass(point); // none is armed
        }
    }
}
