//! Record batches, version 2, and their compression: plain functions over bytes, on any thread.
//!
//! | file | one idea |
//! |---|---|
//! | `header` | the 61 bytes in front of every batch |
//! | `checksum` | CRC-32C, the only function that computes it |
//! | `stamp` | what the leader writes into a batch: offset, epoch, append time |
//! | `produced` | the rules a produced batch must keep |
//! | `error` | every way a batch can be wrong |
//!
//! Must not know: files, partitions, requests, error codes of the protocol.

mod checksum;
mod codec;
mod error;
mod header;
mod produced;
mod stamp;

pub use checksum::{check_crc, crc32c};
pub use codec::Codec;
pub use error::BatchError;
pub use header::{
    BatchHeader, HEADER_BYTES, LeaderEpoch, NO_PRODUCER, NO_TIMESTAMP, Offset, PREFIX_BYTES,
    ProducerId, TimestampType,
};
pub use produced::{ProduceRules, check_produced};
pub use stamp::{StampedBatch, stamp};
