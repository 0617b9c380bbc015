//! OffsetFetch: how far groups have come, several groups at once from v8. Core-local.
//!
//! What goes wrong with a whole group is said per partition in v1, once up to v7, per group after.
//! Topics that there are not (any more) are no error when they are named by name: their offsets
//! may still be there.

use std::collections::BTreeMap;
use std::sync::Arc;

use corelog_engine::group::GroupError;
use corelog_engine::group::answer::{Answer, FetchedOffset};
use corelog_engine::group::request::{FetchOffsets, FetchPartition, Request as GroupRequest};
use corelog_engine::metadata::Image;
use corelog_engine::runtime::LocalBoxFuture;
use uuid::Uuid;

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
    partitions: Option<Vec<FetchPartition>>,
    /// Topics by ids that nobody has.
    unknown: Vec<Topic>,
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
        Asked {
            group: shared(group),
            member_id: None,
            member_epoch: -1,
            partitions: None,
            unknown: Vec::new(),
        }
    }

    fn read_topics(
        &mut self,
        topics: Option<&Seq<OffsetFetchTopic>>,
        version: i16,
        image: &Image,
        entries: &mut usize,
    ) -> Option<()> {
        let Some(topics) = topics else { return Some(()) };
        let mut partitions = Vec::new();
        for topic in topics {
            *entries += 1 + topic.partition_indexes.len();
            if *entries > names::ENTRIES_MAX {
                return None;
            }
            let name = match version {
                IDS_FROM.. => image.topic_by_id(topic.topic_id).map(|found| shared(&found.name)),
                _ => Some(shared(&topic.name)),
            };
            match name {
                Some(name) => {
                    let id = topic.topic_id;
                    let named =
                        |partition| FetchPartition { topic: name.clone(), topic_id: id, partition };
                    partitions.extend(topic.partition_indexes.iter().map(named));
                }
                None => self.unknown.push(refused(&topic, ErrorCode::UnknownTopicId)),
            }
        }
        self.partitions = Some(partitions);
        Some(())
    }

    fn question(&self, require_stable: bool) -> FetchOffsets {
        FetchOffsets {
            member_id: self.member_id.clone(),
            member_epoch: self.member_epoch,
            require_stable,
            partitions: self.partitions.clone(),
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
        match fetched {
            Ok(offsets) => {
                let mut topics = self.topics(offsets, version, image);
                topics.extend(self.unknown);
                Group { id, topics, error: ErrorCode::None }
            }
            Err(error) => {
                let error = group_error(&error);
                let topics = match version {
                    ..ALL_FROM => self.all_refused(error),
                    _ => Vec::new(),
                };
                Group { id, topics, error }
            }
        }
    }

    /// Offsets by topic, in the order they came. A topic whose id nobody knows cannot be named in
    /// versions that name by id, and is left out.
    fn topics(&self, offsets: Vec<FetchedOffset>, version: i16, image: &Image) -> Vec<Topic> {
        let asked = self.partitions.as_deref().unwrap_or_default();
        let ids: BTreeMap<&str, Uuid> =
            asked.iter().map(|one| (&*one.topic, one.topic_id)).collect();
        let mut topics: Vec<(Arc<str>, Topic)> = Vec::new();
        for fetched in offsets {
            let partition = partition(&fetched);
            match topics.last_mut() {
                Some((name, topic)) if *name == fetched.topic => topic.partitions.push(partition),
                _ => {
                    let found = || image.topic(&fetched.topic).map(|topic| topic.id);
                    let id = ids.get(&*fetched.topic).copied().or_else(found).unwrap_or_default();
                    let name = text(&fetched.topic);
                    let topic = Topic { name, id, partitions: vec![partition] };
                    topics.push((fetched.topic, topic));
                }
            }
        }
        let topics = topics.into_iter().map(|(_, topic)| topic);
        topics.filter(|topic| version < IDS_FROM || !topic.id.is_nil()).collect()
    }

    fn all_refused(&self, error: ErrorCode) -> Vec<Topic> {
        let asked = self.partitions.as_deref().unwrap_or_default();
        let refused = asked.iter().map(|asked| {
            let partitions = vec![Partition::refused(asked.partition, error)];
            Topic { name: text(&asked.topic), id: Uuid::nil(), partitions }
        });
        refused.collect()
    }
}

fn refused(topic: &OffsetFetchTopic, error: ErrorCode) -> Topic {
    let partitions = topic.partition_indexes.iter();
    Topic {
        name: topic.name.clone(),
        id: topic.topic_id,
        partitions: partitions.map(|index| Partition::refused(index, error)).collect(),
    }
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
