//! How far a group has come: its committed offsets. Core-local, with the group they belong to.
//!
//! | file | one idea |
//! |---|---|
//! | `table` | commit, fetch, delete and replay |
//! | `expiry` | when an offset has been kept long enough |
//! | `open` | offsets of transactions that have not ended |
//!
//! Must not know: who is in the group; what that allows is asked of whoever knows.

mod expiry;
mod open;
mod table;

pub use expiry::Expiry;
pub use table::OffsetTable;

#[cfg(test)]
mod table_test;
