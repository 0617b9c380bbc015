//! Requests about groups: each is decoded, put to the group on its core, and its answer encoded.
//!
//! | file | requests |
//! |---|---|
//! | `find_coordinator` | who coordinates a group |
//! | `join_group`, `sync_group`, `heartbeat`, `leave_group` | membership in classic groups |
//! | `consumer_group_heartbeat`, `consumer_group_describe` | consumer groups (KIP-848) |
//! | `describe_groups`, `list_groups`, `delete_groups` | groups as an administrator sees them |
//! | `offset_commit`, `offset_fetch`, `offset_delete` | how far groups have come |
//! | `ask`, `error` | the way to a group, and its refusals in Kafka's codes |

pub mod ask;
pub mod consumer_group_describe;
pub mod consumer_group_heartbeat;
pub mod delete_groups;
pub mod describe_groups;
pub mod error;
pub mod find_coordinator;
pub mod heartbeat;
pub mod join_group;
pub mod leave_group;
pub mod list_groups;
pub mod offset_commit;
pub mod offset_delete;
pub mod offset_fetch;
mod offset_fetch_response;
pub mod sync_group;
