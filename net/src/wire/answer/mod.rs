//! Responses as the command line's client reads them: tables like the requests', so that a broker
//! cannot make a client allocate by a count either. The broker writes its responses elsewhere.

pub mod admin;
pub mod classic_groups;
pub mod data;
pub mod describe;
pub mod group_offsets;
pub mod groups;
pub mod metadata;
