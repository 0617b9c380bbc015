//! The typed configuration of one topic.
//!
//! Built from the broker's defaults and the topic's own entries; shared as `Arc<TopicConfig>` by
//! every core that owns a partition of the topic. Changing it means building a new one.

use std::collections::BTreeMap;

use super::check::{check, items};
use super::error::ConfigError;
use super::key::Standing;
use super::keys::{TOPIC_KEYS, nearest, topic_key};

/// What becomes of old records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CleanupPolicy {
    /// Segments are deleted by age and size.
    Delete,
    /// Only the last record of each key stays.
    Compact,
    /// Both.
    CompactDelete,
    /// Kept for ever: the policy is empty (KIP-1161), or is one that is not obeyed yet.
    Keep,
}

impl CleanupPolicy {
    /// Segments are deleted by age and size.
    pub fn deletes(self) -> bool {
        matches!(self, CleanupPolicy::Delete | CleanupPolicy::CompactDelete)
    }

    /// Only the last record of each key stays, so every record needs a key.
    pub fn compacts(self) -> bool {
        matches!(self, CleanupPolicy::Compact | CleanupPolicy::CompactDelete)
    }
}

/// A number from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fraction(f64);

/// Never NaN: the row of its key refuses that.
impl Eq for Fraction {}

impl Fraction {
    /// The nearest fraction; what is no number counts as 0.
    pub fn new(value: f64) -> Fraction {
        Fraction(if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) })
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

/// Whose clock stamps records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer's.
    CreateTime,
    /// The broker's, when it appends.
    LogAppendTime,
}

/// Settings of a topic; names are Kafka's with dots as underscores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicConfig {
    /// Delete, compact, both or keep.
    pub cleanup_policy: CleanupPolicy,
    /// Bytes, 1 MiB or more.
    pub segment_bytes: u32,
    /// Milliseconds, 1 or more.
    pub segment_ms: i64,
    /// Milliseconds, 0 or more.
    pub segment_jitter_ms: i64,
    /// Bytes of the largest index file, 4 or more.
    pub segment_index_bytes: u32,
    /// Record bytes between two index entries, 0 or more.
    pub index_interval_bytes: u32,
    /// Milliseconds; `None` keeps records for ever.
    pub retention_ms: Option<i64>,
    /// Bytes of a partition; `None` for no limit.
    pub retention_bytes: Option<u64>,
    /// Milliseconds, 0 or more.
    pub file_delete_delay_ms: i64,
    /// Bytes of the largest batch, compressed.
    pub max_message_bytes: u32,
    /// Whose clock.
    pub message_timestamp_type: TimestampType,
    /// Milliseconds before the broker's clock; `i64::MAX` for no limit.
    pub timestamp_before_max_ms: i64,
    /// Milliseconds after the broker's clock; `i64::MAX` for no limit.
    pub timestamp_after_max_ms: i64,
    /// Records written before a sync; 1: an answer waits for the sync.
    pub flush_messages: i64,
    /// Milliseconds a record may stay unsynced; `i64::MAX` for no limit.
    pub flush_ms: i64,
    /// In-sync replicas that acks=all needs, 1 or more.
    pub min_insync_replicas: i32,
    /// Part of a log that must be uncleaned before it is compacted.
    pub min_cleanable_ratio: Fraction,
    /// Milliseconds for which the marker of a deleted key stays, 0 or more.
    pub delete_retention_ms: i64,
    /// Milliseconds before which a record is not compacted, 0 or more.
    pub min_compaction_lag_ms: i64,
    /// Milliseconds after which a record is compacted, 1 or more; `i64::MAX` for no limit.
    pub max_compaction_lag_ms: i64,
}

impl Default for TopicConfig {
    /// What a topic has when neither the broker nor the topic says anything.
    fn default() -> TopicConfig {
        TopicConfig {
            cleanup_policy: CleanupPolicy::Delete,
            segment_bytes: 1 << 30,
            segment_ms: 604_800_000,
            segment_jitter_ms: 0,
            segment_index_bytes: 10 << 20,
            index_interval_bytes: 4096,
            retention_ms: Some(604_800_000),
            retention_bytes: None,
            file_delete_delay_ms: 60_000,
            max_message_bytes: 1_048_588,
            message_timestamp_type: TimestampType::CreateTime,
            timestamp_before_max_ms: i64::MAX,
            timestamp_after_max_ms: 3_600_000,
            flush_messages: 1,
            flush_ms: i64::MAX,
            min_insync_replicas: 1,
            min_cleanable_ratio: Fraction(0.5),
            delete_retention_ms: 86_400_000,
            min_compaction_lag_ms: 0,
            max_compaction_lag_ms: i64::MAX,
        }
    }
}

/// Keys that decide what is removed: while one of them is not obeyed, nothing is.
const REMOVES: [&str; 2] = ["cleanup.policy", "remote.storage.enable"];

