//! OffsetCommit (8), v2-v10, OffsetFetch (9), v1-v10, and OffsetDelete (47), v0: how far groups
//! have come. From v10 the first two name topics by id.

use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use crate::wire::layout::layout;
use crate::wire::reader::Seq;

layout! {
    /// An OffsetCommit request.
    pub struct OffsetCommitRequest {
        /// The group.
        group_id: StrBytes = StrBytes::new(), ..;
        /// Generation of a classic group, or epoch of a member; -1 = outside of any membership.
        generation_id_or_member_epoch: i32 = -1, ..;
        /// Who; empty outside of any membership.
        member_id: StrBytes = StrBytes::new(), ..;
        /// `group.instance.id` of a static member.
        group_instance_id: Option<StrBytes> = None, 7..;
        /// How long to keep them, in milliseconds, -1 = as the broker is set.
        retention_time_ms: i64 = -1, ..=4;
        /// The offsets.
        topics: Seq<OffsetCommitTopic> = Seq::empty(), ..;
    }
}

layout! {
    /// A topic of the commit.
    pub struct OffsetCommitTopic {
        /// Its name.
        name: StrBytes = StrBytes::new(), ..=9;
        /// Its id.
        topic_id: Uuid = Uuid::nil(), 10..;
        /// Its partitions.
        partitions: Seq<OffsetCommitPartition> = Seq::empty(), ..;
    }
}

layout! {
    /// An offset.
    pub struct OffsetCommitPartition {
        /// The partition.
        partition_index: i32 = 0, ..;
        /// The next offset to read.
        committed_offset: i64 = 0, ..;
        /// Leader epoch of the record before it, -1 = not said.
        committed_leader_epoch: i32 = -1, 6..;
        /// A note of the client's.
        committed_metadata: Option<StrBytes> = None, ..;
    }
}

layout! {
    /// An OffsetFetch request.
    pub struct OffsetFetchRequest {
        /// The group, before v8.
        group_id: StrBytes = StrBytes::new(), ..=7;
        /// What to answer, before v8; `None` = all there is (v2+).
        topics: Option<Seq<OffsetFetchTopic>> = None, ..=7;
        /// The groups, from v8 (KIP-709).
        groups: Seq<OffsetFetchGroup> = Seq::empty(), 8..;
        /// Whether offsets of open transactions are refused (KIP-447).
        require_stable: bool = false, 7..;
    }
}

layout! {
    /// A group of the fetch.
    pub struct OffsetFetchGroup {
        /// The group.
        group_id: StrBytes = StrBytes::new(), ..;
        /// Who, when it speaks the consumer protocol (KIP-848).
        member_id: Option<StrBytes> = None, 9..;
        /// Its epoch, -1 = not said.
        member_epoch: i32 = -1, 9..;
        /// What to answer; `None` = all there is.
        topics: Option<Seq<OffsetFetchTopic>> = None, ..;
    }
}

layout! {
    /// A topic of the fetch.
    pub struct OffsetFetchTopic {
        /// Its name.
        name: StrBytes = StrBytes::new(), ..=9;
        /// Its id.
        topic_id: Uuid = Uuid::nil(), 10..;
        /// Its partitions.
        partition_indexes: Seq<i32> = Seq::empty(), ..;
    }
}

layout! {
    /// An OffsetDelete request (KIP-496).
    pub struct OffsetDeleteRequest {
        /// The group.
        group_id: StrBytes = StrBytes::new(), ..;
        /// What to forget.
        topics: Seq<OffsetDeleteTopic> = Seq::empty(), ..;
    }
}

layout! {
    /// A topic to forget.
    pub struct OffsetDeleteTopic {
        /// Its name.
        name: StrBytes = StrBytes::new(), ..;
        /// Its partitions.
        partitions: Seq<OffsetDeletePartition> = Seq::empty(), ..;
    }
}

layout! {
    /// A partition to forget.
    pub struct OffsetDeletePartition {
        /// The partition.
        partition_index: i32 = 0, ..;
    }
}
