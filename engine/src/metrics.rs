//! Counters of a core: written by that core alone, read from anywhere.
//!
//! A single writer needs no read-modify-write: a relaxed load and a relaxed store, which cost as
//! much as a plain addition. Who counts what is up to the layers above; this file knows none.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// A number that only ever grows, or a level, written by one thread.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds `more`; only the owning core may call it.
    pub fn add(&self, more: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(more), Ordering::Relaxed);
    }

    /// Adds one; only the owning core may call it.
    pub fn one(&self) {
        self.add(1);
    }

    /// Sets a level; only the owning core may call it.
    pub fn set(&self, level: u64) {
        self.0.store(level, Ordering::Relaxed);
    }

    /// The value now; any thread.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Declares the counters once: the fields, and their names with help texts for whoever lists them.
macro_rules! core_metrics {
    ($($name:ident: $help:literal,)*) => {
        /// What one core counts. Aligned so that two cores never write one cache line.
        #[derive(Debug, Default)]
        #[repr(align(128))]
        pub struct CoreMetrics {
            $(#[doc = $help] pub $name: Counter,)*
        }

        impl CoreMetrics {
            /// Every counter: name, help text, value now. In the order of declaration.
            pub fn list(&self) -> Vec<(&'static str, &'static str, u64)> {
                vec![$((stringify!($name), $help, self.$name.get()),)*]
            }
        }
    };
}

core_metrics! {
    requests: "Requests taken from connections.",
    connections: "Connections open now.",
    frames_cut: "Half received requests cut because the client was silent and memory short.",
    bytes_received: "Bytes read from sockets.",
    bytes_sent_sendfile: "Bytes sent to sockets straight from files.",
    bytes_sent_memory: "Bytes sent to sockets from memory.",
    residency_misses: "Chunks that were not in the page cache when they were to be sent.",
    cold_reads: "Chunks read through the ring because they were not in the page cache.",
    mesh_messages: "Messages sent to the inbox of a core, the own one included.",
    bytes_appended: "Bytes of record batches written to logs.",
    batches_appended: "Record batches written to logs.",
    commits: "Group commits finished.",
    writes: "File writes finished.",
    syncs: "File syncs finished.",
    sync_bytes: "Bytes that those syncs made durable.",
    ring_enters: "System calls that submitted operations from a busy core.",
    cleanings: "Logs cleaned.",
    cleanings_failed: "Logs that could not be cleaned; they are tried again.",
    cleaned_bytes_before: "Bytes of segments before they were cleaned.",
    cleaned_bytes_after: "Bytes that they became.",
    task_panics: "Tasks that ended in a panic.",
}

static CORES: Mutex<Vec<(u16, Arc<CoreMetrics>)>> = Mutex::new(Vec::new());

/// Puts the counters of core `core` where [`all_cores`] finds them; replaces those of a core with
/// the same number. Called by the runtime when a core starts.
pub fn register(core: u16, metrics: Arc<CoreMetrics>) {
    let mut cores = CORES.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    cores.retain(|(other, _)| *other != core);
    cores.push((core, metrics));
    cores.sort_by_key(|(number, _)| *number);
}

/// The counters of every core that was started, by core number. Any thread.
pub fn all_cores() -> Vec<(u16, Arc<CoreMetrics>)> {
    CORES.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_add_and_are_listed_by_name() {
        let metrics = CoreMetrics::default();
        metrics.syncs.one();
        metrics.syncs.add(4);
        metrics.connections.set(9);
        assert_eq!(metrics.syncs.get(), 5);
        let list = metrics.list();
        assert!(list.iter().any(|(name, _, value)| *name == "syncs" && *value == 5));
        assert!(list.iter().any(|(name, _, value)| *name == "connections" && *value == 9));
    }
}
