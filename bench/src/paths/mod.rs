//! The hot paths of the broker, each as an operation that is prepared once and done many times: for
//! micro benchmarks, which time them, and for counts of their instructions. Only what needs no
//! kernel: public functions of the engine and the wire.
//!
//! | file | one idea |
//! |---|---|
//! | `path` | the list |
//! | `produce` | a produce request: decoding, checking, answering, all without storage |
//! | `fetch` | a fetch request, and the parts of its answer |
//! | `record` | batches: checksum, header, stamp, records, sequence numbers |
//! | `hop` | a message and its answer between two cores |
//! | `count` | instructions of a path, counted by valgrind |
//! | `ledger` | what was counted beside what is written down |

mod count;
mod fetch;
mod hop;
mod ledger;
mod path;
mod produce;
mod record;

pub use count::{count, repeat};
pub use ledger::{Ledger, Line, Verdict};
pub use path::{Operation, PATHS, Path};
pub use produce::{answer_without_storage, bulk_batch, produce_frame, produce_template};
