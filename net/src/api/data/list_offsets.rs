//! ListOffsets: which offset stands at a time, or at one of the special places of a log.
//! Core-local.

use std::collections::BTreeSet;

use corelog_engine::metadata::LogId;
use corelog_engine::partition::{Isolation, OffsetQuestion};
use corelog_engine::runtime::LocalBoxFuture;
use corelog_engine::shard::OffsetAsk;

use super::fetch::fetch_error;
use crate::api::broker::Broker;
use crate::api::names;
use crate::dispatch::{Call, malformed, reply};
use crate::in_flight::{Outcome, Staged};
use crate::wire::messages::TopicName;
use crate::wire::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsResponse, ListOffsetsTopicResponse,
};
use crate::wire::request::offsets::{ListOffsetsPartition, ListOffsetsRequest};
use crate::wire::{ErrorCode, Request, response_frame_in};

/// The last version that the codec crate can write; 11 looks the same.
const WRITTEN_MAX: i16 = 10;

/// First version that carries leader epochs.
const EPOCHS_FROM: i16 = 4;

/// Special timestamps, with the version that brought each: before it, a client cannot mean it.
const QUESTIONS: [(i64, i16, OffsetQuestion); 6] = [
    (-1, 0, OffsetQuestion::Latest),
    (-2, 0, OffsetQuestion::Earliest),
    (-3, 7, OffsetQuestion::MaxTimestamp),
    (-4, 8, OffsetQuestion::EarliestLocal),
    (-5, 9, OffsetQuestion::LatestTiered),
    (-6, 11, OffsetQuestion::EarliestPendingUpload),
];

/// Answers ListOffsets.
pub fn handle(call: Call<Broker>) -> LocalBoxFuture<Staged> {
    Box::pin(async move {
        let Call { state, header, body, charge, .. } = call;
        let request = match ListOffsetsRequest::decode(header.version, body) {
            Ok(request) => request,
            Err(error) => return malformed(error),
        };
        let Some((mut topics, asks, places)) = plan(&request, header.version, &state) else {
            return Staged::Done(Outcome::Close("offsets of too many partitions"));
        };
        let isolation = match request.isolation_level {
            1 => Isolation::ReadCommitted,
            _ => Isolation::ReadUncommitted,
        };
        Staged::Later(Box::pin(async move {
            let _charge = charge;
            for (index, answer) in state.shard().list_offsets(asks, isolation).await {
                let place = places.get(index as usize);
                let Some(partition) = place.and_then(|(topic, partition)| {
                    topics.get_mut(*topic)?.partitions.get_mut(*partition)
                }) else {
                    continue;
                };
                match answer {
                    Ok(found) => {
                        partition.error_code = ErrorCode::None.code();
                        partition.offset = found.offset;
                        partition.timestamp = found.timestamp;
                        if header.version >= EPOCHS_FROM {
                            partition.leader_epoch = found.leader_epoch;
                        }
                    }
                    Err(error) => partition.error_code = fetch_error(error).code(),
                }
            }
            let response = ListOffsetsResponse::default().with_topics(topics);
            reply(response_frame_in(&header, &response, header.version.min(WRITTEN_MAX)))
        }))
    })
}

type Planned = (Vec<ListOffsetsTopicResponse>, Vec<OffsetAsk>, Vec<(usize, usize)>);

/// The answer as far as it is known, what to ask, and where each ask stands in the answer.
fn plan(request: &ListOffsetsRequest, version: i16, broker: &Broker) -> Option<Planned> {
    let image = broker.image();
    let (mut topics, mut asks, mut places) = Planned::default();
    let mut seen = BTreeSet::new();
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
            let question = question(asked.timestamp, version);
            let error = match (found, question) {
                _ if !seen.insert((topic.name.clone(), index)) => ErrorCode::InvalidRequest,
                (_, None) => ErrorCode::UnsupportedVersion,
                (Some(found), Some(question)) if found.partition(index).is_some() => {
                    let log = LogId { topic: found.id, partition: index };
                    asks.push(ask(places.len() as u32, log, question, &asked));
                    places.push((topics.len(), partitions.len()));
                    ErrorCode::None
                }
                _ => ErrorCode::UnknownTopicOrPartition,
            };
            partitions.push(
                ListOffsetsPartitionResponse::default()
                    .with_partition_index(index)
                    .with_error_code(error.code())
                    .with_offset(-1)
                    .with_timestamp(-1)
                    .with_leader_epoch(-1),
            );
        }
        let name = TopicName(topic.name);
        topics
            .push(ListOffsetsTopicResponse::default().with_name(name).with_partitions(partitions));
    }
    Some((topics, asks, places))
}

fn question(timestamp: i64, version: i16) -> Option<OffsetQuestion> {
    if timestamp >= 0 {
        return Some(OffsetQuestion::AtTime(timestamp));
    }
    let special =
        QUESTIONS.iter().find(|(special, from, _)| *special == timestamp && version >= *from);
    special.map(|(_, _, question)| *question)
}

fn ask(
    index: u32,
    log: LogId,
    question: OffsetQuestion,
    asked: &ListOffsetsPartition,
) -> OffsetAsk {
    let epoch = asked.current_leader_epoch;
    let current_leader_epoch = Some(epoch).filter(|epoch| *epoch >= 0);
    OffsetAsk { index, log, question, current_leader_epoch }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_timestamps_are_known_from_the_version_that_brought_them() {
        assert_eq!(question(-1, 1), Some(OffsetQuestion::Latest));
        assert_eq!(question(-3, 6), None);
        assert_eq!(question(-3, 7), Some(OffsetQuestion::MaxTimestamp));
        assert_eq!(question(-6, 10), None);
        assert_eq!(question(-6, 11), Some(OffsetQuestion::EarliestPendingUpload));
        assert_eq!(question(-7, 11), None);
        assert_eq!(question(0, 1), Some(OffsetQuestion::AtTime(0)));
    }
}
