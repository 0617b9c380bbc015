//! Requests other than Produce, one `layout!` table per structure, and the way to read them.

pub mod api_versions;
pub mod classic_groups;
pub mod cluster;
pub mod configs;
pub mod consumer_groups;
pub mod coordinator;
pub mod group_offsets;
pub mod groups;
pub mod metadata;
pub mod offsets;
pub mod records;
pub mod topics;
