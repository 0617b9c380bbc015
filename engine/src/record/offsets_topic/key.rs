//! The layouts of the keys: a number for the kind, then names, all in the plain style. Pure.
//!
//! ```text
//! 0, 1         group string, topic string, partition i32
//! 2, 3, 4, 6   group string
//! 5, 7, 8      group string, member string
//! 16           group string, pattern string
//! ```
//!
//! Not kept here: 9 to 15 (share groups) and 17 to 23 (streams groups).

use std::sync::Arc;

use super::error::DecodeError;
use super::fields::{Reader, Writer};

/// Offsets as Kafka 0.8 wrote them; the key is the same.
pub(super) const LEGACY_OFFSET: i16 = 0;
pub(super) const OFFSET: i16 = 1;
pub(super) const CLASSIC: i16 = 2;
pub(super) const EPOCH: i16 = 3;
pub(super) const PARTITION_METADATA: i16 = 4;
pub(super) const MEMBER: i16 = 5;
pub(super) const TARGET_EPOCH: i16 = 6;
pub(super) const TARGET: i16 = 7;
pub(super) const CURRENT: i16 = 8;
pub(super) const PATTERN: i16 = 16;

/// The names behind the number.
#[derive(Debug, Clone, Copy)]
pub(super) enum Names<'a> {
    Group,
    GroupAnd(&'a str),
    Partition(&'a str, i32),
}

pub(super) fn encode(kind: i16, group: &str, names: Names) -> Vec<u8> {
    let mut to = Writer::new(kind, false);
    to.text(group);
    match names {
        Names::Group => {}
        Names::GroupAnd(name) => to.text(name),
        Names::Partition(topic, partition) => {
            to.text(topic);
            to.i32(partition);
        }
    }
    to.finish()
}

/// A key that is kept here.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) kind: i16,
    pub(super) group: Arc<str>,
    /// The topic, the member or the pattern; empty where the group is all.
    pub(super) name: Arc<str>,
    /// Zero where there is none.
    pub(super) partition: i32,
}

/// `None`: a kind that is not kept.
pub(super) fn decode(key: &[u8]) -> Result<Option<Key>, DecodeError> {
    let mut from = Reader::new(key);
    let kind = from.i16()?;
    let (named, numbered) = match kind {
        LEGACY_OFFSET | OFFSET => (true, true),
        CLASSIC | EPOCH | PARTITION_METADATA | TARGET_EPOCH => (false, false),
        MEMBER | TARGET | CURRENT | PATTERN => (true, false),
        _ => return Ok(None),
    };
    let group = from.text()?;
    let name = if named { from.text()? } else { Arc::default() };
    let partition = if numbered { from.i32()? } else { 0 };
    Ok(Some(Key { kind, group, name, partition }))
}
