//! Metrics, telemetry and quotas.
//! Plain rows; what they mean for the program is decided in `broker.rs` and `topic.rs`.

use crate::config::key::Key;
use crate::config::key::Kind::Class;
use crate::config::key::Rule::{Any, AtLeast};
use crate::config::key::{int, list, long, text, unset};

/// The keys of this group.
pub const KEYS: &[Key] = &[
    int("metrics.num.samples", "2", AtLeast(1), "Samples kept per metric.")
        .meaningless("metrics are counters read from outside"),
    long("metrics.sample.window.ms", "30000", AtLeast(1), "Length of one sample.")
        .meaningless("metrics are counters read from outside"),
    text("metrics.recording.level", "INFO", Any, "How detailed metrics are.")
        .meaningless("metrics are counters read from outside"),
    list(
        "metric.reporters",
        "org.apache.kafka.common.metrics.JmxReporter",
        Any,
        "Java classes that report metrics.",
    )
    .meaningless("Java classes cannot be loaded")
    .live(),
    list("kafka.metrics.reporters", "", Any, "Java classes that report the older metrics.")
        .meaningless("Java classes cannot be loaded"),
    int(
        "kafka.metrics.polling.interval.secs",
        "10",
        AtLeast(1),
        "How often those classes are called.",
    )
    .meaningless("Java classes cannot be loaded"),
    int(
        "telemetry.max.bytes",
        "1048576",
        AtLeast(1),
        "Largest telemetry report a client may push.",
    ),
    int("quota.window.num", "11", AtLeast(1), "Samples that client quotas look at."),
    int("quota.window.size.seconds", "1", AtLeast(1), "Length of one such sample."),
    int(
        "replication.quota.window.num",
        "11",
        AtLeast(1),
        "Samples that replication quotas look at.",
    ),
    int("replication.quota.window.size.seconds", "1", AtLeast(1), "Length of one such sample."),
    int(
        "alter.log.dirs.replication.quota.window.num",
        "11",
        AtLeast(1),
        "Samples that quotas on moves between log dirs look at.",
    ),
    int(
        "alter.log.dirs.replication.quota.window.size.seconds",
        "1",
        AtLeast(1),
        "Length of one such sample.",
    ),
    int("controller.quota.window.num", "11", AtLeast(1), "Samples that controller quotas look at."),
    int("controller.quota.window.size.seconds", "1", AtLeast(1), "Length of one such sample."),
    unset(Class, "client.quota.callback.class", Any, "Java class that decides client quotas.")
        .refused_because(
            "Java classes cannot be loaded, and a quota that is not asked for is no quota",
        ),
];
