//! Series of topics and partitions, as Kafka's JMX exporter and as kafka_exporter name them.

use corelog_engine::metrics::CoreMetrics;
use corelog_engine::partition::Traffic;

use super::table::Kind::{Counter, Gauge};
use super::table::{Series, one_value, series};
use crate::http::facts::Partition;
use crate::http::samples::Samples;
use crate::http::scrape::Scrape;

const TOPIC: &[&str] = &["topic"];
const PARTITION: &[&str] = &["topic", "partition"];

/// The rows.
#[rustfmt::skip]
pub const SERIES: &[Series] = &[
    series(Counter, "kafka_server_brokertopicmetrics_messagesin_total", ("records", TOPIC),
        "Records appended by producers; without a topic, those of all topics since the start.",
        |scrape, samples| traffic(scrape, samples,
            |core| core.records_in.get(), |topic| topic.records_in)),
    series(Counter, "kafka_server_brokertopicmetrics_bytesin_total", ("bytes", TOPIC),
        "Bytes of record batches appended by producers.",
        |scrape, samples| traffic(scrape, samples,
            |core| core.record_bytes_in.get(), |topic| topic.bytes_in)),
    series(Counter, "kafka_server_brokertopicmetrics_bytesout_total", ("bytes", TOPIC),
        "Bytes of record batches read for consumers; a fetch that waits for more than there is \
         counts what it finds each time it looks.",
        |scrape, samples| traffic(scrape, samples,
            |core| core.record_bytes_out.get(), |topic| topic.bytes_out)),
    series(Counter, "kafka_server_brokertopicmetrics_totalproducerequests_total",
        ("partitions", TOPIC), "Partitions of produce requests.",
        |scrape, samples| traffic(scrape, samples,
            |core| core.appends_asked.get(), |topic| topic.appends)),
    series(Counter, "kafka_server_brokertopicmetrics_totalfetchrequests_total",
        ("partitions", TOPIC), "Partitions of fetch requests, once more each time one looks again.",
        |scrape, samples| traffic(scrape, samples,
            |core| core.reads_asked.get(), |topic| topic.reads)),
    series(Counter, "kafka_server_brokertopicmetrics_failedproducerequests_total",
        ("partitions", TOPIC), "Partitions of produce requests that their leader refused.",
        |scrape, samples| traffic(scrape, samples,
            |core| core.appends_failed.get(), |topic| topic.appends_failed)),
    series(Counter, "kafka_server_brokertopicmetrics_failedfetchrequests_total",
        ("partitions", TOPIC), "Partitions of fetch requests whose log could not be read.",
        |scrape, samples| traffic(scrape, samples,
            |core| core.reads_failed.get(), |topic| topic.reads_failed)),
    one_value!(Gauge "kafka_server_replicamanager_leadercount", "partitions",
        "Partitions that this broker leads and serves.",
        |scrape| scrape.facts.count(|one| one.facts.is_some_and(|facts| facts.is_leader))),
    one_value!(Gauge "kafka_server_replicamanager_partitioncount", "partitions",
        "Partitions of which this broker has a replica.",
        |scrape| scrape.facts.count(|one| one.facts.is_some())),
    one_value!(Gauge "kafka_server_replicamanager_underreplicatedpartitions", "partitions",
        "Partitions with a replica that is not in sync.",
        |scrape| scrape.facts.count(|one| one.in_sync < one.replicas)),
    one_value!(Gauge "kafka_controller_kafkacontroller_offlinepartitionscount", "partitions",
        "Partitions without a leader that serves.",
        |scrape| scrape.facts.count(is_offline)),
    one_value!(Gauge "kafka_controller_kafkacontroller_preferredreplicaimbalancecount",
        "partitions", "Partitions that another than the preferred replica leads.",
        |scrape| scrape.facts.count(|one| !one.is_leader_preferred)),
    series(Gauge, "kafka_cluster_partition_underminisr", ("0 or 1", PARTITION),
        "1 while fewer replicas are in sync than acks=all asks for.",
        |scrape, samples| each(scrape, samples, |one| Some(truth(one.in_sync < one.min_in_sync)))),
    series(Gauge, "kafka_cluster_partition_atminisr", ("0 or 1", PARTITION),
        "1 while just as many replicas are in sync as acks=all asks for.",
        |scrape, samples| each(scrape, samples, |one| Some(truth(one.in_sync == one.min_in_sync)))),
    series(Gauge, "kafka_cluster_partition_replicascount", ("replicas", PARTITION),
        "Replicas of the partition.",
        |scrape, samples| each(scrape, samples, |one| Some(one.replicas as f64))),
    series(Gauge, "kafka_log_log_size", ("bytes", PARTITION),
        "Bytes of record batches on the disk.",
        |scrape, samples| each(scrape, samples, |one| Some(one.facts?.size_bytes as f64))),
    series(Gauge, "kafka_topic_partitions", ("partitions", TOPIC),
        "Partitions of the topic.", partitions),
    series(Gauge, "kafka_topic_partition_current_offset", ("offset", PARTITION),
        "Consumers read below this offset: the high watermark.",
        |scrape, samples| each(scrape, samples, |one| Some(one.facts?.high_watermark as f64))),
    series(Gauge, "kafka_topic_partition_oldest_offset", ("offset", PARTITION),
        "First offset of the log.",
        |scrape, samples| each(scrape, samples, |one| Some(one.facts?.log_start as f64))),
    series(Gauge, "kafka_topic_partition_leader", ("node", PARTITION),
        "Number of the leader, -1 for none.",
        |scrape, samples| each(scrape, samples, |one| Some(f64::from(one.leader)))),
    series(Gauge, "kafka_topic_partition_replicas", ("replicas", PARTITION),
        "Replicas of the partition.",
        |scrape, samples| each(scrape, samples, |one| Some(one.replicas as f64))),
    series(Gauge, "kafka_topic_partition_in_sync_replica", ("replicas", PARTITION),
        "Replicas that are in sync.",
        |scrape, samples| each(scrape, samples, |one| Some(one.in_sync as f64))),
    series(Gauge, "kafka_topic_partition_under_replicated_partition", ("0 or 1", PARTITION),
        "1 while a replica is not in sync.",
        |scrape, samples| each(scrape, samples, |one| Some(truth(one.in_sync < one.replicas)))),
    series(Gauge, "corelog_log_end_offset", ("offset", PARTITION),
        "Offset of the next record: below it everything is written, if not yet acknowledged.",
        |scrape, samples| each(scrape, samples, |one| Some(one.facts?.log_end as f64))),
    one_value!(Gauge "corelog_partitions_left_out", "partitions",
        "Partitions that this page does not list: see corelog.metrics.partitions.max.",
        |scrape| scrape.facts.left_out as f64),
    one_value!(Gauge "corelog_page_complete", "0 or 1",
        "0 when a core did not answer in time: partitions and groups of it are missing.",
        |scrape| truth(scrape.facts.is_complete)),
];

fn truth(is_so: bool) -> f64 {
    f64::from(u8::from(is_so))
}

fn is_offline(partition: &Partition) -> bool {
    partition.leader < 0 || partition.facts.is_some_and(|facts| !facts.is_leader)
}

fn traffic(
    scrape: &Scrape,
    samples: &mut Samples<'_>,
    all: fn(&CoreMetrics) -> u64,
    of: fn(&Traffic) -> u64,
) {
    samples.value(&[""], scrape.total(all));
    for (topic, traffic) in &scrape.facts.topics {
        samples.value(&[topic], of(traffic) as f64);
    }
}

fn each(scrape: &Scrape, samples: &mut Samples<'_>, value: fn(&Partition) -> Option<f64>) {
    for partition in &scrape.facts.partitions {
        if let Some(value) = value(partition) {
            samples.value(&[&partition.topic, &partition.label], value);
        }
    }
}

fn partitions(scrape: &Scrape, samples: &mut Samples<'_>) {
    let Some(node) = &scrape.node else { return };
    for topic in node.image.topics().filter(|topic| scrape.facts.topics.contains_key(&topic.name)) {
        samples.value(&[&topic.name], topic.partitions.len() as f64);
    }
}
