//! Requests about the cluster as a whole: what is spoken, who is there, which topics there are.

pub mod api_versions;
pub mod describe_cluster;
pub mod describe_topic_partitions;
pub mod metadata;
