//! Series of the cores, one value each: traffic, disk, memory, how busy, what stalled.

use super::table::Kind::{Counter, Gauge};
use super::table::{Series, per_core, series};
use crate::http::samples::Samples;
use crate::http::scrape::Scrape;
use corelog_engine::metrics::Stall;

/// The rows.
#[rustfmt::skip]
pub const SERIES: &[Series] = &[
    per_core!(Counter "corelog_requests_total", "requests",
        "Requests taken from connections.", |core| core.metrics.requests.get() as f64),
    per_core!(Gauge "corelog_requests_running", "requests",
        "Requests taken whose answer is not known yet: they wait for flushes, records or members.",
        |core| core.metrics.requests_running.get() as f64),
    per_core!(Gauge "corelog_answers_waiting", "requests",
        "Answers that are known and have not left: they wait for those before them, or the client.",
        |core| core.metrics.answers_waiting.get() as f64),
    per_core!(Gauge "corelog_connections", "connections",
        "Connections open.", |core| core.metrics.connections.get() as f64),
    per_core!(Counter "corelog_connections_accepted_total", "connections",
        "Connections accepted.", |core| core.metrics.connections_accepted.get() as f64),
    per_core!(Counter "corelog_frames_cut_total", "requests",
        "Half received requests cut because the client was silent and memory short.",
        |core| core.metrics.frames_cut.get() as f64),
    per_core!(Counter "corelog_received_bytes_total", "bytes",
        "Bytes read from sockets.", |core| core.metrics.bytes_received.get() as f64),
    series(Counter, "corelog_sent_bytes_total", ("bytes", &["core", "source"]),
        "Bytes sent to sockets; source file: straight from the page cache by sendfile, memory: all \
         else.",
        sent_bytes),
    per_core!(Counter "corelog_residency_misses_total", "chunks",
        "Chunks of at most 256 KiB that were not in the page cache when they were to be sent.",
        |core| core.metrics.residency_misses.get() as f64),
    per_core!(Counter "corelog_cold_reads_total", "chunks",
        "Chunks read through the ring into memory because they were not in the page cache.",
        |core| core.metrics.cold_reads.get() as f64),
    per_core!(Counter "corelog_mesh_messages_total", "messages",
        "Messages that this core sent to the inbox of a core.",
        |core| core.metrics.mesh_messages.get() as f64),
    series(Gauge, "corelog_mesh_depth", ("messages", &["core"]),
        "Messages that stand in the inbox of this core.", mesh_depth),
    per_core!(Counter "corelog_appended_bytes_total", "bytes",
        "Bytes of record batches written to logs.",
        |core| core.metrics.bytes_appended.get() as f64),
    per_core!(Counter "corelog_appended_batches_total", "batches",
        "Record batches written to logs.", |core| core.metrics.batches_appended.get() as f64),
    per_core!(Counter "corelog_commits_total", "commits",
        "Group commits finished: each made durable what had been written to one log.",
        |core| core.metrics.commits.get() as f64),
    per_core!(Counter "corelog_file_writes_total", "operations",
        "File writes finished.", |core| core.metrics.writes.get() as f64),
    per_core!(Counter "corelog_file_flushes_total", "operations",
        "File flushes finished: fdatasync, or a write with RWF_DSYNC.",
        |core| core.metrics.syncs.get() as f64),
    per_core!(Counter "corelog_flushed_bytes_total", "bytes",
        "Bytes of record batches that group commits made durable.",
        |core| core.metrics.sync_bytes.get() as f64),
    per_core!(Counter "corelog_ring_enters_total", "calls",
        "System calls that submitted operations to the ring while the core was busy.",
        |core| core.metrics.ring_enters.get() as f64),
    per_core!(Counter "corelog_cleanings_total", "logs",
        "Logs cleaned by compaction.", |core| core.metrics.cleanings.get() as f64),
    per_core!(Counter "corelog_cleanings_failed_total", "logs",
        "Logs that could not be cleaned; they are tried again.",
        |core| core.metrics.cleanings_failed.get() as f64),
    per_core!(Counter "corelog_cleaning_read_bytes_total", "bytes",
        "Bytes of segments before they were cleaned.",
        |core| core.metrics.cleaned_bytes_before.get() as f64),
    per_core!(Counter "corelog_cleaning_written_bytes_total", "bytes",
        "Bytes that those segments became.",
        |core| core.metrics.cleaned_bytes_after.get() as f64),
    per_core!(Gauge "corelog_request_memory_bytes", "bytes",
        "Memory that requests stand on: taken as they arrive, given back when their records are \
         written.",
        |core| core.metrics.memory_taken.get() as f64),
    per_core!(Gauge "corelog_request_memory_limit_bytes", "bytes",
        "Memory that requests may take; at the limit connections wait before they read on.",
        |core| core.metrics.memory_limit.get() as f64),
    per_core!(Gauge "corelog_append_queue_bytes", "bytes",
        "Bytes of record batches that wait to be written; they stand on the memory of requests.",
        |core| core.metrics.append_queue.get() as f64),
    series(Counter, "corelog_core_cpu_seconds_total", ("seconds", &["core"]),
        "CPU time of the core's thread.", cpu_seconds),
    series(Gauge, "corelog_core_idle_ratio", ("ratio", &["core"]),
        "Part of the last minute in which the core's thread did not run, 0 to 1.", idle),
    series(Gauge, "corelog_core_heartbeat_age_seconds", ("seconds", &["core"]),
        "Time since the core's last sign of life; above 5 it hangs, and /healthz says so.", silent),
    series(Counter, "corelog_core_stalls_total", ("stalls", &["core", "task", "request"]),
        "Turns of one task that held the core for more than 10 ms; task is where it was started, \
         request what it worked on last.", stalls),
    series(Counter, "corelog_core_stall_seconds_total", ("seconds", &["core", "task", "request"]),
        "Time that those turns took.", stall_seconds),
    series(Gauge, "corelog_core_longest_stall_seconds", ("seconds", &["core", "task", "request"]),
        "The longest of them since the start.", longest_stall),
    per_core!(Counter "corelog_task_panics_total", "tasks",
        "Tasks that ended in a panic; each is logged.",
        |core| core.metrics.task_panics.get() as f64),
];

