//! Groups that change their protocol while their members go on (KIP-848): from classic to consumer
//! with the first member that speaks the new protocol, and back when the last of them is gone.
//! Core-local.
//!
//! Empty groups are simply begun anew in the other protocol. Whatever is refused leaves the group
//! as it was, with nothing written.

use std::collections::BTreeSet;
use std::sync::Arc;

use uuid::Uuid;

use super::answer::Answer;
use super::classic::{ClassicGroup, ClassicMember};
use super::consumer::{ConsumerGroup, Downgrade, Upgrade, UpgradedMember, check_heartbeat};
use super::consumer_protocol::{Assignment, Subscription};
use super::request::{Caller, ConsumerHeartbeat, Join};
use super::{Context, Effect, Effects, GroupError, Token};
use crate::metadata::Image;
use crate::record::offsets_topic::{ClassicMetadata, GroupRecord, TopicPartitions};

/// A heartbeat of the consumer protocol where there is no consumer group: with a member that may
/// join, there is one from now on, made of the classic group if there was one.
pub fn heartbeat(
    context: &mut Context<'_>,
    id: &Arc<str>,
    classic: Option<&mut ClassicGroup>,
    from: Token,
    caller: &Caller,
    request: &ConsumerHeartbeat,
) -> (Option<ConsumerGroup>, Effects) {
    let upgrade = match may_join(context, id, classic.as_deref(), request) {
        Ok(upgrade) => upgrade,
        Err(error) => return (None, refused(from, error)),
    };
    let mut group = ConsumerGroup::new(id.clone());
    let mut effects = match upgrade {
        Some(upgrade) => group.upgrade(context, upgrade),
        None => Effects::new(),
    };
    let beat = group.heartbeat(context, from, caller, request);
    if !beat.iter().any(|effect| matches!(effect, Effect::Append(_))) {
        return (None, beat);
    }
    let mut all = classic.map(|classic| leave_classic(context, id, classic)).unwrap_or_default();
    all.append(&mut effects);
    all.extend(beat);
    (Some(group), all)
}

/// What was left of a consumer group, as the classic group that it is from now on.
pub fn downgrade(
    context: &mut Context<'_>,
    id: &Arc<str>,
    left: Downgrade,
) -> (ClassicGroup, Effects) {
    let Downgrade { generation, members, rebalance } = left;
    let mut group = ClassicGroup::of_members(id.clone(), generation, context.wall, members);
    let effects = group.converted(context, rebalance);
    (group, effects)
}

/// A member of the classic protocol joins a consumer group without members: with a member that may
/// join, it is a classic group from now on.
pub fn join_empty(
    context: &mut Context<'_>,
    empty: &ConsumerGroup,
    id: &Arc<str>,
    from: Token,
    caller: &Caller,
    request: &Join,
) -> (Option<ClassicGroup>, Effects) {
    let mut group = ClassicGroup::new(id.clone());
    let joined = group.join(context, from, caller, request);
    if group.is_unused() {
        return (None, joined);
    }
    let mut effects: Effects = empty.tombstones().into_iter().map(Effect::Append).collect();
    effects.extend(joined);
    (Some(group), effects)
}

/// The classic group is over: who waits is told to join again, and its record goes.
fn leave_classic(context: &mut Context<'_>, id: &Arc<str>, classic: &mut ClassicGroup) -> Effects {
    let mut effects = classic.close(context, &GroupError::RebalanceInProgress);
    effects.push(Effect::Append(GroupRecord::Classic { group: id.clone(), value: None }));
    effects
}

/// Whether somebody may join by the consumer protocol, and what he brings along of a classic group.
fn may_join(
    context: &Context<'_>,
    id: &str,
    classic: Option<&ClassicGroup>,
    request: &ConsumerHeartbeat,
) -> Result<Option<Upgrade>, GroupError> {
    check_heartbeat(request, context.settings)?;
    match classic {
        None if request.joins() => Ok(None),
        None if request.leaves() => Err(not_found(format!("Group {id} not found."))),
        None => Err(not_found(format!("Consumer group {id} not found."))),
        Some(_) if !request.joins() => {
            Err(not_found(format!("Group {id} is not a consumer group.")))
        }
        Some(classic) if classic.is_empty() => Ok(None),
        Some(classic) => {
            let cannot = |why| {
                not_found(format!(
                    "Cannot upgrade classic group {id} to consumer group because {why}."
                ))
            };
            check_upgrade(context, classic).map_err(cannot)?;
            upgrade(context.image, classic).map(Some).map_err(cannot)
        }
    }
}

fn check_upgrade(context: &Context<'_>, classic: &ClassicGroup) -> Result<(), &'static str> {
    if !context.settings.migration.allows_upgrade() {
        Err("online upgrade is disabled")
    } else if !classic.uses_consumer_protocol() {
        Err("the group does not use the consumer embedded protocol")
    } else if classic.size() > context.settings.consumer_members_max {
        Err("the group size exceeds the consumer group maximum size")
    } else {
        Ok(())
    }
}

fn upgrade(image: &Image, classic: &ClassicGroup) -> Result<Upgrade, &'static str> {
    let protocol = classic.value().protocol;
    // A broken leader may have given a partition to two; the broker never does.
    let mut given = BTreeSet::new();
    let members = classic.members().into_iter();
    let members: Result<Vec<UpgradedMember>, &'static str> =
        members.map(|member| upgraded(image, member, protocol.as_deref(), &mut given)).collect();
    Ok(Upgrade { epoch: classic.generation(), members: members? })
}

fn upgraded(
    image: &Image,
    member: ClassicMember,
    protocol: Option<&str>,
    given: &mut BTreeSet<(Uuid, i32)>,
) -> Result<UpgradedMember, &'static str> {
    let malformed = "the embedded consumer protocol is malformed";
    let mut protocols = member.protocols.iter();
    // A group that has no generation yet has no protocol either.
    let brought = protocols.find(|(name, _)| protocol.is_none_or(|chosen| **name == *chosen));
    let metadata = brought.map(|(_, metadata)| metadata.as_ref()).unwrap_or_default();
    let subscription = Subscription::parse(metadata).ok_or(malformed)?;
    let mut assigned = Vec::new();
    if !member.assignment.is_empty() {
        let assignment = Assignment::parse(&member.assignment).ok_or(malformed)?;
        if !assignment.user_data.is_empty() {
            return Err("an unsupported custom assignor is in use. Please refer to the \
                        documentation or switch to a default assignor before re-attempting the \
                        upgrade");
        }
        for named in assignment.partitions {
            let Some(topic) = image.topic(&named.topic).map(|topic| topic.id) else { continue };
            let mut partitions = named.partitions;
            partitions.retain(|partition| given.insert((topic, *partition)));
            assigned.push(TopicPartitions { topic, partitions });
        }
    }
    let classic = ClassicMetadata {
        session_timeout_ms: member.session_timeout_ms,
        protocols: member.protocols,
    };
    Ok(UpgradedMember {
        member_id: member.member_id,
        instance_id: member.instance_id,
        client_id: member.client_id,
        client_host: member.client_host,
        rebalance_timeout_ms: member.rebalance_timeout_ms,
        rack_id: subscription.rack,
        topics: subscription.topics,
        classic,
        assigned,
    })
}

fn not_found(told: String) -> GroupError {
    GroupError::GroupIdNotFound(told.into())
}

fn refused(to: Token, error: GroupError) -> Effects {
    Effects::from_iter([Effect::Answer { to, answer: Answer::ConsumerHeartbeat(Err(error)) }])
}

#[cfg(test)]
#[path = "migrate_test.rs"]
mod migrate_test;
