//! One record: what it is about and what that is now, its bytes and back. Pure.
//!
//! Must not know: the layouts of keys and values, which their own files have.

use std::sync::Arc;

use bytes::Bytes;

use super::assignment::{self, CurrentValue, TopicPartitions};
use super::classic::ClassicGroupValue;
use super::committed::CommittedOffset;
use super::epoch::{GroupEpochValue, TargetEpochValue};
use super::error::DecodeError;
use super::fields::Reader;
use super::key::{self, Names};
use super::member::MemberValue;
use super::pattern::PatternValue;

/// The internal topic.
pub const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// One record. `None` as value is a tombstone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupRecord {
    /// `OffsetCommit` (key version 0 or 1).
    Offset {
        /// The group.
        group: Arc<str>,
        /// The topic's name.
        topic: Arc<str>,
        /// The partition.
        partition: i32,
        /// Where the group goes on.
        value: Option<CommittedOffset>,
    },
    /// `GroupMetadata` (2): a classic group.
    Classic {
        /// The group.
        group: Arc<str>,
        /// What the group is.
        value: Option<ClassicGroupValue>,
    },
    /// `ConsumerGroupMetadata` (3): epoch of a consumer group.
    Epoch {
        /// The group.
        group: Arc<str>,
        /// Its epoch.
        value: Option<GroupEpochValue>,
    },
    /// `ConsumerGroupPartitionMetadata` (4): what Kafka before 4.1 knew of its topics. A group
    /// that has one gets rid of it.
    PartitionMetadata {
        /// The group.
        group: Arc<str>,
        /// Not looked into.
        value: Option<Bytes>,
    },
    /// `ConsumerGroupMemberMetadata` (5): what a member of a consumer group wants.
    Member {
        /// The group.
        group: Arc<str>,
        /// The member.
        member: Arc<str>,
        /// What it wants.
        value: Option<MemberValue>,
    },
    /// `ConsumerGroupTargetAssignmentMetadata` (6): the epoch of the target assignment.
    TargetEpoch {
        /// The group.
        group: Arc<str>,
        /// The epoch the assignment was made in.
        value: Option<TargetEpochValue>,
    },
    /// `ConsumerGroupTargetAssignmentMember` (7): what a member is to have.
    Target {
        /// The group.
        group: Arc<str>,
        /// The member.
        member: Arc<str>,
        /// The partitions.
        value: Option<Vec<TopicPartitions>>,
    },
    /// `ConsumerGroupCurrentMemberAssignment` (8): what a member has.
    Current {
        /// The group.
        group: Arc<str>,
        /// The member.
        member: Arc<str>,
        /// Epoch, state and partitions.
        value: Option<CurrentValue>,
    },
    /// `ConsumerGroupRegularExpression` (16): the topics a pattern matched.
    Pattern {
        /// The group.
        group: Arc<str>,
        /// The pattern, RE2 syntax.
        pattern: Arc<str>,
        /// What it matched.
        value: Option<PatternValue>,
    },
}

impl GroupRecord {
    /// The group it is about.
    pub fn group(&self) -> &Arc<str> {
        match self {
            GroupRecord::Offset { group, .. }
            | GroupRecord::Classic { group, .. }
            | GroupRecord::Epoch { group, .. }
            | GroupRecord::PartitionMetadata { group, .. }
            | GroupRecord::Member { group, .. }
            | GroupRecord::TargetEpoch { group, .. }
            | GroupRecord::Target { group, .. }
            | GroupRecord::Current { group, .. }
            | GroupRecord::Pattern { group, .. } => group,
        }
    }

    /// Whether it removes what it is about.
    pub fn is_tombstone(&self) -> bool {
        match self {
            GroupRecord::Offset { value, .. } => value.is_none(),
            GroupRecord::Classic { value, .. } => value.is_none(),
            GroupRecord::Epoch { value, .. } => value.is_none(),
            GroupRecord::PartitionMetadata { value, .. } => value.is_none(),
            GroupRecord::Member { value, .. } => value.is_none(),
            GroupRecord::TargetEpoch { value, .. } => value.is_none(),
            GroupRecord::Target { value, .. } => value.is_none(),
            GroupRecord::Current { value, .. } => value.is_none(),
            GroupRecord::Pattern { value, .. } => value.is_none(),
        }
    }

