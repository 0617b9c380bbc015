//! A fetch request, and the parts of its answer.

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use corelog_engine::runtime::Part;
use corelog_net::api::TABLE;
use corelog_net::dispatch::route;
use corelog_net::wire::fetch::FetchRequest;
use corelog_net::wire::fetch_response::{
    FetchPartitionResponse, FetchResponse, FetchTopicResponse,
};
use corelog_net::wire::messages::FetchRequest as Sent;
use corelog_net::wire::messages::fetch_request::{FetchPartition, FetchTopic};
use corelog_net::wire::{
    ApiKey, ErrorCode, LENGTH_BYTES, Request, RequestHeader, TopicRef, request_frame,
};
use uuid::Uuid;

use super::path::Operation;
use super::produce::PARTITIONS;

/// The version of Fetch that today's clients speak: topics by id.
const VERSION: i16 = 17;

/// Frame, request header and walk over all partitions.
pub fn decode() -> anyhow::Result<Operation> {
    let frame = frame()?;
    walk(BytesMut::from(&frame[..]))?;
    Ok(Box::new(move || {
        let _ = black_box(walk(BytesMut::from(&frame[..])));
    }))
}

/// The answer with a slice of memory for each partition.
pub fn encode() -> anyhow::Result<Operation> {
    let batch = Bytes::from(vec![7; 1 << 10]);
    answer(&batch).into_parts(&header())?;
    Ok(Box::new(move || {
        let _ = black_box(answer(&batch).into_parts(&header()));
    }))
}

fn header() -> RequestHeader {
    RequestHeader { api_key: ApiKey::Fetch, version: VERSION, correlation_id: 7, client_id: None }
}

fn frame() -> anyhow::Result<Vec<u8>> {
    let partitions = (0..).take(PARTITIONS).map(|index| {
        let asked = FetchPartition::default().with_partition(index).with_fetch_offset(1 << 40);
        asked.with_partition_max_bytes(1 << 20)
    });
    let topic = FetchTopic::default()
        .with_topic_id(Uuid::from_u128(1))
        .with_partitions(partitions.collect());
    let request = Sent::default().with_max_wait_ms(500).with_topics(vec![topic]);
    let frame = request_frame(&header(), &request)?;
    Ok(frame.get(LENGTH_BYTES..).unwrap_or_default().to_vec())
}

/// Walks all that is asked for; how many partitions that is.
fn walk(mut frame: BytesMut) -> anyhow::Result<usize> {
    let (_, header) = route(&TABLE, &mut frame)?;
    let request = FetchRequest::decode(header.version, frame)?;
    let mut count = 0;
    for topic in request.topics.iter() {
        for partition in topic.partitions.iter() {
            black_box(partition.fetch_offset);
            count += 1;
        }
    }
    Ok(count)
}

fn answer(batch: &Bytes) -> FetchResponse {
    let partitions = (0..).take(PARTITIONS).map(|index| FetchPartitionResponse {
        high_watermark: 1 << 40,
        last_stable_offset: 1 << 40,
        log_start_offset: 0,
        records: vec![Part::Memory(batch.clone())],
        ..FetchPartitionResponse::refused(index, ErrorCode::None)
    });
    let topic = TopicRef::Id(Uuid::from_u128(1));
    let topics = vec![FetchTopicResponse { topic, partitions: partitions.collect() }];
    FetchResponse { topics, ..FetchResponse::refused(ErrorCode::None) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_partitions_are_asked_for_and_answered() {
        let frame = frame().unwrap();
        assert_eq!(walk(BytesMut::from(&frame[..])).unwrap(), PARTITIONS);
        let parts = answer(&Bytes::from_static(b"batch")).into_parts(&header()).unwrap();
        let slices = parts.iter().filter(|part| part.bytes() == 5).count();
        assert_eq!(slices, PARTITIONS);
    }
}
