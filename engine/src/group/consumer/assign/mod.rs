//! Server-side assignors (KIP-848): who shall have which partition. Pure functions; any thread.
//!
//! | file | one idea |
//! |---|---|
//! | `spec` | what an assignor looks at, and the choice between the two |
//! | `owners` | who has each partition, in one flat table |
//! | `uniform` | all members want the same: as even as can be, as few moves as can be |
//! | `uneven` | members want different topics: the same aim, topic by topic |
//! | `range` | neighbouring partitions of every topic, in the order of the members |
//!
//! Racks of members decide nothing, as in Apache Kafka 4.3, whose assignors leave them unread too.
//!
//! Must not know: epochs, what members own right now, records.

mod owners;
mod range;
mod spec;
mod uneven;
mod uniform;

pub use spec::{Assignor, MemberSpec, Spec, Target, TopicSpec};

#[cfg(test)]
mod assign_test;
