//! The load itself: producers and consumers on executors, on a schedule or as fast as they may.
//!
//! | file | one idea |
//! |---|---|
//! | `target` | what the broker says: topic, leaders, versions, offsets |
//! | `template` | requests encoded before the load; sending one is a stamp and a checksum |
//! | `pace` | when the requests of a producer are due |
//! | `flights` | requests that wait for their answer |
//! | `producer` | one producer's connection: what is due goes out, acks come in |
//! | `consumer` | one consumer's connection: fetches, and what is in the answers |
//! | `batches` | walking the batches of a fetch answer |
//! | `silent` | connections that say nothing |
//! | `share` | which executor runs what |
//! | `run` | the whole of it, from the target to the outcome |
//!
//! Must not know: the command line, files, reports.

mod batches;
mod consumer;
mod error;
mod flights;
mod pace;
mod producer;
mod run;
mod share;
mod silent;
mod target;
mod template;

pub use error::LoadError;
pub use run::{Watch, run, seats};
pub use target::{Target, block_on, create_topic};
pub use template::{Mould, Template};
