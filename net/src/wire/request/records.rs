//! DeleteRecords (21), v0-v2: up to which offset records go.

use kafka_protocol::protocol::StrBytes;

use crate::wire::layout::layout;
use crate::wire::reader::Seq;

layout! {
    /// A DeleteRecords request.
    pub struct DeleteRecordsRequest {
        /// What to delete from.
        topics: Seq<DeleteRecordsTopic> = Seq::empty(), ..;
        /// How long to wait for it, in milliseconds.
        timeout_ms: i32 = 0, ..;
    }
}

layout! {
    /// A topic to delete from.
    pub struct DeleteRecordsTopic {
        /// Its name.
        name: StrBytes = StrBytes::new(), ..;
        /// Its partitions.
        partitions: Seq<DeleteRecordsPartition> = Seq::empty(), ..;
    }
}

layout! {
    /// A partition to delete from.
    pub struct DeleteRecordsPartition {
        /// The partition.
        partition_index: i32 = 0, ..;
        /// First offset that is kept; -1 = the high watermark.
        offset: i64 = 0, ..;
    }
}
