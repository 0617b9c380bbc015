//! Requests about groups, as far as there are any: who coordinates one.

pub mod find_coordinator;
