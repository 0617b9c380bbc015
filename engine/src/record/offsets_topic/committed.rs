//! A committed offset, and its value in the log (`OffsetCommitValue`). Pure.
//!
//! ```text
//! offset i64, [v3+: leader epoch i32], metadata string, commit timestamp i64,
//! [v1: expire timestamp i64], [v4+: tag 0 = topic id uuid]
//! ```

use std::sync::Arc;

use uuid::Uuid;

use super::error::DecodeError;
use super::fields::{PLAIN_TEXT_BYTES_MAX, Reader, Writer};
use crate::record::{LeaderEpoch, Offset};

/// Written when the offset says itself when it expires.
const EXPIRING: i16 = 1;
/// Written else.
const NEWEST: i16 = 4;
/// The first one in the compact style.
const COMPACT: i16 = 4;
/// KIP-848: the topic's id.
const TOPIC_ID: u32 = 0;

/// A committed offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommittedOffset {
    /// The next offset to read.
    pub offset: Offset,
    /// Leader epoch of the record before it; -1 = not said.
    pub leader_epoch: LeaderEpoch,
    /// A note of the client's.
    pub metadata: Arc<str>,
    /// When it was committed, Unix milliseconds.
    pub commit_timestamp: i64,
    /// When it expires, Unix milliseconds; -1: with its group (only OffsetCommit before v5 says).
    pub expire_timestamp: i64,
    /// The topic's id when it was committed; nil = not known.
    pub topic_id: Uuid,
}

impl CommittedOffset {
    /// Apache Kafka's choice of the version: the one that has an expire timestamp has neither a
    /// leader epoch nor a topic id, and they are lost.
    pub(super) fn encode(&self) -> Vec<u8> {
        let expires = self.expire_timestamp != -1 && self.metadata.len() <= PLAIN_TEXT_BYTES_MAX;
        let version = if expires { EXPIRING } else { NEWEST };
        let mut to = Writer::new(version, !expires);
        to.i64(self.offset);
        if !expires {
            to.i32(self.leader_epoch);
        }
        to.text(&self.metadata);
        to.i64(self.commit_timestamp);
        if expires {
            to.i64(self.expire_timestamp);
        }
        let topic_id = |to: &mut Writer| to.uuid(self.topic_id);
        match self.topic_id.is_nil() {
            true => to.tags(&[]),
            false => to.tags(&[(TOPIC_ID, &topic_id)]),
        }
        to.finish()
    }

    pub(super) fn decode(kind: i16, from: &mut Reader) -> Result<CommittedOffset, DecodeError> {
        let version = from.i16()?;
        if !(0..=NEWEST).contains(&version) {
            return Err(DecodeError::UnknownVersion { kind, version });
        }
        from.compact(version >= COMPACT);
        let offset = from.i64()?;
        let leader_epoch = if version >= 3 { from.i32()? } else { -1 };
        let metadata = from.text()?;
        let commit_timestamp = from.i64()?;
        let expire_timestamp = if version == EXPIRING { from.i64()? } else { -1 };
        let mut topic_id = Uuid::nil();
        from.tags(|tag, field| {
            if tag == TOPIC_ID {
                topic_id = field.uuid()?;
            }
            Ok(())
        })?;
        Ok(CommittedOffset {
            offset,
            leader_epoch,
            metadata,
            commit_timestamp,
            expire_timestamp,
            topic_id,
        })
    }
}
