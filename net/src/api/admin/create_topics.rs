//! CreateTopics. Core-local.
//!
//! Part of the ordered stage: what the same connection asks next finds the topics on every core.

use std::time::Duration;

use corelog_engine::config::{Described, describe_topic};
use corelog_engine::controller::{CreateTopicError, NewTopic};
use corelog_engine::metadata::TopicImage;
use corelog_engine::runtime::{self, LocalBoxFuture};

use super::describe_configs::source_code;
use crate::api::broker::Broker;
use crate::api::names;
use crate::dispatch::{Call, malformed, reply};
use crate::in_flight::{Outcome, Staged};
use crate::wire::messages::TopicName;
use crate::wire::messages::create_topics_response::{
    CreatableTopicConfigs, CreatableTopicResult, CreateTopicsResponse,
};
use crate::wire::request::topics::{
    CreateTopicsRequest, NewAssignment, NewConfig, NewTopic as AskedTopic,
};
use crate::wire::{ErrorCode, Request, StrBytes, response_frame};

/// Most topics in one request: the controller refuses as many partitions.
const CREATED_MAX: usize = 10_000;

/// Answers CreateTopics.
pub fn handle(call: Call<Broker>) -> LocalBoxFuture<Staged> {
    Box::pin(async move {
        let Call { state, header, body, charge: _charge, .. } = call;
        let request = match CreateTopicsRequest::decode(header.version, body) {
            Ok(request) => request,
            Err(error) => return malformed(error),
        };
        if request.topics.len() > CREATED_MAX {
            return Staged::Done(Outcome::Close("creation of too many topics"));
        }
        let results = create(&request, &state).await;
        let response = CreateTopicsResponse::default().with_topics(results);
        Staged::Done(reply(response_frame(&header, &response)))
    })
}

/// One result per topic that was asked for, in order. The controller checks; nothing is decided
/// here but how long somebody waits for it.
async fn create(request: &CreateTopicsRequest, state: &Broker) -> Vec<CreatableTopicResult> {
    let wanted = request.topics.iter().map(read).collect();
    let deadline = runtime::now() + waiting_time(request.timeout_ms);
    let creating = async {
        let created = state.shard().controller().create_topics(wanted, request.validate_only).await;
        state.shard().settled(state.image().version).await;
        created
    };
    // The controller finishes what it began, whether somebody waits for it or not.
    let Some(created) = runtime::within(deadline, creating).await else {
        let late = |topic: AskedTopic| {
            refused(topic.name, ErrorCode::RequestTimedOut, "not created in time".into())
        };
        return request.topics.iter().map(late).collect();
    };
    let asked = request.topics.iter();
    asked
        .zip(created)
        .map(|(asked, created)| match created {
            Ok(topic) => done(asked.name, &topic, request.validate_only, state),
            Err(error) => refused(asked.name, create_error(&error), names::text(&error)),
        })
        .collect()
}

/// How long a client waits for a change of the metadata: clients that say 0 still want an answer.
pub(super) fn waiting_time(timeout_ms: i32) -> Duration {
    Duration::from_millis(u64::try_from(timeout_ms).unwrap_or(0)).max(Duration::from_secs(1))
}

/// What the controller is asked for.
fn read(asked: AskedTopic) -> NewTopic {
    let assigned =
        |entry: NewAssignment| (entry.partition_index, entry.broker_ids.iter().collect());
    let set =
        |entry: NewConfig| (entry.name.to_string(), entry.value.map(|value| value.to_string()));
    NewTopic {
        name: asked.name.to_string(),
        partitions: Some(asked.num_partitions).filter(|count| *count != -1),
        replication: Some(asked.replication_factor).filter(|count| *count != -1),
        assignments: asked.assignments.iter().map(assigned).collect(),
        configs: asked.configs.iter().map(set).collect(),
    }
}

/// Kafka's code for a topic that is not created.
pub fn create_error(error: &CreateTopicError) -> ErrorCode {
    match error {
        CreateTopicError::TopicExists(_) => ErrorCode::TopicAlreadyExists,
        CreateTopicError::InvalidName(_) | CreateTopicError::Collides { .. } => {
            ErrorCode::InvalidTopicException
        }
        CreateTopicError::InvalidPartitions => ErrorCode::InvalidPartitions,
        CreateTopicError::InvalidReplicationFactor(_) => ErrorCode::InvalidReplicationFactor,
        CreateTopicError::InvalidReplicaAssignment(_) => ErrorCode::InvalidReplicaAssignment,
        CreateTopicError::InvalidConfig(_) => ErrorCode::InvalidConfig,
        CreateTopicError::InvalidRequest(_) => ErrorCode::InvalidRequest,
        CreateTopicError::TooManyPartitions => ErrorCode::PolicyViolation,
        // Clients look for another controller and ask again.
        CreateTopicError::Unavailable => ErrorCode::NotController,
    }
}

fn done(
    name: StrBytes,
    topic: &TopicImage,
    validate_only: bool,
    state: &Broker,
) -> CreatableTopicResult {
    let configs = describe_topic(state.config(), &topic.configs);
    CreatableTopicResult::default()
        .with_name(TopicName(name))
        .with_topic_id(if validate_only { uuid::Uuid::nil() } else { topic.id })
        .with_num_partitions(i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX))
        .with_replication_factor(i16::try_from(topic.replication_factor()).unwrap_or(i16::MAX))
        .with_configs(Some(configs.into_iter().map(config).collect()))
}

fn config(setting: Described) -> CreatableTopicConfigs {
    CreatableTopicConfigs::default()
        .with_name(setting.name.into())
        .with_value(setting.value.map(StrBytes::from_string))
        .with_read_only(setting.read_only)
        .with_config_source(source_code(setting.source))
        .with_is_sensitive(setting.sensitive)
}

fn refused(name: StrBytes, error: ErrorCode, message: StrBytes) -> CreatableTopicResult {
    CreatableTopicResult::default()
        .with_name(TopicName(name))
        .with_error_code(error.code())
        .with_error_message(Some(message))
        .with_num_partitions(-1)
        .with_replication_factor(-1)
}
