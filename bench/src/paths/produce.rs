//! A produce request from frame to answer, with storage left out.

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use corelog_engine::record::{BatchBuilder, Codec, ProduceRules, check_produced};
use corelog_engine::runtime::wall;
use corelog_net::api::TABLE;
use corelog_net::dispatch::route;
use corelog_net::wire::{
    ApiKey, ErrorCode, LENGTH_BYTES, ProducePartitionResponse, ProduceRequest, ProduceResponse,
    ProduceTopicResponse, RequestHeader, TopicRef,
};
use uuid::Uuid;

use super::path::Operation;
use crate::load::{Mould, Target, Template};
use crate::workload::Workload;

/// The version of Produce that today's clients speak: topics by id.
const VERSION: i16 = 13;
/// Partitions of a request, unless it is said otherwise.
pub const PARTITIONS: usize = 16;
/// Bytes of the one record of a batch whose bytes cost next to nothing.
const SMALL_RECORD: usize = 100;
/// Bytes of a batch of many records, and of such a record.
const BULK_BATCH: usize = 64 << 10;
const BULK_RECORD: usize = 1 << 10;

/// Frame, request header and walk over all partitions.
pub fn decode() -> anyhow::Result<Operation> {
    let frame = small_frame(PARTITIONS)?;
    Ok(Box::new(move || {
        let mut body = BytesMut::from(&frame[..]);
        let decoded = route(&TABLE, &mut body)
            .map_err(drop)
            .and_then(|(_, header)| ProduceRequest::decode(header.version, body).map_err(drop));
        if let Ok(mut request) = decoded {
            while request.next_topic().is_some() {
                while let Some(partition) = request.next_partition() {
                    black_box(partition);
                }
            }
        }
    }))
}

/// The whole request, but for its storage.
pub fn without_storage() -> anyhow::Result<Operation> {
    let frame = small_frame(PARTITIONS)?;
    answer_without_storage(BytesMut::from(&frame[..]))?;
    Ok(Box::new(move || {
        let _ = black_box(answer_without_storage(BytesMut::from(&frame[..])));
    }))
}

/// The answer alone.
pub fn encode() -> anyhow::Result<Operation> {
    let header = RequestHeader {
        api_key: ApiKey::Produce,
        version: VERSION,
        correlation_id: 7,
        client_id: None,
    };
    let partitions = (0..).take(PARTITIONS).map(|index| {
        let mut answer = ProducePartitionResponse::refused(index, ErrorCode::None);
        answer.base_offset = 1 << 40;
        answer
    });
    let topic = TopicRef::Id(Uuid::from_u128(1));
    let topics = vec![ProduceTopicResponse { topic, partitions: partitions.collect() }];
    let response = ProduceResponse { topics, ..ProduceResponse::default() };
    response.encode(&header)?;
    Ok(Box::new(move || {
        let _ = black_box(response.encode(&header));
    }))
}

/// A request of one small record for each of some partitions, without the frame's length.
fn small_frame(partitions: usize) -> anyhow::Result<Vec<u8>> {
    produce_frame(&Workload {
        batches_per_request: partitions,
        batch_bytes: 1,
        record_bytes: SMALL_RECORD,
        ..Workload::default()
    })
}

/// A request of a workload, without the frame's length, to partitions 0, 1, 2 ...
///
/// # Errors
/// It cannot be encoded.
pub fn produce_frame(workload: &Workload) -> anyhow::Result<Vec<u8>> {
    let mut partitions = 0..;
    let mut template = produce_template(workload)?;
    let frame = template.fill(7, 0, || partitions.next().unwrap_or(0));
    Ok(frame.get(LENGTH_BYTES..).unwrap_or_default().to_vec())
}

/// The requests of a workload, to a broker that nobody asked.
///
/// # Errors
/// They cannot be encoded.
pub fn produce_template(workload: &Workload) -> anyhow::Result<Template> {
    let target = Target {
        topic: workload.topic.clone(),
        id: Uuid::from_u128(1),
        leaders: Vec::new(),
        starts: Vec::new(),
        firsts: Vec::new(),
        produce_version: VERSION,
        fetch_version: VERSION,
    };
    Ok(Mould::new(workload, &target, 1).cast()?)
}

/// A batch of 64 KiB with records of 1 KiB, as a producer sends it.
///
/// # Errors
/// It cannot be built.
pub fn bulk_batch() -> anyhow::Result<Bytes> {
    let value = vec![b'v'; BULK_RECORD];
    let mut builder = BatchBuilder::new(Codec::None);
    while builder.size_in_bytes() + BULK_RECORD < BULK_BATCH {
        builder.push(1_700_000_000_000, None, Some(&value));
    }
    Ok(builder.finish()?.freeze())
}

/// Does with a frame what a broker without storage would: routes, decodes, checks the batches,
/// answers. Returns the answer's bytes.
///
/// # Errors
/// The frame is no produce request, or a batch of it is refused.
pub fn answer_without_storage(mut frame: BytesMut) -> anyhow::Result<usize> {
    let (_, header) = route(&TABLE, &mut frame)?;
    let mut request = ProduceRequest::decode(header.version, frame)?;
    let now = wall();
    let mut topics = Vec::new();
    while let Some(topic) = request.next_topic() {
        let mut partitions = Vec::with_capacity(request.partitions_left());
        while let Some(partition) = request.next_partition() {
            let batch = partition.records.unwrap_or_default();
            let checked = check_produced(&batch, &rules(now))?;
            let mut answer = ProducePartitionResponse::refused(partition.index, ErrorCode::None);
            answer.base_offset = i64::from(checked.last_offset_delta);
            partitions.push(answer);
        }
        topics.push(ProduceTopicResponse { topic, partitions });
    }
    let response = ProduceResponse { topics, ..ProduceResponse::default() };
    Ok(response.encode(&header)?.len())
}

/// The rules of a topic that sets none.
pub fn rules(now_ms: i64) -> ProduceRules {
    ProduceRules {
        bytes_max: 1 << 20,
        zstd_allowed: true,
        append_time: false,
        now_ms,
        timestamp_before_max_ms: i64::MAX,
        timestamp_after_max_ms: i64::MAX,
        keys_required: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_without_storage_is_answered_for_every_partition() {
        let of = |partitions| {
            let frame = small_frame(partitions).unwrap();
            answer_without_storage(BytesMut::from(&frame[..])).unwrap()
        };
        assert!(of(10) >= of(1) + 9 * 30, "{} {}", of(10), of(1));
        assert!(answer_without_storage(BytesMut::from(&[0_u8; 40][..])).is_err());
    }

    #[test]
    fn a_bulk_batch_is_nearly_64_kib() {
        let batch = bulk_batch().unwrap();
        assert!((60_000..=65_536).contains(&batch.len()), "{}", batch.len());
    }
}
