//! OffsetForLeaderEpoch: where a leader epoch ends, so that consumers notice truncation (KIP-320).
//! Core-local.

use corelog_engine::metadata::LogId;
use corelog_engine::runtime::LocalBoxFuture;
use corelog_engine::shard::EpochAsk;

use super::fetch::fetch_error;
use crate::api::broker::Broker;
use crate::api::names;
use crate::dispatch::{Call, malformed, reply};
use crate::in_flight::{Outcome, Staged};
use crate::wire::messages::TopicName;
use crate::wire::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderEpochResponse, OffsetForLeaderTopicResult,
};
use crate::wire::request::offsets::OffsetForLeaderEpochRequest;
use crate::wire::{ErrorCode, Request, response_frame};

/// Answers OffsetForLeaderEpoch.
pub fn handle(call: Call<Broker>) -> LocalBoxFuture<Staged> {
    Box::pin(async move {
        let Call { state, header, body, charge, .. } = call;
        let request = match OffsetForLeaderEpochRequest::decode(header.version, body) {
            Ok(request) => request,
            Err(error) => return malformed(error),
        };
        let Some((mut topics, asks, places)) = plan(&request, &state) else {
            return Staged::Done(Outcome::Close("epochs of too many partitions"));
        };
        Staged::Later(Box::pin(async move {
            let _charge = charge;
            for (index, answer) in state.shard().epoch_ends(asks).await {
                let place = places.get(index as usize);
                let Some(partition) = place.and_then(|(topic, partition)| {
                    topics.get_mut(*topic)?.partitions.get_mut(*partition)
                }) else {
                    continue;
                };
                match answer {
                    Ok(end) => {
                        let (epoch, offset) = end.unwrap_or((-1, -1));
                        partition.leader_epoch = epoch;
                        partition.end_offset = offset;
                    }
                    Err(error) => partition.error_code = fetch_error(error).code(),
                }
            }
            let response = OffsetForLeaderEpochResponse::default().with_topics(topics);
            reply(response_frame(&header, &response))
        }))
    })
}

type Planned = (Vec<OffsetForLeaderTopicResult>, Vec<EpochAsk>, Vec<(usize, usize)>);

/// The answer as far as it is known, what to ask, and where each ask stands in the answer.
fn plan(request: &OffsetForLeaderEpochRequest, broker: &Broker) -> Option<Planned> {
    let image = broker.image();
    let (mut topics, mut asks, mut places) = Planned::default();
    let mut entries = 0;
    for topic in &request.topics {
        entries += 1 + topic.partitions.len();
        if entries > names::ENTRIES_MAX {
            return None;
        }
        let found = image.topic(&topic.topic);
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for asked in &topic.partitions {
            let index = asked.partition;
            let error = match found {
                Some(found) if found.partition(index).is_some() => {
                    let told = asked.current_leader_epoch;
                    asks.push(EpochAsk {
                        index: places.len() as u32,
                        log: LogId { topic: found.id, partition: index },
                        epoch: asked.leader_epoch,
                        current_leader_epoch: Some(told).filter(|epoch| *epoch >= 0),
                    });
                    places.push((topics.len(), partitions.len()));
                    ErrorCode::None
                }
                _ => ErrorCode::UnknownTopicOrPartition,
            };
            partitions.push(
                EpochEndOffset::default()
                    .with_partition(index)
                    .with_error_code(error.code())
                    .with_leader_epoch(-1)
                    .with_end_offset(-1),
            );
        }
        let name = TopicName(topic.topic);
        topics.push(
            OffsetForLeaderTopicResult::default().with_topic(name).with_partitions(partitions),
        );
    }
    Some((topics, asks, places))
}
