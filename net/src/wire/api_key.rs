//! The requests this build has a layout for, by key: name, versions, first flexible version. This
//! is what can be decoded; what is advertised and who answers it is `dispatch`'s table. Any thread.

use std::ops::RangeInclusive;

/// Which request a frame carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
pub enum ApiKey {
    /// Append record batches.
    Produce = 0,
    /// Read record batches.
    Fetch = 1,
    /// Offsets by timestamp.
    ListOffsets = 2,
    /// Brokers, topics, leaders.
    Metadata = 3,
    /// Commit offsets of a group.
    OffsetCommit = 8,
    /// Committed offsets of groups.
    OffsetFetch = 9,
    /// Who coordinates a group or a transaction.
    FindCoordinator = 10,
    /// Become a member of a classic group.
    JoinGroup = 11,
    /// A member of a classic group is alive.
    Heartbeat = 12,
    /// Stop being a member of a classic group.
    LeaveGroup = 13,
    /// Hand out and get the assignment of a classic group.
    SyncGroup = 14,
    /// Members of classic groups.
    DescribeGroups = 15,
    /// The groups there are.
    ListGroups = 16,
    /// What this broker speaks.
    ApiVersions = 18,
    /// Create topics.
    CreateTopics = 19,
    /// Delete topics.
    DeleteTopics = 20,
    /// Delete the oldest records.
    DeleteRecords = 21,
    /// A producer id and epoch.
    InitProducerId = 22,
    /// Where a leader epoch ends.
    OffsetForLeaderEpoch = 23,
    /// Settings of topics and brokers.
    DescribeConfigs = 32,
    /// Delete groups.
    DeleteGroups = 42,
    /// Forget committed offsets.
    OffsetDelete = 47,
    /// The brokers of the cluster.
    DescribeCluster = 60,
    /// Join, stay in and leave a consumer group.
    ConsumerGroupHeartbeat = 68,
    /// Members of consumer groups.
    ConsumerGroupDescribe = 69,
    /// Partitions of topics, page by page.
    DescribeTopicPartitions = 75,
}

/// A row of the table: what the codec knows about one request.
#[derive(Debug, Clone, Copy)]
struct Row {
    key: ApiKey,
    name: &'static str,
    versions: (i16, i16),
    flexible_from: i16,
}

const fn row(key: ApiKey, name: &'static str, versions: (i16, i16), flexible_from: i16) -> Row {
    Row { key, name, versions, flexible_from }
}

/// No version of a request is flexible.
const NEVER: i16 = i16::MAX;

/// Kafka 4.2's versions.
const TABLE: [Row; 26] = [
    row(ApiKey::Produce, "Produce", (3, 13), 9),
    row(ApiKey::Fetch, "Fetch", (4, 18), 12),
    row(ApiKey::ListOffsets, "ListOffsets", (1, 11), 6),
    row(ApiKey::Metadata, "Metadata", (0, 13), 9),
    row(ApiKey::OffsetCommit, "OffsetCommit", (2, 10), 8),
    row(ApiKey::OffsetFetch, "OffsetFetch", (1, 10), 6),
    row(ApiKey::FindCoordinator, "FindCoordinator", (0, 6), 3),
    row(ApiKey::JoinGroup, "JoinGroup", (0, 9), 6),
    row(ApiKey::Heartbeat, "Heartbeat", (0, 4), 4),
    row(ApiKey::LeaveGroup, "LeaveGroup", (0, 5), 4),
    row(ApiKey::SyncGroup, "SyncGroup", (0, 5), 4),
    row(ApiKey::DescribeGroups, "DescribeGroups", (0, 6), 5),
    row(ApiKey::ListGroups, "ListGroups", (0, 5), 3),
    row(ApiKey::ApiVersions, "ApiVersions", (0, 4), 3),
    row(ApiKey::CreateTopics, "CreateTopics", (2, 7), 5),
    row(ApiKey::DeleteTopics, "DeleteTopics", (1, 6), 4),
    row(ApiKey::DeleteRecords, "DeleteRecords", (0, 2), 2),
    row(ApiKey::InitProducerId, "InitProducerId", (0, 5), 2),
    row(ApiKey::OffsetForLeaderEpoch, "OffsetForLeaderEpoch", (2, 4), 4),
    row(ApiKey::DescribeConfigs, "DescribeConfigs", (1, 4), 4),
    row(ApiKey::DeleteGroups, "DeleteGroups", (0, 2), 2),
    row(ApiKey::OffsetDelete, "OffsetDelete", (0, 0), NEVER),
    row(ApiKey::DescribeCluster, "DescribeCluster", (0, 2), 0),
    row(ApiKey::ConsumerGroupHeartbeat, "ConsumerGroupHeartbeat", (0, 1), 0),
    row(ApiKey::ConsumerGroupDescribe, "ConsumerGroupDescribe", (0, 1), 0),
    row(ApiKey::DescribeTopicPartitions, "DescribeTopicPartitions", (0, 0), 0),
];

impl ApiKey {
    /// The request with this key, if this build has a layout for it.
    pub fn from_code(code: i16) -> Option<ApiKey> {
        TABLE.iter().map(|row| row.key).find(|key| key.code() == code)
    }

    /// Every request this build has a layout for, by rising key.
    pub fn all() -> impl Iterator<Item = ApiKey> {
        TABLE.iter().map(|row| row.key)
    }

    /// The key on the wire.
    pub fn code(self) -> i16 {
        self as i16
    }

    /// Kafka's name of the request, as in logs and metrics.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Versions that can be decoded and answered. Produce is advertised from 0, because old
    /// librdkafka switches features off otherwise, and served from 3.
    pub fn versions(self) -> RangeInclusive<i16> {
        let (first, last) = self.row().versions;
        first..=last
    }

    /// Whether this version of the request has compact lengths and tagged fields.
    pub fn is_flexible(self, version: i16) -> bool {
        version >= self.row().flexible_from
    }

    /// Whether the response to this version carries tagged fields in its header. ApiVersions never
    /// does: its reader may not know yet which version the broker answers in (KIP-511).
    pub fn has_flexible_response_header(self, version: i16) -> bool {
        self != ApiKey::ApiVersions && self.is_flexible(version)
    }

    #[expect(clippy::expect_used, reason = "a test walks every variant")]
    fn row(self) -> &'static Row {
        TABLE.iter().find(|row| row.key == self).expect("every key has a row")
    }
}

#[cfg(test)]
#[path = "api_key_test.rs"]
mod api_key_test;
