//! Consumer groups and their offsets; share and streams groups are not built yet.
//! Plain rows; what they mean for the program is decided in `broker.rs` and `topic.rs`.

use crate::config::key::Key;
use crate::config::key::Rule::{Any, AtLeast, Between, EachOf, OneOfAnyCase};
use crate::config::key::{boolean, int, list, long, short, text};

/// The keys of this group.
pub const KEYS: &[Key] = &[
    list(
        "group.coordinator.rebalance.protocols",
        "classic,consumer,streams",
        EachOf(&["classic", "consumer", "share", "streams"]),
        "Group protocols that are served: classic always, consumer when named; share and streams \
         are not built yet.",
    )
    .obeyed(),
    int("group.coordinator.threads", "4", AtLeast(1), "Threads of the group coordinator.")
        .meaningless("coordinators run on the cores that own their partitions"),
    int(
        "group.coordinator.append.linger.ms",
        "-1",
        AtLeast(-1),
        "How long the coordinator gathers records before writing them.",
    )
    .meaningless("records that arrive while a sync runs share the next one"),
    int(
        "offsets.commit.timeout.ms",
        "5000",
        AtLeast(1),
        "Longest wait for what a coordinator writes to be acknowledged.",
    )
    .obeyed(),
    int(
        "offsets.load.buffer.size",
        "5242880",
        AtLeast(1),
        "Bytes read at a time when offsets are loaded.",
    )
    .obeyed(),
    short(
        "offsets.topic.replication.factor",
        "3",
        AtLeast(1),
        "Copies of the offsets topic, at most one a broker.",
    )
    .obeyed(),
    int(
        "offsets.topic.num.partitions",
        "50",
        AtLeast(1),
        "Partitions of the offsets topic; never change it later.",
    )
    .obeyed(),
    int(
        "offsets.topic.segment.bytes",
        "104857600",
        AtLeast(1048576),
        "Segment size of the offsets topic.",
    )
    .obeyed(),
    int(
        "offsets.topic.compression.codec",
        "0",
        Between(0, 4),
        "Codec of the offsets topic: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.",
    )
    .obeyed(),
    int(
        "offset.metadata.max.bytes",
        "4096",
        Any,
        "Longest note that may accompany a committed offset.",
    )
    .obeyed(),
    int(
        "offsets.retention.minutes",
        "10080",
        AtLeast(1),
        "How long offsets of an empty group are kept.",
    )
    .obeyed(),
    long(
        "offsets.retention.check.interval.ms",
        "600000",
        AtLeast(1),
        "How often expired offsets are looked for.",
    )
    .obeyed(),
    int(
        "group.min.session.timeout.ms",
        "6000",
        Any,
        "Shortest session timeout a classic member may ask for.",
    )
    .obeyed(),
    int(
        "group.max.session.timeout.ms",
        "1800000",
        Any,
        "Longest session timeout a classic member may ask for.",
    )
    .obeyed(),
    int(
        "group.initial.rebalance.delay.ms",
        "3000",
        Any,
        "How long a new classic group waits for more members.",
    )
    .obeyed(),
    int("group.max.size", "2147483647", AtLeast(1), "Members in a classic group.").obeyed(),
    int(
        "group.consumer.session.timeout.ms",
        "45000",
        AtLeast(1),
        "A consumer silent for this long leaves its group.",
    )
    .obeyed(),
    int(
        "group.consumer.min.session.timeout.ms",
        "45000",
        AtLeast(1),
        "Lower bound of that time per group.",
    )
    .obeyed(),
    int(
        "group.consumer.max.session.timeout.ms",
        "60000",
        AtLeast(1),
        "Upper bound of that time per group.",
    )
    .obeyed(),
    int(
        "group.consumer.heartbeat.interval.ms",
        "5000",
        AtLeast(1),
        "How often consumers send heartbeats; every second while their group is not settled.",
    )
    .obeyed(),
    int(
        "group.consumer.min.heartbeat.interval.ms",
        "5000",
        AtLeast(1),
        "Lower bound of that interval per group.",
    )
    .obeyed(),
    int(
        "group.consumer.max.heartbeat.interval.ms",
        "15000",
        AtLeast(1),
        "Upper bound of that interval per group.",
    )
    .obeyed(),
    int("group.consumer.max.size", "2147483647", AtLeast(1), "Members in a consumer group.")
        .obeyed(),
    list(
        "group.consumer.assignors",
        "uniform,range",
        EachOf(&["uniform", "range"]),
        "Assignors that the broker offers, the first is the default.",
    )
    .obeyed(),
    int(
        "group.consumer.assignment.interval.ms",
        "1000",
        AtLeast(0),
        "Least time between two assignments of a consumer group.",
    )
    .obeyed(),
    int(
        "group.consumer.min.assignment.interval.ms",
        "0",
        AtLeast(0),
        "Lower bound of that time per group.",
    )
    .obeyed(),
    int(
        "group.consumer.max.assignment.interval.ms",
        "15000",
        AtLeast(0),
        "Upper bound of that time per group.",
    )
    .obeyed(),
    boolean(
        "group.consumer.assignor.offload.enable",
        "true",
        "Whether assignments of consumer groups are made on a thread of their own.",
    )
    .meaningless("the assignment of a thousand members is a matter of milliseconds"),
    text(
        "group.consumer.migration.policy",
        "bidirectional",
        OneOfAnyCase(&["disabled", "downgrade", "upgrade", "bidirectional"]),
        "Which way groups may change between the classic and the consumer protocol.",
    )
    .obeyed(),
    int(
        "group.consumer.regex.refresh.interval.ms",
        "600000",
        AtLeast(10000),
        "How often subscribed patterns are matched again.",
    )
    .obeyed()
    .internal(),
    int(
        "group.streams.session.timeout.ms",
        "45000",
        AtLeast(1),
        "A streams member silent for this long leaves its group.",
    ),
    int(
        "group.streams.min.session.timeout.ms",
        "45000",
        AtLeast(1),
        "Lower bound of that time per group.",
    ),
    int(
        "group.streams.max.session.timeout.ms",
        "60000",
        AtLeast(1),
        "Upper bound of that time per group.",
    ),
    int(
        "group.streams.heartbeat.interval.ms",
        "5000",
        AtLeast(1),
        "How often streams members send heartbeats.",
    ),
    int(
        "group.streams.min.heartbeat.interval.ms",
        "5000",
        AtLeast(1),
        "Lower bound of that interval per group.",
    ),
    int(
        "group.streams.max.heartbeat.interval.ms",
        "15000",
        AtLeast(1),
        "Upper bound of that interval per group.",
    ),
    int(
        "group.streams.assignment.interval.ms",
        "1000",
        AtLeast(0),
        "Least time between two assignments of a streams group.",
    ),
    int(
        "group.streams.min.assignment.interval.ms",
        "0",
        AtLeast(0),
        "Lower bound of that time per group.",
    ),
    int(
        "group.streams.max.assignment.interval.ms",
        "15000",
        AtLeast(0),
        "Upper bound of that time per group.",
    ),
    boolean(
        "group.streams.assignor.offload.enable",
        "true",
        "Whether assignments of streams groups are made on a thread of their own.",
    ),
    int("group.streams.max.size", "2147483647", AtLeast(1), "Members in a streams group."),
    int("group.streams.num.standby.replicas", "0", AtLeast(0), "Standby copies of each task."),
    int(
        "group.streams.max.standby.replicas",
        "2",
        AtLeast(0),
        "Upper bound of that count per group.",
    ),
    int(
        "group.streams.initial.rebalance.delay.ms",
        "3000",
        AtLeast(0),
        "How long a new streams group waits for more members.",
    ),
];
