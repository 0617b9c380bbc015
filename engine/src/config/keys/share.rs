//! Share groups and their coordinator: not built yet.
//! Plain rows; what they mean for the program is decided in `broker.rs` and `topic.rs`.

use crate::config::key::Key;
use crate::config::key::Rule::{Any, AtLeast, Between};
use crate::config::key::{boolean, int, list, short, text};

/// The keys of this group.
pub const KEYS: &[Key] = &[
    boolean("group.share.enable", "false", "Offer share groups.").internal(),
    int(
        "group.share.session.timeout.ms",
        "45000",
        AtLeast(1),
        "A share member silent for this long leaves its group.",
    ),
    int(
        "group.share.min.session.timeout.ms",
        "45000",
        AtLeast(1),
        "Lower bound of that time per group.",
    ),
    int(
        "group.share.max.session.timeout.ms",
        "60000",
        AtLeast(1),
        "Upper bound of that time per group.",
    ),
    int(
        "group.share.heartbeat.interval.ms",
        "5000",
        AtLeast(1),
        "How often share members send heartbeats.",
    ),
    int(
        "group.share.min.heartbeat.interval.ms",
        "5000",
        AtLeast(1),
        "Lower bound of that interval per group.",
    ),
    int(
        "group.share.max.heartbeat.interval.ms",
        "15000",
        AtLeast(1),
        "Upper bound of that interval per group.",
    ),
    int(
        "group.share.assignment.interval.ms",
        "1000",
        AtLeast(0),
        "Least time between two assignments of a share group.",
    ),
    int(
        "group.share.min.assignment.interval.ms",
        "0",
        AtLeast(0),
        "Lower bound of that time per group.",
    ),
    int(
        "group.share.max.assignment.interval.ms",
        "15000",
        AtLeast(0),
        "Upper bound of that time per group.",
    ),
    boolean(
        "group.share.assignor.offload.enable",
        "true",
        "Whether assignments of share groups are made on a thread of their own.",
    ),
    int("group.share.max.size", "200", Between(1, 1000), "Members in a share group."),
    list("group.share.assignors", "simple", Any, "Assignors of share groups."),
    int(
        "group.share.initialize.retry.interval.ms",
        "30000",
        AtLeast(1),
        "Wait before the state of a share partition is initialised again.",
    )
    .internal(),
    int(
        "group.share.delivery.count.limit",
        "5",
        Between(2, 10),
        "How often a record is handed out before it is given up.",
    ),
    int(
        "group.share.record.lock.duration.ms",
        "30000",
        Between(1000, 3600000),
        "How long a record handed out stays locked.",
    ),
    int(
        "group.share.min.record.lock.duration.ms",
        "15000",
        Between(1000, 30000),
        "Lower bound of that time per group.",
    ),
    int(
        "group.share.max.record.lock.duration.ms",
        "60000",
        Between(30000, 3600000),
        "Upper bound of that time per group.",
    ),
    int(
        "group.share.partition.max.record.locks",
        "2000",
        Between(100, 10000),
        "Records of a partition that may be locked at one time.",
    ),
    int("group.share.max.share.sessions", "2000", AtLeast(1), "Share sessions at one time."),
    text(
        "group.share.persister.class.name",
        "org.apache.kafka.server.share.persister.DefaultStatePersister",
        Any,
        "Java class that keeps the state of share groups.",
    )
    .internal(),
    int(
        "share.coordinator.state.topic.num.partitions",
        "50",
        AtLeast(1),
        "Partitions of the share state topic.",
    ),
    short(
        "share.coordinator.state.topic.replication.factor",
        "3",
        AtLeast(1),
        "Copies of the share state topic.",
    ),
    short(
        "share.coordinator.state.topic.min.isr",
        "2",
        AtLeast(1),
        "In-sync copies the share state topic needs.",
    ),
    int(
        "share.coordinator.state.topic.segment.bytes",
        "104857600",
        AtLeast(1),
        "Segment size of the share state topic.",
    ),
    int(
        "share.coordinator.state.topic.compression.codec",
        "0",
        Any,
        "Codec of the share state topic, by number.",
    ),
    int(
        "share.coordinator.state.topic.prune.interval.ms",
        "300000",
        AtLeast(1),
        "How often the share state topic is pruned.",
    )
    .internal(),
    int("share.coordinator.threads", "1", AtLeast(1), "Threads of the share coordinator.")
        .meaningless("coordinators run on the cores that own their partitions"),
    int(
        "share.coordinator.snapshot.update.records.per.snapshot",
        "500",
        AtLeast(0),
        "Updates between two snapshots of share state.",
    ),
    int(
        "share.coordinator.cold.partition.snapshot.interval.ms",
        "300000",
        AtLeast(1),
        "How often idle share partitions are written again.",
    )
    .internal(),
    int(
        "share.coordinator.load.buffer.size",
        "5242880",
        AtLeast(1),
        "Bytes read at a time when share state is loaded.",
    ),
    int(
        "share.coordinator.append.linger.ms",
        "-1",
        AtLeast(-1),
        "How long the coordinator gathers records before writing them.",
    ),
    int(
        "share.coordinator.write.timeout.ms",
        "5000",
        AtLeast(1),
        "Longest wait for share state to be copied.",
    ),
];
