//! Where a broker's time goes under a load: which layer each microsecond of CPU belongs to, which
//! system calls a request makes, and the stacks as a picture. Linux's `perf` looks; any broker that
//! runs on this machine can be looked at.
//!
//! | file | one idea |
//! |---|---|
//! | `stacks` | its samples as stacks |
//! | `layers` | the table by which a stack belongs to a layer |
//! | `flame` | stacks as a flame graph |
//! | `account` | everything as text: cost by layer, thread, symbol and system call |
//! | `run` | the load in sections, and the results |

mod account;
mod flame;
mod layers;
mod run;
mod stacks;

pub use run::{Settings, Subject, run};
