//! Requests of administrators: topics made and deleted, settings shown.

pub mod create_topics;
pub mod delete_topics;
pub mod describe_configs;
