//! Fetch: answered when there is enough to read, an error, or the wait is over. The reply is slices
//! of segment files around a few bytes of ours. What a request without a session reads is planned
//! here; a session's partitions are in `fetch_in_session`. Core-local.

use std::time::Duration;

use corelog_engine::metadata::LogId;
use corelog_engine::partition::{FetchError, FetchPart, Fetched, Isolation};
use corelog_engine::runtime::{self, LocalBoxFuture};
use corelog_engine::shard::{FetchAnswers, FetchSpec};

use super::fetch_in_session::SessionFetch;
use super::session::{Asked, Changes, Context, FetchMetadata};
use crate::api::broker::Broker;
use crate::api::names;
use crate::dispatch::{Call, malformed};
use crate::in_flight::{Outcome, Staged};
use crate::wire::fetch::FetchRequest;
use crate::wire::fetch_response::{
    EpochEndOffset, FetchPartitionResponse, FetchResponse, FetchTopicResponse,
};
use crate::wire::{ApiKey, ErrorCode, Request, RequestHeader, TOPIC_IDS_FROM, TopicRef};

/// Answers Fetch.
pub fn handle(call: Call<Broker>) -> LocalBoxFuture<Staged> {
    Box::pin(async move {
        let Call { state, mut header, body, .. } = call;
        let request = match FetchRequest::decode(header.version, body) {
            Ok(request) => request,
            Err(error) => return malformed(error),
        };
        // A parked fetch must not hold the memory of its frame: nothing of that is kept.
        header.client_id = None;
        let (reading, parts) = match begin(&request, header.version, &state) {
            Ok(begun) => begun,
            Err(Refused::Error(error)) => {
                return Staged::Done(encode(FetchResponse::refused(error), &header, &state));
            }
            Err(Refused::TooMuch) => {
                return Staged::Done(Outcome::Close("fetch of too many partitions"));
            }
        };
        let spec = spec(parts, &request, &state);
        Staged::Later(Box::pin(async move {
            let answers = state.shard().fetch(spec).await;
            let response = match reading {
                Reading::Sessionless(plan) => plan.settle(answers),
                Reading::InSession(fetch) => fetch.settle(answers, &state),
            };
            encode(response, &header, &state)
        }))
    })
}

/// A fetch under way.
enum Reading {
    Sessionless(Plan),
    InSession(SessionFetch),
}

/// Why nothing is read.
enum Refused {
    Error(ErrorCode),
    TooMuch,
}

/// What to read for a request, and who makes its answer.
fn begin(
    request: &FetchRequest,
    version: i16,
    broker: &Broker,
) -> Result<(Reading, Vec<FetchPart>), Refused> {
    let metadata = FetchMetadata {
        session_id: request.session_id,
        epoch: request.session_epoch,
        uses_topic_ids: version >= TOPIC_IDS_FROM,
    };
    let context = match metadata.is_sessionless() {
        true => Context::Sessionless,
        false => {
            let mut sessions = broker.fetch_sessions().borrow_mut();
            sessions.context(runtime::now(), metadata, || Changes::of(request))
        }
    };
    match context {
        Context::Sessionless => {
            let (plan, parts) = Plan::new(request, broker).ok_or(Refused::TooMuch)?;
            Ok((Reading::Sessionless(plan), parts))
        }
        Context::Full(session) => {
            let (fetch, parts) = SessionFetch::first(session, request, broker);
            Ok((Reading::InSession(fetch), parts))
        }
        Context::Incremental(session) => {
            let (fetch, parts) = SessionFetch::next(session, request, broker);
            Ok((Reading::InSession(fetch), parts))
        }
        Context::Refused(error) => Err(Refused::Error(error)),
        Context::TooMuch => Err(Refused::TooMuch),
    }
}

fn spec(parts: Vec<FetchPart>, request: &FetchRequest, broker: &Broker) -> FetchSpec {
    let max_bytes = positive(request.max_bytes).min(broker.config().network.fetch_bytes_max);
    let wait = Duration::from_millis(u64::from(positive(request.max_wait_ms)));
    FetchSpec {
        parts,
        // What exceeds the limit of the reply can never be there.
        min_bytes: positive(request.min_bytes).min(max_bytes),
        max_bytes,
        wait_until: runtime::now() + wait,
        isolation: isolation(request),
    }
}

fn encode(response: FetchResponse, header: &RequestHeader, broker: &Broker) -> Outcome {
    let partitions = response.topics.iter().flat_map(|topic| &topic.partitions);
    let errors = partitions.map(|partition| partition.error);
    broker.count_errors(ApiKey::Fetch, errors.chain([response.error]));
    match response.into_parts(header) {
        Ok(parts) => Outcome::Reply(parts.into()),
        Err(error) => {
            tracing::error!(%error, "fetch response not encodable");
            Outcome::Close("response not encodable")
        }
    }
}

