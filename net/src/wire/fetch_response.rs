//! The Fetch response, v4-v18, as an ordered list of parts: bytes of ours around slices of segment
//! files. The frame's length is known from the parts' lengths before any of them is read, and no
//! record is ever copied. Lives on the connection's core.
//!
//! ```text
//! v4-v18     throttle i32 | error i16 (v7+) | session id i32 (v7+) | [topic]
//!            | tags (v12+): 0 = [node endpoint] (v16+)
//! topic      name (v4-v12) or id (v13+) | [partition] | tags
//! partition  index i32 | error i16 | high watermark i64 | last stable i64 | log start i64 (v5+)
//!            | [aborted]? | preferred read replica i32 (v11+) | records bytes
//!            | tags (v12+): 0 = diverging epoch, 1 = current leader
//! ```
//! Records are never null: an empty set has length 0, which every client understands.

use bytes::BufMut;
use corelog_engine::runtime::{Part, PartQueue};

use super::error_code::ErrorCode;
use super::header::{EncodeError, RequestHeader, finish_frame, start_response};
use super::topic_ref::{LeaderHint, NodeEndpoint, TopicRef, write_endpoints};
use super::writer::Writer;

/// Bytes around the topics of a response, and around the records of one partition, at most.
const FRAME_ROOM: usize = 32;
const PARTITION_ROOM: usize = 56;

/// The answer to a Fetch request.
#[derive(Debug)]
pub struct FetchResponse {
    /// How long the client shall pause, in milliseconds.
    pub throttle_time_ms: i32,
    /// What is wrong with the request as a whole; sent from v7.
    pub error: ErrorCode,
    /// Fetch session, 0 = none; sent from v7.
    pub session_id: i32,
    /// The topics, in the request's order; in a session those that changed, in its order.
    pub topics: Vec<FetchTopicResponse>,
    /// Where hinted leaders are; sent from v16.
    pub node_endpoints: Vec<NodeEndpoint>,
}

/// The answer for one topic.
#[derive(Debug)]
pub struct FetchTopicResponse {
    /// The topic as the request named it.
    pub topic: TopicRef,
    /// Its partitions.
    pub partitions: Vec<FetchPartitionResponse>,
}

/// The answer for one partition.
#[derive(Debug)]
pub struct FetchPartitionResponse {
    /// The partition.
    pub index: i32,
    /// What happened.
    pub error: ErrorCode,
    /// Offset below which everything is committed, -1 on error.
    pub high_watermark: i64,
    /// Offset below which every transaction has ended, -1 on error.
    pub last_stable_offset: i64,
    /// First offset of the log, -1 on error; sent from v5.
    pub log_start_offset: i64,
    /// Where the log stops to agree with the fetcher's; sent from v12.
    pub diverging_epoch: Option<EpochEndOffset>,
    /// Who leads instead, with errors 6 and 74; sent from v12.
    pub current_leader: Option<LeaderHint>,
    /// Aborted transactions, by rising first offset; `None` unless read committed was asked for.
    pub aborted_transactions: Option<Vec<AbortedTransaction>>,
    /// Replica to read from instead, -1 = this one; sent from v11.
    pub preferred_read_replica: i32,
    /// The batches, in order, as they lie on disk.
    pub records: Vec<Part>,
}

/// End of the largest epoch that both sides know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochEndOffset {
    /// The epoch.
    pub epoch: i32,
    /// First offset after it.
    pub end_offset: i64,
}

/// A transaction whose records a reader of committed data skips.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AbortedTransaction {
    /// Its producer.
    pub producer_id: i64,
    /// Its first offset.
    pub first_offset: i64,
}

impl FetchPartitionResponse {
    /// The answer for a partition that could not be read.
    pub fn refused(index: i32, error: ErrorCode) -> FetchPartitionResponse {
        FetchPartitionResponse {
            index,
            error,
            high_watermark: -1,
            last_stable_offset: -1,
            log_start_offset: -1,
            diverging_epoch: None,
            current_leader: None,
            aborted_transactions: None,
            preferred_read_replica: -1,
            records: Vec::new(),
        }
    }
}

impl FetchResponse {
    /// A response without topics: all there is to say when the request as a whole is refused.
    pub fn refused(error: ErrorCode) -> FetchResponse {
        FetchResponse {
            throttle_time_ms: 0,
            error,
            session_id: 0,
            topics: Vec::new(),
            node_endpoints: Vec::new(),
        }
    }

