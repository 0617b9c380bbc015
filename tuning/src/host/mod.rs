//! The one door to what is tuned: files of `/proc` and `/sys`, mounts, and a few questions that
//! only the kernel answers.
//!
//! `Host` is what the knobs and the changes see; `Root` is the real one, or a folder that looks
//! like one; `ask` holds the questions. Knows no knob.

mod ask;
mod door;
mod mounts;
mod root;

pub use door::Host;
pub use mounts::{ATIME_MODES, Mount, mounts};
pub use root::Root;

#[cfg(test)]
#[path = "mounts_test.rs"]
mod mounts_test;
