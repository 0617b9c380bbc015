//! What is measured, and how it is put together: histograms are merged bucket by bucket,
//! percentiles are never averaged.
//!
//! | file | one idea |
//! |---|---|
//! | `latency` | a histogram of nanoseconds, 1 µs to 60 s, three digits |
//! | `interval` | everything that happened in one second of a run |
//! | `recorder` | an executor's side: events in, one interval a second out |
//! | `outcome` | all executors' intervals of a run, and its totals |
//! | `spread` | median and range of several runs |

mod interval;
mod latency;
mod outcome;
mod recorder;
mod spread;

pub use interval::{Flow, Interval, Part};
pub use latency::{Latency, Quantile};
pub use outcome::{Outcome, Phases, Series};
pub use recorder::Recorder;
pub use spread::Spread;
