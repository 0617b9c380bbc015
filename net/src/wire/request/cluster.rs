//! DescribeCluster (60), v0-v2.

use crate::wire::layout::layout;

layout! {
    /// A DescribeCluster request.
    pub struct DescribeClusterRequest {
        /// Whether to say what the client may do with the cluster.
        include_cluster_authorized_operations: bool = false, ..;
        /// 1 = brokers, 2 = controllers.
        endpoint_type: i8 = 1, 1..;
        /// Whether to list brokers that are fenced.
        include_fenced_brokers: bool = false, 2..;
    }
}
