//! `corelog-tune`: checks and prepares a host for Corelog, and measures its data disks.
//!
//! | module | what it is |
//! |---|---|
//! | `knobs` | the table: every condition of a host, a file per family |
//! | `knob`, `aspect` | what a row of that table is; the pure decision whether it holds |
//! | `host` | the one door to `/proc`, `/sys` and mounts; tests put a folder behind it |
//! | `site` | which directories, disks and interfaces this host's Corelog uses |
//! | `survey` | every knob looked at |
//! | `change`, `state`, `script` | doing it, undoing it, or writing it down |
//! | `iotune` | what the data disks can do, and the settings that follow from it |
//! | `cli` | arguments in, tables out |
//!
//! Knows the names of three of the broker's keys and nothing else of the broker.

pub mod aspect;
pub mod change;
pub mod cli;
pub mod host;
pub mod iotune;
pub mod knob;
pub mod knobs;
pub mod script;
pub mod site;
pub mod state;
pub mod survey;
