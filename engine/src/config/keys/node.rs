//! Who this node is, its roles, its quorum and its heartbeats.
//! Plain rows; what they mean for the program is decided in `broker.rs` and `topic.rs`.

use crate::config::key::Key;
use crate::config::key::Kind::{Int, Text};
use crate::config::key::Rule::{Any, AtLeast, EachOf};
use crate::config::key::{boolean, int, list, long, unset};

/// The keys of this group.
pub const KEYS: &[Key] = &[
    int(
        "node.id",
        "1",
        AtLeast(0),
        "Identity of this node, unique in the cluster. `broker.id` is its older name.",
    )
    .obeyed(),
    int("broker.id", "-1", Any, "Older name of `node.id`; both may be given if they agree.")
        .obeyed(),
    list(
        "process.roles",
        "broker,controller",
        EachOf(&["broker", "controller"]),
        "What this process does. One node is both broker and controller.",
    )
    .obeyed(),
    unset(
        Text,
        "broker.rack",
        Any,
        "Where this broker stands, for placement that spans racks and for reads nearby.",
    )
    .obeyed(),
    int(
        "initial.broker.registration.timeout.ms",
        "60000",
        Any,
        "How long a broker tries to register with the controller quorum before it gives up.",
    ),
    int(
        "broker.heartbeat.interval.ms",
        "2000",
        Any,
        "How often a broker tells the controller that it lives.",
    ),
    int("broker.session.timeout.ms", "9000", Any, "A broker silent for this long is fenced."),
    boolean("controlled.shutdown.enable", "true", "Hand leaderships over before stopping."),
    list(
        "controller.listener.names",
        "",
        Any,
        "Names of the listeners that belong to the controller; clients are never sent there.",
    )
    .obeyed(),
    list(
        "controller.quorum.voters",
        "",
        Any,
        "The controllers, as id@host:port. One node names only itself.",
    )
    .obeyed(),
    list(
        "controller.quorum.bootstrap.servers",
        "",
        Any,
        "Where to find the controller quorum, as host:port.",
    )
    .obeyed(),
    int(
        "controller.quorum.election.timeout.ms",
        "1000",
        AtLeast(0),
        "A controller that hears no leader for this long stands for election.",
    ),
    int(
        "controller.quorum.fetch.timeout.ms",
        "2000",
        AtLeast(0),
        "A leader that hears no majority for this long steps down.",
    ),
    int(
        "controller.quorum.election.backoff.max.ms",
        "1000",
        AtLeast(0),
        "Longest wait between two candidacies.",
    ),
    int(
        "controller.quorum.append.linger.ms",
        "25",
        AtLeast(0),
        "How long the quorum leader gathers metadata records before writing them.",
    ),
    int(
        "controller.quorum.request.timeout.ms",
        "2000",
        AtLeast(0),
        "Longest wait for an answer inside the quorum.",
    ),
    int(
        "controller.quorum.retry.backoff.ms",
        "20",
        AtLeast(0),
        "Wait before a failed quorum request is sent again.",
    ),
    boolean(
        "controller.quorum.auto.join.enable",
        "false",
        "Let a new controller add itself to the voters.",
    ),
    int(
        "controller.socket.timeout.ms",
        "30000",
        Any,
        "Socket timeout between controller and brokers.",
    ),
    long(
        "controller.performance.sample.period.ms",
        "60000",
        AtLeast(100),
        "How often the controller logs its slowest events.",
    )
    .internal(),
    long(
        "controller.performance.always.log.threshold.ms",
        "2000",
        AtLeast(0),
        "Controller events slower than this are always logged.",
    )
    .internal(),
    long(
        "server.max.startup.time.ms",
        "9223372036854775807",
        AtLeast(0),
        "Give up when start-up takes longer than this.",
    )
    .internal(),
    unset(
        Text,
        "metadata.log.dir",
        Any,
        "Directory of the metadata log; the first log dir when not set.",
    ),
    long(
        "metadata.log.max.record.bytes.between.snapshots",
        "20971520",
        AtLeast(1),
        "Metadata bytes written before a snapshot is taken.",
    ),
    long(
        "metadata.log.max.snapshot.interval.ms",
        "3600000",
        AtLeast(0),
        "Longest time between two metadata snapshots, 0 for no limit.",
    ),
    int(
        "metadata.log.segment.bytes",
        "1073741824",
        AtLeast(8388608),
        "Size of a metadata log segment.",
    ),
    long(
        "metadata.log.segment.ms",
        "604800000",
        Any,
        "Longest time a metadata log segment stays open.",
    ),
    long(
        "metadata.max.retention.bytes",
        "104857600",
        Any,
        "Bytes of metadata log and snapshots kept.",
    ),
    long(
        "metadata.max.retention.ms",
        "604800000",
        Any,
        "How long old metadata log and snapshots are kept.",
    ),
    int(
        "metadata.max.idle.interval.ms",
        "500",
        AtLeast(0),
        "An idle controller writes a no-op record this often, 0 for never.",
    ),
    unset(
        Int,
        "internal.metadata.log.segment.bytes",
        Any,
        "Size of a metadata log segment, for tests.",
    )
    .internal(),
    int(
        "internal.metadata.max.batch.size.in.bytes",
        "8388608",
        Any,
        "Largest batch in the metadata log.",
    )
    .internal(),
    int(
        "internal.metadata.max.fetch.size.in.bytes",
        "8388608",
        Any,
        "Largest fetch from the metadata log.",
    )
    .internal(),
    long(
        "internal.metadata.delete.delay.millis",
        "60000",
        Any,
        "Wait before a deleted metadata file is unlinked.",
    )
    .internal(),
    boolean(
        "unstable.api.versions.enable",
        "false",
        "Advertise API versions that are still in development.",
    )
    .internal(),
    boolean(
        "unstable.feature.versions.enable",
        "false",
        "Offer feature versions that are still in development.",
    )
    .internal(),
    list(
        "config.providers",
        "",
        Any,
        "Java plug-ins that fetch configuration values from elsewhere.",
    )
    .refused_because("Java classes cannot be loaded, and values they should fetch would be missing")
    .live(),
];
