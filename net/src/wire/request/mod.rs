//! Requests other than Produce, one `layout!` table per structure, and the way to read them.

pub mod api_versions;
pub mod cluster;
pub mod configs;
pub mod coordinator;
pub mod metadata;
pub mod offsets;
pub mod topics;
