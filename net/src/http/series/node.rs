//! Series of the node as a whole: what runs, whether it serves, its log dirs, its process.

use super::table::Kind::Gauge;
use super::table::{Series, one_value, series};
use crate::http::samples::Samples;
use crate::http::scrape::Scrape;

/// The rows.
#[rustfmt::skip]
pub const SERIES: &[Series] = &[
    series(Gauge, "corelog_build_info", ("1", &["version", "cluster", "node"]),
        "Always 1: the version that runs, the cluster's id and the node's.", build_info),
    one_value!(Gauge "corelog_healthy", "0 or 1",
        "1 while every core gives signs of life, as /healthz says.",
        |scrape| f64::from(u8::from(scrape.vitals.alive().is_ok()))),
    one_value!(Gauge "corelog_ready", "0 or 1",
        "1 while every core serves and no log dir is offline, as /readyz says.",
        |scrape| f64::from(u8::from(scrape.vitals.ready().is_ok()))),
    one_value!(Gauge "corelog_recovery_logs", "logs",
        "Logs that the start had to open.", |scrape| scrape.vitals.logs.1 as f64),
    one_value!(Gauge "corelog_recovery_logs_open", "logs",
        "Those of them that are open.", |scrape| scrape.vitals.logs.0 as f64),
    one_value!(Counter "corelog_recovery_read_bytes_total", "bytes",
        "Bytes that recovery read to find out where logs end.",
        |scrape| scrape.node.as_ref()
            .map_or(0, |node| node.observer.shared().progress.bytes_checked()) as f64),
    series(Gauge, "corelog_log_dir_offline", ("0 or 1", &["dir"]),
        "1 once a write or flush in this log dir has failed: nothing of it is served any more.",
        dirs_offline),
    series(Gauge, "corelog_log_dir_free_bytes", ("bytes", &["dir"]),
        "Bytes that may still be written to the file system of this log dir.", dirs_free),
    one_value!(Gauge "corelog_memory_budget_bytes", "bytes",
        "Memory for requests, fetch sessions and cold reads: corelog.memory.budget.bytes.",
        |scrape| scrape.node.as_ref()
            .map_or(0, |node| node.observer.shared().config.cores.memory_budget_bytes) as f64),
    one_value!(Counter "process_cpu_seconds_total", "seconds",
        "CPU time of all threads of the process, in user space and in the kernel.",
        |scrape| scrape.process.cpu_seconds),
    one_value!(Gauge "process_start_time_seconds", "seconds",
        "When the process started, since 1970.", |scrape| scrape.process.start_seconds),
    one_value!(Gauge "process_resident_memory_bytes", "bytes",
        "Memory of the process that is resident.", |scrape| scrape.process.resident_bytes),
    one_value!(Gauge "process_virtual_memory_bytes", "bytes",
        "Address space of the process.", |scrape| scrape.process.virtual_bytes),
    one_value!(Gauge "process_open_fds", "descriptors",
        "File descriptors open.", |scrape| scrape.process.open_fds),
    one_value!(Gauge "process_max_fds", "descriptors",
        "File descriptors that the process may open.", |scrape| scrape.process.max_fds),
];

fn build_info(scrape: &Scrape, samples: &mut Samples<'_>) {
    let Some(node) = &scrape.node else { return };
    let number = node.observer.shared().config.node_id.to_string();
    samples.value(&[env!("CARGO_PKG_VERSION"), &node.image.cluster_id, &number], 1.0);
}

fn dirs_free(scrape: &Scrape, samples: &mut Samples<'_>) {
    for (dir, free) in &scrape.facts.dirs_free {
        samples.value(&[dir], *free as f64);
    }
}

fn dirs_offline(scrape: &Scrape, samples: &mut Samples<'_>) {
    let Some(node) = &scrape.node else { return };
    let shared = node.observer.shared();
    for (number, dir) in shared.dirs.iter().enumerate() {
        let offline = shared.offline.is_offline(number);
        samples.value(&[&dir.path.display().to_string()], f64::from(u8::from(offline)));
    }
}
