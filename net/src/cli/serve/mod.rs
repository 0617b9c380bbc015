//! `corelog serve`: a broker, and who watches it start, run and stop.
//!
//! | file | what it is |
//! |---|---|
//! | `command` | arguments, configuration, the broker itself |
//! | `recovery_bar` | the progress of recovery on a terminal |
//! | `supervisor` | what systemd is told, and when |
//! | `notify_socket` | the socket that systemd listens on |
//! | `pulse` | whether every core is alive: pure |
//!
//! Threads of their own, so that neither slows a core nor hides that one hangs.

mod command;
mod notify_socket;
mod pulse;
mod recovery_bar;
mod supervisor;

pub use command::Arguments;
