//! Series of the broker as a whole under the names that Kafka's JMX exporter gives them, as in
//! Strimzi's dashboards. What this build has not is not here: replication between nodes.

use super::table::Kind::Untyped;
use super::table::{Series, one_value, series};
use crate::http::samples::Samples;
use crate::http::scrape::Scrape;
use crate::http::state::Phase;

/// The rows.
#[rustfmt::skip]
pub const SERIES: &[Series] = &[
    one_value!(Gauge "kafka_server_kafkaserver_brokerstate", "state",
        "Kafka's number of what the broker does: 1 starts, 2 recovers, 3 runs, 6 stops.",
        |scrape| match scrape.vitals.phase {
            Phase::Starting => 1.0,
            Phase::Recovering => 2.0,
            Phase::Serving => 3.0,
            Phase::Stopping => 6.0,
        }),
    one_value!(Untyped "kafka_server_kafkaserver_linux_disk_read_bytes", "bytes",
        "Bytes that this process had the disks read.", |scrape| scrape.process.disk_read_bytes),
    one_value!(Untyped "kafka_server_kafkaserver_linux_disk_write_bytes", "bytes",
        "Bytes that this process had the disks write.", |scrape| scrape.process.disk_write_bytes),
    one_value!(Untyped "kafka_server_socket_server_metrics_connection_count", "connections",
        "Connections open.", |scrape| scrape.total(|core| core.connections.get())),
    one_value!(Gauge "kafka_server_socket_server_metrics_connection_creation_rate", "connections/s",
        "Connections accepted per second, over the last minute.", |scrape| scrape.rate.accepted),
    series(Untyped, "kafka_network_socketserver_networkprocessoravgidle_percent", ("ratio", &[]),
        "Part of the last minute in which the cores did not run, on average, 0 to 1.", idle),
    series(Untyped, "kafka_server_kafkarequesthandlerpool_requesthandleravgidle_percent",
        ("ratio", &[]), "The same: a core is network thread and request handler in one.", idle),
    one_value!(Gauge "kafka_network_requestchannel_requestqueuesize", "requests",
        "Requests taken whose answer is not known yet.",
        |scrape| scrape.total(|core| core.requests_running.get())),
    one_value!(Gauge "kafka_network_requestchannel_responsequeuesize", "requests",
        "Answers that are known and have not left.",
        |scrape| scrape.total(|core| core.answers_waiting.get())),
    one_value!(Gauge "kafka_controller_kafkacontroller_activecontrollercount", "controllers",
        "1 while this node decides about the metadata.",
        |scrape| scrape.node.as_ref().map_or(0.0, |node| {
            f64::from(u8::from(node.observer.shared().controller.is_active()))
        })),
    one_value!(Gauge "kafka_brokers", "brokers",
        "Brokers of the cluster.",
        |scrape| scrape.node.as_ref().map_or(0, |node| node.image.brokers().len()) as f64),
];

fn idle(scrape: &Scrape, samples: &mut Samples<'_>) {
    let idle = &scrape.rate.idle;
    if !idle.is_empty() {
        samples.value(&[], idle.iter().sum::<f64>() / idle.len() as f64);
    }
}
