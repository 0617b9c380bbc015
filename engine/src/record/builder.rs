//! Builds batches: for our own producer and for tests. Pure, any thread.
//!
//! The broker never builds a batch of client records: it stores what came.
//! Must not know: requests, partitions.

use bytes::BytesMut;

use super::codec::Codec;
use super::encode::Encoder;
use super::header::{
    BatchHeader, CONTROL_BIT, HEADER_BYTES, MAGIC, NO_PRODUCER, NO_TIMESTAMP, ProducerId,
    TRANSACTIONAL_BIT,
};

/// Why no batch came out.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// No record was pushed.
    #[error("a batch needs at least one record")]
    Empty,
    /// A batch or a field of it is beyond what a length of 31 bits can say.
    #[error("batch is larger than 2 GiB")]
    TooLarge,
    /// The codec failed.
    #[error("compression failed: {0}")]
    Compress(#[from] std::io::Error),
}

/// A batch in the making. Offsets count from 0; the leader stamps them.
#[derive(Debug)]
pub struct BatchBuilder {
    codec: Codec,
    header: BatchHeader,
    records: Encoder,
}

impl BatchBuilder {
    /// An empty batch whose records will be compressed with `codec`.
    pub fn new(codec: Codec) -> BatchBuilder {
        BatchBuilder {
            codec,
            header: BatchHeader {
                base_offset: 0,
                batch_length: 0,
                partition_leader_epoch: -1,
                magic: MAGIC,
                crc: 0,
                attributes: codec.id(),
                last_offset_delta: -1,
                base_timestamp: NO_TIMESTAMP,
                max_timestamp: NO_TIMESTAMP,
                producer_id: NO_PRODUCER,
                producer_epoch: -1,
                base_sequence: -1,
                records_count: 0,
            },
            records: Encoder::default(),
        }
    }

    /// Makes it a batch of an idempotent producer.
    pub fn producer(mut self, id: ProducerId, epoch: i16, base_sequence: i32) -> BatchBuilder {
        self.header.producer_id = id;
        self.header.producer_epoch = epoch;
        self.header.base_sequence = base_sequence;
        self
    }

    /// Makes it part of a transaction.
    pub fn transactional(mut self) -> BatchBuilder {
        self.header.attributes |= TRANSACTIONAL_BIT;
        self
    }

    /// Makes it a control batch.
    pub fn control(mut self) -> BatchBuilder {
        self.header.attributes |= CONTROL_BIT;
        self
    }

    /// Adds a record without headers. `timestamp` in unix milliseconds.
    pub fn push(&mut self, timestamp: i64, key: Option<&[u8]>, value: Option<&[u8]>) {
        self.push_with_headers(timestamp, key, value, &[]);
    }

    /// Adds a record.
    pub fn push_with_headers(
        &mut self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[(&str, Option<&[u8]>)],
    ) {
        if self.header.records_count == 0 {
            self.header.base_timestamp = timestamp;
            self.header.max_timestamp = timestamp;
        }
        self.header.max_timestamp = self.header.max_timestamp.max(timestamp);
        self.header.last_offset_delta += 1;
        self.header.records_count += 1;
        let timestamp_delta = timestamp.wrapping_sub(self.header.base_timestamp);
        let deltas = (timestamp_delta, self.header.last_offset_delta);
        let headers = headers.iter().map(|(key, value)| (key.as_bytes(), *value));
        self.records.push(deltas, key, value, headers);
    }

    /// Bytes of the batch so far, before compression.
    pub fn size_in_bytes(&self) -> usize {
        HEADER_BYTES + self.records.len()
    }

    /// Records so far.
    pub fn len(&self) -> usize {
        self.header.records_count.max(0) as usize
    }

    /// No record yet.
    pub fn is_empty(&self) -> bool {
        self.header.records_count == 0
    }

    /// The finished batch.
    pub fn finish(self) -> Result<BytesMut, BuildError> {
        if self.is_empty() {
            return Err(BuildError::Empty);
        }
        self.records.finish(self.header, self.codec)
    }
}
