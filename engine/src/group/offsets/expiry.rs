//! When an offset has been kept long enough. Pure.

use super::table::OffsetTable;
use crate::group::{Context, Effects};
use crate::record::offsets_topic::CommittedOffset;

use std::sync::Arc;

/// From when on `offsets.retention.minutes` counts; the membership of the group says (KIP-211).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// Nothing expires now: members are there, and what they read is not known.
    Never,
    /// From each commit: a group without membership, or one whose subscriptions are known.
    SinceCommit,
    /// From when the group lost its last member, Unix milliseconds.
    SinceEmpty(i64),
}

impl Expiry {
    /// An offset that says itself when it expires is asked, unless nothing expires at all.
    fn has_expired(self, offset: &CommittedOffset, wall: i64, retention_ms: i64) -> bool {
        let since = match self {
            Expiry::Never => return false,
            _ if offset.expire_timestamp != -1 => return wall >= offset.expire_timestamp,
            Expiry::SinceCommit => offset.commit_timestamp,
            Expiry::SinceEmpty(empty) => empty,
        };
        wall.saturating_sub(since) >= retention_ms
    }
}

impl OffsetTable {
    /// Drops what has expired, but nothing of a topic that is `in_use` and nothing that an open
    /// transaction is about to replace.
    pub fn expire(
        &mut self,
        context: &Context,
        group: &Arc<str>,
        expiry: Expiry,
        in_use: &dyn Fn(&str) -> bool,
    ) -> Effects {
        let retention = context.settings.offsets_retention.as_millis();
        let retention_ms = i64::try_from(retention).unwrap_or(i64::MAX);
        let expired: Vec<(Arc<str>, i32)> = self
            .topics()
            .filter(|(topic, _)| expiry != Expiry::Never && !in_use(topic))
            .flat_map(|(topic, offsets)| {
                offsets.iter().map(move |(at, offset)| (topic, *at, offset))
            })
            .filter(|(_, _, offset)| expiry.has_expired(offset, context.wall, retention_ms))
            .filter(|(topic, partition, _)| !self.is_open(topic, *partition))
            .map(|(topic, partition, _)| (Arc::clone(topic), partition))
            .collect();
        self.bury(group, expired)
    }
}
