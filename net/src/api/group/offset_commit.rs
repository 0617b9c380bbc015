//! OffsetCommit: a group remembers how far it has come. Core-local.
//!
//! Topics and partitions that there are not are answered here, from the image, before the group
//! is asked: in Kafka's order, and whatever the group would say.

use std::sync::Arc;

use corelog_engine::group::GroupError;
use corelog_engine::group::answer::Answer;
use corelog_engine::group::request::{Commit, CommitPartition, Request as GroupRequest};
use corelog_engine::metadata::{Image, TopicImage};
use corelog_engine::runtime::LocalBoxFuture;
use uuid::Uuid;

use super::ask::{answer, caller, shared, shared_option};
use super::error::code;
use crate::api::broker::Broker;
use crate::api::names;
use crate::dispatch::{Call, malformed, reply};
use crate::in_flight::{Outcome, Staged};
use crate::wire::messages::TopicName;
use crate::wire::messages::offset_commit_response::{
    OffsetCommitResponse, OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use crate::wire::request::group_offsets::{
    OffsetCommitPartition, OffsetCommitRequest, OffsetCommitTopic,
};
use crate::wire::{ErrorCode, Request, response_frame};

/// First version that names topics by id.
const IDS_FROM: i16 = 10;
/// First version whose clients know STALE_MEMBER_EPOCH (KIP-848).
const EPOCHS_FROM: i16 = 9;
/// "As the broker is set" for the time to keep offsets.
const RETENTION_DEFAULT: i64 = -1;

/// Answers OffsetCommit.
pub fn handle(call: Call<Broker>) -> LocalBoxFuture<Staged> {
    Box::pin(async move {
        let Call { state, session, header, body, charge } = call;
        let version = header.version;
        let request = match OffsetCommitRequest::decode(version, body) {
            Ok(request) => request,
            Err(error) => return malformed(error),
        };
        let Some(Planned { mut topics, offsets, places }) = plan(&request, version, &state.image())
        else {
            return Staged::Done(Outcome::Close("commit of too many offsets"));
        };
        if offsets.is_empty() {
            let response = OffsetCommitResponse::default().with_topics(topics);
            return Staged::Done(reply(response_frame(&header, &response)));
        }
        let question = GroupRequest::Commit(Commit {
            member_id: shared(&request.member_id),
            instance_id: shared_option(request.group_instance_id.as_ref()),
            generation: request.generation_id_or_member_epoch,
            knows_epochs: version >= EPOCHS_FROM,
            retention_ms: Some(request.retention_time_ms).filter(|ms| *ms != RETENTION_DEFAULT),
            offsets,
        });
        let caller = caller(&session, &header);
        let ticket = state.shard().ask_group(shared(&request.group_id), caller, question).await;
        Staged::Later(Box::pin(async move {
            let _charge = charge;
            let committed = |answer| match answer {
                Answer::Commit(committed) => Some(committed),
                _ => None,
            };
            fill(&mut topics, &places, answer(ticket, committed).await);
            let response = OffsetCommitResponse::default().with_topics(topics);
            reply(response_frame(&header, &response))
        }))
    })
}

/// The group's decisions, by place in the request.
type Committed = Vec<(u32, Result<(), GroupError>)>;

/// The answer as far as it is known, what to ask, and where each offset stands in the answer.
struct Planned {
    topics: Vec<OffsetCommitResponseTopic>,
    offsets: Vec<CommitPartition>,
    places: Vec<(usize, usize)>,
}

fn plan(request: &OffsetCommitRequest, version: i16, image: &Image) -> Option<Planned> {
    let mut planned = Planned { topics: Vec::new(), offsets: Vec::new(), places: Vec::new() };
    let mut entries = 0;
    for topic in &request.topics {
        entries += 1 + topic.partitions.len();
        if entries > names::ENTRIES_MAX {
            return None;
        }
        let found = find(&topic, version, image);
        let name = found.map(|found| found.name.clone());
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for asked in &topic.partitions {
            let index = asked.partition_index;
            let error = match (&found, &name) {
                (Ok(found), Ok(name)) if found.partition(index).is_some() => {
                    let at = planned.places.len() as u32;
                    planned.places.push((planned.topics.len(), partitions.len()));
                    planned.offsets.push(offset(at, name.clone(), found.id, &asked));
                    ErrorCode::None
                }
                (Err(error), _) => *error,
                _ => ErrorCode::UnknownTopicOrPartition,
            };
            let partition = OffsetCommitResponsePartition::default().with_partition_index(index);
            partitions.push(partition.with_error_code(error.code()));
        }
        let answered = OffsetCommitResponseTopic::default()
            .with_name(TopicName(topic.name))
            .with_topic_id(topic.topic_id)
            .with_partitions(partitions);
        planned.topics.push(answered);
    }
    Some(planned)
}

fn find<'a>(
    topic: &OffsetCommitTopic,
    version: i16,
    image: &'a Image,
) -> Result<&'a TopicImage, ErrorCode> {
    let (found, error) = match version {
        IDS_FROM.. => (image.topic_by_id(topic.topic_id), ErrorCode::UnknownTopicId),
        _ => (image.topic(&topic.name), ErrorCode::UnknownTopicOrPartition),
    };
    found.map(|topic| &**topic).ok_or(error)
}

fn offset(
    index: u32,
    topic: Arc<str>,
    topic_id: Uuid,
    asked: &OffsetCommitPartition,
) -> CommitPartition {
    CommitPartition {
        index,
        topic,
        topic_id,
        partition: asked.partition_index,
        offset: asked.committed_offset,
        leader_epoch: asked.committed_leader_epoch,
        metadata: shared(asked.committed_metadata.as_deref().unwrap_or_default()),
    }
}

/// Puts the group's decisions where they belong.
fn fill(
    topics: &mut [OffsetCommitResponseTopic],
    places: &[(usize, usize)],
    committed: Result<Committed, GroupError>,
) {
    let committed = committed.unwrap_or_else(|error| {
        (0..places.len()).map(|at| (at as u32, Err(error.clone()))).collect()
    });
    for (at, decided) in committed {
        let place = places.get(at as usize);
        let partition = place
            .and_then(|(topic, partition)| topics.get_mut(*topic)?.partitions.get_mut(*partition));
        if let (Some(partition), Err(error)) = (partition, decided) {
            partition.error_code = code(&error).code();
        }
    }
}
