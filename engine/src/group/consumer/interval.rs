//! How soon a member is to come again. Only its heartbeats tell it what it shall have, and only
//! those of others tell what they gave up: as long as a group is not where it should be, each round
//! takes an interval. So then members are told a shorter one, which the protocol leaves to the
//! broker, and the configured one once there is nothing to wait for.

use super::group::ConsumerGroup;
use super::reconcile::MemberState;
use crate::group::Context;
use crate::record::offsets_topic::CurrentValue;

/// Milliseconds between heartbeats while there is something to wait for.
const UNSETTLED_MS: i32 = 1_000;

impl ConsumerGroup {
    /// Milliseconds until a member's next heartbeat.
    pub(super) fn interval(
        &self,
        context: &Context<'_>,
        joins: bool,
        has: Option<&CurrentValue>,
    ) -> i32 {
        let configured = context.settings.consumer_heartbeat_interval_ms;
        // A member seldom comes alone: the first one of many has everything, and all others wait
        // for it to hear that it has to share.
        let waits = joins
            || self.is_assigning()
            || has.is_some_and(|has| MemberState::of(has) == MemberState::Unreleased)
            || (self.is_reconciling() && self.is_target_new(context));
        if waits { configured.min(UNSETTLED_MS) } else { configured }
    }

    /// Whether the target assignment was made less than two intervals ago: by then everybody has
    /// heard of it. A member that is away or gone holds nobody else to short intervals after that.
    fn is_target_new(&self, context: &Context<'_>) -> bool {
        let intervals = 2 * i64::from(context.settings.consumer_heartbeat_interval_ms);
        (0..intervals).contains(&context.wall.saturating_sub(self.known.target_timestamp))
    }
}
