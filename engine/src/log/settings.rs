//! What a log needs to know of a topic's configuration. Plain data.

use std::sync::Arc;

use crate::config::{Fraction, TopicConfig};

/// Settings of one log; they may change while it is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// Size at which a segment is closed.
    pub segment_bytes: u32,
    /// Time between first and next batch after which a segment is closed, in milliseconds.
    pub segment_ms: i64,
    /// Up to this many milliseconds are taken off `segment_ms`, at random per segment.
    pub segment_jitter_ms: i64,
    /// Size of an index file at which a segment is closed.
    pub index_bytes_max: u32,
    /// Bytes of records between two index entries.
    pub index_interval_bytes: u32,
    /// Whether old segments may be deleted (`cleanup.policy` holds `delete`).
    pub deletes: bool,
    /// Age after which segments are deleted, in milliseconds; negative for never.
    pub retention_ms: i64,
    /// Size of the log above which segments are deleted; negative for never.
    pub retention_bytes: i64,
    /// Time between the rename and the unlink of a deleted file, in milliseconds.
    pub file_delete_delay_ms: u64,
    /// Age after which a producer is forgotten, in milliseconds.
    pub producer_expiration_ms: i64,
    /// Whether only the last record of each key stays (`cleanup.policy` holds `compact`).
    pub compacts: bool,
    /// Part of the log that must be uncleaned before it is cleaned.
    pub min_cleanable_ratio: Fraction,
    /// How long the marker of a deleted key stays, in milliseconds.
    pub delete_retention_ms: i64,
    /// A record is not compacted before it is so old, in milliseconds.
    pub min_compaction_lag_ms: i64,
    /// A record is compacted when it is so old, in milliseconds; `i64::MAX` for no limit.
    pub max_compaction_lag_ms: i64,
    /// Size of the largest batch that producers may send.
    pub batch_bytes_max: usize,
}

impl Default for LogConfig {
    fn default() -> LogConfig {
        LogConfig {
            segment_bytes: 1 << 30,
            segment_ms: 168 * 3_600_000,
            segment_jitter_ms: 0,
            index_bytes_max: 10 << 20,
            index_interval_bytes: 4096,
            deletes: true,
            retention_ms: 168 * 3_600_000,
            retention_bytes: -1,
            file_delete_delay_ms: 60_000,
            producer_expiration_ms: 86_400_000,
            compacts: false,
            min_cleanable_ratio: Fraction::new(0.5),
            delete_retention_ms: 86_400_000,
            min_compaction_lag_ms: 0,
            max_compaction_lag_ms: i64::MAX,
            batch_bytes_max: 1 << 20,
        }
    }
}

impl From<&TopicConfig> for LogConfig {
    fn from(topic: &TopicConfig) -> LogConfig {
        LogConfig {
            segment_bytes: topic.segment_bytes,
            // What may have to be compacted by then must not stay in the active segment.
            segment_ms: match topic.cleanup_policy.compacts() {
                true => topic.segment_ms.min(topic.max_compaction_lag_ms),
                false => topic.segment_ms,
            },
            segment_jitter_ms: topic.segment_jitter_ms,
            index_bytes_max: topic.segment_index_bytes,
            index_interval_bytes: topic.index_interval_bytes,
            deletes: topic.cleanup_policy.deletes(),
            retention_ms: topic.retention_ms.unwrap_or(-1),
            retention_bytes: limit(topic.retention_bytes),
            file_delete_delay_ms: u64::try_from(topic.file_delete_delay_ms).unwrap_or(0),
            compacts: topic.cleanup_policy.compacts(),
            min_cleanable_ratio: topic.min_cleanable_ratio,
            delete_retention_ms: topic.delete_retention_ms,
            min_compaction_lag_ms: topic.min_compaction_lag_ms,
            max_compaction_lag_ms: topic.max_compaction_lag_ms,
            batch_bytes_max: topic.max_message_bytes as usize,
            ..LogConfig::default()
        }
    }
}

impl From<&Arc<TopicConfig>> for LogConfig {
    fn from(topic: &Arc<TopicConfig>) -> LogConfig {
        LogConfig::from(topic.as_ref())
    }
}

impl From<Arc<TopicConfig>> for LogConfig {
    fn from(topic: Arc<TopicConfig>) -> LogConfig {
        LogConfig::from(topic.as_ref())
    }
}

fn limit(bytes: Option<u64>) -> i64 {
    bytes.map_or(-1, |bytes| i64::try_from(bytes).unwrap_or(i64::MAX))
}
