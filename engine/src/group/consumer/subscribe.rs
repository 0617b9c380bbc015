//! What a member wants: taken down when it changes, and whether that makes the group assign anew.

use std::sync::Arc;

use super::group::ConsumerGroup;
use super::known::Member;
use crate::group::request::{Caller, ConsumerHeartbeat};
use crate::group::{Context, Effects, GroupError};
use crate::record::offsets_topic::{ClassicMetadata, GroupEpochValue, GroupRecord, MemberValue};

/// What a member says it wants; `None` = as before.
pub(super) struct Wish<'a> {
    pub caller: &'a Caller,
    pub instance_id: Option<&'a Arc<str>>,
    pub rack_id: Option<&'a Arc<str>>,
    /// -1 = as before.
    pub rebalance_timeout_ms: i32,
    pub topics: Option<&'a [Arc<str>]>,
    pub pattern: Option<&'a Arc<str>>,
    pub assignor: Option<&'a Arc<str>>,
    /// Present exactly when the member speaks the classic protocol.
    pub classic: Option<&'a ClassicMetadata>,
}

impl<'a> Wish<'a> {
    /// What a heartbeat says.
    pub(super) fn of_beat(caller: &'a Caller, request: &'a ConsumerHeartbeat) -> Wish<'a> {
        Wish {
            caller,
            instance_id: request.instance_id.as_ref(),
            rack_id: request.rack_id.as_ref(),
            rebalance_timeout_ms: request.rebalance_timeout_ms,
            topics: request.topics.as_deref(),
            pattern: request.pattern.as_ref(),
            assignor: request.assignor.as_ref(),
            classic: None,
        }
    }

    /// Whether it says nothing new. Allocates nothing unless topics are named in another order.
    fn is_known(&self, wish: &MemberValue) -> bool {
        let kept = |said: Option<&Arc<str>>, known: &Option<Arc<str>>| {
            said.is_none_or(|said| Some(said) == known.as_ref())
        };
        kept(self.instance_id, &wish.instance_id)
            && kept(self.rack_id, &wish.rack_id)
            && (self.rebalance_timeout_ms == -1
                || self.rebalance_timeout_ms == wish.rebalance_timeout_ms)
            && kept(self.pattern, &wish.pattern)
            && kept(self.assignor, &wish.assignor)
            && self.classic == wish.classic.as_ref()
            && self.caller.client_id == wish.client_id
            && self.caller.host == wish.client_host
            && self.topics.is_none_or(|said| said == wish.topics || set(said) == wish.topics)
    }

    fn over(&self, wish: &MemberValue) -> MemberValue {
        let or =
            |said: Option<&Arc<str>>, known: &Option<Arc<str>>| said.or(known.as_ref()).cloned();
        MemberValue {
            instance_id: or(self.instance_id, &wish.instance_id),
            rack_id: or(self.rack_id, &wish.rack_id),
            client_id: self.caller.client_id.clone(),
            client_host: self.caller.host.clone(),
            topics: self.topics.map_or_else(|| wish.topics.clone(), set),
            pattern: or(self.pattern, &wish.pattern),
            rebalance_timeout_ms: match self.rebalance_timeout_ms {
                -1 => wish.rebalance_timeout_ms,
                said => said,
            },
            assignor: or(self.assignor, &wish.assignor),
            classic: self.classic.cloned(),
        }
    }
}

fn set(topics: &[Arc<str>]) -> Vec<Arc<str>> {
    let mut set = topics.to_vec();
    set.sort_unstable();
    set.dedup();
    set
}

impl ConsumerGroup {
    /// Whether the pattern that a member brings is one, in case nobody brought it before.
    pub(super) fn check_pattern(
        &self,
        member: &str,
        pattern: &Option<Arc<str>>,
    ) -> Result<(), GroupError> {
        let Some(said) = pattern.as_ref().filter(|pattern| !pattern.is_empty()) else {
            return Ok(());
        };
        let known = self.known.members.get(member).and_then(Member::pattern) == Some(said);
        if known || self.tally.patterns.contains_key(said) {
            return Ok(());
        }
        super::pattern::check(said)
    }

    /// Takes down what a member wants, and raises the group's epoch when that or the topics are
    /// other than they were; tells whether the member subscribes to something else now.
    pub(super) fn subscribe(
        &mut self,
        context: &mut Context<'_>,
        effects: &mut Effects,
        member_id: &Arc<str>,
        wish: &Wish<'_>,
    ) -> bool {
        let before = self.known.members.get(member_id);
        let (mut renamed, mut patterns) = (false, None);
        if !before.is_some_and(|member| wish.is_known(&member.wish)) {
            let fresh = Member::default();
            let before = before.unwrap_or(&fresh);
            let value = wish.over(&before.wish);
            let old_pattern = before.pattern().cloned();
            renamed = value.topics != before.wish.topics;
            let new_pattern = value.pattern.clone().filter(|pattern| !pattern.is_empty());
            self.write(effects, self.member_record(member_id, Some(value)));
            patterns = (old_pattern != new_pattern).then_some((old_pattern, new_pattern));
        }
        // Before the old pattern is forgotten: when it was matched last still counts.
        self.match_patterns_when_due(context, effects);
        let repatterned = patterns.is_some();
        let settled = patterns.is_some_and(|(old, new)| self.change_pattern(effects, old, new));
        // A pattern that is not matched yet changes nothing: the group is to assign when it is.
        let classic = wish.classic.is_some();
        let bump = renamed || settled || (classic && repatterned);
        self.raise_epoch(context, effects, bump);
        renamed || repatterned
    }

    /// Raises the epoch of the group if somebody wants something else (`bump`), or if the topics
    /// are not what they were when the hash was taken.
    pub(super) fn raise_epoch(&mut self, context: &Context<'_>, effects: &mut Effects, bump: bool) {
        let version = Some(context.image.version);
        if !bump && self.passing.compared == version {
            return;
        }
        self.passing.compared = version;
        let hash = self.passing.hashes.group(self.tally.topics.keys(), context.image);
        if bump || hash != self.known.metadata_hash {
            let value = GroupEpochValue { epoch: self.known.epoch + 1, metadata_hash: hash };
            self.write(effects, self.epoch_record(Some(value)));
        }
        if self.known.partition_metadata {
            self.write(effects, self.partition_metadata_tombstone());
        }
    }

    /// A record of what a member wants.
    pub(super) fn member_record(
        &self,
        member: &Arc<str>,
        value: Option<MemberValue>,
    ) -> GroupRecord {
        GroupRecord::Member { group: self.id.clone(), member: member.clone(), value }
    }

    /// Removes what Kafka before 4.1 wrote of the topics; the hash took its place.
    pub(super) fn partition_metadata_tombstone(&self) -> GroupRecord {
        GroupRecord::PartitionMetadata { group: self.id.clone(), value: None }
    }

    /// A record of the group's epoch.
    pub(super) fn epoch_record(&self, value: Option<GroupEpochValue>) -> GroupRecord {
        GroupRecord::Epoch { group: self.id.clone(), value }
    }
}
