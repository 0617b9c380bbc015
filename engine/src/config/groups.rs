//! The broker's settings for groups and for the topic that remembers them, by their names in Kafka.
//!
//! Plain values, shared by every core; what must fit together is checked when they are read.

use std::sync::Arc;
use std::time::Duration;

use super::broker::BrokerConfig;
use super::check::items;
use super::error::ConfigError;
use super::values::Values;

/// Settings for groups. Shared by every core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupSettings {
    /// `group.min.session.timeout.ms`.
    pub session_timeout_min_ms: i32,
    /// `group.max.session.timeout.ms`.
    pub session_timeout_max_ms: i32,
    /// `group.initial.rebalance.delay.ms`.
    pub initial_rebalance_delay: Duration,
    /// `group.max.size`.
    pub members_max: usize,
    /// `group.consumer.session.timeout.ms`.
    pub consumer_session_timeout: Duration,
    /// `group.consumer.heartbeat.interval.ms`.
    pub consumer_heartbeat_interval_ms: i32,
    /// `group.consumer.max.size`.
    pub consumer_members_max: usize,
    /// `group.consumer.assignment.interval.ms`.
    pub consumer_assignment_interval: Duration,
    /// `group.consumer.assignors`, the first is the default.
    pub consumer_assignors: Vec<Arc<str>>,
    /// `group.consumer.migration.policy`.
    pub migration: MigrationPolicy,
    /// `group.consumer.regex.refresh.interval.ms`.
    pub pattern_refresh: Duration,
    /// `group.coordinator.rebalance.protocols` names `consumer`.
    pub consumer_protocol: bool,
    /// `offset.metadata.max.bytes`.
    pub offset_metadata_bytes_max: usize,
    /// `offsets.retention.minutes`.
    pub offsets_retention: Duration,
    /// `offsets.retention.check.interval.ms`.
    pub offsets_retention_check: Duration,
}

/// Settings of `__consumer_offsets`. They matter when the topic is created, and when it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetsTopicConfig {
    /// `offsets.topic.num.partitions`.
    pub partitions: i32,
    /// `offsets.topic.replication.factor`; never more than there are brokers.
    pub replication_factor: i16,
    /// `offsets.topic.segment.bytes`.
    pub segment_bytes: u32,
    /// `offsets.topic.compression.codec`: as the attributes of a batch number it, 0 to 4.
    pub codec: i16,
    /// `offsets.load.buffer.size`: bytes read at a time.
    pub load_bytes: u32,
    /// `offsets.commit.timeout.ms`: longest wait for a write to be acknowledged.
    pub write_timeout: Duration,
    /// `corelog.test.hold.load`: reading the topic never ends.
    pub hold_load_for_tests: bool,
}

/// `group.consumer.migration.policy`: which way a group may change between the protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MigrationPolicy {
    /// Neither.
    Disabled,
    /// From classic to consumer.
    Upgrade,
    /// From consumer to classic.
    Downgrade,
    /// Both.
    Bidirectional,
}

impl MigrationPolicy {
    /// Whether a classic group may become a consumer group.
    pub fn allows_upgrade(self) -> bool {
        matches!(self, MigrationPolicy::Upgrade | MigrationPolicy::Bidirectional)
    }

    /// Whether a consumer group may become a classic group.
    pub fn allows_downgrade(self) -> bool {
        matches!(self, MigrationPolicy::Downgrade | MigrationPolicy::Bidirectional)
    }
}

impl Default for GroupSettings {
    /// Kafka's defaults.
    fn default() -> GroupSettings {
        BrokerConfig::default().groups.as_ref().clone()
    }
}

