//! Record batches, version 2, and their compression: plain functions over bytes, on any thread.
//!
//! | file | one idea |
//! |---|---|
//! | `header` | the 61 bytes in front of every batch |
//! | `checksum` | CRC-32C, the only function that computes it |
//! | `stamp` | what the leader writes into a batch: offset, epoch, append time |
//! | `produced` | the rules a produced batch must keep |
//! | `records`, `varint` | the records inside, read where they stand |
//! | `codec`, `decompress` | the five codecs, bounded by what comes out |
//! | `gzip_frame`, `lz4_frame`, `snappy` | the framings around compressed bytes |
//! | `time_lookup` | which record a timestamp means |
//! | `offsets_topic` | the records of `__consumer_offsets` |
//! | `builder` | batches of our own, for the command line and for tests |
//! | `recopy` | a batch written anew with fewer records |
//! | `encode` | records as bytes |
//! | `error` | every way a batch can be wrong |
//!
//! Must not know: files, partitions, requests, error codes of the protocol.

mod builder;
mod checksum;
mod codec;
mod decompress;
mod encode;
mod error;
mod gzip_frame;
mod header;
mod lz4_frame;
pub mod offsets_topic;
mod produced;
mod recopy;
mod records;
mod snappy;
mod stamp;
mod time_lookup;
mod varint;

pub use builder::{BatchBuilder, BuildError};
pub use checksum::{check_crc, crc32c};
pub use codec::Codec;
pub use error::BatchError;
pub use header::{
    BatchHeader, HEADER_BYTES, LeaderEpoch, NO_PRODUCER, NO_TIMESTAMP, Offset, PREFIX_BYTES,
    ProducerId, TimestampType,
};
pub use produced::{ProduceRules, check_produced};
pub use recopy::{emptied, recopy};
pub use records::{Headers, Record, RecordIter, Records, RecordsError, decompressed_max};
pub use stamp::{StampedBatch, stamp};
pub use time_lookup::{TimedRecord, first_at_or_after, latest};

#[cfg(test)]
mod golden_test;
