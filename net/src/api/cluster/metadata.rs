//! Metadata: brokers, topics, leaders; creates topics that are asked for and do not exist, when
//! broker and client allow it. Core-local.
//!
//! Creation is part of the ordered stage: it holds the later requests of this connection and of
//! no other, so that a produce behind it finds its topic.

use corelog_engine::controller::{CreateTopicError, NewTopic};
use corelog_engine::metadata::{Image, PartitionImage, TopicImage, is_internal};
use corelog_engine::runtime::LocalBoxFuture;
use uuid::Uuid;

use crate::api::admin::create_topics::create_error;
use crate::api::broker::Broker;
use crate::api::names;
use crate::dispatch::{Call, Session, malformed, reply};
use crate::in_flight::{Outcome, Staged};
use crate::wire::messages::metadata_response::{
    MetadataResponse, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use crate::wire::messages::{BrokerId, TopicName};
use crate::wire::request::metadata::{MetadataRequest, MetadataTopic};
use crate::wire::{ErrorCode, Request, response_frame};

/// First version in which topics can be asked for by id.
const IDS_FROM: i16 = 12;

/// Answers Metadata.
pub fn handle(call: Call<Broker>) -> LocalBoxFuture<Staged> {
    Box::pin(async move {
        let Call { state, session, header, body, charge: _charge } = call;
        let request = match MetadataRequest::decode(header.version, body) {
            Ok(request) => request,
            Err(error) => return malformed(error),
        };
        let operations = match request.include_topic_authorized_operations {
            true => names::TOPIC_OPERATIONS,
            false => names::OPERATIONS_NOT_ASKED,
        };
        let topics = match &request.topics {
            Some(asked) if asked.len() > names::ENTRIES_MAX => {
                return Staged::Done(Outcome::Close("metadata of too many topics"));
            }
            Some(asked) if !asked.is_empty() || header.version > 0 => {
                let asked: Vec<MetadataTopic> = asked.iter().collect();
                let may_create =
                    request.allow_auto_topic_creation && state.config().auto_create_topics;
                let refused = match may_create {
                    true => create_missing(&state, &asked).await,
                    false => Vec::new(),
                };
                let image = state.image();
                asked
                    .iter()
                    .map(|topic| one_topic(&image, topic, header.version, &refused, operations))
                    .collect()
            }
            _ => state.image().topics().map(|topic| found(topic, &state, operations)).collect(),
        };
        let response = about_cluster(&request, &state, &session).with_topics(topics);
        Staged::Done(reply(response_frame(&header, &response)))
    })
}

fn about_cluster(request: &MetadataRequest, state: &Broker, session: &Session) -> MetadataResponse {
    let image = state.image();
    let brokers = image.brokers().filter_map(|broker| {
        let (host, port) = names::endpoint(broker, session)?;
        let listed = MetadataResponseBroker::default()
            .with_node_id(BrokerId(broker.node))
            .with_host(host)
            .with_port(port)
            .with_rack(broker.rack.as_ref().map(names::text));
        Some(listed)
    });
    let operations = match request.include_cluster_authorized_operations {
        true => names::CLUSTER_OPERATIONS,
        false => names::OPERATIONS_NOT_ASKED,
    };
    MetadataResponse::default()
        .with_brokers(brokers.collect())
        .with_cluster_id(Some(names::text(&image.cluster_id)))
        .with_controller_id(BrokerId(state.config().node_id))
        .with_cluster_authorized_operations(operations)
}

/// Creates what is asked for by a name that nobody has; returns what could not be created, and
/// why. The broker's own topics are never made by being asked for.
async fn create_missing(state: &Broker, asked: &[MetadataTopic]) -> Vec<(String, ErrorCode)> {
    let image = state.image();
    let missing = |topic: &&MetadataTopic| {
        let name = topic.name.as_deref().unwrap_or_default();
        let is_named = topic.topic_id.is_nil() && topic.name.is_some();
        is_named
            && image.topic(name).is_none()
            && !is_internal(name)
            && names::absent(name) == ErrorCode::UnknownTopicOrPartition
    };
    let mut wanted: Vec<String> = asked
        .iter()
        .filter(missing)
        .filter_map(|topic| topic.name.as_deref())
        .map(String::from)
        .collect();
    wanted.sort_unstable();
    wanted.dedup();
    if wanted.is_empty() {
        return Vec::new();
    }
    let named = |name: &String| NewTopic { name: name.clone(), ..NewTopic::default() };
    let topics = wanted.iter().map(named).collect();
    let created = state.shard().controller().create_topics(topics, false).await;
    state.shard().settled(state.image().version).await;
    let refused = wanted.into_iter().zip(created).filter_map(|(name, created)| match created {
        // Somebody else was faster: it is there, which is what was wanted.
        Ok(_) | Err(CreateTopicError::TopicExists(_)) => None,
        Err(error) => {
            tracing::info!(topic = name, %error, "cannot create a topic that was asked for");
            Some((name, error_of(&error)))
        }
    });
    refused.collect()
}

/// As for CreateTopics, but that there is no other controller to look for.
fn error_of(error: &CreateTopicError) -> ErrorCode {
    match create_error(error) {
        ErrorCode::NotController => ErrorCode::LeaderNotAvailable,
        other => other,
    }
}

fn one_topic(
    image: &Image,
    asked: &MetadataTopic,
    version: i16,
    refused: &[(String, ErrorCode)],
    operations: i32,
) -> MetadataResponseTopic {
    let by_id = names::given(asked.topic_id);
    let name = asked.name.clone();
    let absent = |error: ErrorCode| {
        let name = name.clone().or((version < IDS_FROM).then(|| "".into()));
        MetadataResponseTopic::default()
            .with_error_code(error.code())
            .with_is_internal(name.as_deref().is_some_and(is_internal))
            .with_name(name.map(TopicName))
            .with_topic_id(by_id.unwrap_or(Uuid::nil()))
            .with_topic_authorized_operations(names::OPERATIONS_NOT_ASKED)
    };
    if version < IDS_FROM && (by_id.is_some() || asked.name.is_none()) {
        return absent(ErrorCode::InvalidRequest);
    }
    match (by_id, asked.name.as_deref()) {
        (Some(id), _) => match image.topic_by_id(id) {
            Some(topic) => describe(image, topic, operations),
            None => absent(ErrorCode::UnknownTopicId),
        },
        (None, Some(name)) => match image.topic(name) {
            Some(topic) => describe(image, topic, operations),
            None => absent(
                refused
                    .iter()
                    .find(|(refused, _)| refused == name)
                    .map_or_else(|| names::absent(name), |(_, error)| *error),
            ),
        },
        (None, None) => absent(ErrorCode::UnknownTopicId),
    }
}

fn found(topic: &TopicImage, state: &Broker, operations: i32) -> MetadataResponseTopic {
    describe(&state.image(), topic, operations)
}

fn describe(image: &Image, topic: &TopicImage, operations: i32) -> MetadataResponseTopic {
    let partitions = topic.partitions.iter().zip(0..);
    MetadataResponseTopic::default()
        .with_name(Some(TopicName(names::text(&topic.name))))
        .with_topic_id(topic.id)
        .with_is_internal(is_internal(&topic.name))
        .with_partitions(partitions.map(|(state, index)| partition(image, state, index)).collect())
        .with_topic_authorized_operations(operations)
}

fn partition(image: &Image, state: &PartitionImage, index: i32) -> MetadataResponsePartition {
    let error = match image.broker(state.leader) {
        Some(_) => ErrorCode::None,
        None => ErrorCode::LeaderNotAvailable,
    };
    let ids = |nodes: &[i32]| nodes.iter().copied().map(BrokerId).collect::<Vec<_>>();
    let offline = state.replicas.iter().copied().filter(|node| image.broker(*node).is_none());
    MetadataResponsePartition::default()
        .with_error_code(error.code())
        .with_partition_index(index)
        .with_leader_id(BrokerId(state.leader))
        .with_leader_epoch(state.leader_epoch)
        .with_replica_nodes(ids(&state.replicas))
        .with_isr_nodes(ids(&state.isr))
        .with_offline_replicas(offline.map(BrokerId).collect())
}