/// The answer as far as it is known. `index` of a part is the place in `places`.
struct Plan {
    topics: Vec<FetchTopicResponse>,
    /// Topic and partition in `topics` of every part.
    places: Vec<(usize, usize)>,
    isolation: Isolation,
}

impl Plan {
    /// `None`: too much is asked.
    fn new(request: &FetchRequest, broker: &Broker) -> Option<(Plan, Vec<FetchPart>)> {
        let isolation = isolation(request);
        let mut plan = Plan { topics: Vec::new(), places: Vec::new(), isolation };
        let mut parts = Vec::new();
        plan.read(request, broker, &mut parts)?;
        Some((plan, parts))
    }

    fn read(
        &mut self,
        request: &FetchRequest,
        broker: &Broker,
        parts: &mut Vec<FetchPart>,
    ) -> Option<()> {
        let image = broker.image();
        let mut entries = 0;
        for asked in &request.topics {
            entries += 1 + asked.partitions.len();
            if entries > names::ENTRIES_MAX {
                return None;
            }
            let topic = match asked.topic {
                TopicRef::Name(name) => TopicRef::Name(names::text(name)),
                TopicRef::Id(id) => TopicRef::Id(id),
            };
            let found = names::find(&image, &topic);
            let mut partitions = Vec::with_capacity(asked.partitions.len());
            for partition in &asked.partitions {
                let index = partition.partition;
                let error = match found {
                    Err(error) => error,
                    Ok(found) if found.partition(index).is_none() => {
                        ErrorCode::UnknownTopicOrPartition
                    }
                    Ok(found) => {
                        let log = LogId { topic: found.id, partition: index };
                        parts.push(part(self.places.len() as u32, log, &Asked::of(&partition)));
                        self.places.push((self.topics.len(), partitions.len()));
                        ErrorCode::None
                    }
                };
                partitions.push(FetchPartitionResponse::refused(index, error));
            }
            self.topics.push(FetchTopicResponse { topic, partitions });
        }
        Some(())
    }

    fn settle(mut self, answers: FetchAnswers) -> FetchResponse {
        for (index, answer) in answers {
            let place = self.places.get(index as usize);
            if let Some(partition) = place.and_then(|(topic, partition)| {
                self.topics.get_mut(*topic)?.partitions.get_mut(*partition)
            }) {
                *partition = answered(partition.index, answer, self.isolation);
            }
        }
        FetchResponse { topics: self.topics, ..FetchResponse::refused(ErrorCode::None) }
    }
}

/// The answer for a partition that was asked.
pub(super) fn answered(
    index: i32,
    answer: Result<Fetched, FetchError>,
    isolation: Isolation,
) -> FetchPartitionResponse {
    let fetched = match answer {
        Ok(fetched) => fetched,
        Err(error) => return FetchPartitionResponse::refused(index, fetch_error(error)),
    };
    FetchPartitionResponse {
        high_watermark: fetched.high_watermark,
        last_stable_offset: fetched.last_stable,
        log_start_offset: fetched.log_start,
        diverging_epoch: fetched
            .diverging
            .map(|(epoch, end_offset)| EpochEndOffset { epoch, end_offset }),
        // Null unless asked for; nobody can abort a transaction yet.
        aborted_transactions: (isolation == Isolation::ReadCommitted).then(Vec::new),
        records: fetched.parts,
        ..FetchPartitionResponse::refused(index, ErrorCode::None)
    }
}

/// What a request may see.
pub(super) fn isolation(request: &FetchRequest) -> Isolation {
    match request.isolation_level {
        1 => Isolation::ReadCommitted,
        _ => Isolation::ReadUncommitted,
    }
}

/// A partition to read, as the owner core wants it.
pub(super) fn part(index: u32, log: LogId, asked: &Asked) -> FetchPart {
    FetchPart {
        index,
        log,
        offset: asked.offset,
        bytes_max: positive(asked.bytes_max),
        current_leader_epoch: told(asked.current_leader_epoch),
        last_fetched_epoch: told(asked.last_fetched_epoch),
    }
}

fn told(epoch: i32) -> Option<i32> {
    Some(epoch).filter(|epoch| *epoch >= 0)
}

fn positive(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

/// Kafka's code for a read that was refused.
pub fn fetch_error(error: FetchError) -> ErrorCode {
    match error {
        FetchError::UnknownPartition => ErrorCode::UnknownTopicOrPartition,
        FetchError::NotLeader => ErrorCode::NotLeaderOrFollower,
        FetchError::FencedLeaderEpoch => ErrorCode::FencedLeaderEpoch,
        FetchError::UnknownLeaderEpoch => ErrorCode::UnknownLeaderEpoch,
        FetchError::OffsetOutOfRange => ErrorCode::OffsetOutOfRange,
        FetchError::Storage => ErrorCode::KafkaStorageError,
        FetchError::Corrupt => ErrorCode::CorruptMessage,
    }
}
