//! `corelog group`: groups listed, described, deleted, and their offsets moved, in the words and
//! columns of Kafka's `kafka-consumer-groups`.
//!
//! | file | one idea |
//! |---|---|
//! | `command` | the subcommands |
//! | `which` | the groups and partitions that a command is about |
//! | `list`, `describe`, `delete`, `delete_offsets` | one subcommand each |
//! | `reset`, `scenario`, `plan` | offsets moved: the subcommand, where to, and a file of places |
//! | `seek` | offsets moved in one short command |
//! | `lag` | how far behind a group is, partition by partition |
//! | `columns` | text as Kafka's tool prints it |
//! | `moment` | points in time as people write them |

mod columns;
mod command;
mod delete;
mod delete_offsets;
mod describe;
mod lag;
mod list;
mod moment;
mod plan;
mod reset;
mod scenario;
mod seek;
mod which;

pub use command::Arguments;
