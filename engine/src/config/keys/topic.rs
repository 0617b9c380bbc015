//! Topic keys. A key that is not obeyed yet takes Kafka's default and nothing else.
//! Plain rows; what they mean for the program is decided in `broker.rs` and `topic.rs`.

use crate::config::key::Key;
use crate::config::key::Kind::Int;
use crate::config::key::Rule::{
    Any, AtLeast, Between, EachOf, Fraction, MinusOneOrBetween, OneOf, Replicas,
};
use crate::config::key::{boolean, double, int, list, long, text, unset};

/// The keys of this group.
pub const KEYS: &[Key] = &[
    int(
        "segment.bytes",
        "1073741824",
        AtLeast(1048576),
        "A segment that has reached this size is closed and a new one begun.",
    )
    .obeyed()
    .live()
    .defaults_from(&["log.segment.bytes"]),
    long("segment.ms", "604800000", AtLeast(1), "A segment older than this is closed.")
        .obeyed()
        .live()
        .defaults_from(&["log.roll.ms", "log.roll.hours"]),
    long(
        "segment.jitter.ms",
        "0",
        AtLeast(0),
        "Up to this much is taken off the age, so that segments do not roll together.",
    )
    .obeyed()
    .live()
    .defaults_from(&["log.roll.jitter.ms", "log.roll.jitter.hours"]),
    int(
        "segment.index.bytes",
        "10485760",
        AtLeast(4),
        "Largest index file; a segment whose index is full is closed.",
    )
    .obeyed()
    .live()
    .defaults_from(&["log.index.size.max.bytes"]),
    long(
        "flush.messages",
        "1",
        AtLeast(1),
        "Records written before a sync. 1, the default, syncs before each answer.",
    )
    .obeyed()
    .live()
    .defaults_from(&["log.flush.interval.messages"]),
    long("flush.ms", "9223372036854775807", AtLeast(0), "Longest time a record stays unsynced.")
        .obeyed()
        .live()
        .defaults_from(&["log.flush.interval.ms", "log.flush.scheduler.interval.ms"]),
    long(
        "retention.bytes",
        "-1",
        Any,
        "Size above which a partition's oldest segments are deleted, -1 for none.",
    )
    .obeyed()
    .live()
    .defaults_from(&["log.retention.bytes"]),
    long(
        "retention.ms",
        "604800000",
        AtLeast(-1),
        "Records older than this are deleted, -1 keeps them.",
    )
    .obeyed()
    .live()
    .defaults_from(&["log.retention.ms", "log.retention.minutes", "log.retention.hours"]),
    int("max.message.bytes", "1048588", AtLeast(0), "Largest record batch, after compression.")
        .obeyed()
        .live()
        .defaults_from(&["message.max.bytes"]),
    int("index.interval.bytes", "4096", AtLeast(0), "Record bytes between two index entries.")
        .obeyed()
        .live()
        .defaults_from(&["log.index.interval.bytes"]),
    long("file.delete.delay.ms", "60000", AtLeast(0), "Wait before a deleted file is unlinked.")
        .obeyed()
        .live()
        .defaults_from(&["log.segment.delete.delay.ms"]),
    list(
        "cleanup.policy",
        "delete",
        EachOf(&["compact", "delete"]),
        "What becomes of old segments: delete, compact or both. Empty keeps them for ever.",
    )
    .obeyed()
    .live()
    .defaults_from(&["log.cleanup.policy"]),
    int(
        "min.insync.replicas",
        "1",
        AtLeast(1),
        "Copies that must hold a record before acks=all is answered.",
    )
    .obeyed()
    .live()
    .defaults_from(&["min.insync.replicas"]),
    text(
        "message.timestamp.type",
        "CreateTime",
        OneOf(&["CreateTime", "LogAppendTime"]),
        "Whose clock stamps records: CreateTime or LogAppendTime.",
    )
    .obeyed()
    .live()
    .defaults_from(&["log.message.timestamp.type"]),
    long(
        "message.timestamp.before.max.ms",
        "9223372036854775807",
        AtLeast(0),
        "How far in the past a record's timestamp may lie.",
    )
    .obeyed()
    .live()
    .defaults_from(&["log.message.timestamp.before.max.ms"]),
    long(
        "message.timestamp.after.max.ms",
        "3600000",
        AtLeast(0),
        "How far in the future a record's timestamp may lie.",
    )
    .obeyed()
    .live()
    .defaults_from(&["log.message.timestamp.after.max.ms"]),
    text(
        "compression.type",
        "producer",
        OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]),
        "Codec that batches are stored with; `producer` stores them as they came.",
    )
    .refused()
    .live()
    .defaults_from(&["compression.type"]),
    int("compression.gzip.level", "-1", MinusOneOrBetween(1, 9), "Level of gzip.")
        .refused()
        .live()
        .defaults_from(&["compression.gzip.level"]),
    int("compression.lz4.level", "9", Between(1, 17), "Level of lz4.")
        .refused()
        .live()
        .defaults_from(&["compression.lz4.level"]),
    int("compression.zstd.level", "3", Between(-131072, 22), "Level of zstd.")
        .refused()
        .live()
        .defaults_from(&["compression.zstd.level"]),
    boolean("preallocate", "false", "Allocate a segment's blocks when it is created.")
        .refused()
        .live()
        .defaults_from(&["log.preallocate"]),
    boolean(
        "unclean.leader.election.enable",
        "false",
        "Let a replica that is not in sync lead, at the price of answered records.",
    )
    .refused()
    .live()
    .defaults_from(&["unclean.leader.election.enable"]),
    double(
        "min.cleanable.dirty.ratio",
        "0.5",
        Fraction(0.0, 1.0),
        "Part of a log that must be uncleaned before it is compacted.",
    )
    .obeyed()
    .live()
    .defaults_from(&["log.cleaner.min.cleanable.ratio"]),
    long(
        "delete.retention.ms",
        "86400000",
        AtLeast(0),
        "How long the marker of a deleted key stays readable.",
    )
    .obeyed()
    .live()
    .defaults_from(&["log.cleaner.delete.retention.ms"]),
    long(
        "min.compaction.lag.ms",
        "0",
        AtLeast(0),
        "A record is not compacted before it is this old.",
    )
    .obeyed()
    .live()
    .defaults_from(&["log.cleaner.min.compaction.lag.ms"]),
    long(
        "max.compaction.lag.ms",
        "9223372036854775807",
        AtLeast(1),
        "A record is compacted when it is this old.",
    )
    .obeyed()
    .live()
    .defaults_from(&["log.cleaner.max.compaction.lag.ms"]),
    list(
        "leader.replication.throttled.replicas",
        "",
        Replicas,
        "Replicas whose leader is throttled when it feeds them.",
    )
    .refused()
    .live(),
    list(
        "follower.replication.throttled.replicas",
        "",
        Replicas,
        "Replicas that are throttled when they copy.",
    )
    .refused()
    .live(),
    boolean("remote.storage.enable", "false", "Move old segments to remote storage.")
        .refused()
        .live(),
    long(
        "local.retention.ms",
        "-2",
        AtLeast(-2),
        "How long records stay on local disk, -2 for as long as retention says.",
    )
    .refused()
    .live()
    .defaults_from(&["log.local.retention.ms"]),
    long(
        "local.retention.bytes",
        "-2",
        AtLeast(-2),
        "Bytes that stay on local disk, -2 for as many as retention says.",
    )
    .refused()
    .live()
    .defaults_from(&["log.local.retention.bytes"]),
    boolean("remote.log.copy.disable", "false", "Stop moving segments to remote storage.")
        .refused()
        .live(),
    boolean(
        "remote.log.delete.on.disable",
        "false",
        "Delete remote segments when remote storage is turned off.",
    )
    .refused()
    .live(),
    unset(Int, "internal.segment.bytes", Any, "Segment size below the limit, for tests.")
        .refused()
        .live()
        .internal(),
];
