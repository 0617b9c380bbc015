//! Metadata records as bytes: what stands inside a frame of the metadata log. Pure.
//!
//! ```text
//! payload = record*          record = tag u8, version u8, body (postcard)
//! ```
//!
//! Frames carry the checksum and the length; here every byte must be understood. An unknown tag or
//! version was written by a newer Corelog: nothing may be guessed, so it is an error.

use serde::{Serialize, de::DeserializeOwned};
use thiserror::Error;

use super::record::MetadataRecord;

// The table of what is on disk. Numbers are never reused.
const CLUSTER: (u8, u8) = (1, 0);
const BROKER: (u8, u8) = (2, 0);
const TOPIC: (u8, u8) = (3, 0);
const TOPIC_DELETED: (u8, u8) = (4, 0);
const PRODUCER_IDS: (u8, u8) = (5, 0);

/// Bytes that are no records, although their checksum is right.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RecordBytesError {
    /// Written by a version of Corelog that knows more.
    #[error("metadata record of kind {tag}, version {version} is not known to this version")]
    Unknown {
        /// The kind.
        tag: u8,
        /// Its version.
        version: u8,
    },
    /// Not what was ever written.
    #[error("metadata record of kind {tag}, version {version} is malformed: {why}")]
    Malformed {
        /// The kind.
        tag: u8,
        /// Its version.
        version: u8,
        /// What the decoder met.
        why: String,
    },
    /// One byte is left where a record should begin.
    #[error("a metadata record ends after its first byte")]
    Torn,
}

/// All of `records`, one behind the other.
pub fn encode_records(records: &[MetadataRecord]) -> Vec<u8> {
    let mut out = Vec::new();
    for record in records {
        match record {
            MetadataRecord::Cluster(body) => put(&mut out, CLUSTER, body),
            MetadataRecord::Broker(body) => put(&mut out, BROKER, body),
            MetadataRecord::Topic(body) => put(&mut out, TOPIC, body),
            MetadataRecord::TopicDeleted(body) => put(&mut out, TOPIC_DELETED, body),
            MetadataRecord::ProducerIds(body) => put(&mut out, PRODUCER_IDS, body),
        }
    }
    out
}

/// Reads what [`encode_records`] wrote, to the last byte.
///
/// # Errors
/// Anything else; also what a newer version wrote.
pub fn decode_records(mut bytes: &[u8]) -> Result<Vec<MetadataRecord>, RecordBytesError> {
    let mut records = Vec::new();
    while let [tag, rest @ ..] = bytes {
        let [version, body @ ..] = rest else { return Err(RecordBytesError::Torn) };
        let kind = (*tag, *version);
        let (record, rest) = match kind {
            CLUSTER => take(kind, body, MetadataRecord::Cluster)?,
            BROKER => take(kind, body, MetadataRecord::Broker)?,
            TOPIC => take(kind, body, MetadataRecord::Topic)?,
            TOPIC_DELETED => take(kind, body, MetadataRecord::TopicDeleted)?,
            PRODUCER_IDS => take(kind, body, MetadataRecord::ProducerIds)?,
            (tag, version) => return Err(RecordBytesError::Unknown { tag, version }),
        };
        records.push(record);
        bytes = rest;
    }
    Ok(records)
}

#[expect(clippy::expect_used, reason = "plain data into memory: postcard has nothing to refuse")]
fn put(out: &mut Vec<u8>, (tag, version): (u8, u8), body: &impl Serialize) {
    out.extend([tag, version]);
    out.extend(postcard::to_stdvec(body).expect("a body of plain data"));
}

fn take<T: DeserializeOwned>(
    (tag, version): (u8, u8),
    body: &[u8],
    wrap: impl FnOnce(T) -> MetadataRecord,
) -> Result<(MetadataRecord, &[u8]), RecordBytesError> {
    match postcard::take_from_bytes::<T>(body) {
        Ok((body, rest)) => Ok((wrap(body), rest)),
        Err(error) => Err(RecordBytesError::Malformed { tag, version, why: error.to_string() }),
    }
}