    /// Bytes that are enough for what stands around the records where nothing is wrong.
    fn room(&self) -> usize {
        let topics = self.topics.iter();
        let topics = topics.map(|one| one.topic.room() + one.partitions.len() * PARTITION_ROOM);
        FRAME_ROOM + topics.sum::<usize>()
    }

    /// The whole response frame, length included, in the version of `request`: parts to send in
    /// this order. Takes `self`, because the slices of segment files move into the list.
    pub fn into_parts(self, request: &RequestHeader) -> Result<PartQueue, EncodeError> {
        let version = request.version;
        let mut frame = FrameParts {
            text: Writer::with_room(version, request.api_key.is_flexible(version), self.room()),
            records: Vec::new(),
        };
        start_response(request, &mut frame.text.out);
        frame.text.out.put_i32(self.throttle_time_ms);
        if version >= 7 {
            frame.text.out.put_i16(self.error.code());
            frame.text.out.put_i32(self.session_id);
        }
        frame.text.array(self.topics.len());
        for topic in self.topics {
            topic.topic.write(&mut frame.text);
            frame.text.array(topic.partitions.len());
            for partition in topic.partitions {
                frame.partition(partition)?;
            }
            frame.text.no_tags();
        }
        write_endpoints(&self.node_endpoints, version >= 16, &mut frame.text);
        frame.assemble()
    }
}

/// A frame in the making: everything but records in one buffer, and where in it records belong.
struct FrameParts {
    text: Writer,
    records: Vec<(usize, Vec<Part>)>,
}

impl FrameParts {
    fn partition(&mut self, partition: FetchPartitionResponse) -> Result<(), EncodeError> {
        let to = &mut self.text;
        to.out.put_i32(partition.index);
        to.out.put_i16(partition.error.code());
        to.out.put_i64(partition.high_watermark);
        to.out.put_i64(partition.last_stable_offset);
        if to.version >= 5 {
            to.out.put_i64(partition.log_start_offset);
        }
        match &partition.aborted_transactions {
            None => to.null_array(),
            Some(aborted) => {
                to.array(aborted.len());
                for transaction in aborted {
                    to.out.put_i64(transaction.producer_id);
                    to.out.put_i64(transaction.first_offset);
                    to.no_tags();
                }
            }
        }
        if to.version >= 11 {
            to.out.put_i32(partition.preferred_read_replica);
        }
        let bytes: u64 = partition.records.iter().map(Part::bytes).sum();
        to.bytes_length(i32::try_from(bytes).map_err(|_| EncodeError::TooLong(bytes))? as u32);
        if bytes > 0 {
            self.records.push((to.out.len(), partition.records));
        }
        write_partition_tags(partition.diverging_epoch, partition.current_leader, to);
        Ok(())
    }

    /// Fills in the frame length and cuts the buffer where records go in.
    fn assemble(self) -> Result<PartQueue, EncodeError> {
        let mut text = self.text.out;
        let beside = self.records.iter().flat_map(|(_, parts)| parts).map(Part::bytes).sum();
        finish_frame(&mut text, beside)?;
        let mut parts = PartQueue::with_capacity(2 * self.records.len() + 1);
        let mut written = 0;
        for (at, records) in self.records {
            parts.push_back(Part::Memory(text.split_to(at - written).freeze()));
            written = at;
            parts.extend(records.into_iter().filter(|part| part.bytes() > 0));
        }
        if !text.is_empty() {
            parts.push_back(Part::Memory(text.freeze()));
        }
        Ok(parts)
    }
}

fn write_partition_tags(
    diverging: Option<EpochEndOffset>,
    leader: Option<LeaderHint>,
    to: &mut Writer,
) {
    if !to.flexible {
        return;
    }
    to.tags(u32::from(diverging.is_some()) + u32::from(leader.is_some()));
    if let Some(diverging) = diverging {
        to.tag(0, 4 + 8 + 1);
        to.out.put_i32(diverging.epoch);
        to.out.put_i64(diverging.end_offset);
        to.no_tags();
    }
    if let Some(leader) = leader {
        to.tag(1, LeaderHint::BYTES);
        leader.write(to);
    }
}
