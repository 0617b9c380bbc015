//! ConsumerGroupHeartbeat (68), v0-v1, and ConsumerGroupDescribe (69), v0-v1: the group protocol
//! in which the broker assigns (KIP-848).

use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use crate::wire::layout::layout;
use crate::wire::reader::Seq;

layout! {
    /// A ConsumerGroupHeartbeat request: what did not change since the last one is null.
    pub struct ConsumerGroupHeartbeatRequest {
        /// The group.
        group_id: StrBytes = StrBytes::new(), ..;
        /// Who; from v1 the member makes it itself (KIP-1082).
        member_id: StrBytes = StrBytes::new(), ..;
        /// Its epoch; 0 joins, -1 leaves, -2 leaves for a while.
        member_epoch: i32 = 0, ..;
        /// `group.instance.id` of a static member.
        instance_id: Option<StrBytes> = None, ..;
        /// `client.rack`.
        rack_id: Option<StrBytes> = None, ..;
        /// How long it may take to revoke partitions, in milliseconds, -1 = as before.
        rebalance_timeout_ms: i32 = -1, ..;
        /// Topics by name.
        subscribed_topic_names: Option<Seq<StrBytes>> = None, ..;
        /// Topics by pattern, RE2 syntax.
        subscribed_topic_regex: Option<StrBytes> = None, 1..;
        /// The assignor it prefers.
        server_assignor: Option<StrBytes> = None, ..;
        /// What it owns.
        topic_partitions: Option<Seq<OwnedPartitions>> = None, ..;
    }
}

layout! {
    /// Partitions of one topic.
    pub struct OwnedPartitions {
        /// The topic.
        topic_id: Uuid = Uuid::nil(), ..;
        /// Its partitions.
        partitions: Seq<i32> = Seq::empty(), ..;
    }
}

layout! {
    /// A ConsumerGroupDescribe request.
    pub struct ConsumerGroupDescribeRequest {
        /// The groups.
        group_ids: Seq<StrBytes> = Seq::empty(), ..;
        /// Whether to say what the client may do with each group.
        include_authorized_operations: bool = false, ..;
    }
}
