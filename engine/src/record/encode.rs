//! Records and their header as bytes: what every batch that is built here goes through. Pure, any
//! thread.
//!
//! Must not know: where the records come from.

use std::io::Write;

use bytes::BytesMut;

use super::builder::BuildError;
use super::checksum::crc32c;
use super::codec::Codec;
use super::header::{ATTRIBUTES_AT, BatchHeader, CRC_AT, HEADER_BYTES, PREFIX_BYTES};
use super::{snappy, varint};

/// The records of a batch in the making, uncompressed.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    records: Vec<u8>,
    scratch: Vec<u8>,
}

impl Encoder {
    /// Adds a record; `deltas` are those of its timestamp and its offset to the batch's.
    pub(super) fn push<'a>(
        &mut self,
        deltas: (i64, i32),
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: impl ExactSizeIterator<Item = (&'a [u8], Option<&'a [u8]>)>,
    ) {
        let body = &mut self.scratch;
        body.clear();
        body.push(0); // attributes
        varint::put(body, deltas.0);
        varint::put(body, i64::from(deltas.1));
        put_bytes(body, key);
        put_bytes(body, value);
        varint::put(body, headers.len() as i64);
        for (key, value) in headers {
            put_bytes(body, Some(key));
            put_bytes(body, value);
        }
        varint::put(&mut self.records, self.scratch.len() as i64);
        self.records.extend_from_slice(&self.scratch);
    }

    /// Bytes of the records so far.
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// The whole batch; `header` gets its length and its CRC here.
    pub(super) fn finish(
        self,
        mut header: BatchHeader,
        codec: Codec,
    ) -> Result<BytesMut, BuildError> {
        if i32::try_from(self.records.len()).is_err() {
            return Err(BuildError::TooLarge);
        }
        let records = compress(codec, self.records)?;
        let length = HEADER_BYTES - PREFIX_BYTES + records.len();
        header.batch_length = i32::try_from(length).map_err(|_| BuildError::TooLarge)?;
        let mut batch = BytesMut::zeroed(HEADER_BYTES);
        if let Some(head) = batch.first_chunk_mut() {
            header.write(head);
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
