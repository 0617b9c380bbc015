//! Bytes on disk: segments, indexes, recovery, retention. Kafka's own formats.
//!
//! | file | one idea |
//! |---|---|
//! | `log` | a partition's log: its state and the questions that need no disk |
//! | `create` | a new log; many of them at once |
//! | `open`, `opening` | a start: the door, and the steps behind it |
//! | `tidy`, `load`, `replay` | directory, segments, producers and epochs at a start |
//! | `found_index`, `load_from` | what a start finds of an index; where checking begins |
//! | `recovery_table` | what follows from what a start finds, pure |
//! | `append` | writing batches, rolling segments |
//! | `upkeep` | syncs, checkpoints, closing |
//! | `read`, `times` | from an offset or a timestamp to bytes |
//! | `cleaner` | compaction of segments, apart from any log |
//! | `cleaning`, `replace` | what a log hands out to be cleaned, and how it takes the result |
//! | `truncate`, `delete` | cutting the end, moving the start, taking the whole away |
//! | `retention` | which segments are past their time, pure |
//! | `segment`, `fill` | one segment, and how far it is filled |
//! | `index_file`, `offset_index`, `time_index`, `rebuild` | `.index` and `.timeindex` |
//! | `scan` | a walk over batches in a file |
//! | `producers`, `snapshot`, `window` | idempotent producers in memory and on disk |
//! | `verify` | damaged indexes found in the background |
//! | `identity` | which topic a directory belongs to |
//! | `epochs`, `partition_metadata`, `checkpoints`, `clean_shutdown` | Kafka's small text files |
//! | `names` | file names |
//! | `settings`, `error`, `cursor` | what a log is told, what goes wrong, integers from bytes |
//!
//! Knows batches, never requests, leaders or replicas.

pub mod checkpoints;
pub mod clean_shutdown;
pub mod cleaner;
pub mod producers;

mod append;
mod cleaning;
mod create;
mod cursor;
mod delete;
mod epochs;
mod error;
mod fill;
mod found_index;
mod identity;
mod index_file;
mod load;
mod load_from;
#[expect(clippy::module_inception, reason = "the log of the folder of logs")]
mod log;
mod names;
mod offset_index;
mod open;
mod opening;
mod partition_metadata;
mod read;
mod rebuild;
mod recovery_table;
mod replace;
mod replay;
mod retention;
#[cfg(all(test, not(simulated)))]
#[expect(clippy::expect_used, reason = "a test that cannot go on ends here")]
mod rig;
mod scan;
mod segment;
mod settings;
mod snapshot;
mod tidy;
mod time_index;
mod times;
mod truncate;
mod upkeep;
mod verify;
mod window;

pub use create::Birth;
pub use delete::remove_deleted;
pub use epochs::{EpochCache, EpochStart, UNDEFINED_EPOCH, UNDEFINED_OFFSET};
pub use error::{LogError, ReadError};
pub use identity::topic_of;
pub use log::Log;
pub use names::{deleted_directory, is_deleted_directory, parse_directory};
pub use open::{OpenFrom, Progress, RecoveryReport};
pub use producers::ProducerTable;
pub use settings::LogConfig;
pub use times::TimedOffset;
pub use verify::Pace;
