//! The codec against the kafka-protocol crate, both directions, every version.

#![allow(clippy::unwrap_used, reason = "a test")]

mod answers;
mod fetch;
mod group_answers;
mod group_requests;
mod produce;
mod requests;
#[cfg(not(simulated))] // a real file is sliced
mod slices;

#[path = "../samples/mod.rs"]
mod samples;
