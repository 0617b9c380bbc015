//! ConsumerGroupHeartbeat: a member of a consumer group joins, stays, hears of its assignment, and
//! leaves, all in one request (KIP-848). Core-local.

use corelog_engine::group::GroupError;
use corelog_engine::group::answer::{Answer, ConsumerBeat};
use corelog_engine::group::request::{ConsumerHeartbeat, Request as GroupRequest};
use corelog_engine::record::offsets_topic::TopicPartitions;
use corelog_engine::runtime::LocalBoxFuture;

use super::ask::{answer, caller, shared, shared_option, text_option};
use super::error::Refusal;
use crate::api::broker::Broker;
use crate::api::names;
use crate::dispatch::{Call, malformed, reply};
use crate::in_flight::{Outcome, Staged};
use crate::wire::messages::consumer_group_heartbeat_response::{
    Assignment, ConsumerGroupHeartbeatResponse, TopicPartitions as Assigned,
};
use crate::wire::request::consumer_groups::{ConsumerGroupHeartbeatRequest, OwnedPartitions};
use crate::wire::{ErrorCode, Request, StrBytes, response_frame};

/// First version in which members make their ids themselves (KIP-1082).
const OWN_ID_FROM: i16 = 1;

/// Answers ConsumerGroupHeartbeat.
pub fn handle(call: Call<Broker>) -> LocalBoxFuture<Staged> {
    Box::pin(async move {
        let Call { state, session, header, body, charge } = call;
        let request = match ConsumerGroupHeartbeatRequest::decode(header.version, body) {
            Ok(request) => request,
            Err(error) => return malformed(error),
        };
        let Some(question) = read(&request, header.version) else {
            return Staged::Done(Outcome::Close("heartbeat with too many partitions"));
        };
        let fault = match state.config().groups.consumer_protocol {
            false => Some(Refusal::from(ErrorCode::UnsupportedVersion)),
            true => request.group_id.is_empty().then(no_group),
        };
        if let Some(refusal) = fault {
            return Staged::Done(reply(response_frame(&header, &refused(refusal))));
        }
        let question = GroupRequest::ConsumerHeartbeat(question);
        let caller = caller(&session, &header);
        let ticket = state.shard().ask_group(shared(&request.group_id), caller, question).await;
        Staged::Later(Box::pin(async move {
            let _charge = charge;
            let beaten = |answer| match answer {
                Answer::ConsumerHeartbeat(beaten) => Some(beaten),
                _ => None,
            };
            let response = match answer(ticket, beaten).await.flatten() {
                Err(GroupError::UnknownMemberId) => refused(unknown(&request)),
                beaten => response(beaten),
            };
            reply(response_frame(&header, &response))
        }))
    })
}

fn no_group() -> Refusal {
    let message = Some(StrBytes::from_static_str("GroupId can't be empty."));
    Refusal { code: ErrorCode::InvalidRequest, message }
}

fn unknown(request: &ConsumerGroupHeartbeatRequest) -> Refusal {
    let (member, group) = (&request.member_id, &request.group_id);
    let message = names::text(format!("Member {member} is not a member of group {group}."));
    Refusal { code: ErrorCode::UnknownMemberId, message: Some(message) }
}

/// `None` when it is too much.
fn read(request: &ConsumerGroupHeartbeatRequest, version: i16) -> Option<ConsumerHeartbeat> {
    let names = request.subscribed_topic_names.as_ref();
    let owned = request.topic_partitions.as_ref();
    let partitions: usize =
        owned.map_or(0, |owned| owned.iter().map(|topic| 1 + topic.partitions.len()).sum());
    if names.map_or(0, |names| names.len()) + partitions > names::ENTRIES_MAX {
        return None;
    }
    Some(ConsumerHeartbeat {
        member_id: shared(&request.member_id),
        member_epoch: request.member_epoch,
        instance_id: shared_option(request.instance_id.as_ref()),
        rack_id: shared_option(request.rack_id.as_ref()),
        rebalance_timeout_ms: request.rebalance_timeout_ms,
        topics: names.map(|names| names.iter().map(|name| shared(&name)).collect()),
        pattern: shared_option(request.subscribed_topic_regex.as_ref()),
        assignor: shared_option(request.server_assignor.as_ref()),
        owned: owned.map(|owned| owned.iter().map(partitions_of).collect()),
        brings_member_id: version >= OWN_ID_FROM,
    })
}

fn partitions_of(owned: OwnedPartitions) -> TopicPartitions {
    let mut partitions: Vec<i32> = owned.partitions.iter().collect();
    partitions.sort_unstable();
    TopicPartitions { topic: owned.topic_id, partitions }
}

fn response(beaten: Result<ConsumerBeat, GroupError>) -> ConsumerGroupHeartbeatResponse {
    let beat = match beaten {
        Ok(beat) => beat,
        Err(error) => return refused(error.into()),
    };
    ConsumerGroupHeartbeatResponse::default()
        .with_member_id(text_option(beat.member_id.as_ref()))
        .with_member_epoch(beat.member_epoch)
        .with_heartbeat_interval_ms(beat.heartbeat_interval_ms)
        .with_assignment(beat.assignment.map(assignment))
}

fn assignment(topics: Vec<TopicPartitions>) -> Assignment {
    let topics = topics.into_iter().map(|topic| {
        Assigned::default().with_topic_id(topic.topic).with_partitions(topic.partitions)
    });
    Assignment::default().with_topic_partitions(topics.collect())
}

fn refused(refusal: Refusal) -> ConsumerGroupHeartbeatResponse {
    ConsumerGroupHeartbeatResponse::default()
        .with_error_code(refusal.code.code())
        .with_error_message(refusal.message)
}
