//! What a group answers: plain values, any thread. One variant per request.

use std::sync::Arc;

use bytes::Bytes;

use super::error::GroupError;
use crate::record::offsets_topic::{CommittedOffset, TopicPartitions};

/// The answer to a [`super::request::Request`]: the variant of the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To JoinGroup.
    Join(Joined),
    /// To SyncGroup.
    Sync(Result<Synced, GroupError>),
    /// To Heartbeat.
    Heartbeat(Result<(), GroupError>),
    /// To LeaveGroup, in the order of the request.
    Leave(Result<Vec<Left>, GroupError>),
    /// To ConsumerGroupHeartbeat.
    ConsumerHeartbeat(Result<ConsumerBeat, GroupError>),
    /// To OffsetCommit: by place in the request.
    Commit(Vec<(u32, Result<(), GroupError>)>),
    /// To OffsetFetch: in the order of the request, by topic and partition when it asked for all.
    FetchOffsets(Result<Vec<FetchedOffset>, GroupError>),
    /// To OffsetDelete: in the order of the request.
    DeleteOffsets(Result<Vec<Result<(), GroupError>>, GroupError>),
    /// To DescribeGroups.
    Describe(Result<DescribedGroup, GroupError>),
    /// To ConsumerGroupDescribe.
    DescribeConsumer(Result<DescribedConsumerGroup, GroupError>),
    /// To DeleteGroups.
    Delete(Result<(), GroupError>),
}

/// The answer to JoinGroup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// Why not.
    pub error: Option<GroupError>,
    /// The member's id; with MEMBER_ID_REQUIRED the one to come back with.
    pub member_id: Arc<str>,
    /// Generation of the group, -1 on error.
    pub generation: i32,
    /// Protocol type of the group.
    pub protocol_type: Option<Arc<str>>,
    /// The protocol that all members share.
    pub protocol: Option<Arc<str>>,
    /// Member id of the leader.
    pub leader: Arc<str>,
    /// The leader shall not assign (KIP-814).
    pub skip_assignment: bool,
    /// To the leader: everybody.
    pub members: Vec<JoinedMember>,
}

/// A member as the leader hears of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinedMember {
    /// Its id.
    pub member_id: Arc<str>,
    /// `group.instance.id` of a static member.
    pub instance_id: Option<Arc<str>>,
    /// Its metadata for the protocol chosen.
    pub metadata: Bytes,
}

/// The answer to SyncGroup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synced {
    /// Protocol type of the group.
    pub protocol_type: Option<Arc<str>>,
    /// The protocol that all members share.
    pub protocol: Option<Arc<str>>,
    /// What the leader assigned to this member.
    pub assignment: Bytes,
}

/// The answer for one member of LeaveGroup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// As in the request.
    pub member_id: Arc<str>,
    /// As in the request.
    pub instance_id: Option<Arc<str>>,
    /// Why not.
    pub error: Option<GroupError>,
}

/// The answer to ConsumerGroupHeartbeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerBeat {
    /// The member's id.
    pub member_id: Option<Arc<str>>,
    /// Its epoch.
    pub member_epoch: i32,
    /// When the next one is due.
    pub heartbeat_interval_ms: i32,
    /// What it shall own; `None` = as before.
    pub assignment: Option<Vec<TopicPartitions>>,
}

/// One offset of OffsetFetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedOffset {
    /// The topic's name.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// `Ok(None)`: nothing committed.
    pub offset: Result<Option<CommittedOffset>, GroupError>,
}

/// A group as ListGroups tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedGroup {
    /// Its id.
    pub group: Arc<str>,
    /// `consumer`, `connect`, ...; empty for offsets without members.
    pub protocol_type: Arc<str>,
    /// State, in Kafka's spelling: `Stable`, `Empty`, ...
    pub state: &'static str,
    /// `classic` or `consumer`.
    pub group_type: &'static str,
}

/// A classic group as DescribeGroups tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribedGroup {
    /// State, in Kafka's spelling.
    pub state: &'static str,
    /// `consumer`, `connect`, ...
    pub protocol_type: Arc<str>,
    /// The protocol that all members share; empty unless stable.
    pub protocol: Arc<str>,
    /// The members.
    pub members: Vec<DescribedMember>,
}

/// A member as DescribeGroups tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribedMember {
    /// Its id.
    pub member_id: Arc<str>,
    /// `group.instance.id` of a static member.
    pub instance_id: Option<Arc<str>>,
    /// `client.id`.
    pub client_id: Arc<str>,
    /// Address it came from.
    pub client_host: Arc<str>,
    /// Its metadata; empty unless stable.
    pub metadata: Bytes,
    /// What it was assigned last.
    pub assignment: Bytes,
}

/// A consumer group as ConsumerGroupDescribe tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribedConsumerGroup {
    /// State, in Kafka's spelling.
    pub state: &'static str,
    /// Epoch of the group.
    pub epoch: i32,
    /// Epoch of the target assignment.
    pub assignment_epoch: i32,
    /// The assignor in use.
    pub assignor: Arc<str>,
    /// The members.
    pub members: Vec<DescribedConsumer>,
}

/// A member as ConsumerGroupDescribe tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribedConsumer {
    /// Its id.
    pub member_id: Arc<str>,
    /// `group.instance.id` of a static member.
    pub instance_id: Option<Arc<str>>,
    /// `client.rack`.
    pub rack_id: Option<Arc<str>>,
    /// Its epoch.
    pub member_epoch: i32,
    /// `client.id`.
    pub client_id: Arc<str>,
    /// Address it came from.
    pub client_host: Arc<str>,
    /// Topics by name.
    pub topics: Vec<Arc<str>>,
    /// Topics by pattern.
    pub pattern: Option<Arc<str>>,
    /// What it has.
    pub assigned: Vec<TopicPartitions>,
    /// What it is to have.
    pub target: Vec<TopicPartitions>,
    /// 0 speaks the classic protocol, 1 the consumer protocol.
    pub member_type: i8,
}
