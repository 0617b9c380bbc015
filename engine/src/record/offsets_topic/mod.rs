//! The records of `__consumer_offsets`, as values and as bytes: what a group coordinator knows is
//! what replaying these gives. Any thread.
//!
//! A record is a key, which says what it is about, and a value, which says what that is now;
//! without a value (a tombstone) it is nothing any more. The formats are Apache Kafka's
//! (`group-coordinator/src/main/resources/common/message`), so that its formatters read them. In
//! front of a key stands the number of its kind, in front of a value the version of its layout.
//!
//! | file | key | one idea |
//! |---|---|---|
//! | `record` | 4 | one record, its bytes and back |
//! | `key` | | the layouts of the keys |
//! | `fields` | | strings, lists and tagged fields as Kafka's messages have them |
//! | `committed` | 0, 1 | a committed offset |
//! | `classic` | 2 | a classic group |
//! | `epoch` | 3, 6 | epochs of a consumer group and of its target assignment |
//! | `member` | 5 | what a member of a consumer group wants |
//! | `assignment` | 7, 8 | what it is to have, and what it has |
//! | `pattern` | 16 | the topics that a pattern matched |
//! | `error` | | every way a record can be unreadable |
//!
//! Must not know: groups as they live, requests, files.

mod assignment;
mod classic;
mod committed;
mod epoch;
mod error;
mod fields;
mod key;
mod member;
mod pattern;
mod record;

pub use assignment::{CurrentValue, OwnedPartitions, TopicPartitions};
pub use classic::{ClassicGroupValue, ClassicMemberValue};
pub use committed::CommittedOffset;
pub use epoch::{GroupEpochValue, TargetEpochValue};
pub use error::DecodeError;
pub use fields::PLAIN_TEXT_BYTES_MAX;
pub use member::{ClassicMetadata, MemberValue};
pub use pattern::PatternValue;
pub use record::{GroupRecord, OFFSETS_TOPIC};

#[cfg(test)]
mod golden_test;
#[cfg(test)]
mod record_test;
