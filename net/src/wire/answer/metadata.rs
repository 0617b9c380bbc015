//! What comes back from ApiVersions (18), Metadata (3) and DescribeCluster (60).

use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use crate::wire::layout::layout;
use crate::wire::reader::Seq;

layout! {
    /// The answer to ApiVersions. With error 35 it is in version 0, whatever was asked for.
    pub struct ApiVersionsAnswer {
        /// Error code, 0 = none.
        error_code: i16 = 0, ..;
        /// What the broker speaks.
        api_keys: Seq<SpokenApi> = Seq::empty(), ..;
        /// How long to pause, in milliseconds.
        throttle_time_ms: i32 = 0, 1..;
    }
}

layout! {
    /// A request that the broker answers.
    pub struct SpokenApi {
        /// Its key.
        api_key: i16 = 0, ..;
        /// The first version it answers.
        min_version: i16 = 0, ..;
        /// The last version it answers.
        max_version: i16 = 0, ..;
    }
}

layout! {
    /// The answer to Metadata.
    pub struct MetadataAnswer {
        /// How long to pause, in milliseconds.
        throttle_time_ms: i32 = 0, 3..;
        /// The live brokers.
        brokers: Seq<MetadataBroker> = Seq::empty(), ..;
        /// The cluster.
        cluster_id: Option<StrBytes> = None, 2..;
        /// Node id of the controller, -1 = unknown.
        controller_id: i32 = -1, 1..;
        /// The topics asked for.
        topics: Seq<MetadataTopicAnswer> = Seq::empty(), ..;
        /// What the client may do with the cluster.
        cluster_authorized_operations: i32 = i32::MIN, 8..=10;
        /// Error code of the whole request, 0 = none.
        error_code: i16 = 0, 13..;
    }
}

layout! {
    /// A live broker.
    pub struct MetadataBroker {
        /// Its node id.
        node_id: i32 = 0, ..;
        /// Its host.
        host: StrBytes = StrBytes::new(), ..;
        /// Its port.
        port: i32 = 0, ..;
        /// Its rack.
        rack: Option<StrBytes> = None, 1..;
    }
}

layout! {
    /// A topic.
    pub struct MetadataTopicAnswer {
        /// Error code, 0 = none.
        error_code: i16 = 0, ..;
        /// Its name; `None` = an id nobody knows.
        name: Option<StrBytes> = None, ..;
        /// Its id.
        topic_id: Uuid = Uuid::nil(), 10..;
        /// Whether the broker itself keeps it.
        is_internal: bool = false, 1..;
        /// Its partitions.
        partitions: Seq<MetadataPartition> = Seq::empty(), ..;
        /// What the client may do with it.
        topic_authorized_operations: i32 = i32::MIN, 8..;
    }
}

layout! {
    /// A partition.
    pub struct MetadataPartition {
        /// Error code, 0 = none.
        error_code: i16 = 0, ..;
        /// The partition.
        index: i32 = 0, ..;
        /// Node id of its leader, -1 = none.
        leader_id: i32 = -1, ..;
        /// The leader's epoch.
        leader_epoch: i32 = -1, 7..;
        /// Its replicas.
        replica_nodes: Seq<i32> = Seq::empty(), ..;
        /// Those in sync.
        isr_nodes: Seq<i32> = Seq::empty(), ..;
        /// Those offline.
        offline_replicas: Seq<i32> = Seq::empty(), 5..;
    }
}

layout! {
    /// The answer to DescribeCluster.
    pub struct DescribeClusterAnswer {
        /// How long to pause, in milliseconds.
        throttle_time_ms: i32 = 0, ..;
        /// Error code, 0 = none.
        error_code: i16 = 0, ..;
        /// What is wrong, for people.
        error_message: Option<StrBytes> = None, ..;
        /// 1 = brokers, 2 = controllers.
        endpoint_type: i8 = 1, 1..;
        /// The cluster.
        cluster_id: StrBytes = StrBytes::new(), ..;
        /// Node id of the controller, -1 = unknown.
        controller_id: i32 = -1, ..;
        /// Its nodes.
        brokers: Seq<ClusterBroker> = Seq::empty(), ..;
        /// What the client may do with the cluster.
        cluster_authorized_operations: i32 = i32::MIN, ..;
    }
}

layout! {
    /// A node of the cluster.
    pub struct ClusterBroker {
        /// Its node id.
        broker_id: i32 = 0, ..;
        /// Its host.
        host: StrBytes = StrBytes::new(), ..;
        /// Its port.
        port: i32 = 0, ..;
        /// Its rack.
        rack: Option<StrBytes> = None, ..;
        /// Whether the controller has fenced it.
        is_fenced: bool = false, 2..;
    }
}
