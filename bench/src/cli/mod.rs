//! The `corelog-bench` command.
//!
//! | file | one idea |
//! |---|---|
//! | `run` | the command line and its exit code |
//! | `load` | what all commands that make load share: workload, broker, progress, results |
//! | `progress` | a line a second while a load runs |
//! | `produce`, `consume`, `end_to_end` | one kind of load each |
//! | `report` | kept runs as one page |
//! | `null` | the null responder |
//! | `workloads` | the workloads and their fields |

mod consume;
mod end_to_end;
mod load;
mod null;
mod produce;
mod progress;
mod report;
mod run;
mod workloads;

pub use run::run;
