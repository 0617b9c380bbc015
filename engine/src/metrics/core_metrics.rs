//! The block of one core: everything it counts.

use super::counter::Counter;
use super::histogram::{Sizes, Times};
use super::requests::RequestTable;
use super::stalls::Stalls;

/// Declares the block once: counters that are listed by name, then what is more than a number.
macro_rules! core_metrics {
    (
        counters { $($name:ident: $help:literal,)* }
        more { $($more:ident: $kind:ty = $about:literal,)* }
    ) => {
        /// What one core counts. Aligned so that two cores never write one cache line.
        #[derive(Debug, Default)]
        #[repr(align(128))]
        pub struct CoreMetrics {
            $(#[doc = $help] pub $name: Counter,)*
            $(#[doc = $about] pub $more: $kind,)*
        }

        impl CoreMetrics {
            /// Every plain counter: name, value now. In the order of declaration.
            pub fn list(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name.get()),)*]
            }
        }
    };
}

core_metrics! {
    counters {
        requests: "Requests taken from connections.",
        connections: "Connections open now.",
        connections_accepted: "Connections accepted.",
        frames_cut: "Half received requests cut because the client was silent and memory short.",
        bytes_received: "Bytes read from sockets.",
        bytes_sent_sendfile: "Bytes sent to sockets straight from files.",
        bytes_sent_memory: "Bytes sent to sockets from memory.",
        residency_misses: "Chunks that were not in the page cache when they were to be sent.",
        cold_reads: "Chunks read through the ring because they were not in the page cache.",
        mesh_messages: "Messages sent to the inbox of a core, the own one included.",
        bytes_appended: "Bytes of record batches written to logs.",
        batches_appended: "Record batches written to logs.",
        appends_asked: "Appends of producers, one per partition of a request.",
        appends_failed: "Those that were refused, but for what another broker would take.",
        records_in: "Records appended.",
        record_bytes_in: "Bytes of record batches appended.",
        reads_asked: "Reads of consumers, one per partition of a request and look.",
        reads_failed: "Those that failed although the offset was right.",
        record_bytes_out: "Bytes of record batches read.",
        commits: "Group commits finished.",
        writes: "File writes finished.",
        syncs: "File syncs finished, those within a write too.",
        sync_bytes: "Bytes of record batches that those syncs made durable.",
        ring_enters: "System calls that submitted operations from a busy core.",
        cleanings: "Logs cleaned.",
        cleanings_failed: "Logs that could not be cleaned; they are tried again.",
        cleaned_bytes_before: "Bytes of segments before they were cleaned.",
        cleaned_bytes_after: "Bytes that they became.",
        task_panics: "Tasks that ended in a panic.",
    }
    more {
        listeners: Counter = "Listeners on which the core accepts connections now.",
        requests_running: Counter = "Requests taken whose answer is not known yet.",
        answers_waiting: Counter = "Answers known that have not left.",
        memory_taken: Counter = "Bytes of memory that requests stand on.",
        memory_limit: Counter = "Bytes of memory that requests may take.",
        append_queue: Counter = "Bytes of record batches that wait to be written.",
        heartbeat: Counter = "Monotonic nanoseconds of the core's last sign of life; 0 before it.",
        thread: Counter = "The kernel's number of the core's thread.",
        commit_bytes: Sizes = "Bytes of record batches per group commit.",
        commit_batches: Sizes = "Record batches per group commit.",
        commit_time: Times = "Nanoseconds that a sync took, or a write that syncs.",
        write_time: Times = "Nanoseconds that a write took that does not sync.",
        api: RequestTable = "Requests by kind.",
        stalls: Stalls = "Moments in which one task held the core for too long.",
    }
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
        assert!(list.contains(&("syncs", 5)));
        assert!(list.contains(&("connections", 9)));
    }
}
