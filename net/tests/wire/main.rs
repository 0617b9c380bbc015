//! The codec against the kafka-protocol crate, both directions, every version.

#![allow(clippy::unwrap_used, reason = "a test")]

mod answers;
mod fetch;
mod produce;
mod requests;

#[path = "../samples/mod.rs"]
mod samples;
