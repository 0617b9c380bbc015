//! The table of every series on the page of metrics: its name, kind, unit, labels, what it means,
//! and where its values come from. The page, `corelog metrics` and the tests all read this table.
//!
//! | file | series |
//! |---|---|
//! | `cores` | each core: what it did, what it holds, how busy it was, what stalled it |
//! | `requests` | requests by their name, commits |
//! | `node` | the node, its log dirs, its process |
//! | `kafka_*` | what dashboards for Apache Kafka query, under the names that they query |

mod cores;
mod kafka_broker;
mod kafka_groups;
mod kafka_requests;
mod kafka_topics;
mod node;
mod requests;
mod table;

pub use table::{Kind, SERIES, Series};
