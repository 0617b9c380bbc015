//! Metadata (3), v0-v13, and DescribeTopicPartitions (75), v0: which topics there are, page by
//! page in the newer one.

use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use crate::wire::layout::layout;
use crate::wire::reader::{Nullable, Seq};

layout! {
    /// A Metadata request.
    pub struct MetadataRequest {
        /// Topics asked for; `None` = all. In v0, which knows no null, an empty list = all.
        topics: Option<Seq<MetadataTopic>> = None, ..;
        /// Whether topics that do not exist shall be created, when the broker allows it.
        allow_auto_topic_creation: bool = true, 4..;
        /// Whether to say what the client may do with the cluster.
        include_cluster_authorized_operations: bool = false, 8..=10;
        /// Whether to say what the client may do with each topic.
        include_topic_authorized_operations: bool = false, 8..;
    }
}

layout! {
    /// A topic asked for, by name or by id.
    pub struct MetadataTopic {
        /// The id; nil = asked by name.
        topic_id: Uuid = Uuid::nil(), 10..;
        /// The name; `None` = asked by id (v10+; by rights only from v12).
        name: Option<StrBytes> = None, ..;
    }
}

layout! {
    /// A DescribeTopicPartitions request.
    pub struct DescribeTopicPartitionsRequest {
        /// Topics asked for; none = all.
        topics: Seq<DescribedTopic> = Seq::empty(), ..;
        /// Most partitions to answer with.
        response_partition_limit: i32 = 2000, ..;
        /// Where the page begins; absent = at the start.
        cursor: Nullable<TopicCursor> = Nullable(None), ..;
    }
}

layout! {
    /// A topic asked for.
    pub struct DescribedTopic {
        /// Its name.
        name: StrBytes = StrBytes::new(), ..;
    }
}

layout! {
    /// First topic and partition of a page.
    pub struct TopicCursor {
        /// The topic.
        topic_name: StrBytes = StrBytes::new(), ..;
        /// The partition.
        partition_index: i32 = 0, ..;
    }
}
