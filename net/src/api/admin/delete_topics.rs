//! DeleteTopics, by name or by id. Core-local.
//!
//! Part of the ordered stage: what the same connection asks next finds the topics gone.

use corelog_engine::controller::{DeleteTopicError, TopicRef};
use corelog_engine::runtime::{self, LocalBoxFuture};
use uuid::Uuid;

use super::create_topics::waiting_time;
use crate::api::broker::Broker;
use crate::api::names;
use crate::dispatch::{Call, malformed, reply};
use crate::in_flight::{Outcome, Staged};
use crate::wire::messages::TopicName;
use crate::wire::messages::delete_topics_response::{DeletableTopicResult, DeleteTopicsResponse};
use crate::wire::request::topics::{DeleteTopicsRequest, DeletedTopic};
use crate::wire::{ErrorCode, Request, StrBytes, response_frame};

/// First version that knows the error for a broker on which nothing may be deleted.
const DISABLED_FROM: i16 = 3;

/// Answers DeleteTopics.
pub fn handle(call: Call<Broker>) -> LocalBoxFuture<Staged> {
    Box::pin(async move {
        let Call { state, header, body, charge: _charge, .. } = call;
        let request = match DeleteTopicsRequest::decode(header.version, body) {
            Ok(request) => request,
            Err(error) => return malformed(error),
        };
        if request.topics.len() + request.topic_names.len() > names::ENTRIES_MAX {
            return Staged::Done(Outcome::Close("deletion of too many topics"));
        }
        let results = delete(&request, header.version, &state).await;
        let response = DeleteTopicsResponse::default().with_responses(results);
        Staged::Done(reply(response_frame(&header, &response)))
    })
}

/// One result per topic that was asked for, in order. The controller checks.
async fn delete(
    request: &DeleteTopicsRequest,
    version: i16,
    state: &Broker,
) -> Vec<DeletableTopicResult> {
    let by_name = |name| DeletedTopic { name: Some(name), topic_id: Uuid::nil() };
    let asked: Vec<DeletedTopic> =
        request.topics.iter().chain(request.topic_names.iter().map(by_name)).collect();
    let mut results: Vec<DeletableTopicResult> = asked
        .iter()
        .map(|topic| result(topic, ErrorCode::InvalidRequest, "both name and id are given"))
        .collect();
    let (places, doomed): (Vec<usize>, Vec<TopicRef>) =
        asked.iter().enumerate().filter_map(|(place, topic)| Some((place, read(topic)?))).unzip();
    let deadline = runtime::now() + waiting_time(request.timeout_ms);
    let deleting = async {
        let deleted = state.shard().controller().delete_topics(doomed).await;
        state.shard().settled(state.image().version).await;
        deleted
    };
    // The controller finishes what it began, whether somebody waits for it or not.
    let Some(deleted) = runtime::within(deadline, deleting).await else {
        let late = |topic| result(topic, ErrorCode::RequestTimedOut, "not deleted in time");
        return asked.iter().map(late).collect();
    };
    for (place, deleted) in places.into_iter().zip(deleted) {
        results[place] = match deleted {
            Ok(topic) => DeletableTopicResult::default()
                .with_name(Some(TopicName(names::text(&topic.name))))
                .with_topic_id(topic.id),
            Err(error) => result(&asked[place], delete_error(error, version), error),
        };
    }
    results
}

/// What the controller is asked for; `None`: name and id cannot both be given.
fn read(topic: &DeletedTopic) -> Option<TopicRef> {
    match (&topic.name, names::given(topic.topic_id)) {
        (Some(_), Some(_)) => None,
        (Some(name), None) => Some(TopicRef::Name(name.to_string())),
        (None, _) => Some(TopicRef::Id(topic.topic_id)),
    }
}

/// Kafka's code for a topic that is not deleted.
fn delete_error(error: DeleteTopicError, version: i16) -> ErrorCode {
    match error {
        DeleteTopicError::UnknownName => ErrorCode::UnknownTopicOrPartition,
        DeleteTopicError::UnknownId => ErrorCode::UnknownTopicId,
        DeleteTopicError::NilId
        | DeleteTopicError::DuplicateName
        | DeleteTopicError::DuplicateId
        | DeleteTopicError::NameAndId => ErrorCode::InvalidRequest,
        DeleteTopicError::Disabled if version < DISABLED_FROM => ErrorCode::InvalidRequest,
        DeleteTopicError::Disabled => ErrorCode::TopicDeletionDisabled,
        // Clients look for another controller and ask again.
        DeleteTopicError::Unavailable => ErrorCode::NotController,
    }
}

fn result(topic: &DeletedTopic, error: ErrorCode, message: impl ToString) -> DeletableTopicResult {
    DeletableTopicResult::default()
        .with_name(topic.name.clone().map(TopicName))
        .with_topic_id(topic.topic_id)
        .with_error_code(error.code())
        .with_error_message(Some(StrBytes::from_string(message.to_string())))
}