/// The configuration of a topic that Apache Kafka wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// What can be obeyed. Nothing is ever deleted under a policy that is not obeyed.
    pub config: TopicConfig,
    /// What cannot, one error per key.
    pub unsupported: Vec<ConfigError>,
}

impl TopicConfig {
    /// The broker's defaults with a topic's own entries over them.
    ///
    /// # Errors
    /// The first entry, by name, that is unknown, malformed or not obeyed yet; then what does not
    /// fit together.
    pub fn from_overrides(
        defaults: &TopicConfig,
        overrides: &BTreeMap<String, String>,
    ) -> Result<TopicConfig, ConfigError> {
        let mut config = defaults.clone();
        for (name, value) in overrides {
            config.set(name, value)?;
        }
        config.check_together()?;
        Ok(config)
    }

    /// As [`TopicConfig::from_overrides`] for entries that were written by Apache Kafka and cannot
    /// be refused any more: what is not obeyed is listed, and such a topic is never trimmed.
    pub fn imported(defaults: &TopicConfig, overrides: &BTreeMap<String, String>) -> Imported {
        let mut config = defaults.clone();
        let mut unsupported = Vec::new();
        for (name, value) in overrides {
            if let Err(error) = config.set(name, value) {
                if REMOVES.contains(&name.as_str()) {
                    config.cleanup_policy = CleanupPolicy::Keep;
                }
                unsupported.push(error);
            }
        }
        // `cleanup.policy` sorts before `remote.storage.enable`, so a later key cannot undo Keep.
        Imported { config, unsupported }
    }

    /// Checks one entry by the key's row, then takes its value.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<(), ConfigError> {
        let Some(key) = topic_key(name) else {
            return Err(ConfigError::UnknownTopicKey {
                key: name.to_string(),
                nearest: nearest(name, TOPIC_KEYS.iter().map(|key| key.name)),
            });
        };
        let value = value.trim();
        check(key, value)?;
        if key.standing == Standing::Obeyed {
            self.take(name, value);
        }
        Ok(())
    }

    /// The compaction lags must leave a time between them.
    pub(super) fn check_together(&self) -> Result<(), ConfigError> {
        let (min, max) = (self.min_compaction_lag_ms, self.max_compaction_lag_ms);
        if min <= max {
            return Ok(());
        }
        let valid = format!("not above max.compaction.lag.ms, which is {max}");
        Err(ConfigError::invalid("min.compaction.lag.ms", &min.to_string(), valid))
    }

    /// Takes a value that the key's row has found valid; a number the row allows always fits.
    fn take(&mut self, name: &str, value: &str) {
        let number: i64 = value.parse().unwrap_or_default();
        let bytes = u32::try_from(number).unwrap_or_default();
        match name {
            "cleanup.policy" => self.cleanup_policy = policy(value),
            "segment.bytes" => self.segment_bytes = bytes,
            "segment.ms" => self.segment_ms = number,
            "segment.jitter.ms" => self.segment_jitter_ms = number,
            "segment.index.bytes" => self.segment_index_bytes = bytes,
            "index.interval.bytes" => self.index_interval_bytes = bytes,
            "retention.ms" => self.retention_ms = (number >= 0).then_some(number),
            "retention.bytes" => self.retention_bytes = u64::try_from(number).ok(),
            "file.delete.delay.ms" => self.file_delete_delay_ms = number,
            "max.message.bytes" => self.max_message_bytes = bytes,
            "message.timestamp.type" => {
                self.message_timestamp_type = match value {
                    "LogAppendTime" => TimestampType::LogAppendTime,
                    _ => TimestampType::CreateTime,
                };
            }
            "message.timestamp.before.max.ms" => self.timestamp_before_max_ms = number,
            "message.timestamp.after.max.ms" => self.timestamp_after_max_ms = number,
            "flush.messages" => self.flush_messages = number,
            "flush.ms" => self.flush_ms = number,
            "min.insync.replicas" => {
                self.min_insync_replicas = i32::try_from(number).unwrap_or(i32::MAX);
            }
            "min.cleanable.dirty.ratio" => {
                self.min_cleanable_ratio = Fraction::new(value.parse().unwrap_or_default());
            }
            "delete.retention.ms" => self.delete_retention_ms = number,
            "min.compaction.lag.ms" => self.min_compaction_lag_ms = number,
            "max.compaction.lag.ms" => self.max_compaction_lag_ms = number,
            _ => debug_assert!(false, "{name} is marked as obeyed and has no field"),
        }
    }
}

fn policy(value: &str) -> CleanupPolicy {
    let has = |wanted: &str| items(value).any(|item| item == wanted);
    match (has("compact"), has("delete")) {
        (true, true) => CleanupPolicy::CompactDelete,
        (true, false) => CleanupPolicy::Compact,
        (false, true) => CleanupPolicy::Delete,
        (false, false) => CleanupPolicy::Keep,
    }
}
