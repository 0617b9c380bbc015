//! What an operator is told about a directory of Kafka's that was taken over. Values.

use super::cluster::KafkaCluster;
use super::kafka_record::Left;
use crate::config::TopicConfig;

const BROKER: i8 = 4;
const CLIENT_METRICS: i8 = 16;
const GROUP: i8 = 32;

/// What came over and what did not. To be logged once, at the start that imports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Topics, with those that Kafka itself made.
    pub topics: usize,
    /// Their partitions.
    pub partitions: usize,
    /// Settings of topics.
    pub topic_settings: usize,
    /// The first producer id that will be handed out.
    pub next_producer_id: i64,
    /// Bytes at the end of Kafka's metadata log that were never whole.
    pub torn_bytes: u64,
    /// What was not imported, one sentence each.
    pub not_imported: Vec<String>,
}

impl ImportReport {
    pub(super) fn of(cluster: &KafkaCluster, torn_bytes: u64) -> ImportReport {
        let topics = &cluster.topics;
        let settings = topics.values().filter_map(|topic| cluster.topic_configs.get(&topic.name));
        ImportReport {
            topics: topics.len(),
            partitions: topics.values().map(|topic| topic.partitions.len()).sum(),
            topic_settings: settings.map(|settings| settings.len()).sum(),
            next_producer_id: cluster.next_producer_id,
            torn_bytes,
            not_imported: not_imported(cluster),
        }
    }
}

fn not_imported(cluster: &KafkaCluster) -> Vec<String> {
    let left = |which: fn(&Left) -> bool| cluster.left.iter().filter(|left| which(left)).count();
    let mut told = Vec::new();
    let mut count = |count: usize, what: &str| {
        if count > 0 {
            told.push(format!("{what}: {count}"));
        }
    };
    count(left(|left| matches!(left, Left::Acl(_))), "ACLs");
    count(left(|left| matches!(left, Left::Scram(..))), "SCRAM credentials of users");
    count(left(|left| matches!(left, Left::Quota(..))), "client quotas");
    count(left(|left| matches!(left, Left::Token(_))), "delegation tokens");
    let of = |kind: i8| cluster.other_configs.iter().filter(move |(of, _, _)| *of == kind).count();
    count(of(GROUP), "settings of groups");
    count(of(CLIENT_METRICS), "subscriptions to client metrics");
    // Names only: values may be secrets.
    let dynamic = cluster.other_configs.iter().filter(|(kind, _, _)| *kind == BROKER);
    for (_, node, key) in dynamic {
        let whose = if node.is_empty() { "all brokers" } else { node.as_str() };
        told.push(format!("dynamic setting {key} of {whose}: set it in server.properties"));
    }
    for (topic, what) in STATE_TOPICS {
        if cluster.topics.values().any(|found| found.name == *topic) {
            told.push(format!("{what}: the records in {topic} are kept and not read"));
        }
    }
    told.extend(
        cluster.topics.values().filter_map(|topic| policy_not_obeyed(cluster, &topic.name)),
    );
    told
}

/// Settings of a topic that are kept and not obeyed; nothing of such a topic is trimmed.
fn policy_not_obeyed(cluster: &KafkaCluster, topic: &str) -> Option<String> {
    let settings = cluster.topic_configs.get(topic)?;
    let imported = TopicConfig::imported(&TopicConfig::default(), settings);
    if imported.unsupported.is_empty() {
        return None;
    }
    let why: Vec<String> = imported.unsupported.iter().map(ToString::to_string).collect();
    Some(format!("topic {topic} is never trimmed: {}", why.join("; ")))
}

const STATE_TOPICS: &[(&str, &str)] = &[
    ("__consumer_offsets", "consumer groups and their offsets"),
    ("__transaction_state", "transactions"),
    ("__share_group_state", "share groups"),
];
