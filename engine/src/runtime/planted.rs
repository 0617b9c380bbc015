//! Bugs planted on purpose, to prove that the simulated power cuts would find them.
//!
//! A test that cannot go red proves nothing: `tests/power_loss.rs` and `tests/crash_cleaning.rs`
//! plant these in turn and demand that they are found. Outside of the simulated world
//! [`is_planted`] is a constant, and what asks it compiles to nothing.

/// The bugs that a broken build could have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bug {
    /// Syncing a file's data reports success and does nothing.
    SkippedDataSync,
    /// Syncing a directory reports success and does nothing.
    SkippedDirectorySync,
    /// What is written counts as durable before it is synced.
    EarlyAck,
    /// Recovery takes whatever follows the last whole batch for a batch.
    IgnoredTornTail,
    /// The steps of a compaction's swap may reach the disk in any order.
    UnorderedSwap,
}

impl Bug {
    /// Those that any log with a load shows.
    pub const OF_LOADS: [Bug; 4] =
        [Bug::SkippedDataSync, Bug::SkippedDirectorySync, Bug::EarlyAck, Bug::IgnoredTornTail];
}

/// Whether this build runs with `bug`.
#[cfg(not(simulated))]
pub const fn is_planted(_bug: Bug) -> bool {
    false
}

#[cfg(simulated)]
thread_local! {
    static PLANTED: std::cell::Cell<Option<Bug>> = const { std::cell::Cell::new(None) };
}

/// Whether this thread's worlds run with `bug`.
#[cfg(simulated)]
pub fn is_planted(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}

/// Plants a bug in this thread's worlds, or takes it away again.
#[cfg(simulated)]
pub fn plant(bug: Option<Bug>) {
    PLANTED.set(bug);
}
