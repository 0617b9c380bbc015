//! What members of the protocol type `consumer` say to each other through the broker, which does
//! not look into it: the subscription of each member, and what the leader assigns to each. A
//! version in front, no tags, fields are only ever added at the end. Any thread.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{
    ConsumerProtocolAssignment, ConsumerProtocolSubscription, TopicName,
    consumer_protocol_assignment,
};
use kafka_protocol::protocol::{Encodable, StrBytes};

use super::header::EncodeError;
use super::layout::layout;
use super::malformed::Malformed;
use super::reader::{Field, Reader, Seq};

/// The version we write; every member reads it.
const WRITTEN: i16 = 0;

layout! {
    /// What a member wants to read. More fields may follow; they are not read.
    pub struct Subscription {
        /// Topics by name.
        topics: Seq<StrBytes> = Seq::empty(), ..;
        /// Whatever the assignor needs.
        user_data: Option<Bytes> = None, ..;
    }
}

layout! {
    /// What a member is to read.
    pub struct Assignment {
        /// By topic.
        topics: Seq<AssignedPartitions> = Seq::empty(), ..;
        /// Whatever the assignor needs.
        user_data: Option<Bytes> = None, ..;
    }
}

layout! {
    /// Partitions of one topic.
    pub struct AssignedPartitions {
        /// Its name.
        topic: StrBytes = StrBytes::new(), ..;
        /// The partitions.
        partitions: Seq<i32> = Seq::empty(), ..;
    }
}

impl Subscription {
    /// Reads what a member said of itself.
    pub fn decode(bytes: Bytes) -> Result<Subscription, Malformed> {
        decode(bytes)
    }

    /// A subscription to these topics.
    pub fn encode(topics: &[&str]) -> Result<Bytes, EncodeError> {
        let topics = topics.iter().map(|topic| StrBytes::from_string((*topic).to_owned()));
        encode(&ConsumerProtocolSubscription::default().with_topics(topics.collect()))
    }
}

impl Assignment {
    /// Reads what a member was assigned. Without a single byte it is nothing.
    pub fn decode(bytes: Bytes) -> Result<Assignment, Malformed> {
        if bytes.is_empty() {
            return Ok(Assignment { topics: Seq::empty(), user_data: None });
        }
        decode(bytes)
    }

    /// An assignment of these partitions, by topic.
    pub fn encode(topics: &[(&str, Vec<i32>)]) -> Result<Bytes, EncodeError> {
        let topics = topics.iter().map(|(topic, partitions)| {
            consumer_protocol_assignment::TopicPartition::default()
                .with_topic(TopicName(StrBytes::from_string((*topic).to_owned())))
                .with_partitions(partitions.clone())
        });
        let topics = topics.collect();
        encode(&ConsumerProtocolAssignment::default().with_assigned_partitions(topics))
    }
}

fn decode<T: Field>(mut bytes: Bytes) -> Result<T, Malformed> {
    let version = bytes.try_get_i16().map_err(|_| Malformed::Short)?;
    T::read(&mut Reader::new(bytes, version, false))
}

fn encode(message: &impl Encodable) -> Result<Bytes, EncodeError> {
    let mut to = BytesMut::new();
    to.put_i16(WRITTEN);
    message.encode(&mut to, WRITTEN).map_err(|error| EncodeError::Body(error.to_string()))?;
    Ok(to.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let bytes = Subscription::encode(&["a", "b"]).unwrap();
        let topics: Vec<_> = Subscription::decode(bytes).unwrap().topics.iter().collect();
        assert_eq!(topics, ["a", "b"].map(StrBytes::from_static_str));
        let bytes = Assignment::encode(&[("a", vec![0, 7]), ("b", vec![])]).unwrap();
        let topics: Vec<_> = Assignment::decode(bytes).unwrap().topics.iter().collect();
        assert_eq!((&*topics[0].topic, &*topics[1].topic), ("a", "b"));
        assert_eq!(topics[0].partitions.iter().collect::<Vec<_>>(), [0, 7]);
        assert!(topics[1].partitions.is_empty());
    }

    #[test]
    fn fields_of_later_versions_are_passed_over() {
        let subscription = ConsumerProtocolSubscription::default()
            .with_topics(vec![StrBytes::from_static_str("t")])
            .with_generation_id(7)
            .with_rack_id(Some(StrBytes::from_static_str("r")));
        let mut bytes = BytesMut::new();
        bytes.put_i16(3);
        subscription.encode(&mut bytes, 3).unwrap();
        assert_eq!(Subscription::decode(bytes.freeze()).unwrap().topics.len(), 1);
    }

    #[test]
    fn nonsense_is_refused_and_nothing_is_an_assignment_of_nothing() {
        assert!(Assignment::decode(Bytes::new()).unwrap().topics.is_empty());
        assert!(Subscription::decode(Bytes::new()).is_err());
        assert!(Assignment::decode(Bytes::from_static(&[0, 1, 0x7f, 0, 0, 0])).is_err());
    }
}
