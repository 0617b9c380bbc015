//! Builds batches: for our own producer and for tests. Pure, any thread.
//!
//! The broker never builds a batch of client records: it stores what came.
//! Must not know: requests, partitions.

use std::io::Write;

use bytes::BytesMut;

use super::checksum::crc32c;
use super::codec::Codec;
use super::header::{
    ATTRIBUTES_AT, BatchHeader, CONTROL_BIT, CRC_AT, HEADER_BYTES, MAGIC, NO_PRODUCER,
    NO_TIMESTAMP, PREFIX_BYTES, ProducerId, TRANSACTIONAL_BIT,
};
use super::{snappy, varint};

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
    records: Vec<u8>,
    scratch: Vec<u8>,
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
            records: Vec::new(),
            scratch: Vec::new(),
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
        let body = &mut self.scratch;
        body.clear();
        body.push(0); // attributes
        varint::put(body, timestamp.wrapping_sub(self.header.base_timestamp));
        varint::put(body, i64::from(self.header.last_offset_delta));
        put_bytes(body, key);
        put_bytes(body, value);
        varint::put(body, headers.len() as i64);
        for (key, value) in headers {
            put_bytes(body, Some(key.as_bytes()));
            put_bytes(body, *value);
        }
        varint::put(&mut self.records, self.scratch.len() as i64);
        self.records.extend_from_slice(&self.scratch);
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
    pub fn finish(mut self) -> Result<BytesMut, BuildError> {
        if self.is_empty() {
            return Err(BuildError::Empty);
        }
        if i32::try_from(self.records.len()).is_err() {
            return Err(BuildError::TooLarge);
        }
        let records = compress(self.codec, self.records)?;
        let length = HEADER_BYTES - PREFIX_BYTES + records.len();
        self.header.batch_length = i32::try_from(length).map_err(|_| BuildError::TooLarge)?;
        let mut batch = BytesMut::zeroed(HEADER_BYTES);
        if let Some(head) = batch.first_chunk_mut() {
            self.header.write(head);
        }
        batch.extend_from_slice(&records);
        let crc = crc32c(&batch[ATTRIBUTES_AT..]);
        batch[CRC_AT..ATTRIBUTES_AT].copy_from_slice(&crc.to_be_bytes());
        Ok(batch)
    }
}

fn put_bytes(into: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        None => varint::put(into, -1),
        Some(bytes) => {
            varint::put(into, bytes.len() as i64);
            into.extend_from_slice(bytes);
        }
    }
}

fn compress(codec: Codec, records: Vec<u8>) -> Result<Vec<u8>, std::io::Error> {
    match codec {
        Codec::None => Ok(records),
        Codec::Gzip => {
            let level = flate2::Compression::default();
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
            encoder.write_all(&records)?;
            encoder.finish()
        }
        Codec::Snappy => snappy::compress(&records).map_err(std::io::Error::other),
        Codec::Lz4 => {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
            encoder.write_all(&records)?;
            encoder.finish().map_err(std::io::Error::other)
        }
        Codec::Zstd => zstd::stream::encode_all(&records[..], zstd::DEFAULT_COMPRESSION_LEVEL),
    }
}