    /// The key in the log. Names must not be longer than [`super::PLAIN_TEXT_BYTES_MAX`].
    pub fn key_bytes(&self) -> Vec<u8> {
        let (kind, names) = match self {
            GroupRecord::Offset { topic, partition, .. } => {
                (key::OFFSET, Names::Partition(topic, *partition))
            }
            GroupRecord::Classic { .. } => (key::CLASSIC, Names::Group),
            GroupRecord::Epoch { .. } => (key::EPOCH, Names::Group),
            GroupRecord::PartitionMetadata { .. } => (key::PARTITION_METADATA, Names::Group),
            GroupRecord::Member { member, .. } => (key::MEMBER, Names::GroupAnd(member)),
            GroupRecord::TargetEpoch { .. } => (key::TARGET_EPOCH, Names::Group),
            GroupRecord::Target { member, .. } => (key::TARGET, Names::GroupAnd(member)),
            GroupRecord::Current { member, .. } => (key::CURRENT, Names::GroupAnd(member)),
            GroupRecord::Pattern { pattern, .. } => (key::PATTERN, Names::GroupAnd(pattern)),
        };
        key::encode(kind, self.group(), names)
    }

    /// The value in the log; `None` for a tombstone.
    pub fn value_bytes(&self) -> Option<Vec<u8>> {
        match self {
            GroupRecord::Offset { value, .. } => value.as_ref().map(CommittedOffset::encode),
            GroupRecord::Classic { value, .. } => value.as_ref().map(ClassicGroupValue::encode),
            GroupRecord::Epoch { value, .. } => value.map(GroupEpochValue::encode),
            GroupRecord::PartitionMetadata { value, .. } => {
                value.as_ref().map(|value| value.to_vec())
            }
            GroupRecord::Member { value, .. } => value.as_ref().map(MemberValue::encode),
            GroupRecord::TargetEpoch { value, .. } => value.map(TargetEpochValue::encode),
            GroupRecord::Target { value, .. } => {
                value.as_ref().map(|target| assignment::encode_target(target))
            }
            GroupRecord::Current { value, .. } => value.as_ref().map(CurrentValue::encode),
            GroupRecord::Pattern { value, .. } => value.as_ref().map(PatternValue::encode),
        }
    }

    /// A record as it stands in the log. `Ok(None)`: a kind that is not kept, because it belongs to
    /// other kinds of groups or is newer than this.
    pub fn decode(key: &[u8], value: Option<&[u8]>) -> Result<Option<GroupRecord>, DecodeError> {
        let Some(key) = key::decode(key)? else { return Ok(None) };
        let (kind, group) = (key.kind, key.group);
        let mut from = value.map(Reader::new);
        let from = from.as_mut();
        Ok(Some(match kind {
            key::CLASSIC => GroupRecord::Classic {
                group,
                value: from.map(|from| ClassicGroupValue::decode(kind, from)).transpose()?,
            },
            key::EPOCH => GroupRecord::Epoch {
                group,
                value: from.map(|from| GroupEpochValue::decode(kind, from)).transpose()?,
            },
            key::PARTITION_METADATA => {
                GroupRecord::PartitionMetadata { group, value: value.map(Bytes::copy_from_slice) }
            }
            key::TARGET_EPOCH => GroupRecord::TargetEpoch {
                group,
                value: from.map(|from| TargetEpochValue::decode(kind, from)).transpose()?,
            },
            key::MEMBER => GroupRecord::Member {
                group,
                member: key.name,
                value: from.map(|from| MemberValue::decode(kind, from)).transpose()?,
            },
            key::TARGET => GroupRecord::Target {
                group,
                member: key.name,
                value: from.map(|from| assignment::decode_target(kind, from)).transpose()?,
            },
            key::CURRENT => GroupRecord::Current {
                group,
                member: key.name,
                value: from.map(|from| CurrentValue::decode(kind, from)).transpose()?,
            },
            key::PATTERN => GroupRecord::Pattern {
                group,
                pattern: key.name,
                value: from.map(|from| PatternValue::decode(kind, from)).transpose()?,
            },
            // The two kinds of offsets are all that is left.
            _ => GroupRecord::Offset {
                group,
                topic: key.name,
                partition: key.partition,
                value: from.map(|from| CommittedOffset::decode(kind, from)).transpose()?,
            },
        }))
    }
}
