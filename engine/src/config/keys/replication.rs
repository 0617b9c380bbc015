//! Keeping copies equal, in-sync replicas, leaders.
//! Plain rows; what they mean for the program is decided in `broker.rs` and `topic.rs`.

use crate::config::key::Key;
use crate::config::key::Kind::{Int, Text};
use crate::config::key::Rule::{Any, AtLeast, Between, OneOf};
use crate::config::key::{boolean, int, long, text, unset};

/// The keys of this group.
pub const KEYS: &[Key] = &[
    int(
        "default.replication.factor",
        "1",
        Between(1, 32767),
        "Copies of a topic that is created without a count.",
    )
    .obeyed(),
    int(
        "min.insync.replicas",
        "1",
        AtLeast(1),
        "Copies that must hold a record before acks=all is answered.",
    )
    .obeyed()
    .live(),
    boolean(
        "unclean.leader.election.enable",
        "false",
        "Let a replica that is not in sync lead, at the price of answered records.",
    )
    .refused()
    .live(),
    long(
        "unclean.leader.election.interval.ms",
        "300000",
        AtLeast(1),
        "How often partitions without a leader are looked at.",
    )
    .internal(),
    boolean("auto.leader.rebalance.enable", "true", "Give leaderships back to preferred replicas."),
    long(
        "leader.imbalance.check.interval.seconds",
        "300",
        AtLeast(1),
        "How often that is looked at.",
    ),
    long(
        "replica.lag.time.max.ms",
        "30000",
        Any,
        "A replica that has not caught up for this long leaves the in-sync set.",
    ),
    int("replica.socket.timeout.ms", "30000", Any, "Socket timeout of replication."),
    int("replica.socket.receive.buffer.bytes", "65536", Any, "SO_RCVBUF of replication sockets."),
    int(
        "replica.fetch.max.bytes",
        "1048576",
        AtLeast(0),
        "Bytes asked for per partition when copying.",
    ),
    int("replica.fetch.wait.max.ms", "500", Any, "Longest wait of a copying request."),
    int("replica.fetch.backoff.ms", "1000", AtLeast(0), "Rest after a failed copying request."),
    int("replica.fetch.min.bytes", "1", Any, "Bytes that a copying request waits for."),
    int(
        "replica.fetch.response.max.bytes",
        "10485760",
        AtLeast(0),
        "Bytes asked for in one copying request.",
    ),
    int("num.replica.fetchers", "1", AtLeast(1), "Threads that copy from one broker.")
        .meaningless("one stream per leader core copies its partitions")
        .live(),
    unset(
        Int,
        "num.replica.alter.log.dirs.threads",
        Any,
        "Threads that move replicas between log dirs.",
    )
    .meaningless("workers move them, see corelog.workers"),
    long(
        "replica.high.watermark.checkpoint.interval.ms",
        "5000",
        Any,
        "How often high watermarks are written to disk.",
    ),
    unset(
        Text,
        "replica.selector.class",
        Any,
        "Java class that picks the replica a consumer reads from.",
    )
    .refused_because("Java classes cannot be loaded"),
    text(
        "security.inter.broker.protocol",
        "PLAINTEXT",
        OneOf(&["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]),
        "Security protocol between brokers.",
    )
    .refused(),
    unset(Text, "inter.broker.listener.name", Any, "Listener that brokers use among themselves."),
];
