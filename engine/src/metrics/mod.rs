//! What a core counts about itself: written by that core alone, read from anywhere, never locked.
//!
//! One block of counters per core, aligned so that no two cores write one cache line. Whoever shows
//! them adds the cores up when asked. Who counts what is up to the layers above; this folder knows
//! none of them, and neither names nor units of what is shown.

mod core_metrics;
mod cores;
mod counter;
mod histogram;
mod requests;
mod stalls;

pub use core_metrics::CoreMetrics;
pub use cores::{all_cores, register};
pub use counter::Counter;
pub use histogram::{Distribution, Histogram, Sizes, Times};
pub use requests::{ErrorTable, REQUEST_KINDS, RequestMetrics, RequestTable};
pub use stalls::{Stall, Stalls};
