//! The log cleaner, which compacts logs; the last four are defaults of topic keys.
//! Plain rows; what they mean for the program is decided in `cleaner.rs` and `topic.rs`.

use crate::config::key::Key;
use crate::config::key::Rule::{Any, AtLeast, Fraction};
use crate::config::key::{boolean, double, int, long};

/// The keys of this group.
pub const KEYS: &[Key] = &[
    boolean("log.cleaner.enable", "true", "Run the log cleaner.")
        .deprecated("without the cleaner, compacted topics grow without limit"),
    int("log.cleaner.threads", "1", AtLeast(0), "Logs that are cleaned at one time.")
        .obeyed()
        .live(),
    double(
        "log.cleaner.io.max.bytes.per.second",
        "1.7976931348623157E308",
        Any,
        "Bytes the cleaner reads and writes in one second.",
    )
    .obeyed()
    .live(),
    long(
        "log.cleaner.dedupe.buffer.size",
        "134217728",
        Any,
        "Memory for the cleaner's maps of keys, over all its threads.",
    )
    .obeyed()
    .live(),
    int("log.cleaner.io.buffer.size", "524288", AtLeast(0), "Memory for the cleaner's buffers.")
        .obeyed()
        .live(),
    double(
        "log.cleaner.io.buffer.load.factor",
        "0.9",
        Any,
        "How full the cleaner's map of keys may get.",
    )
    .obeyed()
    .live(),
    long(
        "log.cleaner.backoff.ms",
        "15000",
        AtLeast(0),
        "The cleaner rests this long when there is nothing to do.",
    )
    .obeyed()
    .live(),
    double(
        "log.cleaner.min.cleanable.ratio",
        "0.5",
        Fraction(0.0, 1.0),
        "Part of a log that must be uncleaned before it is compacted.",
    )
    .obeyed()
    .live(),
    long(
        "log.cleaner.delete.retention.ms",
        "86400000",
        AtLeast(0),
        "How long the marker of a deleted key stays readable.",
    )
    .obeyed()
    .live(),
    long(
        "log.cleaner.min.compaction.lag.ms",
        "0",
        AtLeast(0),
        "A record is not compacted before it is this old.",
    )
    .obeyed()
    .live(),
    long(
        "log.cleaner.max.compaction.lag.ms",
        "9223372036854775807",
        AtLeast(1),
        "A record is compacted when it is this old.",
    )
    .obeyed()
    .live(),
];
