//! CreateTopics (19), v2-v7, and DeleteTopics (20), v1-v6.

use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use crate::wire::layout::layout;
use crate::wire::reader::Seq;

layout! {
    /// A CreateTopics request.
    pub struct CreateTopicsRequest {
        /// Topics to create.
        topics: Seq<NewTopic> = Seq::empty(), ..;
        /// How long to wait for them, in milliseconds.
        timeout_ms: i32 = 60_000, ..;
        /// Only say whether it would work.
        validate_only: bool = false, ..;
    }
}

layout! {
    /// A topic to create.
    pub struct NewTopic {
        /// Its name.
        name: StrBytes = StrBytes::new(), ..;
        /// How many partitions, -1 = as assigned, or the broker's default (v4+).
        num_partitions: i32 = -1, ..;
        /// How many replicas of each, -1 = as assigned, or the broker's default (v4+).
        replication_factor: i16 = -1, ..;
        /// Where the replicas shall be; empty = the broker decides.
        assignments: Seq<NewAssignment> = Seq::empty(), ..;
        /// Settings that differ from the broker's.
        configs: Seq<NewConfig> = Seq::empty(), ..;
    }
}

layout! {
    /// The brokers of one partition.
    pub struct NewAssignment {
        /// The partition.
        partition_index: i32 = 0, ..;
        /// Its brokers, the preferred leader first.
        broker_ids: Seq<i32> = Seq::empty(), ..;
    }
}

layout! {
    /// A setting.
    pub struct NewConfig {
        /// Its key.
        name: StrBytes = StrBytes::new(), ..;
        /// Its value.
        value: Option<StrBytes> = None, ..;
    }
}

layout! {
    /// A DeleteTopics request.
    pub struct DeleteTopicsRequest {
        /// Topics to delete, by name or id, from v6.
        topics: Seq<DeletedTopic> = Seq::empty(), 6..;
        /// Topics to delete, by name, before v6.
        topic_names: Seq<StrBytes> = Seq::empty(), ..=5;
        /// How long to wait for it, in milliseconds.
        timeout_ms: i32 = 0, ..;
    }
}

layout! {
    /// A topic to delete.
    pub struct DeletedTopic {
        /// Its name; `None` = by id.
        name: Option<StrBytes> = None, ..;
        /// Its id; nil = by name.
        topic_id: Uuid = Uuid::nil(), ..;
    }
}
