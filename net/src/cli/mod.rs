//! The `corelog` command: one file per subcommand, arguments in, text out.
//!
//! | file | subcommand |
//! |---|---|
//! | `serve/` | run a broker |
//! | `storage` | cluster ids, formatting, what is in a log dir |
//! | `topic` | create, list, describe, delete |
//! | `group/` | list, describe, delete, move offsets |
//! | `produce`, `consume`, `reading` | lines in, records out, alone or in a group |
//! | `log_dump/` | what is in a log's files |
//! | `metrics` | what is on the page of metrics |
//! | `generate` | man pages and completions, for packages |
//! | `output`, `logging`, `settings` | what several of them share |
//!
//! Exit codes: 0 done, 1 it failed, 2 it was called wrongly. What goes wrong is said in one line on
//! standard error. Must not know how a broker works inside.

mod consume;
mod generate;
mod group;
mod log_dump;
mod logging;
mod metrics;
mod output;
mod produce;
mod reading;
mod run;
mod serve;
mod settings;
mod storage;
mod topic;

pub use run::run;
