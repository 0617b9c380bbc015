//! Log dirs, segments, retention, flushing; most are defaults of topic keys.
//! Plain rows; what they mean for the program is decided in `broker.rs` and `topic.rs`.

use crate::config::key::Key;
use crate::config::key::Kind::{Class, Int, List, Long};
use crate::config::key::Rule::{Any, AtLeast, Between, EachOf, MinusOneOrBetween, OneOf};
use crate::config::key::{boolean, int, list, long, text, unset};

/// The keys of this group.
pub const KEYS: &[Key] = &[
    list("log.dir", "data", Any, "One directory for data; `log.dirs` wins over it.").obeyed(),
    unset(
        List,
        "log.dirs",
        Any,
        "Directories for data, comma separated; each should be a file system of its own.",
    )
    .obeyed(),
    long(
        "log.dir.failure.timeout.ms",
        "30000",
        AtLeast(1),
        "Stop when the controller cannot be told of a failed log dir for this long.",
    ),
    int(
        "num.partitions",
        "1",
        AtLeast(1),
        "Partitions of a topic that is created without a count.",
    )
    .obeyed(),
    boolean(
        "auto.create.topics.enable",
        "true",
        "Create a topic when a client asks for one that does not exist.",
    )
    .obeyed(),
    boolean("delete.topic.enable", "true", "Allow topics to be deleted.").obeyed(),
    unset(Class, "create.topic.policy.class.name", Any, "Java class that judges new topics.")
        .refused_because(
            "Java classes cannot be loaded, and a policy that is not asked is no policy",
        ),
    unset(
        Class,
        "alter.config.policy.class.name",
        Any,
        "Java class that judges configuration changes.",
    )
    .refused_because("Java classes cannot be loaded, and a policy that is not asked is no policy"),
    int("message.max.bytes", "1048588", AtLeast(0), "Largest record batch, after compression.")
        .obeyed()
        .live(),
    int(
        "log.segment.bytes",
        "1073741824",
        AtLeast(1048576),
        "A segment that has reached this size is closed and a new one begun.",
    )
    .obeyed()
    .live(),
    unset(
        Long,
        "log.roll.ms",
        AtLeast(1),
        "A segment older than this is closed; wins over `log.roll.hours`.",
    )
    .obeyed()
    .live(),
    int("log.roll.hours", "168", AtLeast(1), "A segment older than this is closed.").obeyed(),
    unset(
        Long,
        "log.roll.jitter.ms",
        AtLeast(0),
        "Up to this much is taken off the age, so that segments do not roll together.",
    )
    .obeyed()
    .live(),
    int("log.roll.jitter.hours", "0", AtLeast(0), "The same in hours.").obeyed(),
    unset(
        Long,
        "log.retention.ms",
        MinusOneOrBetween(1, i64::MAX),
        "Records older than this are deleted, -1 keeps them; wins over minutes and hours.",
    )
    .obeyed()
    .live(),
    unset(
        Int,
        "log.retention.minutes",
        MinusOneOrBetween(1, i64::MAX),
        "The same in minutes; wins over hours.",
    )
    .obeyed(),
    int("log.retention.hours", "168", MinusOneOrBetween(1, i64::MAX), "The same in hours.")
        .obeyed(),
    long(
        "log.retention.bytes",
        "-1",
        Any,
        "Size above which a partition's oldest segments are deleted, -1 for none.",
    )
    .obeyed()
    .live(),
    long(
        "log.retention.check.interval.ms",
        "300000",
        AtLeast(1),
        "How often retention is checked.",
    )
    .obeyed(),
    list(
        "log.cleanup.policy",
        "delete",
        EachOf(&["compact", "delete"]),
        "What becomes of old segments: delete, compact or both. Empty keeps them for ever.",
    )
    .obeyed()
    .live(),
    int(
        "log.index.size.max.bytes",
        "10485760",
        AtLeast(4),
        "Largest index file; a segment whose index is full is closed.",
    )
    .obeyed()
    .live(),
    int("log.index.interval.bytes", "4096", AtLeast(0), "Record bytes between two index entries.")
        .obeyed()
        .live(),
    long(
        "log.flush.interval.messages",
        "1",
        AtLeast(1),
        "Records written before a sync. 1, the default, syncs before each answer.",
    )
    .obeyed()
    .live(),
    unset(
        Long,
        "log.flush.interval.ms",
        AtLeast(0),
        "Longest time a record stays unsynced; wins over log.flush.scheduler.interval.ms.",
    )
    .obeyed()
    .live(),
    long(
        "log.flush.scheduler.interval.ms",
        "9223372036854775807",
        AtLeast(0),
        "Longest time a record stays unsynced.",
    )
    .obeyed(),
    int(
        "log.flush.offset.checkpoint.interval.ms",
        "60000",
        AtLeast(0),
        "How often the recovery points are written.",
    )
    .meaningless("recovery points follow the bytes written, see corelog.checkpoint.bytes"),
    int(
        "log.flush.start.offset.checkpoint.interval.ms",
        "60000",
        AtLeast(0),
        "How often the log start offsets are written.",
    )
    .meaningless("start offsets are written when they change"),
    long(
        "log.segment.delete.delay.ms",
        "60000",
        AtLeast(0),
        "Wait before a deleted file is unlinked.",
    )
    .obeyed()
    .live(),
    boolean("log.preallocate", "false", "Allocate a segment's blocks when it is created.")
        .refused()
        .live(),
    text(
        "log.message.timestamp.type",
        "CreateTime",
        OneOf(&["CreateTime", "LogAppendTime"]),
        "Whose clock stamps records: CreateTime or LogAppendTime.",
    )
    .obeyed()
    .live(),
    long(
        "log.message.timestamp.before.max.ms",
        "9223372036854775807",
        AtLeast(0),
        "How far in the past a record's timestamp may lie.",
    )
    .obeyed()
    .live(),
    long(
        "log.message.timestamp.after.max.ms",
        "3600000",
        AtLeast(0),
        "How far in the future a record's timestamp may lie.",
    )
    .obeyed()
    .live(),
    long(
        "log.initial.task.delay.ms",
        "30000",
        AtLeast(0),
        "Wait after start before retention runs for the first time.",
    )
    .internal(),
    int(
        "num.recovery.threads.per.data.dir",
        "2",
        AtLeast(1),
        "Threads that recover logs at start.",
    )
    .meaningless("every core recovers the partitions it owns")
    .live(),
    text(
        "compression.type",
        "producer",
        OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]),
        "Codec that batches are stored with; `producer` stores them as they came.",
    )
    .refused()
    .live(),
    int("compression.gzip.level", "-1", MinusOneOrBetween(1, 9), "Level of gzip.").refused().live(),
    int("compression.lz4.level", "9", Between(1, 17), "Level of lz4.").refused().live(),
    int("compression.zstd.level", "3", Between(-131072, 22), "Level of zstd.").refused().live(),
];
