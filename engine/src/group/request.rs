//! What may be asked of a group: plain values, any thread.

use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use crate::record::offsets_topic::TopicPartitions;
use crate::record::{LeaderEpoch, Offset};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// `client.id`, empty when there is none.
    pub client_id: Arc<str>,
    /// Address it came from, as Kafka writes it: `/10.0.0.1`.
    pub host: Arc<str>,
}

/// A request to one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// JoinGroup.
    Join(Join),
    /// SyncGroup.
    Sync(Sync),
    /// Heartbeat.
    Heartbeat(Heartbeat),
    /// LeaveGroup.
    Leave(Vec<Leaving>),
    /// ConsumerGroupHeartbeat (KIP-848).
    ConsumerHeartbeat(ConsumerHeartbeat),
    /// OffsetCommit.
    Commit(Commit),
    /// OffsetFetch.
    FetchOffsets(FetchOffsets),
    /// OffsetDelete.
    DeleteOffsets(Vec<(Arc<str>, i32)>),
    /// DescribeGroups.
    Describe,
    /// ConsumerGroupDescribe.
    DescribeConsumer,
    /// DeleteGroups.
    Delete,
}

/// JoinGroup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// Empty for a member that is new.
    pub member_id: Arc<str>,
    /// `group.instance.id` of a static member.
    pub instance_id: Option<Arc<str>>,
    /// `consumer`, `connect`, ...
    pub protocol_type: Arc<str>,
    /// Protocols the member can do, best first, with its metadata for each.
    pub protocols: Vec<(Arc<str>, Bytes)>,
    /// Milliseconds it may be silent.
    pub session_timeout_ms: i32,
    /// Milliseconds it may take to rejoin.
    pub rebalance_timeout_ms: i32,
    /// Why it joins, for people.
    pub reason: Option<Arc<str>>,
    /// A new dynamic member is given an id first and has to come again with it (v4+, KIP-394).
    pub requires_known_member_id: bool,
    /// The leader may be told to skip the assignment (v9+, KIP-814).
    pub supports_skipping_assignment: bool,
}

/// SyncGroup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sync {
    /// Who.
    pub member_id: Arc<str>,
    /// `group.instance.id` of a static member.
    pub instance_id: Option<Arc<str>>,
    /// Generation it joined.
    pub generation: i32,
    /// Checked when present (v5+).
    pub protocol_type: Option<Arc<str>>,
    /// Checked when present (v5+).
    pub protocol: Option<Arc<str>>,
    /// From the leader: who gets what.
    pub assignments: Vec<(Arc<str>, Bytes)>,
}

/// Heartbeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heartbeat {
    /// Who.
    pub member_id: Arc<str>,
    /// `group.instance.id` of a static member.
    pub instance_id: Option<Arc<str>>,
    /// Generation it is in.
    pub generation: i32,
}

/// One member of LeaveGroup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaving {
    /// Who; empty when only the instance is named.
    pub member_id: Arc<str>,
    /// `group.instance.id` of a static member.
    pub instance_id: Option<Arc<str>>,
    /// Why, for people.
    pub reason: Option<Arc<str>>,
}

/// ConsumerGroupHeartbeat. `None` = as before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerHeartbeat {
    /// Empty for a member that is new and speaks v0.
    pub member_id: Arc<str>,
    /// 0 joins, -1 leaves, -2 leaves for a while (static), else the epoch it is in.
    pub member_epoch: i32,
    /// `group.instance.id` of a static member.
    pub instance_id: Option<Arc<str>>,
    /// `client.rack`.
    pub rack_id: Option<Arc<str>>,
    /// Milliseconds it may take to revoke; -1 = as before.
    pub rebalance_timeout_ms: i32,
    /// Topics by name.
    pub topics: Option<Vec<Arc<str>>>,
    /// Topics by pattern, RE2 syntax; empty = none.
    pub pattern: Option<Arc<str>>,
    /// The assignor it prefers.
    pub assignor: Option<Arc<str>>,
    /// What it owns now.
    pub owned: Option<Vec<TopicPartitions>>,
    /// Whether the member must bring its own id (v1+, KIP-1082).
    pub brings_member_id: bool,
}

impl ConsumerHeartbeat {
    /// Whether the member joins, or comes back without partitions.
    pub fn joins(&self) -> bool {
        self.member_epoch == 0
    }

    /// Whether the member leaves, for good or for a while.
    pub fn leaves(&self) -> bool {
        matches!(self.member_epoch, -1 | -2)
    }
}

/// OffsetCommit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Who; empty for a consumer outside of any membership.
    pub member_id: Arc<str>,
    /// `group.instance.id` of a static member.
    pub instance_id: Option<Arc<str>>,
    /// Generation, or member epoch; -1 outside of any membership.
    pub generation: i32,
    /// Whether an old epoch is told so (STALE_MEMBER_EPOCH, v9+) or as an old generation.
    pub knows_epochs: bool,
    /// Milliseconds to keep them (before v5); `None`: as the broker is set.
    pub retention_ms: Option<i64>,
    /// The offsets. Topics that there are not have been answered already.
    pub offsets: Vec<CommitPartition>,
}

/// One offset of OffsetCommit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitPartition {
    /// Place in the request; comes back with the answer.
    pub index: u32,
    /// The topic's name.
    pub topic: Arc<str>,
    /// The topic's id, looked up when the request named the topic: it is kept with the offset, and
    /// offsets of a topic that was deleted are told from those of one created anew by it.
    pub topic_id: Uuid,
    /// The partition.
    pub partition: i32,
    /// The next offset to read.
    pub offset: Offset,
    /// Leader epoch of the record before it; -1 = not said.
    pub leader_epoch: LeaderEpoch,
    /// A note of the client's.
    pub metadata: Arc<str>,
}

/// OffsetFetch of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchOffsets {
    /// Who, where the request says (v9+).
    pub member_id: Option<Arc<str>>,
    /// Its epoch; -1 = not said.
    pub member_epoch: i32,
    /// Offsets of open transactions are refused (v7+).
    pub require_stable: bool,
    /// Which; `None` = all there are.
    pub partitions: Option<Vec<FetchPartition>>,
}

/// One partition of OffsetFetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchPartition {
    /// The topic's name.
    pub topic: Arc<str>,
    /// The topic's id when the request has it (v10+), else nil: an offset committed under another
    /// id is none.
    pub topic_id: Uuid,
    /// The partition.
    pub partition: i32,
}
