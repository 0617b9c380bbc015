//! `corelog log dump`: what is in a log's files, line by line as `kafka-dump-log` prints it, and
//! whether it is right. Reads the bytes by itself, so that it also judges what the broker wrote.
//!
//! | file | one idea |
//! |---|---|
//! | `dump` | which file is what, the verdict |
//! | `batches` | walks a `.log` file |
//! | `segment` | prints batches and their records |
//! | `indexes` | `.index` and `.timeindex`, each entry held against the log |
//! | `small_files` | `.snapshot` and `leader-epoch-checkpoint` |

mod batches;
mod dump;
mod indexes;
mod segment;
mod small_files;

pub use dump::Arguments;
