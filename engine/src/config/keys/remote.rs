//! Tiered storage: not built yet.
//! Plain rows; what they mean for the program is decided in `broker.rs` and `topic.rs`.

use crate::config::key::Key;
use crate::config::key::Kind::Text;
use crate::config::key::Rule::{Any, AtLeast, Fraction};
use crate::config::key::{boolean, double, int, long, text, unset};

/// The keys of this group.
pub const KEYS: &[Key] = &[
    boolean("remote.log.storage.system.enable", "false", "Move old segments to remote storage.")
        .refused(),
    text(
        "remote.log.storage.manager.impl.prefix",
        "rsm.config.",
        Any,
        "Prefix of keys handed to the remote storage plug-in.",
    ),
    text(
        "remote.log.metadata.manager.impl.prefix",
        "rlmm.config.",
        Any,
        "Prefix of keys handed to the remote metadata plug-in.",
    ),
    unset(
        Text,
        "remote.log.storage.manager.class.name",
        Any,
        "Java class that stores remote segments.",
    ),
    unset(Text, "remote.log.storage.manager.class.path", Any, "Class path of that class."),
    text(
        "remote.log.metadata.manager.class.name",
        "org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager",
        Any,
        "Java class that keeps metadata of remote segments.",
    ),
    unset(Text, "remote.log.metadata.manager.class.path", Any, "Class path of that class."),
    unset(
        Text,
        "remote.log.metadata.manager.listener.name",
        Any,
        "Listener the remote metadata plug-in connects to.",
    ),
    int(
        "remote.log.metadata.custom.metadata.max.bytes",
        "128",
        AtLeast(0),
        "Largest note a remote storage plug-in may add to a segment.",
    ),
    long(
        "remote.log.index.file.cache.total.size.bytes",
        "1073741824",
        AtLeast(1),
        "Disk space for indexes of remote segments.",
    )
    .live(),
    int("remote.log.manager.thread.pool.size", "2", AtLeast(1), "Threads that plan remote copies."),
    int(
        "remote.log.manager.copier.thread.pool.size",
        "10",
        AtLeast(1),
        "Threads that copy segments away.",
    )
    .live(),
    int(
        "remote.log.manager.expiration.thread.pool.size",
        "10",
        AtLeast(1),
        "Threads that delete expired remote segments.",
    )
    .live(),
    int(
        "remote.log.manager.follower.thread.pool.size",
        "2",
        AtLeast(1),
        "Threads that follow remote state on followers.",
    )
    .live(),
    long(
        "remote.log.manager.task.interval.ms",
        "30000",
        AtLeast(1),
        "How often remote work is looked for.",
    ),
    long(
        "remote.log.manager.task.retry.backoff.ms",
        "500",
        AtLeast(1),
        "Wait before remote work is tried again.",
    )
    .internal(),
    long("remote.log.manager.task.retry.backoff.max.ms", "30000", AtLeast(1), "Longest such wait.")
        .internal(),
    double(
        "remote.log.manager.task.retry.jitter",
        "0.2",
        Fraction(0.0, 0.5),
        "Random part of such waits.",
    )
    .internal(),
    int("remote.log.reader.threads", "10", AtLeast(1), "Threads that read remote segments.").live(),
    int("remote.log.reader.max.pending.tasks", "100", AtLeast(1), "Remote reads that may wait."),
    long(
        "log.local.retention.ms",
        "-2",
        AtLeast(-2),
        "How long records stay on local disk, -2 for as long as retention says.",
    )
    .refused()
    .live(),
    long(
        "log.local.retention.bytes",
        "-2",
        AtLeast(-2),
        "Bytes that stay on local disk, -2 for as many as retention says.",
    )
    .refused()
    .live(),
    long(
        "remote.log.manager.copy.max.bytes.per.second",
        "9223372036854775807",
        AtLeast(1),
        "Bytes copied away in one second.",
    )
    .live(),
    int(
        "remote.log.manager.copy.quota.window.num",
        "11",
        AtLeast(1),
        "Samples that limit looks at.",
    ),
    int(
        "remote.log.manager.copy.quota.window.size.seconds",
        "1",
        AtLeast(1),
        "Length of one such sample.",
    ),
    long(
        "remote.log.manager.fetch.max.bytes.per.second",
        "9223372036854775807",
        AtLeast(1),
        "Bytes read from remote storage in one second.",
    )
    .live(),
    int(
        "remote.log.manager.fetch.quota.window.num",
        "11",
        AtLeast(1),
        "Samples that limit looks at.",
    ),
    int(
        "remote.log.manager.fetch.quota.window.size.seconds",
        "1",
        AtLeast(1),
        "Length of one such sample.",
    ),
    int(
        "remote.fetch.max.wait.ms",
        "500",
        AtLeast(1),
        "Longest wait for a remote read before an answer goes out.",
    )
    .live(),
    long(
        "remote.list.offsets.request.timeout.ms",
        "30000",
        AtLeast(1),
        "Longest wait for a remote time lookup.",
    )
    .live(),
];
