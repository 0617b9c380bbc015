//! What comes back from OffsetCommit (8), OffsetFetch (9) and OffsetDelete (47).

use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use crate::wire::layout::layout;
use crate::wire::reader::Seq;

layout! {
    /// The answer to OffsetCommit.
    pub struct OffsetCommitAnswer {
        /// How long to pause, in milliseconds.
        throttle_time_ms: i32 = 0, 3..;
        /// One entry per topic of the request.
        topics: Seq<CommittedTopic> = Seq::empty(), ..;
    }
}

layout! {
    /// The answer for one topic.
    pub struct CommittedTopic {
        /// Its name.
        name: StrBytes = StrBytes::new(), ..=9;
        /// Its id.
        topic_id: Uuid = Uuid::nil(), 10..;
        /// One entry per partition of the request.
        partitions: Seq<CommittedPartition> = Seq::empty(), ..;
    }
}

layout! {
    /// The answer for one partition.
    pub struct CommittedPartition {
        /// The partition.
        partition_index: i32 = 0, ..;
        /// Error code, 0 = none.
        error_code: i16 = 0, ..;
    }
}

layout! {
    /// The answer to OffsetFetch.
    pub struct OffsetFetchAnswer {
        /// How long to pause, in milliseconds.
        throttle_time_ms: i32 = 0, 3..;
        /// By topic, before v8.
        topics: Seq<FetchedOffsets> = Seq::empty(), ..=7;
        /// Error code of the group, 0 = none; before v8.
        error_code: i16 = 0, 2..=7;
        /// One entry per group, from v8.
        groups: Seq<FetchedGroup> = Seq::empty(), 8..;
    }
}

layout! {
    /// The offsets of one group.
    pub struct FetchedGroup {
        /// The group.
        group_id: StrBytes = StrBytes::new(), ..;
        /// By topic.
        topics: Seq<FetchedOffsets> = Seq::empty(), ..;
        /// Error code, 0 = none.
        error_code: i16 = 0, ..;
    }
}

layout! {
    /// The offsets of one topic.
    pub struct FetchedOffsets {
        /// Its name.
        name: StrBytes = StrBytes::new(), ..=9;
        /// Its id.
        topic_id: Uuid = Uuid::nil(), 10..;
        /// By partition.
        partitions: Seq<FetchedOffset> = Seq::empty(), ..;
    }
}

layout! {
    /// The offset of one partition.
    pub struct FetchedOffset {
        /// The partition.
        partition_index: i32 = 0, ..;
        /// The next offset to read, -1 = nothing committed.
        committed_offset: i64 = -1, ..;
        /// Leader epoch of the record before it, -1 = not known.
        committed_leader_epoch: i32 = -1, 5..;
        /// The note it was committed with.
        metadata: Option<StrBytes> = None, ..;
        /// Error code, 0 = none.
        error_code: i16 = 0, ..;
    }
}

layout! {
    /// The answer to OffsetDelete.
    pub struct OffsetDeleteAnswer {
        /// Error code of the group, 0 = none.
        error_code: i16 = 0, ..;
        /// How long to pause, in milliseconds.
        throttle_time_ms: i32 = 0, ..;
        /// One entry per topic of the request.
        topics: Seq<ForgottenOffsets> = Seq::empty(), ..;
    }
}

layout! {
    /// The answer for one topic.
    pub struct ForgottenOffsets {
        /// Its name.
        name: StrBytes = StrBytes::new(), ..;
        /// One entry per partition of the request.
        partitions: Seq<CommittedPartition> = Seq::empty(), ..;
    }
}
