//! The Produce request, read by hand so that record bytes are never copied: each partition's
//! batches leave the frame as an exclusive piece of its buffer, in which offset and epoch can be
//! stamped in place. Knows no rule about records. Lives on the connection's core.
//!
//! ```text
//! v3-v13   transactional id? | acks i16 | timeout i32 | [topic]
//! topic    name (v3-v12) or id (v13) | [partition] | tags (v9+)
//! partition  index i32 | records bytes? | tags (v9+)
//! ```
//! v0-v2 carry message formats older than 2 and have no layout here.

use bytes::{Buf, BytesMut};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::api_key::ApiKey;
use super::malformed::Malformed;
use super::primitive;
use super::topic_ref::{TOPIC_IDS_FROM, TopicRef};

/// A Produce request. The whole of it was checked when it was read; its topics and partitions are
/// then taken off the frame one after the other, in the order of the request.
#[derive(Debug)]
pub struct ProduceRequest {
    /// The transaction the batches belong to.
    pub transactional_id: Option<StrBytes>,
    /// 0 = no answer at all, 1 = the leader's ack, -1 = all in-sync replicas'. Other values are
    /// for the handler to refuse (error 21).
    pub acks: i16,
    /// How long the ack rule may take, in milliseconds.
    pub timeout_ms: i32,
    rest: BytesMut,
    version: i16,
    flexible: bool,
    topics_left: usize,
    partitions_left: usize,
}

/// One partition of a Produce request.
#[derive(Debug)]
pub struct ProducePartition {
    /// The partition.
    pub index: i32,
    /// Its batches, exclusively owned; `None` is a null on the wire. Unchecked.
    pub records: Option<BytesMut>,
}

impl ProduceRequest {
    /// Reads the request from what [`super::RequestHeader::split`] left of its frame. Allocates
    /// nothing for its topics and partitions, however many it says it has.
    pub fn decode(version: i16, mut body: BytesMut) -> Result<ProduceRequest, Malformed> {
        if !ApiKey::Produce.versions().contains(&version) {
            return Err(Malformed::Version(version));
        }
        let flexible = ApiKey::Produce.is_flexible(version);
        let transactional_id = take_string(&mut body, flexible)?;
        let acks = body.try_get_i16().map_err(|_| Malformed::Short)?;
        let timeout_ms = body.try_get_i32().map_err(|_| Malformed::Short)?;
        let topics_left = check_topics(&mut &body[..], version, flexible)?;
        primitive::length(&mut body, flexible)?;
        Ok(ProduceRequest {
            transactional_id,
            acks,
            timeout_ms,
            rest: body,
            version,
            flexible,
            topics_left,
            partitions_left: 0,
        })
    }

    /// Topics not taken yet.
    pub fn topics_left(&self) -> usize {
        self.topics_left
    }

    /// Goes on to the next topic, passing over partitions of the last one that were not taken.
    /// After it, [`ProduceRequest::next_partition`] walks this topic's partitions.
    pub fn next_topic(&mut self) -> Option<TopicRef> {
        while self.next_partition().is_some() {}
        self.topics_left = self.topics_left.checked_sub(1)?;
        let (topic, partitions) = checked(self.take_topic());
        self.partitions_left = partitions;
        if partitions == 0 {
            checked(self.end_structure());
        }
        Some(topic)
    }

    /// The next partition of the topic that was taken last.
    pub fn next_partition(&mut self) -> Option<ProducePartition> {
        self.partitions_left = self.partitions_left.checked_sub(1)?;
        let partition = checked(self.take_partition());
        if self.partitions_left == 0 {
            checked(self.end_structure());
        }
        Some(partition)
    }

    /// Partitions of the current topic not taken yet.
    pub fn partitions_left(&self) -> usize {
        self.partitions_left
    }

    fn take_topic(&mut self) -> Result<(TopicRef, usize), Malformed> {
        let topic = if self.version >= TOPIC_IDS_FROM {
            let id = self.rest.try_get_u128().map_err(|_| Malformed::Short)?;
            TopicRef::Id(Uuid::from_u128(id))
        } else {
            let name = take_string(&mut self.rest, self.flexible)?;
            TopicRef::Name(name.ok_or(Malformed::Null)?)
        };
        let partitions = primitive::length(&mut self.rest, self.flexible)?;
        Ok((topic, partitions.ok_or(Malformed::Null)?))
    }

    fn take_partition(&mut self) -> Result<ProducePartition, Malformed> {
        let index = self.rest.try_get_i32().map_err(|_| Malformed::Short)?;
        let length = primitive::length(&mut self.rest, self.flexible)?;
        let records = length.map(|length| self.rest.split_to(length));
        self.end_structure()?;
        Ok(ProducePartition { index, records })
    }

    fn end_structure(&mut self) -> Result<(), Malformed> {
        if self.flexible { primitive::skip_tags(&mut self.rest) } else { Ok(()) }
    }
}

#[expect(clippy::expect_used, reason = "`check_topics` has read these bytes before")]
fn checked<T>(taken: Result<T, Malformed>) -> T {
    taken.expect("a request that was checked when it was read")
}

fn take_string(from: &mut BytesMut, flexible: bool) -> Result<Option<StrBytes>, Malformed> {
    let Some(length) = primitive::string_length(from, flexible)? else { return Ok(None) };
    let text = from.split_to(length).freeze();
    StrBytes::from_utf8(text).map(Some).map_err(|_| Malformed::NotUtf8)
}

/// Walks everything from the topics to the end without taking it, so that a request is either
/// refused before any of its batches is used, or can be walked without failing.
fn check_topics(from: &mut &[u8], version: i16, flexible: bool) -> Result<usize, Malformed> {
    let topics = primitive::length(from, flexible)?.ok_or(Malformed::Null)?;
    for _ in 0..topics {
        if version >= TOPIC_IDS_FROM {
            from.try_get_u128().map_err(|_| Malformed::Short)?;
        } else {
            let length = primitive::string_length(from, flexible)?.ok_or(Malformed::Null)?;
            let (name, _) = from.split_at(length);
            std::str::from_utf8(name).map_err(|_| Malformed::NotUtf8)?;
            from.advance(length);
        }
        let partitions = primitive::length(from, flexible)?.ok_or(Malformed::Null)?;
        for _ in 0..partitions {
            from.try_get_i32().map_err(|_| Malformed::Short)?;
            let records = primitive::length(from, flexible)?;
            from.advance(records.unwrap_or(0));
            if flexible {
                primitive::skip_tags(from)?;
            }
        }
        if flexible {
            primitive::skip_tags(from)?;
        }
    }
    if flexible {
        primitive::skip_tags(from)?;
    }
    Ok(topics)
}
