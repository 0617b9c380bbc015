//! Every way a batch can be wrong; `net` gives each one its error code, once. Plain data.
//!
//! Must not know: error codes of the protocol.

use super::records::RecordsError;

/// Why a batch is refused. Nothing of a refused batch is kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    // A malformed batch set: Kafka answers INVALID_RECORD (87).
    /// No bytes at all where a batch should be.
    #[error("no record batch")]
    NoBatch,
    /// The declared size reaches beyond the bytes that are there.
    #[error("batch declares {declared} bytes, {present} are there")]
    Truncated {
        /// Bytes the batch should have.
        declared: u64,
        /// Bytes that are there.
        present: usize,
    },
    /// More bytes behind the one batch that is allowed.
    #[error("{bytes} bytes behind the batch, exactly one batch is allowed")]
    MoreThanOneBatch {
        /// Bytes behind the first batch.
        bytes: usize,
    },
    /// Message format v0 or v1, which Kafka 4 no longer takes.
    #[error("message format v{magic} is no longer accepted, only v2")]
    OldMagic {
        /// 0 or 1.
        magic: i8,
    },
    /// Producers leave the base offset to the leader.
    #[error("base offset of a produced batch must be 0, not {base_offset}")]
    BaseOffset {
        /// What stood there.
        base_offset: i64,
    },
    /// Number of records and last offset delta contradict each other or are not positive.
    #[error("{records_count} records do not fit a last offset delta of {last_offset_delta}")]
    RecordCount {
        /// Declared number of records.
        records_count: i32,
        /// Declared offset of the last record, relative to the first.
        last_offset_delta: i32,
    },
    /// More records than the bytes of the batch could hold.
    #[error("{records_count} records cannot stand in {bytes} bytes")]
    TooManyRecords {
        /// Declared number of records.
        records_count: i32,
        /// Bytes of records.
        bytes: usize,
    },
    /// Only brokers write control batches.
    #[error("clients may not write control batches")]
    ControlBatch,
    /// A producer id without a usable epoch or sequence, or transactional without producer id.
    #[error("producer id {producer_id} with epoch {producer_epoch}, sequence {base_sequence}")]
    ProducerState {
        /// Producer id, -1 = none.
        producer_id: i64,
        /// Its epoch.
        producer_epoch: i16,
        /// Sequence of the first record.
        base_sequence: i32,
    },
    /// Records without a key in a compacted topic, which could never go again.
    #[error("{count} records without a key, which a compacted topic does not take")]
    Keyless {
        /// How many.
        count: usize,
        /// Places of the first of them in the batch.
        indexes: Vec<i32>,
    },
    /// The records inside had to be looked at and cannot be read.
    #[error("unreadable records: {0}")]
    Records(#[from] RecordsError),

    // Damaged bytes: Kafka answers CORRUPT_MESSAGE (2).
    /// The declared size is below that of a header.
    #[error("batch length {batch_length} is below that of a header")]
    TooSmall {
        /// The length field.
        batch_length: i32,
    },
    /// A magic byte that no version of Kafka ever wrote.
    #[error("unknown magic {magic}")]
    UnknownMagic {
        /// What stood there.
        magic: i8,
    },
    /// Stored checksum and bytes disagree.
    #[error("stored crc {stored:08x}, computed {computed:08x}")]
    Crc {
        /// From the header.
        stored: u32,
        /// From the bytes.
        computed: u32,
    },

    /// Above `max.message.bytes`: Kafka answers MESSAGE_TOO_LARGE (10).
    #[error("batch of {bytes} bytes is above the limit of {bytes_max}")]
    TooLarge {
        /// Bytes of the batch, header included.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },

    // Kafka answers UNSUPPORTED_COMPRESSION_TYPE (76).
    /// A codec id that is not assigned.
    #[error("unknown compression codec {id}")]
    UnknownCodec {
        /// 5, 6 or 7.
        id: i16,
    },
    /// The request version is older than zstd.
    #[error("zstd needs a newer produce request")]
    ZstdNotAllowed,

    // Kafka answers INVALID_TIMESTAMP (32).
    /// Only the leader writes LogAppendTime.
    #[error("producers may not set the timestamp type to LogAppendTime")]
    AppendTimeByClient,
    /// A record is too old or too far in the future.
    #[error("timestamp {timestamp} is outside {earliest} to {latest}")]
    Timestamp {
        /// Unix milliseconds of the record.
        timestamp: i64,
        /// Earliest that is allowed.
        earliest: i64,
        /// Latest that is allowed.
        latest: i64,
    },
}
