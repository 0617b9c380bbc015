//! The requests: one file per API, each decodes, asks the engine, encodes. Core-local.
//!
//! | folder | requests about |
//! |---|---|
//! | `data` | records |
//! | `cluster` | what there is |
//! | `group` | consumer groups |
//! | `txn` | producers and transactions |
//! | `admin` | topics and settings |

pub mod admin;
pub mod broker;
pub mod cluster;
pub mod data;
pub mod group;
pub mod names;
pub mod table;
pub mod txn;

pub use table::TABLE;
