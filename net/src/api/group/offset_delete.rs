//! OffsetDelete: a group forgets offsets (KIP-496). Core-local.

use std::sync::Arc;

use corelog_engine::group::GroupError;
use corelog_engine::group::answer::Answer;
use corelog_engine::group::request::Request as GroupRequest;
use corelog_engine::metadata::Image;
use corelog_engine::runtime::LocalBoxFuture;

use super::ask::{answer, caller, shared};
use super::error::{code, code_of};
use crate::api::broker::Broker;
use crate::api::names;
use crate::dispatch::{Call, malformed, reply};
use crate::in_flight::{Outcome, Staged};
use crate::wire::messages::TopicName;
use crate::wire::messages::offset_delete_response::{
    OffsetDeleteResponse, OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};
use crate::wire::request::group_offsets::OffsetDeleteRequest;
use crate::wire::{ErrorCode, Request, response_frame};

/// Answers OffsetDelete. The group is asked even when no topic of the request is there: whether
/// there is a group at all is said first.
pub fn handle(call: Call<Broker>) -> LocalBoxFuture<Staged> {
    Box::pin(async move {
        let Call { state, session, header, body, charge } = call;
        let request = match OffsetDeleteRequest::decode(header.version, body) {
            Ok(request) => request,
            Err(error) => return malformed(error),
        };
        if request.group_id.is_empty() {
            let error = ErrorCode::InvalidGroupId.code();
            let response = OffsetDeleteResponse::default().with_error_code(error);
            return Staged::Done(reply(response_frame(&header, &response)));
        }
        let Some(Planned { topics, asked, places }) = plan(&request, &state.image()) else {
            return Staged::Done(Outcome::Close("deletion of too many offsets"));
        };
        let caller = caller(&session, &header);
        let group = shared(&request.group_id);
        let question = GroupRequest::DeleteOffsets(asked);
        let ticket = state.shard().ask_group(group, caller, question).await;
        Staged::Later(Box::pin(async move {
            let _charge = charge;
            let deleted = |answer| match answer {
                Answer::DeleteOffsets(deleted) => Some(deleted),
                _ => None,
            };
            let deleted = answer(ticket, deleted).await.flatten();
            reply(response_frame(&header, &response(topics, &places, deleted)))
        }))
    })
}

/// The answer as far as it is known, what to ask, and where each ask stands in the answer.
#[derive(Default)]
struct Planned {
    topics: Vec<OffsetDeleteResponseTopic>,
    asked: Vec<(Arc<str>, i32)>,
    places: Vec<(usize, usize)>,
}

fn plan(request: &OffsetDeleteRequest, image: &Image) -> Option<Planned> {
    let mut planned = Planned::default();
    let mut entries = 0;
    for topic in &request.topics {
        entries += 1 + topic.partitions.len();
        if entries > names::ENTRIES_MAX {
            return None;
        }
        let found = image.topic(&topic.name);
        let name = shared(&topic.name);
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for asked in &topic.partitions {
            let index = asked.partition_index;
            let error = match found.is_some_and(|found| found.partition(index).is_some()) {
                true => {
                    planned.asked.push((name.clone(), index));
                    planned.places.push((planned.topics.len(), partitions.len()));
                    ErrorCode::None
                }
                false => ErrorCode::UnknownTopicOrPartition,
            };
            let partition = OffsetDeleteResponsePartition::default().with_partition_index(index);
            partitions.push(partition.with_error_code(error.code()));
        }
        let answered = OffsetDeleteResponseTopic::default()
            .with_name(TopicName(topic.name))
            .with_partitions(partitions);
        planned.topics.push(answered);
    }
    Some(planned)
}

fn response(
    mut topics: Vec<OffsetDeleteResponseTopic>,
    places: &[(usize, usize)],
    deleted: Result<Vec<Result<(), GroupError>>, GroupError>,
) -> OffsetDeleteResponse {
    let deleted = match deleted {
        Ok(deleted) => deleted,
        // Then nothing else is said.
        Err(error) => return OffsetDeleteResponse::default().with_error_code(code(&error).code()),
    };
    for ((topic, partition), decided) in places.iter().zip(deleted) {
        if let Some(answered) =
            topics.get_mut(*topic).and_then(|topic| topic.partitions.get_mut(*partition))
        {
            answered.error_code = code_of(decided.err().as_ref());
        }
    }
    OffsetDeleteResponse::default().with_topics(topics)
}
