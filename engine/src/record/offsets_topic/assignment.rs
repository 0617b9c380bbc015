//! What a member of a consumer group is to have and what it has, and their values in the log:
//! `ConsumerGroupTargetAssignmentMemberValue`, `ConsumerGroupCurrentMemberAssignmentValue`. Pure.
//!
//! ```text
//! target   [topic id uuid, partitions [i32]]
//! current  epoch i32, previous epoch i32, state i8, assigned [owned], revoking [owned]
//! owned    topic id uuid, partitions [i32], [tag 0: epochs ?[i32]]
//! ```

use uuid::Uuid;

use super::error::DecodeError;
use super::fields::{Reader, TaggedField, Writer};

/// The one version of both.
const VERSION: i16 = 0;
/// KIP-1251: the epoch in which the member got each partition.
const EPOCHS: u32 = 0;

/// Partitions of one topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TopicPartitions {
    /// The topic.
    pub topic: Uuid,
    /// Its partitions, sorted.
    pub partitions: Vec<i32>,
}

/// Partitions of one topic that a member has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OwnedPartitions {
    /// The topic.
    pub topic: Uuid,
    /// Its partitions, sorted, each with the member epoch in which the member got it (KIP-1251).
    pub partitions: Vec<(i32, i32)>,
}

/// What a member of a consumer group has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrentValue {
    /// Epoch the member is in.
    pub member_epoch: i32,
    /// Epoch it was in before.
    pub previous_member_epoch: i32,
    /// 0 stable, 1 unrevoked partitions, 2 unreleased partitions; 127 unknown.
    pub state: i8,
    /// What it owns.
    pub assigned: Vec<OwnedPartitions>,
    /// What it was told to give up.
    pub revoking: Vec<OwnedPartitions>,
}

pub(super) fn encode_target(target: &[TopicPartitions]) -> Vec<u8> {
    let mut to = Writer::new(VERSION, true);
    to.list(target, |to, topic| {
        to.uuid(topic.topic);
        to.list(&topic.partitions, |to, partition| to.i32(*partition));
        to.tags(&[]);
    });
    to.tags(&[]);
    to.finish()
}

pub(super) fn decode_target(
    kind: i16,
    from: &mut Reader,
) -> Result<Vec<TopicPartitions>, DecodeError> {
    from.expect_version(kind, VERSION)?;
    let target = from.list(|from| {
        let topic = TopicPartitions { topic: from.uuid()?, partitions: from.list(Reader::i32)? };
        from.no_tags()?;
        Ok(topic)
    })?;
    from.no_tags()?;
    Ok(target)
}

impl CurrentValue {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut to = Writer::new(VERSION, true);
        to.i32(self.member_epoch);
        to.i32(self.previous_member_epoch);
        to.i8(self.state);
        to.list(&self.assigned, |to, owned| owned.encode(to));
        to.list(&self.revoking, |to, owned| owned.encode(to));
        to.tags(&[]);
        to.finish()
    }

    pub(super) fn decode(kind: i16, from: &mut Reader) -> Result<CurrentValue, DecodeError> {
        from.expect_version(kind, VERSION)?;
        let member_epoch = from.i32()?;
        // A member without epochs got its partitions in its own epoch; a static member that left
        // for a while has a negative one.
        let epoch = member_epoch.max(0);
        let value = CurrentValue {
            member_epoch,
            previous_member_epoch: from.i32()?,
            state: from.i8()?,
            assigned: from.list(|from| OwnedPartitions::decode(epoch, from))?,
            revoking: from.list(|from| OwnedPartitions::decode(epoch, from))?,
        };
        from.no_tags()?;
        Ok(value)
    }
}

impl OwnedPartitions {
    fn encode(&self, to: &mut Writer) {
        to.uuid(self.topic);
        to.list(&self.partitions, |to, (partition, _)| to.i32(*partition));
        let epochs = |to: &mut Writer| to.list(&self.partitions, |to, (_, epoch)| to.i32(*epoch));
        // No epochs are Kafka's default, which is not written.
        let tags: &[TaggedField] =
            if self.partitions.is_empty() { &[] } else { &[(EPOCHS, &epochs)] };
        to.tags(tags);
    }

    fn decode(epoch_of_member: i32, from: &mut Reader) -> Result<OwnedPartitions, DecodeError> {
        let topic = from.uuid()?;
        let partitions = from.list(Reader::i32)?;
        let mut epochs = None;
        from.tags(|tag, field| {
            if tag == EPOCHS {
                epochs = field.nullable_list(Reader::i32)?;
            }
            Ok(())
        })?;
        // Kafka before 4.3 wrote none.
        let epochs = epochs
            .filter(|epochs| epochs.len() == partitions.len())
            .unwrap_or_else(|| vec![epoch_of_member; partitions.len()]);
        Ok(OwnedPartitions { topic, partitions: partitions.into_iter().zip(epochs).collect() })
    }
}
