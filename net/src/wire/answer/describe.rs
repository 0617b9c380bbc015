//! What comes back from DescribeConfigs (32) and DescribeTopicPartitions (75).

use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use crate::wire::layout::layout;
use crate::wire::reader::{Nullable, Seq};
use crate::wire::request::metadata::TopicCursor;

layout! {
    /// The answer to DescribeConfigs.
    pub struct DescribeConfigsAnswer {
        /// How long to pause, in milliseconds.
        throttle_time_ms: i32 = 0, ..;
        /// One entry per resource of the request.
        results: Seq<DescribedResource> = Seq::empty(), ..;
    }
}

layout! {
    /// The answer for one resource.
    pub struct DescribedResource {
        /// Error code, 0 = none.
        error_code: i16 = 0, ..;
        /// What is wrong, for people.
        error_message: Option<StrBytes> = None, ..;
        /// Type of the resource, as in the request.
        resource_type: i8 = 0, ..;
        /// Name of the resource.
        resource_name: StrBytes = StrBytes::new(), ..;
        /// Its settings.
        configs: Seq<DescribedConfig> = Seq::empty(), ..;
    }
}

layout! {
    /// A setting.
    pub struct DescribedConfig {
        /// Its key.
        name: StrBytes = StrBytes::new(), ..;
        /// Its value; `None` when it is secret or not set.
        value: Option<StrBytes> = None, ..;
        /// Whether it cannot be changed.
        read_only: bool = false, ..;
        /// Where it comes from: 1 topic, 2 dynamic broker, 4 static broker, 5 default.
        config_source: i8 = -1, ..;
        /// Whether it is secret.
        is_sensitive: bool = false, ..;
        /// Every place that sets it, the one that counts first.
        synonyms: Seq<ConfigSynonym> = Seq::empty(), ..;
        /// Its type: 1 boolean, 2 string, 3 int, 4 short, 5 long, 6 double, 7 list, 8 class.
        config_type: i8 = 0, 3..;
        /// What it does.
        documentation: Option<StrBytes> = None, 3..;
    }
}

layout! {
    /// A place that sets a key.
    pub struct ConfigSynonym {
        /// The key there.
        name: StrBytes = StrBytes::new(), ..;
        /// The value there.
        value: Option<StrBytes> = None, ..;
        /// Which place.
        source: i8 = -1, ..;
    }
}

layout! {
    /// The answer to DescribeTopicPartitions.
    pub struct DescribeTopicPartitionsAnswer {
        /// How long to pause, in milliseconds.
        throttle_time_ms: i32 = 0, ..;
        /// Topics of this page.
        topics: Seq<DescribedTopicAnswer> = Seq::empty(), ..;
        /// Where the next page begins; absent = this was the last.
        next_cursor: Nullable<TopicCursor> = Nullable(None), ..;
    }
}

layout! {
    /// A topic of the page.
    pub struct DescribedTopicAnswer {
        /// Error code, 0 = none.
        error_code: i16 = 0, ..;
        /// Its name.
        name: Option<StrBytes> = None, ..;
        /// Its id.
        topic_id: Uuid = Uuid::nil(), ..;
        /// Whether the broker itself keeps it.
        is_internal: bool = false, ..;
        /// Its partitions on this page.
        partitions: Seq<DescribedPartition> = Seq::empty(), ..;
        /// What the client may do with it.
        topic_authorized_operations: i32 = i32::MIN, ..;
    }
}

layout! {
    /// A partition of the page.
    pub struct DescribedPartition {
        /// Error code, 0 = none.
        error_code: i16 = 0, ..;
        /// The partition.
        index: i32 = 0, ..;
        /// Node id of its leader, -1 = none.
        leader_id: i32 = -1, ..;
        /// The leader's epoch.
        leader_epoch: i32 = -1, ..;
        /// Its replicas.
        replica_nodes: Seq<i32> = Seq::empty(), ..;
        /// Those in sync.
        isr_nodes: Seq<i32> = Seq::empty(), ..;
        /// Those that may lead though not in sync.
        eligible_leader_replicas: Option<Seq<i32>> = None, ..;
        /// Those that could lead before.
        last_known_elr: Option<Seq<i32>> = None, ..;
        /// Those offline.
        offline_replicas: Seq<i32> = Seq::empty(), ..;
    }
}
