//! Requests about producers: who an idempotent one is.

pub mod init_producer_id;
