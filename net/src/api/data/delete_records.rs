//! DeleteRecords: moves the first offset of partitions up, never above what consumers may see.
//! Core-local.

use std::time::Duration;

use corelog_engine::metadata::{LogId, is_internal};
use corelog_engine::partition::DeleteError;
use corelog_engine::runtime::{self, LocalBoxFuture};
use corelog_engine::shard::DeleteAsk;

use crate::api::broker::Broker;
use crate::api::names;
use crate::dispatch::{Call, malformed, reply};
use crate::in_flight::{Outcome, Staged};
use crate::wire::messages::TopicName;
use crate::wire::messages::delete_records_response::{
    DeleteRecordsPartitionResult, DeleteRecordsResponse, DeleteRecordsTopicResult,
};
use crate::wire::request::records::DeleteRecordsRequest;
use crate::wire::{ErrorCode, Request, response_frame};

/// The low watermark of a partition that nothing was deleted from.
const INVALID_LOW_WATERMARK: i64 = -1;
/// The time that this broker itself takes is not what a client limits by its timeout, which is for
/// the replicas: even one of 0 is answered well. Only a disk that stalls exceeds this.
const OWN_TIME: Duration = Duration::from_secs(5);

/// Answers DeleteRecords.
pub fn handle(call: Call<Broker>) -> LocalBoxFuture<Staged> {
    Box::pin(async move {
        let Call { state, header, body, charge, .. } = call;
        let request = match DeleteRecordsRequest::decode(header.version, body) {
            Ok(request) => request,
            Err(error) => return malformed(error),
        };
        let Some((mut topics, asks, places)) = plan(&request, &state) else {
            return Staged::Done(Outcome::Close("deletion from too many partitions"));
        };
        let timeout = Duration::from_millis(u64::try_from(request.timeout_ms).unwrap_or(0));
        let deadline = runtime::now() + timeout.max(OWN_TIME);
        Staged::Later(Box::pin(async move {
            let _charge = charge;
            for (index, answer) in state.shard().delete_records(asks, deadline).await {
                let place = places.get(index as usize);
                let Some(partition) = place.and_then(|(topic, partition)| {
                    topics.get_mut(*topic)?.partitions.get_mut(*partition)
                }) else {
                    continue;
                };
                match answer {
                    Ok(start) => partition.low_watermark = start,
                    Err(error) => partition.error_code = delete_error(error).code(),
                }
            }
            let response = DeleteRecordsResponse::default().with_topics(topics);
            reply(response_frame(&header, &response))
        }))
    })
}

type Planned = (Vec<DeleteRecordsTopicResult>, Vec<DeleteAsk>, Vec<(usize, usize)>);

/// The answer as far as it is known, what to ask, and where each ask stands in the answer.
fn plan(request: &DeleteRecordsRequest, broker: &Broker) -> Option<Planned> {
    let image = broker.image();
    let (mut topics, mut asks, mut places) = Planned::default();
    let mut entries = 0;
    for topic in &request.topics {
        entries += 1 + topic.partitions.len();
        if entries > names::ENTRIES_MAX {
            return None;
        }
        let found = image.topic(&topic.name);
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for asked in &topic.partitions {
            let index = asked.partition_index;
            let error = match found.filter(|found| found.partition(index).is_some()) {
                None => ErrorCode::UnknownTopicOrPartition,
                Some(found) if is_internal(&found.name) => ErrorCode::InvalidTopicException,
                Some(found) => {
                    let log = LogId { topic: found.id, partition: index };
                    let before = asked.offset;
                    asks.push(DeleteAsk { index: places.len() as u32, log, before });
                    places.push((topics.len(), partitions.len()));
                    ErrorCode::None
                }
            };
            partitions.push(
                DeleteRecordsPartitionResult::default()
                    .with_partition_index(index)
                    .with_low_watermark(INVALID_LOW_WATERMARK)
                    .with_error_code(error.code()),
            );
        }
        let name = TopicName(topic.name);
        topics
            .push(DeleteRecordsTopicResult::default().with_name(name).with_partitions(partitions));
    }
    Some((topics, asks, places))
}

/// Kafka's code for a deletion that was refused, or is not known to hold.
fn delete_error(error: DeleteError) -> ErrorCode {
    match error {
        DeleteError::UnknownPartition => ErrorCode::UnknownTopicOrPartition,
        DeleteError::NotLeader => ErrorCode::NotLeaderOrFollower,
        DeleteError::OffsetOutOfRange => ErrorCode::OffsetOutOfRange,
        DeleteError::Policy => ErrorCode::PolicyViolation,
        DeleteError::Storage => ErrorCode::KafkaStorageError,
        DeleteError::TimedOut => ErrorCode::RequestTimedOut,
    }
}
