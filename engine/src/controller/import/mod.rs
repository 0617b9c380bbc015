//! A directory that Apache Kafka wrote: its metadata as records of ours, and what is left behind.
//!
//! | file | one idea |
//! |---|---|
//! | `fields` | bounded reading of the fields that Kafka's messages are made of |
//! | `kafka_record` | one record of Kafka's metadata log, decoded by hand |
//! | `batches` | the records in a snapshot or segment of that log |
//! | `cluster` | what all of them add up to |
//! | `convert` | the same as records of ours |
//! | `report` | what an operator is told |
//! | `files` | which files count, in order |
//!
//! Nothing in Kafka's files is changed.

mod batches;
mod cluster;
mod convert;
mod fields;
mod files;
mod kafka_record;
mod report;

pub use convert::ImportRefused;
pub use files::{ImportError, ImportFrom, Imported, import};
pub use report::ImportReport;

// These look at the directory from outside, with the real file system.
#[cfg(not(simulated))]
#[cfg(test)]
mod import_test;