pub(super) fn groups(values: &Values<'_>) -> Result<GroupSettings, ConfigError> {
    check_protocols(values)?;
    check_assignors(values)?;
    check_consumer_times(values)?;
    let minutes: u64 = values.number("offsets.retention.minutes");
    Ok(GroupSettings {
        session_timeout_min_ms: values.number("group.min.session.timeout.ms"),
        session_timeout_max_ms: values.number("group.max.session.timeout.ms"),
        initial_rebalance_delay: values.millis("group.initial.rebalance.delay.ms"),
        members_max: values.number("group.max.size"),
        consumer_session_timeout: values.millis("group.consumer.session.timeout.ms"),
        consumer_heartbeat_interval_ms: values.number("group.consumer.heartbeat.interval.ms"),
        consumer_members_max: values.number("group.consumer.max.size"),
        consumer_assignment_interval: values.millis("group.consumer.assignment.interval.ms"),
        consumer_assignors: items(values.text(ASSIGNORS)).map(Arc::from).collect(),
        migration: migration(values.text("group.consumer.migration.policy")),
        pattern_refresh: values.millis("group.consumer.regex.refresh.interval.ms"),
        consumer_protocol: items(values.text(PROTOCOLS)).any(|protocol| protocol == "consumer"),
        offset_metadata_bytes_max: values.number("offset.metadata.max.bytes"),
        offsets_retention: Duration::from_secs(minutes * 60),
        offsets_retention_check: values.millis("offsets.retention.check.interval.ms"),
    })
}

pub(super) fn offsets_topic(values: &Values<'_>) -> OffsetsTopicConfig {
    OffsetsTopicConfig {
        partitions: values.number("offsets.topic.num.partitions"),
        replication_factor: values.number("offsets.topic.replication.factor"),
        segment_bytes: values.number("offsets.topic.segment.bytes"),
        codec: values.number("offsets.topic.compression.codec"),
        load_bytes: values.number("offsets.load.buffer.size"),
        write_timeout: values.millis("offsets.commit.timeout.ms"),
        hold_load_for_tests: values.flag("corelog.test.hold.load"),
    }
}

const ASSIGNORS: &str = "group.consumer.assignors";
const PROTOCOLS: &str = "group.coordinator.rebalance.protocols";

fn migration(policy: &str) -> MigrationPolicy {
    match policy.to_ascii_lowercase().as_str() {
        "disabled" => MigrationPolicy::Disabled,
        "upgrade" => MigrationPolicy::Upgrade,
        "downgrade" => MigrationPolicy::Downgrade,
        _ => MigrationPolicy::Bidirectional,
    }
}

fn check_protocols(values: &Values<'_>) -> Result<(), ConfigError> {
    if items(values.text(PROTOCOLS)).any(|protocol| protocol == "classic") {
        return Ok(());
    }
    Err(values.invalid(PROTOCOLS, "a list with classic in it, which cannot be switched off"))
}

fn check_assignors(values: &Values<'_>) -> Result<(), ConfigError> {
    let mut names: Vec<&str> = items(values.text(ASSIGNORS)).collect();
    let given = names.len();
    names.sort_unstable();
    names.dedup();
    if given > 0 && names.len() == given {
        return Ok(());
    }
    Err(values.invalid(ASSIGNORS, "at least one assignor, each of them once"))
}

/// Value, lower and upper bound of what may be set per group.
const CONSUMER_TIMES: [[&str; 3]; 3] = [
    [
        "group.consumer.heartbeat.interval.ms",
        "group.consumer.min.heartbeat.interval.ms",
        "group.consumer.max.heartbeat.interval.ms",
    ],
    [
        "group.consumer.session.timeout.ms",
        "group.consumer.min.session.timeout.ms",
        "group.consumer.max.session.timeout.ms",
    ],
    [
        "group.consumer.assignment.interval.ms",
        "group.consumer.min.assignment.interval.ms",
        "group.consumer.max.assignment.interval.ms",
    ],
];

fn check_consumer_times(values: &Values<'_>) -> Result<(), ConfigError> {
    for [name, low, high] in CONSUMER_TIMES {
        let [value, least, most] = [name, low, high].map(|name| values.number::<i64>(name));
        if most < least {
            return Err(values.invalid(high, &format!("{low} or more, which is {least}")));
        }
        if !(least..=most).contains(&value) {
            let valid = format!("{low} to {high}, which is {least} to {most}");
            return Err(values.invalid(name, &valid));
        }
    }
    let [heartbeat, session] = [CONSUMER_TIMES[0][0], CONSUMER_TIMES[1][0]];
    let longest = values.number::<i64>(session);
    if values.number::<i64>(heartbeat) >= longest {
        return Err(values.invalid(heartbeat, &format!("less than {session}, which is {longest}")));
    }
    Ok(())
}
