//! The records of `__consumer_offsets`, as values: what a group coordinator knows is what replaying
//! these gives. Any thread.
//!
//! A record is a key, which says what it is about, and a value, which says what that is now;
//! without a value (a tombstone) it is nothing any more. The formats are Apache Kafka's
//! (`group-coordinator/src/main/resources/common/message`), so that its formatters read them.
//!
//! Must not know: groups as they live, requests, files.

use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use super::{LeaderEpoch, Offset};

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
        value: Option<i32>,
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

/// A classic group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClassicGroupValue {
    /// `consumer`, `connect`, ...; empty for a group without members that never had any.
    pub protocol_type: Arc<str>,
    /// Rises with every rebalance.
    pub generation: i32,
    /// The protocol that all members share.
    pub protocol: Option<Arc<str>>,
    /// Member id of the leader.
    pub leader: Option<Arc<str>>,
    /// Since when the group is in its state, Unix milliseconds; -1 = not known.
    pub state_timestamp: i64,
    /// The members.
    pub members: Vec<ClassicMemberValue>,
}

/// A member of a classic group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassicMemberValue {
    /// Its id.
    pub member_id: Arc<str>,
    /// `group.instance.id` of a static member.
    pub instance_id: Option<Arc<str>>,
    /// `client.id`.
    pub client_id: Arc<str>,
    /// Address it came from, as `/10.0.0.1`.
    pub client_host: Arc<str>,
    /// Milliseconds it may take to rejoin.
    pub rebalance_timeout_ms: i32,
    /// Milliseconds it may be silent.
    pub session_timeout_ms: i32,
    /// Its metadata for the protocol of the group.
    pub subscription: Bytes,
    /// What the leader assigned to it.
    pub assignment: Bytes,
}

/// Epoch of a consumer group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupEpochValue {
    /// Rises whenever a new target assignment is needed.
    pub epoch: i32,
    /// Hash of the metadata of the topics it subscribes to (Kafka 4.1+); 0 = none.
    pub metadata_hash: i64,
}

/// What a member of a consumer group wants.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemberValue {
    /// `group.instance.id` of a static member.
    pub instance_id: Option<Arc<str>>,
    /// `client.rack`.
    pub rack_id: Option<Arc<str>>,
    /// `client.id`.
    pub client_id: Arc<str>,
    /// Address it came from, as `/10.0.0.1`.
    pub client_host: Arc<str>,
    /// Topics by name, sorted.
    pub topics: Vec<Arc<str>>,
    /// Topics by pattern.
    pub pattern: Option<Arc<str>>,
    /// Milliseconds it may take to revoke partitions; -1 = not said.
    pub rebalance_timeout_ms: i32,
    /// The assignor it prefers.
    pub assignor: Option<Arc<str>>,
    /// What a member that speaks the classic protocol brought.
    pub classic: Option<ClassicMetadata>,
}

/// What a member of a consumer group that speaks the classic protocol brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassicMetadata {
    /// Milliseconds it may be silent.
    pub session_timeout_ms: i32,
    /// Protocol names and their metadata.
    pub protocols: Vec<(Arc<str>, Bytes)>,
}

/// Partitions of one topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TopicPartitions {
    /// The topic.
    pub topic: Uuid,
    /// Its partitions, sorted.
    pub partitions: Vec<i32>,
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
    pub assigned: Vec<TopicPartitions>,
    /// What it was told to give up.
    pub revoking: Vec<TopicPartitions>,
}

/// What a pattern matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternValue {
    /// Names of topics, sorted.
    pub topics: Vec<Arc<str>>,
    /// Version of the metadata image it was matched in.
    pub version: i64,
    /// When it was matched, Unix milliseconds.
    pub timestamp: i64,
}

impl GroupRecord {
    /// The group it is about.
    pub fn group(&self) -> &Arc<str> {
        match self {
            GroupRecord::Offset { group, .. }
            | GroupRecord::Classic { group, .. }
            | GroupRecord::Epoch { group, .. }
            | GroupRecord::Member { group, .. }
            | GroupRecord::TargetEpoch { group, .. }
            | GroupRecord::Target { group, .. }
            | GroupRecord::Current { group, .. }
            | GroupRecord::Pattern { group, .. } => group,
        }
    }
}
