//! The records that every partition of the null responder seems to hold: one run of batches in
//! memory, from offset 0 on. Pure.

use bytes::{Bytes, BytesMut};
use corelog_engine::record::{BatchBuilder, BuildError, Codec};

use crate::clock;

/// Bytes of records in a batch.
const BATCH_BYTES: usize = 64 << 10;
/// Bytes of the whole run.
const RUN_BYTES: usize = 1 << 20;
const BASE_OFFSET_BYTES: usize = 8;

/// Batches from offset 0 on.
#[derive(Debug, Clone)]
pub struct Run {
    /// The batches.
    pub bytes: Bytes,
    /// The offset behind the last record.
    pub end: i64,
}

impl Run {
    /// Records of this size, about a megabyte of them.
    ///
    /// # Errors
    /// A record that is too large for a batch.
    pub fn new(record_bytes: usize) -> Result<Run, BuildError> {
        let value = vec![b'n'; record_bytes];
        let mut bytes = BytesMut::new();
        let mut end = 0_i64;
        while bytes.len() < RUN_BYTES {
            let mut builder = BatchBuilder::new(Codec::None);
            while builder.is_empty() || builder.size_in_bytes() + record_bytes < BATCH_BYTES {
                builder.push(clock::wall_ms(), None, Some(&value));
            }
            let records = i64::try_from(builder.len()).unwrap_or(0);
            let mut batch = builder.finish()?;
            batch[..BASE_OFFSET_BYTES].copy_from_slice(&end.to_be_bytes());
            bytes.extend_from_slice(&batch);
            end += records;
        }
        Ok(Run { bytes: bytes.freeze(), end })
    }
}
