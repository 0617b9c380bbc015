//! Records and their header as bytes: what every batch that is built here goes through. Pure, any
//! thread.
//!
//! Must not know: where the records come from.

use std::io::Write;

use bytes::{BufMut, BytesMut};

use super::builder::BuildError;
use super::checksum::crc32c;
use super::codec::Codec;
use super::header::{ATTRIBUTES_AT, BatchHeader, CRC_AT, HEADER_BYTES, PREFIX_BYTES};
use super::{snappy, varint};

/// Room that a batch and a record begin with: enough for the records that this broker writes.
const BATCH_ROOM: usize = 512;
const RECORD_ROOM: usize = 128;

/// The records of a batch in the making, uncompressed.
#[derive(Debug)]
pub(super) struct Encoder {
    /// Room for the header, then the records.
    batch: BytesMut,
    scratch: Vec<u8>,
}

impl Default for Encoder {
    fn default() -> Encoder {
        let mut batch = BytesMut::with_capacity(BATCH_ROOM);
        batch.put_bytes(0, HEADER_BYTES);
        Encoder { batch, scratch: Vec::with_capacity(RECORD_ROOM) }
    }
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
        varint::put(&mut self.batch, self.scratch.len() as i64);
        self.batch.extend_from_slice(&self.scratch);
    }

    /// Bytes of the records so far.
    pub(super) fn len(&self) -> usize {
        self.batch.len() - HEADER_BYTES
    }

    /// The whole batch; `header` gets its length and its CRC here.
    pub(super) fn finish(
        self,
        mut header: BatchHeader,
        codec: Codec,
    ) -> Result<BytesMut, BuildError> {
        if i32::try_from(self.len()).is_err() {
            return Err(BuildError::TooLarge);
        }
        let mut batch = self.batch;
        if let Some(records) = compress(codec, &batch[HEADER_BYTES..])? {
            batch.truncate(HEADER_BYTES);
            batch.extend_from_slice(&records);
        }
        let length = batch.len() - PREFIX_BYTES;
        header.batch_length = i32::try_from(length).map_err(|_| BuildError::TooLarge)?;
        if let Some(head) = batch.first_chunk_mut() {
            header.write(head);
        }
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

/// `None`: they stay as they are.
fn compress(codec: Codec, records: &[u8]) -> Result<Option<Vec<u8>>, std::io::Error> {
    match codec {
        Codec::None => Ok(None),
        Codec::Gzip => {
            let level = flate2::Compression::default();
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
            encoder.write_all(records)?;
            encoder.finish().map(Some)
        }
        Codec::Snappy => snappy::compress(records).map(Some).map_err(std::io::Error::other),
        Codec::Lz4 => {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
            encoder.write_all(records)?;
            encoder.finish().map(Some).map_err(std::io::Error::other)
        }
        Codec::Zstd => zstd::stream::encode_all(records, zstd::DEFAULT_COMPRESSION_LEVEL).map(Some),
    }
}
