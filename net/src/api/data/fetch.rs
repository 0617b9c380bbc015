//! Fetch: full fetches (no session is ever made), answered when there is enough to read, an
//! error, or the wait is over. The reply is slices of segment files around a few bytes of ours.
//! Core-local.

use std::time::Duration;

use corelog_engine::metadata::LogId;
use corelog_engine::partition::{FetchError, FetchPart, Fetched, Isolation};
use corelog_engine::runtime::{self, LocalBoxFuture};
use corelog_engine::shard::FetchSpec;

use crate::api::broker::Broker;
use crate::api::names;
use crate::dispatch::{Call, malformed};
use crate::in_flight::{Outcome, Staged};
use crate::wire::fetch::{FetchPartition, FetchRequest};
use crate::wire::fetch_response::{
    EpochEndOffset, FetchPartitionResponse, FetchResponse, FetchTopicResponse,
};
use crate::wire::{ErrorCode, Request, RequestHeader, TopicRef};

/// Answers Fetch.
pub fn handle(call: Call<Broker>) -> LocalBoxFuture<Staged> {
    Box::pin(async move {
        let Call { state, mut header, body, .. } = call;
        let request = match FetchRequest::decode(header.version, body) {
            Ok(request) => request,
            Err(error) => return malformed(error),
        };
        let Some((plan, spec)) = Plan::new(&request, &state) else {
            return Staged::Done(Outcome::Close("fetch of too many partitions"));
        };
        // A parked fetch must not hold the memory of its frame: nothing of that is kept.
        header.client_id = None;
        Staged::Later(Box::pin(async move { answer(plan, spec, &state, &header).await }))
    })
}

async fn answer(
    mut plan: Plan,
    spec: FetchSpec,
    broker: &Broker,
    header: &RequestHeader,
) -> Outcome {
    if plan.error == ErrorCode::None {
        for (index, answer) in broker.shard().fetch(spec).await {
            plan.settle(index, answer);
        }
    }
    let response = FetchResponse {
        throttle_time_ms: 0,
        error: plan.error,
        session_id: 0,
        topics: plan.topics,
        node_endpoints: Vec::new(),
    };
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
    error: ErrorCode,
    topics: Vec<FetchTopicResponse>,
    /// Topic and partition in `topics` of every part.
    places: Vec<(usize, usize)>,
    isolation: Isolation,
}

impl Plan {
    /// `None`: too much is asked.
    fn new(request: &FetchRequest, broker: &Broker) -> Option<(Plan, FetchSpec)> {
        let isolation = match request.isolation_level {
            1 => Isolation::ReadCommitted,
            _ => Isolation::ReadUncommitted,
        };
        let mut plan =
            Plan { error: ErrorCode::None, topics: Vec::new(), places: Vec::new(), isolation };
        let mut parts = Vec::new();
        if is_in_session(request) {
            plan.error = ErrorCode::FetchSessionIdNotFound;
        } else {
            plan.read(request, broker, &mut parts)?;
        }
        let max_bytes = positive(request.max_bytes).min(broker.config().network.fetch_bytes_max);
        let wait = Duration::from_millis(u64::from(positive(request.max_wait_ms)));
        let spec = FetchSpec {
            parts,
            // What exceeds the limit of the reply can never be there.
            min_bytes: positive(request.min_bytes).min(max_bytes),
            max_bytes,
            wait_until: runtime::now() + wait,
            isolation,
        };
        Some((plan, spec))
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
                        parts.push(part(self.places.len() as u32, log, &partition));
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

    fn settle(&mut self, index: u32, answer: Result<Fetched, FetchError>) {
        let place = self.places.get(index as usize);
        let Some(partition) = place.and_then(|(topic, partition)| {
            self.topics.get_mut(*topic)?.partitions.get_mut(*partition)
        }) else {
            return;
        };
        match answer {
            Ok(fetched) => {
                partition.error = ErrorCode::None;
                partition.high_watermark = fetched.high_watermark;
                partition.last_stable_offset = fetched.last_stable;
                partition.log_start_offset = fetched.log_start;
                partition.diverging_epoch = fetched
                    .diverging
                    .map(|(epoch, end_offset)| EpochEndOffset { epoch, end_offset });
                // Null unless asked for; nobody can abort a transaction yet.
                partition.aborted_transactions =
                    (self.isolation == Isolation::ReadCommitted).then(Vec::new);
                partition.records = fetched.parts;
            }
            Err(error) => partition.error = fetch_error(error),
        }
    }
}

/// We never make a session, so whoever names one is mistaken and starts again with a full fetch.
/// Epochs 0 (make a session) and -1 (do not) are full fetches.
fn is_in_session(request: &FetchRequest) -> bool {
    request.session_id != 0 || request.session_epoch > 0
}

fn part(index: u32, log: LogId, asked: &FetchPartition) -> FetchPart {
    FetchPart {
        index,
        log,
        offset: asked.fetch_offset,
        bytes_max: positive(asked.partition_max_bytes),
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
