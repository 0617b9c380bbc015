//! OffsetFetch: how far groups have come, several groups at once from v8. Core-local.
//!
//! What goes wrong with a whole group is said per partition in v1, once up to v7, per group after.
//! Topics that there are not (any more) are no error when they are named by name: their offsets
//! may still be there.

use std::sync::Arc;

use corelog_engine::group::GroupError;
use corelog_engine::group::answer::{Answer, FetchedOffset};
use corelog_engine::group::request::{FetchOffsets, FetchPartition, Request as GroupRequest};
use corelog_engine::metadata::Image;
use corelog_engine::runtime::LocalBoxFuture;

use super::ask::{answer, caller, shared, shared_option, text};
use super::error::code;
use super::offset_fetch_response::{self as said, Group, Partition, Topic};
use crate::api::broker::Broker;
use crate::api::names;
use crate::dispatch::{Call, malformed, reply};
use crate::in_flight::{Outcome, Staged};
use crate::wire::request::group_offsets::{OffsetFetchGroup, OffsetFetchRequest, OffsetFetchTopic};
use crate::wire::{ErrorCode, Request, Seq, response_frame};

/// First version that may ask for all offsets of a group.
const ALL_FROM: i16 = 2;
/// First version that asks for several groups (KIP-709).
const GROUPS_FROM: i16 = 8;
/// First version that names topics by id.
const IDS_FROM: i16 = 10;

/// Answers OffsetFetch.
pub fn handle(call: Call<Broker>) -> LocalBoxFuture<Staged> {
    Box::pin(async move {
        let Call { state, session, header, body, charge } = call;
        let version = header.version;
        let request = match OffsetFetchRequest::decode(version, body) {
            Ok(request) => request,
            Err(error) => return malformed(error),
        };
        let Some(asked) = read(&request, version, &state.image()) else {
            return Staged::Done(Outcome::Close("fetch of too many offsets, or of all before v2"));
        };
        let questions = asked.iter().map(|asked| {
            let question = asked.question(request.require_stable);
            (asked.group.clone(), GroupRequest::FetchOffsets(question))
        });
        let caller = caller(&session, &header);
        let tickets = state.shard().ask_groups(&caller, questions.collect()).await;
        Staged::Later(Box::pin(async move {
            let _charge = charge;
            let mut groups = Vec::with_capacity(asked.len());
            for (asked, ticket) in asked.into_iter().zip(tickets) {
                let fetched = |answer| match answer {
                    Answer::FetchOffsets(fetched) => Some(fetched),
                    _ => None,
                };
                let fetched = answer(ticket, fetched).await.flatten();
                groups.push(asked.answered(fetched, version, &state.image()));
            }
            reply(response_frame(&header, &said::response(groups, version)))
        }))
    })
}

/// What is asked of one group.
struct Asked {
    group: Arc<str>,
    member_id: Option<Arc<str>>,
    member_epoch: i32,
    /// `None` = all there is.
    named: Option<Named>,
}

/// The partitions that a request names.
#[derive(Default)]
struct Named {
    /// The answer as far as it is known.
    topics: Vec<Topic>,
    /// What to ask.
    partitions: Vec<FetchPartition>,
    /// Where each of them stands in the answer.
    places: Vec<(usize, usize)>,
}

/// `None`: the connection is closed.
fn read(request: &OffsetFetchRequest, version: i16, image: &Image) -> Option<Vec<Asked>> {
    let mut entries = request.groups.len();
    if version < GROUPS_FROM {
        let topics = request.topics.as_ref();
        if topics.is_none() && version < ALL_FROM {
            return None;
        }
        let mut asked = Asked::of(&request.group_id);
        asked.read_topics(topics, version, image, &mut entries)?;
        return Some(vec![asked]);
    }
    if entries > names::ENTRIES_MAX {
        return None;
    }
    let groups = request.groups.iter().map(|group: OffsetFetchGroup| {
        let mut asked = Asked::of(&group.group_id);
        asked.member_id = shared_option(group.member_id.as_ref());
        asked.member_epoch = group.member_epoch;
        asked.read_topics(group.topics.as_ref(), version, image, &mut entries)?;
        Some(asked)
    });
    groups.collect()
}

impl Asked {
    fn of(group: &str) -> Asked {
        Asked { group: shared(group), member_id: None, member_epoch: -1, named: None }
    }

