//! Corelog's own keys: cores, ring, memory, durability, metrics. Kafka has none of these.
//! Plain rows; what they mean for the program is decided in `broker.rs`.

use crate::config::key::Key;
use crate::config::key::Kind::{Boolean, Text};
use crate::config::key::Rule::{Any, AtLeast, Between, Cpus, OneOf};
use crate::config::key::{boolean, int, list, long, text, unset};

/// The keys of this group.
pub const KEYS: &[Key] = &[
    list(
        "corelog.cpus",
        "",
        Cpus,
        "CPUs that get a core each, such as 0,2-5. Empty: every CPU this process may use.",
    )
    .obeyed(),
    boolean("corelog.pin", "true", "Pin each core's thread to its CPU.").obeyed(),
    int(
        "corelog.ring.entries",
        "256",
        Between(256, 32768),
        "Submission entries of each core's io_uring.",
    )
    .obeyed(),
    int("corelog.workers", "2", Between(2, 64), "Plain threads for work that may block.").obeyed(),
    long(
        "corelog.memory.budget.bytes",
        "134217728",
        AtLeast(16_777_216),
        "Memory for requests, fetch sessions and cold reads, over all cores.",
    )
    .obeyed(),
    int(
        "corelog.syncs.in.flight",
        "8",
        Between(1, 64),
        "Writes and syncs in flight at one time, per core and log dir.",
    )
    .obeyed(),
    int(
        "corelog.write.bytes.max",
        "8388608",
        Between(65_536, 67_108_864),
        "Bytes of one write to a log; a larger batch is written alone.",
    )
    .obeyed(),
    text(
        "corelog.io.properties.file",
        "",
        Any,
        "File of settings measured for the data disks, as `corelog-tune iotune` writes it. What \
         server.properties says itself wins. Empty: none.",
    )
    .obeyed(),
    long(
        "corelog.checkpoint.bytes",
        "134217728",
        AtLeast(1_048_576),
        "Bytes per log dir that a start after a crash may have to read again.",
    )
    .obeyed(),
    long(
        "corelog.disk.reserve.bytes",
        "536870912",
        AtLeast(0),
        "Free bytes of a log dir below which produces are refused with a retriable error.",
    )
    .obeyed(),
    boolean(
        "corelog.test.skip.sync",
        "false",
        "Acknowledge without syncing. Loses data; proves that the tests of durability notice.",
    )
    .obeyed(),
    boolean(
        "corelog.test.hold.load",
        "false",
        "Never finish reading the logs of groups. Shows what clients hear in the meantime.",
    )
    .obeyed(),
    text(
        "corelog.test.failpoint",
        "",
        OneOf(&[
            "",
            "compaction.clean",
            "compaction.cleaned",
            "compaction.swap",
            "compaction.delete",
            "compaction.placed",
            "core.stall",
            "core.hang",
        ]),
        "End without warning at this place, or hold up a core. Proves that what is on the disk \
         there is enough, and that a core held up is noticed.",
    )
    .obeyed(),
    unset(
        Text,
        "corelog.http.listener",
        Any,
        "Address of metrics and health, as host:port; no host is every address, port 0 any free \
         port, empty none at all. Not set: :9644, and none when that is taken.",
    )
    .obeyed(),
    int(
        "corelog.metrics.partitions.max",
        "10000",
        Between(0, 1_000_000),
        "Partitions, and committed offsets per core, that a page of metrics lists at most.",
    )
    .obeyed(),
    unset(
        Boolean,
        "corelog.auto.format",
        Any,
        "Format an empty log dir at start. Not set: when no file was given, or the environment \
         names a cluster.",
    )
    .obeyed(),
];
