//! The traps that clients set, byte by byte, against a real `corelog serve`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod broker;
mod bytes;
mod commands;
mod consumer_groups;
mod coordinator_errors;
mod deletion;
mod flow;
mod groups;
mod members;
mod metrics;
mod offsets;
mod records;
mod sessions;
mod topics;
mod unstable_offsets;
mod versions;
