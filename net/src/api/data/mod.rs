//! Requests about records: produce, fetch, and where things are in a log.

pub mod delete_records;
pub mod fetch;
mod fetch_in_session;
pub mod list_offsets;
pub mod offset_for_leader_epoch;
pub mod produce;
pub mod session;
