//! What load to make: named TOML files, every field documented and checked.
//!
//! | file | one idea |
//! |---|---|
//! | `fields` | the fields: meaning, unit, what is valid |
//! | `workload` | a workload as a struct, and its checks |
//! | `named` | finding workloads by name: the built-in ones and files |

mod fields;
mod named;
#[expect(clippy::module_inception, reason = "the folder is named after its main type")]
mod workload;

pub use fields::{FIELDS, Field, Valid};
pub use named::{BUILT_IN, find};
pub use workload::{Acks, Codec, Start, Workload, WorkloadError};
