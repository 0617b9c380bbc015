//! The `corelog-tune` command: arguments in, tables or JSON out.
//!
//! Exit codes: 0 all passed or done, 1 something failed or was refused, 2 it was called wrongly.

mod apply;
mod asked;
mod check;
mod iotune;
mod run;
mod table;
mod undo;

pub use run::run;
