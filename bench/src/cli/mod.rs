//! The `corelog-bench` command.
//!
//! | file | one idea |
//! |---|---|
//! | `run` | the command line and its exit code |
//! | `load` | what all commands that make load share: workload, broker, progress, results |
//! | `progress` | a line a second while a load runs |
//! | `produce`, `consume`, `end_to_end` | one kind of load each |
//! | `mixed` | a steady load beside a reader of old records |
//! | `scale` | the same load with more of one thing |
//! | `recover` | how long a start takes after a kill |
//! | `idle` | what a broker costs while nothing happens |
//! | `limits` | what the machine allows |
//! | `instructions` | the instructions of hot paths beside the table |
//! | `compare` | brokers side by side |
//! | `profile` | where a broker's time goes under a load |
//! | `report` | kept runs as one page |
//! | `null` | the null responder |
//! | `workloads` | the workloads and their fields |

mod compare;
mod consume;
mod end_to_end;
mod idle;
mod instructions;
mod limits;
mod load;
mod mixed;
mod null;
mod produce;
mod profile;
mod progress;
mod recover;
mod report;
mod run;
mod scale;
mod workloads;

pub use run::run;