    fn read_topics(
        &mut self,
        topics: Option<&Seq<OffsetFetchTopic>>,
        version: i16,
        image: &Image,
        entries: &mut usize,
    ) -> Option<()> {
        let Some(topics) = topics else { return Some(()) };
        let mut named = Named::default();
        for topic in topics {
            *entries += 1 + topic.partition_indexes.len();
            if *entries > names::ENTRIES_MAX {
                return None;
            }
            match version {
                IDS_FROM.. => match image.topic_by_id(topic.topic_id) {
                    Some(found) => named.add(&topic, Some(&found.name)),
                    None => named.add(&topic, None),
                },
                _ => named.add(&topic, Some(&topic.name)),
            }
        }
        self.named = Some(named);
        Some(())
    }

    fn question(&self, require_stable: bool) -> FetchOffsets {
        FetchOffsets {
            member_id: self.member_id.clone(),
            member_epoch: self.member_epoch,
            require_stable,
            partitions: self.named.as_ref().map(|named| named.partitions.clone()),
        }
    }

    /// What is said about the group.
    fn answered(
        self,
        fetched: Result<Vec<FetchedOffset>, GroupError>,
        version: i16,
        image: &Image,
    ) -> Group {
        let id = text(&self.group);
        let (topics, error) = match (fetched, self.named) {
            (Ok(offsets), Some(named)) => (named.filled(offsets), ErrorCode::None),
            (Ok(offsets), None) => (by_topic(offsets, version, image), ErrorCode::None),
            (Err(error), Some(named)) if version < ALL_FROM => {
                let error = group_error(&error);
                (named.refused(error), error)
            }
            (Err(error), _) => (Vec::new(), group_error(&error)),
        };
        Group { id, topics, error }
    }
}

impl Named {
    /// Without a name, nobody has its id.
    fn add(&mut self, topic: &OffsetFetchTopic, name: Option<&str>) {
        let error = match name {
            Some(_) => ErrorCode::None,
            None => ErrorCode::UnknownTopicId,
        };
        if let Some(name) = name {
            let name = shared(name);
            for (partition, at) in topic.partition_indexes.iter().zip(0..) {
                let (topic, topic_id) = (name.clone(), topic.topic_id);
                self.partitions.push(FetchPartition { topic, topic_id, partition });
                self.places.push((self.topics.len(), at));
            }
        }
        let partitions = topic.partition_indexes.iter();
        self.topics.push(Topic {
            name: topic.name.clone(),
            id: topic.topic_id,
            partitions: partitions.map(|index| Partition::refused(index, error)).collect(),
        });
    }

    fn filled(mut self, offsets: Vec<FetchedOffset>) -> Vec<Topic> {
        for (fetched, (topic, at)) in offsets.iter().zip(self.places) {
            let topic = self.topics.get_mut(topic);
            if let Some(place) = topic.and_then(|topic| topic.partitions.get_mut(at)) {
                *place = partition(fetched);
            }
        }
        self.topics
    }

    fn refused(mut self, error: ErrorCode) -> Vec<Topic> {
        for topic in &mut self.topics {
            topic.partitions.iter_mut().for_each(|partition| partition.error = error);
        }
        self.topics
    }
}

/// Offsets by topic, in the order they came. A topic whose id nobody knows cannot be named in
/// versions that name by id, and is left out.
fn by_topic(offsets: Vec<FetchedOffset>, version: i16, image: &Image) -> Vec<Topic> {
    let mut topics: Vec<(Arc<str>, Topic)> = Vec::new();
    for fetched in offsets {
        let partition = partition(&fetched);
        match topics.last_mut() {
            Some((name, topic)) if *name == fetched.topic => topic.partitions.push(partition),
            _ => {
                let id = image.topic(&fetched.topic).map(|topic| topic.id).unwrap_or_default();
                let name = text(&fetched.topic);
                let topic = Topic { name, id, partitions: vec![partition] };
                topics.push((fetched.topic, topic));
            }
        }
    }
    let topics = topics.into_iter().map(|(_, topic)| topic);
    topics.filter(|topic| version < IDS_FROM || !topic.id.is_nil()).collect()
}

fn partition(fetched: &FetchedOffset) -> Partition {
    match &fetched.offset {
        Ok(Some(committed)) => Partition {
            index: fetched.partition,
            offset: committed.offset,
            leader_epoch: committed.leader_epoch,
            metadata: text(&committed.metadata),
            error: ErrorCode::None,
        },
        Ok(None) => Partition::refused(fetched.partition, ErrorCode::None),
        Err(error) => Partition::refused(fetched.partition, code(error)),
    }
}

/// Consumers before 3.9 do not expect COORDINATOR_NOT_AVAILABLE here; NOT_COORDINATOR makes them
/// look for the coordinator again, which is what is wanted.
fn group_error(error: &GroupError) -> ErrorCode {
    match code(error) {
        ErrorCode::CoordinatorNotAvailable => ErrorCode::NotCoordinator,
        code => code,
    }
}
