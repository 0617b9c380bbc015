//! ListOffsets (2), v1-v11, and OffsetForLeaderEpoch (23), v2-v4: where things are in a log.

use kafka_protocol::protocol::StrBytes;

use crate::wire::layout::layout;
use crate::wire::reader::Seq;

layout! {
    /// A ListOffsets request. v11 differs from v10 only in the questions it allows (KIP-1023).
    pub struct ListOffsetsRequest {
        /// Node id of a follower that asks, -1 for a consumer.
        replica_id: i32 = -1, ..;
        /// 0 = read uncommitted, 1 = read committed.
        isolation_level: i8 = 0, 2..;
        /// Partitions asked for.
        topics: Seq<ListOffsetsTopic> = Seq::empty(), ..;
        /// How long lookups in tiered storage may take, in milliseconds.
        timeout_ms: i32 = 0, 10..;
    }
}

layout! {
    /// A topic asked for.
    pub struct ListOffsetsTopic {
        /// Its name.
        name: StrBytes = StrBytes::new(), ..;
        /// Its partitions.
        partitions: Seq<ListOffsetsPartition> = Seq::empty(), ..;
    }
}

layout! {
    /// A partition asked for.
    pub struct ListOffsetsPartition {
        /// The partition.
        partition_index: i32 = 0, ..;
        /// Leader epoch the client believes in, -1 = it does not say.
        current_leader_epoch: i32 = -1, 4..;
        /// A time in milliseconds, or a question: -1 latest, -2 earliest, -3 maximal timestamp
        /// (v7+), -4 earliest local (v8+), -5 latest tiered (v9+), -6 earliest pending upload
        /// (v11+). Versions before answer UNSUPPORTED_VERSION to them.
        timestamp: i64 = -1, ..;
    }
}

layout! {
    /// An OffsetForLeaderEpoch request.
    pub struct OffsetForLeaderEpochRequest {
        /// Node id of a follower that asks, -1 for a consumer, -2 when the version does not say.
        replica_id: i32 = -2, 3..;
        /// Partitions asked for.
        topics: Seq<EpochTopic> = Seq::empty(), ..;
    }
}

layout! {
    /// A topic asked for.
    pub struct EpochTopic {
        /// Its name.
        topic: StrBytes = StrBytes::new(), ..;
        /// Its partitions.
        partitions: Seq<EpochPartition> = Seq::empty(), ..;
    }
}

layout! {
    /// A partition asked for.
    pub struct EpochPartition {
        /// The partition.
        partition: i32 = 0, ..;
        /// Leader epoch the client believes in, -1 = it does not say.
        current_leader_epoch: i32 = -1, ..;
        /// The epoch whose end is asked for.
        leader_epoch: i32 = 0, ..;
    }
}
