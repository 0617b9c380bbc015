//! Producer ids and transactions; transactions are not built yet.
//! Plain rows; what they mean for the program is decided in `broker.rs` and `topic.rs`.

use crate::config::key::Key;
use crate::config::key::Rule::AtLeast;
use crate::config::key::{boolean, int, short};

/// The keys of this group.
pub const KEYS: &[Key] = &[
    int(
        "producer.id.expiration.ms",
        "86400000",
        AtLeast(1),
        "How long a silent idempotent producer is remembered.",
    )
    .obeyed()
    .live(),
    int(
        "producer.id.expiration.check.interval.ms",
        "600000",
        AtLeast(1),
        "How often silent producers are looked for.",
    )
    .internal(),
    short(
        "transaction.state.log.replication.factor",
        "3",
        AtLeast(1),
        "Copies of the transaction state topic.",
    ),
    int(
        "transaction.state.log.min.isr",
        "2",
        AtLeast(1),
        "In-sync copies the transaction state topic needs.",
    ),
    int(
        "transaction.state.log.num.partitions",
        "50",
        AtLeast(1),
        "Partitions of the transaction state topic; never change it later.",
    ),
    int(
        "transaction.state.log.segment.bytes",
        "104857600",
        AtLeast(1),
        "Segment size of the transaction state topic.",
    ),
    int(
        "transaction.state.log.load.buffer.size",
        "5242880",
        AtLeast(1),
        "Bytes read at a time when transactions are loaded.",
    ),
    int(
        "transaction.max.timeout.ms",
        "900000",
        AtLeast(1),
        "Longest timeout a transaction may ask for.",
    ),
    int(
        "transactional.id.expiration.ms",
        "604800000",
        AtLeast(1),
        "How long an unused transactional id is remembered.",
    ),
    int(
        "transaction.abort.timed.out.transaction.cleanup.interval.ms",
        "10000",
        AtLeast(1),
        "How often timed-out transactions are aborted.",
    ),
    int(
        "transaction.remove.expired.transaction.cleanup.interval.ms",
        "3600000",
        AtLeast(1),
        "How often expired transactional ids are removed.",
    ),
    boolean(
        "transaction.partition.verification.enable",
        "true",
        "Check that a partition belongs to a transaction before appending to it.",
    )
    .live(),
    boolean(
        "transaction.two.phase.commit.enable",
        "false",
        "Allow transactions that an outside coordinator commits.",
    ),
    int(
        "add.partitions.to.txn.retry.backoff.ms",
        "20",
        AtLeast(1),
        "Wait before a partition is added to a transaction again.",
    ),
    int(
        "add.partitions.to.txn.retry.backoff.max.ms",
        "100",
        AtLeast(0),
        "Longest total wait for that.",
    ),
];
