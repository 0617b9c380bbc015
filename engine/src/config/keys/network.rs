//! Listeners, sockets, connections and requests.
//! Plain rows; what they mean for the program is decided in `broker.rs` and `topic.rs`.

use crate::config::key::Key;
use crate::config::key::Kind::List;
use crate::config::key::Rule::{Any, AtLeast};
use crate::config::key::{int, list, long, text, unset};

/// The keys of this group.
pub const KEYS: &[Key] = &[
    list(
        "listeners",
        "PLAINTEXT://:9092",
        Any,
        "Where to listen, as NAME://host:port, comma separated. An empty host is every address.",
    )
    .obeyed()
    .live(),
    unset(
        List,
        "advertised.listeners",
        Any,
        "What clients are told to connect to; `listeners` when not set.",
    )
    .obeyed(),
    text(
        "listener.security.protocol.map",
        "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT",
        Any,
        "Which security protocol a listener name stands for, as NAME:PROTOCOL.",
    )
    .obeyed()
    .live(),
    unset(
        List,
        "early.start.listeners",
        Any,
        "Listeners that open before the broker is registered.",
    ),
    int(
        "socket.send.buffer.bytes",
        "102400",
        AtLeast(-1),
        "SO_SNDBUF of client sockets; -1 leaves it to the system.",
    )
    .meaningless("the system sizes socket buffers as it needs them"),
    int(
        "socket.receive.buffer.bytes",
        "102400",
        AtLeast(-1),
        "SO_RCVBUF of client sockets; -1 leaves it to the system.",
    )
    .meaningless("the system sizes socket buffers as it needs them"),
    int(
        "socket.request.max.bytes",
        "104857600",
        AtLeast(1),
        "Largest request; a longer one closes its connection.",
    )
    .obeyed(),
    int(
        "socket.listen.backlog.size",
        "50",
        AtLeast(1),
        "Connections that may wait to be accepted, per listening socket.",
    )
    .obeyed(),
    long(
        "socket.connection.setup.timeout.ms",
        "10000",
        Any,
        "How long a connection to another broker may take to establish.",
    ),
    long(
        "socket.connection.setup.timeout.max.ms",
        "30000",
        Any,
        "Upper end of that time after repeated failures.",
    ),
    int(
        "max.connections",
        "2147483647",
        AtLeast(0),
        "Connections this broker accepts at one time.",
    )
    .obeyed()
    .live(),
    int(
        "max.connections.per.ip",
        "2147483647",
        AtLeast(0),
        "Connections accepted at one time from one address.",
    )
    .obeyed()
    .live(),
    text(
        "max.connections.per.ip.overrides",
        "",
        Any,
        "Other limits for single addresses, as address:count.",
    )
    .live(),
    int(
        "max.connection.creation.rate",
        "2147483647",
        AtLeast(0),
        "New connections accepted in one second.",
    )
    .live(),
    long(
        "connections.max.idle.ms",
        "600000",
        Any,
        "A connection that is idle for this long is closed.",
    )
    .obeyed(),
    int(
        "connection.failed.authentication.delay.ms",
        "100",
        AtLeast(0),
        "A failed authentication is answered only after this long.",
    ),
    int("queued.max.requests", "500", AtLeast(1), "Requests waiting for a thread pool.")
        .meaningless("requests are limited by memory, see corelog.memory.budget.bytes"),
    long("queued.max.request.bytes", "-1", Any, "Bytes waiting for a thread pool.")
        .meaningless("requests are limited by memory, see corelog.memory.budget.bytes"),
    int("num.network.threads", "3", AtLeast(1), "Threads that read and write sockets.")
        .meaningless("every core reads and writes its own sockets, see corelog.cpus")
        .live(),
    int("num.io.threads", "8", AtLeast(1), "Threads that handle requests.")
        .meaningless("every core handles its own requests, see corelog.cpus")
        .live(),
    int("background.threads", "10", AtLeast(1), "Threads for background work.")
        .meaningless("see corelog.workers")
        .live(),
    int(
        "request.timeout.ms",
        "30000",
        AtLeast(1),
        "Longest time a request may wait inside the broker for others.",
    ),
    int(
        "fetch.max.bytes",
        "57671680",
        AtLeast(1024),
        "Cap of a fetch reply, whatever the client asks for.",
    )
    .obeyed(),
    int(
        "max.incremental.fetch.session.cache.slots",
        "1000",
        AtLeast(0),
        "Fetch sessions remembered at one time.",
    )
    .obeyed(),
    int(
        "max.request.partition.size.limit",
        "2000",
        AtLeast(1),
        "Partitions in one reply to DescribeTopicPartitions.",
    )
    .obeyed(),
    int(
        "fetch.purgatory.purge.interval.requests",
        "1000",
        Any,
        "How often finished fetches leave a waiting list.",
    )
    .meaningless("a finished wait leaves its list at once"),
    int(
        "producer.purgatory.purge.interval.requests",
        "1000",
        Any,
        "How often finished produces leave a waiting list.",
    )
    .meaningless("a finished wait leaves its list at once"),
    int(
        "delete.records.purgatory.purge.interval.requests",
        "1",
        Any,
        "How often finished deletions leave a waiting list.",
    )
    .meaningless("a finished wait leaves its list at once"),
    int(
        "share.fetch.purgatory.purge.interval.requests",
        "1000",
        Any,
        "How often finished share fetches leave a waiting list.",
    )
    .meaningless("a finished wait leaves its list at once"),
];
