//! Compaction: of the records with one key only the last stays, and offsets never change.
//!
//! | file | one idea |
//! |---|---|
//! | `dirt` | how much of a log is uncleaned, pure |
//! | `offset_map` | from a key to its last record, in bounded memory |
//! | `gather` | the keys of a batch into that map |
//! | `learn` | the first walk: keys and aborted transactions |
//! | `filter` | what stays of a batch: Kafka's rules |
//! | `transactions`, `survey` | what markers still have to say; what they say instead of an index |
//! | `aborted` | the `.txnindex` file |
//! | `group` | which segments become one |
//! | `source`, `output` | segments as they are read and made |
//! | `throttle`, `tempo` | how fast, and when to stop |
//! | `run` | one cleaning from beginning to end |
//! | `error` | why one ends without a result |
//!
//! Works on closed segments that a log hands out, on threads that are no cores. The log's owner
//! swaps in what comes out: see `replace` one folder up. Must not know cores, topics or schedules.

mod aborted;
mod dirt;
mod error;
mod filter;
mod gather;
mod group;
mod learn;
mod offset_map;
mod output;
#[cfg(test)]
#[cfg(not(simulated))]
mod rig;
mod run;
mod source;
mod survey;
mod tempo;
mod throttle;
mod transactions;

pub use dirt::{Dirt, LogFacts, SegmentFacts, Wishes, measure};
pub use error::CleanError;
pub use filter::{LastOfProducer, Rules};
pub use group::{Limits, Size};
pub use output::CleanedSegment;
pub use run::{CleanerSettings, CleanerStats, Cleaning, CleaningInput, Replacement};
pub use source::Source;
pub use tempo::{Abandon, Tempo};
