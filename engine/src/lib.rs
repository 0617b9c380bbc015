//! The broker without the wire: cores, logs, partitions, metadata.
//!
//! Ordered layers, lowest first; a layer may use what stands above it in this list, never what
//! stands below or beside it. `tests/layers.rs` holds the same table and fails when an import
//! breaks it. This crate does not know the Kafka protocol's requests, and cannot: `net` stands
//! on it.

pub mod config;
pub mod limits;
pub mod metrics;

pub mod runtime;

pub mod record;

pub mod metadata;

pub mod log;

pub mod commit;

pub mod partition;

pub mod controller;
pub mod group;

pub mod shard;

// A node serves sockets and waits for signals, which the simulated world does not have.
#[cfg(not(simulated))]
pub mod node;
