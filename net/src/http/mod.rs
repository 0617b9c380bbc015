//! Metrics and health over HTTP, on a thread of its own: never on a core, never pinned.
//!
//! ```text
//! GET /metrics   Prometheus' text format: `series` is the table, `scrape` the facts
//! GET /healthz   200 while every core gives signs of life, else 503 and which one does not
//! GET /readyz    200 while every core serves and no log dir is offline, else 503 and why
//! ```
//! Reads what cores publish as atomics, and asks a core for what it holds only in small portions
//! through its mesh inbox. Must not know: the Kafka protocol, how a core does its work.

mod facts;
mod health;
mod listen;
mod page;
mod process;
mod rates;
mod samples;
mod scrape;
mod series;
mod server;
mod state;

pub use listen::Bound;
pub use series::{Kind, SERIES, Series};
pub use server::HttpThread;
pub use state::{NodeState, Phase, StateKeeper};
