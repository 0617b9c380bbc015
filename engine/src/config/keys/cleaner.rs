//! The log cleaner: compaction is not built yet.
//! Plain rows; what they mean for the program is decided in `broker.rs` and `topic.rs`.

use crate::config::key::Key;
use crate::config::key::Rule::{Any, AtLeast, Fraction};
use crate::config::key::{boolean, double, int, long};

/// The keys of this group.
pub const KEYS: &[Key] = &[
    boolean("log.cleaner.enable", "true", "Run the log cleaner."),
    int("log.cleaner.threads", "1", AtLeast(0), "Threads of the log cleaner.").live(),
    double(
        "log.cleaner.io.max.bytes.per.second",
        "1.7976931348623157E308",
        Any,
        "Bytes the cleaner reads and writes in one second.",
    )
    .live(),
    long(
        "log.cleaner.dedupe.buffer.size",
        "134217728",
        Any,
        "Memory for the cleaner's map of keys.",
    )
    .live(),
    int("log.cleaner.io.buffer.size", "524288", AtLeast(0), "Memory for the cleaner's buffers.")
        .live(),
    double(
        "log.cleaner.io.buffer.load.factor",
        "0.9",
        Any,
        "How full the cleaner's map of keys may get.",
    )
    .live(),
    long(
        "log.cleaner.backoff.ms",
        "15000",
        AtLeast(0),
        "The cleaner rests this long when there is nothing to do.",
    )
    .live(),
    double(
        "log.cleaner.min.cleanable.ratio",
        "0.5",
        Fraction(0.0, 1.0),
        "Part of a log that must be uncleaned before it is compacted.",
    )
    .refused()
    .live(),
    long(
        "log.cleaner.delete.retention.ms",
        "86400000",
        AtLeast(0),
        "How long the marker of a deleted key stays readable.",
    )
    .refused()
    .live(),
    long(
        "log.cleaner.min.compaction.lag.ms",
        "0",
        AtLeast(0),
        "A record is not compacted before it is this old.",
    )
    .refused()
    .live(),
    long(
        "log.cleaner.max.compaction.lag.ms",
        "9223372036854775807",
        AtLeast(1),
        "A record is compacted when it is this old.",
    )
    .refused()
    .live(),
];
