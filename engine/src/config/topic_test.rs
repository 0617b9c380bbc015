//! What topics are told, and what of it wins over the broker.

use std::collections::BTreeMap;

use super::config_test::{loaded, notes, refusal, topic};
use super::*;

#[test]
fn topics_take_their_own_values_over_the_brokers() {
    let broker = loaded(&[("log.segment.bytes", "2097152"), ("min.insync.replicas", "2")]).config;
    let own = BTreeMap::from([("min.insync.replicas".to_string(), "1".to_string())]);
    let config = broker.topic(&own).unwrap();
    assert_eq!((config.segment_bytes, config.min_insync_replicas), (2_097_152, 1));
    let config =
        topic(&[("retention.ms", "-1"), ("retention.bytes", "-1"), ("cleanup.policy", "")]);
    let config = config.unwrap();
    assert_eq!((config.retention_ms, config.retention_bytes), (None, None));
    assert_eq!(config.cleanup_policy, CleanupPolicy::Keep);
}

#[test]
fn a_topic_key_that_is_not_obeyed_takes_its_default_and_nothing_else() {
    let cases = [
        ("compression.type", "lz4", "this is not built yet; valid is only the default, `producer`"),
        ("compression.zstd.level", "5", "this is not built yet; valid is only the default, `3`"),
        ("preallocate", "true", "this is not built yet; valid is only the default, `false`"),
        (
            "remote.storage.enable",
            "true",
            "this is not built yet; valid is only the default, `false`",
        ),
        (
            "unclean.leader.election.enable",
            "true",
            "this is not built yet; valid is only the default, `false`",
        ),
        (
            "leader.replication.throttled.replicas",
            "0:1",
            "this is not built yet; valid is only the default, empty",
        ),
        ("retention.ms", "-2", "valid is a whole number from -1 to 9223372036854775807"),
        (
            "leader.replication.throttled.replicas",
            "x",
            "valid is `*` or a list of partition:broker",
        ),
    ];
    for (key, value, rest) in cases {
        let error = topic(&[(key, value)]).unwrap_err().to_string();
        assert_eq!(error, format!("invalid value `{value}` for {key}: {rest}"));
    }
    assert!(topic(&[("compression.type", "producer"), ("preallocate", "FALSE")]).is_ok());
    assert_eq!(
        topic(&[("retention.mss", "1")]).unwrap_err().to_string(),
        "unknown topic configuration retention.mss; did you mean retention.ms?"
    );
    assert_eq!(topic(&[("x", "1")]).unwrap_err().to_string(), "unknown topic configuration x");
}

#[test]
fn an_imported_topic_is_never_trimmed_under_a_policy_that_is_not_obeyed() {
    for (key, value) in [("cleanup.policy", "shrink"), ("remote.storage.enable", "true")] {
        let own = [(key, value), ("segment.bytes", "1048576"), ("retention.ms", "1000")];
        let own = own.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        let imported = TopicConfig::imported(&TopicConfig::default(), &own);
        assert_eq!(imported.config.cleanup_policy, CleanupPolicy::Keep);
        assert_eq!(imported.config.segment_bytes, 1_048_576);
        assert_eq!(imported.unsupported.len(), 1);
    }
}

#[test]
fn every_cleanup_policy_of_kafka_is_taken() {
    let cases = [
        ("delete", CleanupPolicy::Delete),
        ("compact", CleanupPolicy::Compact),
        ("delete, compact", CleanupPolicy::CompactDelete),
        ("compact,delete", CleanupPolicy::CompactDelete),
        ("", CleanupPolicy::Keep),
    ];
    for (value, policy) in cases {
        assert_eq!(topic(&[("cleanup.policy", value)]).unwrap().cleanup_policy, policy);
        let broker = loaded(&[("log.cleanup.policy", value)]).config;
        assert_eq!(broker.topic_defaults.cleanup_policy, policy);
    }
}

#[test]
fn what_compaction_is_told_by_a_topic_wins_over_the_broker() {
    let broker = loaded(&[
        ("log.cleaner.min.cleanable.ratio", "0.25"),
        ("log.cleaner.delete.retention.ms", "7"),
        ("log.cleaner.min.compaction.lag.ms", "8"),
        ("log.cleaner.max.compaction.lag.ms", "9"),
    ]);
    let own = [("min.cleanable.dirty.ratio", "0.01"), ("max.compaction.lag.ms", "10")];
    let own = own.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
    let config = broker.config.topic(&own).unwrap();
    assert_eq!(config.min_cleanable_ratio, Fraction::new(0.01));
    assert_eq!((config.delete_retention_ms, config.min_compaction_lag_ms), (7, 8));
    assert_eq!(config.max_compaction_lag_ms, 10);
    assert_eq!(broker.config.topic_defaults.min_cleanable_ratio.get(), 0.25);
    assert_eq!(
        topic(&[("min.compaction.lag.ms", "6"), ("max.compaction.lag.ms", "5")])
            .unwrap_err()
            .to_string(),
        "invalid value `6` for min.compaction.lag.ms: valid is not above max.compaction.lag.ms, \
         which is 5"
    );
    let lags =
        [("log.cleaner.min.compaction.lag.ms", "6"), ("log.cleaner.max.compaction.lag.ms", "5")];
    assert!(refusal(&lags).contains("for log.cleaner.min.compaction.lag.ms: valid is not above"));
}

#[test]
fn the_cleaners_threads_share_its_memory() {
    let config = |entries: &[(&str, &str)]| loaded(entries).config.cleaner;
    let default = config(&[]);
    assert_eq!(
        (default.threads, default.dedupe_bytes, default.read_bytes),
        (1, 128 << 20, 256 << 10)
    );
    assert_eq!((default.load_factor, default.bytes_per_second), (0.9, f64::MAX));
    assert_eq!(default.backoff, std::time::Duration::from_secs(15));
    let four = config(&[("log.cleaner.threads", "4")]);
    assert_eq!((four.threads, four.dedupe_bytes, four.read_bytes), (4, 32 << 20, 64 << 10));
    assert_eq!(config(&[("log.cleaner.io.buffer.size", "0")]).read_bytes, 16 << 10);
    assert_eq!(config(&[("log.cleaner.threads", "0")]).threads, 0);
    assert_eq!(
        refusal(&[("log.cleaner.threads", "128")]),
        "invalid value `134217728` for log.cleaner.dedupe.buffer.size: valid is more than 1048576 \
         for each of log.cleaner.threads"
    );
    let off = loaded(&[("log.cleaner.enable", "false")]);
    assert_eq!(off.config.cleaner.threads, 0);
    assert!(off.notes[0].warning);
    assert_eq!(
        off.notes[0].text,
        "log.cleaner.enable is deprecated: without the cleaner, compacted topics grow without limit"
    );
    assert!(notes(&[("log.cleaner.enable", "true")]).is_empty());
}
