//! ConsumerGroupDescribe: consumer groups, their members and who owns what (KIP-848). Core-local.

use std::sync::Arc;

use corelog_engine::group::answer::{Answer, DescribedConsumer, DescribedConsumerGroup};
use corelog_engine::group::request::Request as GroupRequest;
use corelog_engine::metadata::Image;
use corelog_engine::record::offsets_topic::TopicPartitions;
use corelog_engine::runtime::LocalBoxFuture;
use corelog_engine::shard::GroupTicket;

use super::ask::{answer, caller, shared, text, text_option};
use super::error::Refusal;
use crate::api::broker::Broker;
use crate::api::names;
use crate::dispatch::{Call, malformed, reply};
use crate::in_flight::{Outcome, Staged};
use crate::wire::messages::TopicName;
use crate::wire::messages::consumer_group_describe_response::{
    Assignment, ConsumerGroupDescribeResponse, DescribedGroup, Member, TopicPartitions as Assigned,
};
use crate::wire::request::consumer_groups::ConsumerGroupDescribeRequest;
use crate::wire::{ErrorCode, Request, response_frame};

/// Answers ConsumerGroupDescribe.
pub fn handle(call: Call<Broker>) -> LocalBoxFuture<Staged> {
    Box::pin(async move {
        let Call { state, session, header, body, charge } = call;
        let request = match ConsumerGroupDescribeRequest::decode(header.version, body) {
            Ok(request) => request,
            Err(error) => return malformed(error),
        };
        if request.group_ids.len() > names::ENTRIES_MAX {
            return Staged::Done(Outcome::Close("description of too many groups"));
        }
        let caller = caller(&session, &header);
        let mut asked: Vec<(Arc<str>, Result<GroupTicket, Refusal>)> = Vec::new();
        for group in &request.group_ids {
            let group = shared(&group);
            let ticket = match fault(&group, &state) {
                Some(error) => Err(error.into()),
                None => {
                    let question = GroupRequest::DescribeConsumer;
                    Ok(state.shard().ask_group(group.clone(), caller.clone(), question).await)
                }
            };
            asked.push((group, ticket));
        }
        Staged::Later(Box::pin(async move {
            let _charge = charge;
            let mut described = Vec::with_capacity(asked.len());
            for (group, ticket) in asked {
                let found = match ticket {
                    Ok(ticket) => found(ticket).await,
                    Err(refusal) => Err(refusal),
                };
                let mut response = response(&group, found, &state.image());
                if request.include_authorized_operations && response.error_code == 0 {
                    response.authorized_operations = names::GROUP_OPERATIONS;
                }
                described.push(response);
            }
            let response = ConsumerGroupDescribeResponse::default().with_groups(described);
            reply(response_frame(&header, &response))
        }))
    })
}

/// What is wrong whatever the group may be.
fn fault(group: &str, state: &Broker) -> Option<ErrorCode> {
    match state.config().groups.consumer_protocol {
        false => Some(ErrorCode::UnsupportedVersion),
        true => group.is_empty().then_some(ErrorCode::InvalidGroupId),
    }
}

async fn found(ticket: GroupTicket) -> Result<DescribedConsumerGroup, Refusal> {
    let described = |answer| match answer {
        Answer::DescribeConsumer(described) => Some(described),
        _ => None,
    };
    answer(ticket, described).await.flatten().map_err(Refusal::from)
}

fn response(
    group: &str,
    described: Result<DescribedConsumerGroup, Refusal>,
    image: &Image,
) -> DescribedGroup {
    let response = DescribedGroup::default().with_group_id(text(group).into());
    match described {
        Ok(described) => response
            .with_group_state(text(described.state))
            .with_group_epoch(described.epoch)
            .with_assignment_epoch(described.assignment_epoch)
            .with_assignor_name(text(&described.assignor))
            .with_members(described.members.iter().map(|one| member(one, image)).collect()),
        Err(refusal) => {
            response.with_error_code(refusal.code.code()).with_error_message(refusal.message)
        }
    }
}

fn member(member: &DescribedConsumer, image: &Image) -> Member {
    let topics = member.topics.iter().map(|name| TopicName(text(name)));
    Member::default()
        .with_member_id(text(&member.member_id))
        .with_instance_id(text_option(member.instance_id.as_ref()))
        .with_rack_id(text_option(member.rack_id.as_ref()))
        .with_member_epoch(member.member_epoch)
        .with_client_id(text(&member.client_id))
        .with_client_host(text(&member.client_host))
        .with_subscribed_topic_names(topics.collect())
        .with_subscribed_topic_regex(text_option(member.pattern.as_ref()))
        .with_assignment(assignment(&member.assigned, image))
        .with_target_assignment(assignment(&member.target, image))
        .with_member_type(member.member_type)
}

/// Topics that are gone have no name, and are left out.
fn assignment(topics: &[TopicPartitions], image: &Image) -> Assignment {
    let named = topics.iter().filter_map(|owned| {
        let topic = image.topic_by_id(owned.topic)?;
        let assigned = Assigned::default()
            .with_topic_id(owned.topic)
            .with_topic_name(TopicName(text(&topic.name)))
            .with_partitions(owned.partitions.clone());
        Some(assigned)
    });
    Assignment::default().with_topic_partitions(named.collect())
}