fn sent_bytes(scrape: &Scrape, samples: &mut Samples<'_>) {
    for core in &scrape.cores {
        samples.value(&[&core.label, "file"], core.metrics.bytes_sent_sendfile.get() as f64);
        samples.value(&[&core.label, "memory"], core.metrics.bytes_sent_memory.get() as f64);
    }
}

fn mesh_depth(scrape: &Scrape, samples: &mut Samples<'_>) {
    let Some(node) = &scrape.node else { return };
    for (core, depth) in node.observer.waiting_messages().into_iter().enumerate() {
        samples.value(&[&core.to_string()], depth as f64);
    }
}

fn cpu_seconds(scrape: &Scrape, samples: &mut Samples<'_>) {
    for (core, cpu) in scrape.cores.iter().zip(&scrape.rate.cpu) {
        samples.value(&[&core.label], cpu.as_secs_f64());
    }
}

fn idle(scrape: &Scrape, samples: &mut Samples<'_>) {
    for (core, idle) in scrape.cores.iter().zip(&scrape.rate.idle) {
        samples.value(&[&core.label], *idle);
    }
}

fn silent(scrape: &Scrape, samples: &mut Samples<'_>) {
    for core in &scrape.cores {
        if let Some(silent) = core.silent {
            samples.value(&[&core.label], silent.as_secs_f64());
        }
    }
}

fn stalls(scrape: &Scrape, samples: &mut Samples<'_>) {
    each_stall(scrape, samples, |stall| stall.count as f64);
}

fn stall_seconds(scrape: &Scrape, samples: &mut Samples<'_>) {
    each_stall(scrape, samples, |stall| stall.nanos as f64 * 1e-9);
}

fn longest_stall(scrape: &Scrape, samples: &mut Samples<'_>) {
    each_stall(scrape, samples, |stall| stall.longest_nanos as f64 * 1e-9);
}

fn each_stall(scrape: &Scrape, samples: &mut Samples<'_>, value: fn(&Stall) -> f64) {
    for core in &scrape.cores {
        for stall in core.metrics.stalls.all() {
            samples.value(&[&core.label, &task_name(stall.task), stall.work], value(&stall));
        }
    }
}

/// The place in the source where a task is made, without what the compiler adds to it: of
/// `corelog_net::listener::open<T>::{{closure}}` it is `listener::open`.
fn task_name(full: &str) -> String {
    let mut name = String::new();
    let mut depth = 0u32;
    for c in full.chars() {
        match c {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            c if depth == 0 => name.push(c),
            _ => {}
        }
    }
    let parts = name.split("::").filter(|part| !part.is_empty() && !part.starts_with('{'));
    let parts: Vec<&str> = parts.filter(|part| !part.starts_with("corelog_")).collect();
    parts.join("::")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_called_after_the_place_that_makes_it() {
        let open = "corelog_net::listener::open<corelog_net::api::broker::Broker>::{{closure}}";
        assert_eq!(task_name(open), "listener::open");
        let method = "corelog_engine::shard::serving::<impl corelog_engine::shard::world::Shard>\
                      ::start_loops::{{closure}}::{{closure}}";
        assert_eq!(task_name(method), "shard::serving::start_loops");
        assert_eq!(task_name("other"), "other");
    }
}
