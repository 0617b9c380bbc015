//! Epochs of a consumer group (KIP-848), and their values in the log: `ConsumerGroupMetadataValue`,
//! `ConsumerGroupTargetAssignmentMetadataValue`. Pure.
//!
//! ```text
//! group   epoch i32, [tag 0: metadata hash i64]
//! target  epoch i32, [tag 0: timestamp i64]
//! ```

use super::error::DecodeError;
use super::fields::{Reader, Writer};

/// The one version of both.
const VERSION: i16 = 0;
const METADATA_HASH: u32 = 0;
const TIMESTAMP: u32 = 0;

/// Epoch of a consumer group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupEpochValue {
    /// Rises whenever a new target assignment is needed.
    pub epoch: i32,
    /// Hash of the metadata of the topics it subscribes to (KIP-1101); 0 = none.
    pub metadata_hash: i64,
}

/// Epoch of the target assignment of a consumer group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetEpochValue {
    /// The epoch of the group that the assignment was made in.
    pub epoch: i32,
    /// When it was made (KIP-1263), Unix milliseconds; 0 = not known.
    pub timestamp: i64,
}

impl GroupEpochValue {
    pub(super) fn encode(self) -> Vec<u8> {
        epoch_and_number(self.epoch, METADATA_HASH, self.metadata_hash)
    }

    pub(super) fn decode(kind: i16, from: &mut Reader) -> Result<GroupEpochValue, DecodeError> {
        let (epoch, metadata_hash) = read_epoch_and_number(kind, METADATA_HASH, from)?;
        Ok(GroupEpochValue { epoch, metadata_hash })
    }
}

impl TargetEpochValue {
    pub(super) fn encode(self) -> Vec<u8> {
        epoch_and_number(self.epoch, TIMESTAMP, self.timestamp)
    }

    pub(super) fn decode(kind: i16, from: &mut Reader) -> Result<TargetEpochValue, DecodeError> {
        let (epoch, timestamp) = read_epoch_and_number(kind, TIMESTAMP, from)?;
        Ok(TargetEpochValue { epoch, timestamp })
    }
}

fn epoch_and_number(epoch: i32, tag: u32, number: i64) -> Vec<u8> {
    let mut to = Writer::new(VERSION, true);
    to.i32(epoch);
    match number {
        0 => to.tags(&[]),
        number => to.tags(&[(tag, &|to: &mut Writer| to.i64(number))]),
    }
    to.finish()
}

fn read_epoch_and_number(
    kind: i16,
    tag_of_number: u32,
    from: &mut Reader,
) -> Result<(i32, i64), DecodeError> {
    from.expect_version(kind, VERSION)?;
    let epoch = from.i32()?;
    let mut number = 0;
    from.tags(|tag, field| {
        if tag == tag_of_number {
            number = field.i64()?;
        }
        Ok(())
    })?;
    Ok((epoch, number))
}
