//! What a ConsumerGroupHeartbeat may say at all, before anybody looks at the group; Kafka's order
//! of checks and Kafka's words. Pure.

use crate::group::request::ConsumerHeartbeat;
use crate::group::{GroupError, GroupSettings};

/// Epoch of a member that joins.
pub(super) const JOINING: i32 = 0;
/// Epoch of a member that leaves.
pub(super) const LEAVING: i32 = -1;
/// Epoch of a static member that leaves and will be back.
pub(super) const LEAVING_FOR_NOW: i32 = -2;

/// Whether the request makes sense.
///
/// # Errors
/// INVALID_REQUEST with what is wrong, or UNSUPPORTED_ASSIGNOR.
pub fn check(request: &ConsumerHeartbeat, settings: &GroupSettings) -> Result<(), GroupError> {
    let epoch = request.member_epoch;
    let needs_id = request.brings_member_id || epoch > JOINING || epoch == LEAVING;
    refuse(needs_id && is_blank(&request.member_id), "MemberId can't be empty.")?;
    let blank = |text: &Option<std::sync::Arc<str>>| text.as_deref().is_some_and(is_blank);
    refuse(blank(&request.instance_id), "InstanceId can't be empty.")?;
    refuse(blank(&request.rack_id), "RackId can't be empty.")?;
    match epoch {
        JOINING => check_joining(request)?,
        LEAVING_FOR_NOW => refuse(request.instance_id.is_none(), "InstanceId can't be null.")?,
        epoch => refuse(epoch < LEAVING_FOR_NOW, "MemberEpoch is invalid.")?,
    }
    match &request.assignor {
        Some(name) if !settings.consumer_assignors.contains(name) => {
            let offered = settings.consumer_assignors.join(", ");
            let told =
                format!("ServerAssignor {name} is not supported. Supported assignors: {offered}.");
            Err(GroupError::UnsupportedAssignor(told.into()))
        }
        _ => Ok(()),
    }
}

fn check_joining(request: &ConsumerHeartbeat) -> Result<(), GroupError> {
    refuse(
        request.rebalance_timeout_ms == -1,
        "RebalanceTimeoutMs must be provided in first request.",
    )?;
    refuse(
        request.owned.as_ref().is_none_or(|owned| !owned.is_empty()),
        "TopicPartitions must be empty when (re-)joining.",
    )?;
    refuse(
        request.topics.is_none() && request.pattern.is_none(),
        "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.",
    )
}

fn refuse(wrong: bool, told: &str) -> Result<(), GroupError> {
    if wrong { Err(GroupError::InvalidRequest(told.into())) } else { Ok(()) }
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}
