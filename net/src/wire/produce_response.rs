//! The Produce response, written by hand, v3-v13. Any thread.
//!
//! ```text
//! v3-v13     [topic] | throttle i32 | tags (v9+): 0 = [node endpoint] (v10+)
//! topic      name (v3-v12) or id (v13) | [partition] | tags
//! partition  index i32 | error i16 | base offset i64 | log append time i64 | log start i64 (v5+)
//!            | [record error] (v8+) | error message? (v8+) | tags: 0 = current leader (v10+)
//! ```

use bytes::{BufMut, Bytes};
use kafka_protocol::protocol::StrBytes;

use super::error_code::ErrorCode;
use super::header::{EncodeError, RequestHeader, finish_frame, start_response};
use super::topic_ref::{LeaderHint, NodeEndpoint, TopicRef, write_endpoints};
use super::writer::Writer;

/// Bytes around the topics of a response, and of one partition without an error, at most.
const FRAME_ROOM: usize = 24;
const PARTITION_ROOM: usize = 40;

/// The answer to a Produce request.
#[derive(Debug, Clone, Default)]
pub struct ProduceResponse {
    /// One entry per topic of the request, in its order.
    pub topics: Vec<ProduceTopicResponse>,
    /// How long the client shall pause, in milliseconds.
    pub throttle_time_ms: i32,
    /// Where hinted leaders are; sent from v10.
    pub node_endpoints: Vec<NodeEndpoint>,
}

/// The answer for one topic.
#[derive(Debug, Clone)]
pub struct ProduceTopicResponse {
    /// The topic as the request named it.
    pub topic: TopicRef,
    /// One entry per partition of the request, in its order.
    pub partitions: Vec<ProducePartitionResponse>,
}

/// The answer for one partition.
#[derive(Debug, Clone)]
pub struct ProducePartitionResponse {
    /// The partition.
    pub index: i32,
    /// What happened.
    pub error: ErrorCode,
    /// Offset of the first record, -1 on error.
    pub base_offset: i64,
    /// The broker's time in milliseconds with LogAppendTime, -1 otherwise.
    pub log_append_time_ms: i64,
    /// First offset of the log, -1 when unknown; sent from v5.
    pub log_start_offset: i64,
    /// Which records made the batch fail; sent from v8.
    pub record_errors: Vec<RecordError>,
    /// What is wrong, for people; sent from v8.
    pub error_message: Option<StrBytes>,
    /// Who leads instead, with errors 6 and 74; sent from v10.
    pub current_leader: Option<LeaderHint>,
}

/// A record that made its batch fail.
#[derive(Debug, Clone)]
pub struct RecordError {
    /// Place of the record in its batch.
    pub batch_index: i32,
    /// What is wrong with it.
    pub message: Option<StrBytes>,
}

impl ProducePartitionResponse {
    /// The answer for a partition whose batch was refused.
    pub fn refused(index: i32, error: ErrorCode) -> ProducePartitionResponse {
        ProducePartitionResponse {
            index,
            error,
            base_offset: -1,
            log_append_time_ms: -1,
            log_start_offset: -1,
            record_errors: Vec::new(),
            error_message: None,
            current_leader: None,
        }
    }
}

impl ProduceResponse {
    /// The whole response frame, length included, in the version of `request`.
    pub fn encode(&self, request: &RequestHeader) -> Result<Bytes, EncodeError> {
        let version = request.version;
        let mut to = Writer::with_room(version, request.api_key.is_flexible(version), self.room());
        start_response(request, &mut to.out);
        to.array(self.topics.len());
        for topic in &self.topics {
            topic.topic.write(&mut to);
            to.array(topic.partitions.len());
            for partition in &topic.partitions {
                partition.write(&mut to);
            }
            to.no_tags();
        }
        to.out.put_i32(self.throttle_time_ms);
        write_endpoints(&self.node_endpoints, version >= 10, &mut to);
        finish_frame(&mut to.out, 0)?;
        Ok(to.out.freeze())
    }

    /// Bytes that are enough for an answer without errors.
    fn room(&self) -> usize {
        let topics = self.topics.iter();
        let topics = topics.map(|one| one.topic.room() + one.partitions.len() * PARTITION_ROOM);
        FRAME_ROOM + topics.sum::<usize>()
    }
}

impl ProducePartitionResponse {
    fn write(&self, to: &mut Writer) {
        to.out.put_i32(self.index);
        to.out.put_i16(self.error.code());
        to.out.put_i64(self.base_offset);
        to.out.put_i64(self.log_append_time_ms);
        if to.version >= 5 {
            to.out.put_i64(self.log_start_offset);
        }
        if to.version >= 8 {
            to.array(self.record_errors.len());
            for record in &self.record_errors {
                to.out.put_i32(record.batch_index);
                to.nullable_string(record.message.as_deref());
                to.no_tags();
            }
            to.nullable_string(self.error_message.as_deref());
        }
        match self.current_leader.filter(|_| to.version >= 10) {
            None => to.no_tags(),
            Some(leader) => {
                to.tags(1);
                to.tag(0, LeaderHint::BYTES);
                leader.write(to);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ApiKey;

    #[test]
    fn an_answer_without_errors_fits_the_room_that_it_starts_with() {
        for version in ApiKey::Produce.versions() {
            let named = TopicRef::Name(StrBytes::from_static_str("orders"));
            let topic = if version >= 13 { TopicRef::Id(uuid::Uuid::from_u128(7)) } else { named };
            let answer = |index| ProducePartitionResponse::refused(index, ErrorCode::None);
            let topics = vec![ProduceTopicResponse { topic, partitions: vec![answer(0); 200] }; 3];
            let response = ProduceResponse { topics, ..ProduceResponse::default() };
            let (api_key, correlation_id, client_id) = (ApiKey::Produce, 1, None);
            let request = RequestHeader { api_key, version, correlation_id, client_id };
            let frame = response.encode(&request).unwrap();
            assert!(frame.len() <= response.room(), "v{version}: {}", frame.len());
            assert!(response.room() < frame.len() * 2, "v{version}: {}", response.room());
        }
    }
}
