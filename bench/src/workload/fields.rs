//! The fields of a workload: what each means, in which unit, and what is valid. Pure.

/// One field.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name in the TOML file.
    pub name: &'static str,
    /// What it means, with its unit.
    pub meaning: &'static str,
    /// What is valid.
    pub valid: Valid,
}

/// What a field may hold.
#[derive(Debug, Clone, Copy)]
pub enum Valid {
    /// A number between these, both valid.
    Between(f64, f64),
    /// Something in words; serde refuses the rest.
    Words(&'static str),
}

const fn number(name: &'static str, low: f64, high: f64, meaning: &'static str) -> Field {
    Field { name, meaning, valid: Valid::Between(low, high) }
}

const fn words(name: &'static str, words: &'static str, meaning: &'static str) -> Field {
    Field { name, meaning, valid: Valid::Words(words) }
}

/// All fields, in the order in which they are shown.
pub const FIELDS: &[Field] = &[
    words("description", "text", "What the workload is for."),
    words("topic", "text", "The topic; it is created when it is not there."),
    number("partitions", 1.0, 200_000.0, "Partitions of the topic when it is created."),
    words(
        "configs",
        "a table of text",
        "Kafka's topic settings, for the topic when it is created.",
    ),
    number("producers", 0.0, 10_000.0, "Producers, each with a connection of its own per leader."),
    number("in_flight", 1.0, 100_000.0, "Requests of a producer that may wait for their answer."),
    number(
        "record_bytes",
        8.0,
        10_485_760.0,
        "Bytes of a record's value; the first 8 are its stamp.",
    ),
    number("key_bytes", 0.0, 65_536.0, "Bytes of a record's key; 0 = no key."),
    number("batch_bytes", 1.0, 67_108_864.0, "Largest batch; a batch holds one record at least."),
    number("batches_per_request", 1.0, 1_000.0, "Partitions that one produce request writes to."),
    words("acks", "\"all\" or \"1\"", "Who must have a record before it is answered."),
    words(
        "compression",
        "\"none\", \"gzip\", \"snappy\", \"lz4\" or \"zstd\"",
        "How batches are compressed, once, before the load. Compressed records carry no stamp.",
    ),
    number(
        "rate",
        0.0,
        1e9,
        "Records a second of all producers together, on a fixed schedule \
        (open loop); 0 = as fast as in_flight allows (closed loop).",
    ),
    number("warmup_seconds", 0.0, 86_400.0, "Seconds of load that do not count."),
    number("seconds", 1.0, 864_000.0, "Seconds of load that count."),
    number(
        "records",
        0.0,
        1e12,
        "Records after which the load ends, however long it takes, \
        without a warm-up; 0 = it ends by time.",
    ),
    number("groups", 0.0, 1_000.0, "Sets of consumers that each read everything (fan-out)."),
    number("consumers", 0.0, 10_000.0, "Consumers of each set; they share the partitions."),
    number(
        "fetch_bytes",
        1.0,
        1_073_741_824.0,
        "Most bytes of a fetch answer, and of a partition \
        in it.",
    ),
    number("fetch_wait_ms", 0.0, 600_000.0, "How long a fetch waits for the first byte."),
    words("start", "\"latest\" or \"earliest\"", "Where consumers begin."),
    words("wrap", "true or false", "Consumers that reach the end begin again at the start."),
    words("cpus", "a list of CPU numbers", "One executor on each; empty = one that is not pinned."),
    words("spin", "true or false", "Executors never sleep: exact timers, at the price of a CPU."),
    number("idle_connections", 0.0, 1_000_000.0, "Connections that are open and say nothing."),
    number("random_share", 0.0, 1.0, "Share of a value that is random bytes; the rest compresses."),
    number("pool_bytes", 1.0, 17_179_869_184.0, "Memory for batches encoded before the load."),
    number("seed", 0.0, 9e15, "Of the random bytes."),
];
