//! What may be set for groups.

use std::sync::Arc;
use std::time::Duration;

use super::config_test::{loaded, refusal};
use super::*;

#[test]
fn settings_of_groups_are_checked_against_each_other() {
    let heartbeat = "group.consumer.heartbeat.interval.ms";
    let session = "group.consumer.session.timeout.ms";
    let cases: [(&[(&str, &str)], &str); 7] = [
        (
            &[("group.coordinator.rebalance.protocols", "consumer")],
            "group.coordinator.rebalance.protocols: valid is a list with classic in it, which \
             cannot be switched off",
        ),
        (
            &[("group.consumer.assignors", "org.x.Assignor")],
            "group.consumer.assignors: valid is a comma separated list out of uniform, range",
        ),
        (
            &[("group.consumer.assignors", "range,range")],
            "group.consumer.assignors: valid is at least one assignor, each of them once",
        ),
        (
            &[(heartbeat, "4000")],
            "group.consumer.heartbeat.interval.ms: valid is \
             group.consumer.min.heartbeat.interval.ms to \
             group.consumer.max.heartbeat.interval.ms, which is 5000 to 15000",
        ),
        (
            &[("group.consumer.max.session.timeout.ms", "44000")],
            "group.consumer.max.session.timeout.ms: valid is \
             group.consumer.min.session.timeout.ms or more, which is 45000",
        ),
        (
            &[
                (session, "9000"),
                ("group.consumer.min.session.timeout.ms", "9000"),
                (heartbeat, "9000"),
            ],
            "group.consumer.heartbeat.interval.ms: valid is less than \
             group.consumer.session.timeout.ms, which is 9000",
        ),
        (
            &[("offsets.topic.compression.codec", "5")],
            "offsets.topic.compression.codec: valid is a whole number from 0 to 4",
        ),
    ];
    for (entries, rest) in cases {
        let refusal = refusal(entries);
        assert!(refusal.ends_with(rest), "{refusal}");
    }
}

#[test]
fn groups_are_set_as_in_kafka() {
    let config = BrokerConfig::default();
    let groups = &config.groups;
    assert_eq!((groups.session_timeout_min_ms, groups.session_timeout_max_ms), (6_000, 1_800_000));
    assert_eq!(groups.initial_rebalance_delay, Duration::from_secs(3));
    assert_eq!(groups.consumer_assignors, [Arc::from("uniform"), Arc::from("range")]);
    assert_eq!(groups.migration, MigrationPolicy::Bidirectional);
    assert_eq!(groups.offsets_retention, Duration::from_secs(7 * 24 * 3600));
    assert!(groups.consumer_protocol);
    let topic = config.offsets_topic;
    assert_eq!((topic.partitions, topic.replication_factor, topic.codec), (50, 3, 0));
    let given = [
        ("group.consumer.migration.policy", "Upgrade"),
        ("offsets.retention.minutes", "2"),
        ("group.coordinator.rebalance.protocols", "classic"),
    ];
    let groups = loaded(&given).config.groups;
    assert_eq!(groups.migration, MigrationPolicy::Upgrade);
    assert_eq!(groups.offsets_retention, Duration::from_secs(120));
    assert!(!groups.consumer_protocol);
}
