//! The only place that knows glommio: pinned executors, sockets, timers and tasks of an executor.
//!
//! | file | one idea |
//! |---|---|
//! | `pool` | executors on their CPUs, each with the same work, and what they return |
//! | `task` | tasks of one executor; a panic stays in its task |
//! | `socket` | a connection, its two halves, and frames off it |
//! | `direct` | writes past the page cache from registered memory |
//! | `time` | sleeping until a moment |
//!
//! Hazards of glommio 0.9 that are kept away here: a panic in a task ends its executor (`task`
//! catches it), its preemption timer makes it sleep with runnable tasks (`pool` never lets it end),
//! its queues between executors are unsound to clone (none is used: results travel through the
//! standard library's channels). Executors end only after their tasks.

mod direct;
mod error;
mod pool;
mod socket;
mod task;
mod time;

pub use direct::{Writes, Written, write_direct};
pub use error::ExecutorError;
pub use pool::{Seat, run};
pub use socket::{Frames, Reader, Writer, accept_one, connect, echo};
pub use task::{Task, spawn};
pub use time::{sleep_until, within, yield_now};
