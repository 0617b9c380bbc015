//! Start and stop one broker: the order of things.
//!
//! Runs on the control thread; knows every layer below and nothing of the wire: what a core
//! serves is handed in.

mod checkpoint_files;
mod checkpoints;
mod cleaner;
mod cleaner_schedule;
mod counters;
mod sizing;
mod start;
mod strays;

pub use start::{NodeError, Server, Watcher, run};
