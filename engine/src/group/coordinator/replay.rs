//! From batches of `__consumer_offsets` to what they say, in order. Pure.
//!
//! Offsets that are committed inside a transaction count when its marker comes: what that means for
//! a group is the group's business.

use thiserror::Error;

use crate::record::offsets_topic::{DecodeError, GroupRecord};
use crate::record::{
    BatchError, BatchHeader, HEADER_BYTES, Offset, ProducerId, Record, Records, RecordsError,
    check_crc, decompressed_max,
};

/// Why a log cannot be replayed.
#[derive(Debug, Error)]
pub(super) enum ReplayError {
    /// What is stored there is no batch.
    #[error("no batch at offset {at}: {error}")]
    Batch {
        /// The offset before it.
        at: Offset,
        /// What is wrong.
        error: BatchError,
    },
    /// The batch is damaged.
    #[error("the batch at offset {0} is damaged")]
    Damaged(Offset),
    /// Its records are.
    #[error("the records of the batch at offset {at}: {error}")]
    Records {
        /// First offset of the batch.
        at: Offset,
        /// What is wrong.
        error: RecordsError,
    },
    /// A record is.
    #[error("the record at offset {at}: {error}")]
    Record {
        /// Its offset.
        at: Offset,
        /// What is wrong.
        error: DecodeError,
    },
}

/// What a record says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Replayed {
    /// This, now.
    Record(GroupRecord),
    /// This, when the transaction of the producer ends well.
    Open(ProducerId, GroupRecord),
    /// The transaction of the producer ended; true: well.
    End(ProducerId, bool),
}

/// Reads batch after batch of one log.
#[derive(Default)]
pub(super) struct Replay {
    /// Records that are of no kind kept here.
    pub(super) skipped: u64,
    /// Records that were read.
    pub(super) records: u64,
}

impl Replay {
    /// Takes the first batch of `bytes`; `at` is for the texts of errors. Returns its header, or
    /// `None` when the bytes end inside it.
    pub(super) fn batch(
        &mut self,
        bytes: &[u8],
        at: Offset,
        apply: &mut dyn FnMut(Replayed),
    ) -> Result<Option<BatchHeader>, ReplayError> {
        if bytes.len() < HEADER_BYTES {
            return Ok(None);
        }
        let header = BatchHeader::parse(bytes).map_err(|error| ReplayError::Batch { at, error })?;
        let Some(batch) = bytes.get(..header.size_in_bytes()) else { return Ok(None) };
        let at = header.base_offset;
        if !check_crc(batch) {
            return Err(ReplayError::Damaged(at));
        }
        let most = decompressed_max(batch.len());
        let failed = |error| ReplayError::Records { at, error };
        for record in Records::open(&header, batch, most).map_err(failed)?.iter() {
            if let Some(replayed) = self.record(&header, &record.map_err(failed)?)? {
                apply(replayed);
            }
        }
        Ok(Some(header))
    }

    fn record(
        &mut self,
        header: &BatchHeader,
        record: &Record<'_>,
    ) -> Result<Option<Replayed>, ReplayError> {
        self.records += 1;
        let (key, producer) = (record.key.unwrap_or_default(), header.producer_id);
        if header.is_control() {
            return Ok(marker(key).map(|committed| Replayed::End(producer, committed)));
        }
        let failed = |error| ReplayError::Record { at: record.offset, error };
        let decoded = GroupRecord::decode(key, record.value).map_err(failed)?;
        self.skipped += u64::from(decoded.is_none());
        Ok(decoded.map(|decoded| match header.is_transactional() {
            true => Replayed::Open(producer, decoded),
            false => Replayed::Record(decoded),
        }))
    }
}

/// The key of a control record is a version and a type: 0 the transaction was aborted, 1 committed.
fn marker(key: &[u8]) -> Option<bool> {
    match key.get(2..4)? {
        [0, 0] => Some(false),
        [0, 1] => Some(true),
        _ => None,
    }
}
