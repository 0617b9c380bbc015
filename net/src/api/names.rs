//! Small translations that several APIs share: topics as requests name them, brokers as clients
//! reach them, permissions as bits. Pure.

use corelog_engine::metadata::{BrokerImage, Image, TopicImage, check_topic_name};
use uuid::Uuid;

use crate::dispatch::Session;
use crate::wire::{ErrorCode, StrBytes, TopicRef};

/// More entries than this in one request (topics, partitions, keys) close its connection: answers
/// are larger than questions, and no client asks so much at once.
pub const ENTRIES_MAX: usize = 100_000;

/// What a client may do with a topic, when everything is allowed: read, write, create, delete,
/// alter, describe, describe configs, alter configs, as Kafka numbers them.
pub const TOPIC_OPERATIONS: i32 =
    1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 10 | 1 << 11;
/// What a client may do with the cluster: create, alter, describe, cluster action, describe
/// configs, alter configs, write idempotently.
pub const CLUSTER_OPERATIONS: i32 = 1 << 5 | 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12;
/// What a client may do with a group: read, delete, describe, describe configs, alter configs.
pub const GROUP_OPERATIONS: i32 = 1 << 3 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 11;
/// The client did not ask.
pub const OPERATIONS_NOT_ASKED: i32 = i32::MIN;

/// The topic that a request names, or what to answer.
pub fn find<'a>(image: &'a Image, topic: &TopicRef) -> Result<&'a TopicImage, ErrorCode> {
    let (found, error) = match topic {
        TopicRef::Name(name) => (image.topic(name), ErrorCode::UnknownTopicOrPartition),
        TopicRef::Id(id) => (image.topic_by_id(*id), ErrorCode::UnknownTopicId),
    };
    found.map(|topic| &**topic).ok_or(error)
}

/// What to answer for a topic name that does not exist.
pub fn absent(name: &str) -> ErrorCode {
    match check_topic_name(name) {
        Ok(()) => ErrorCode::UnknownTopicOrPartition,
        Err(_) => ErrorCode::InvalidTopicException,
    }
}

/// A topic id, unless it is nil.
pub fn given(id: Uuid) -> Option<Uuid> {
    Some(id).filter(|id| !id.is_nil())
}

/// Host and port by which clients of this connection reach `broker`: its endpoint on the listener
/// that they came by. An endpoint without a host is reached as this connection was.
pub fn endpoint(broker: &BrokerImage, session: &Session) -> Option<(StrBytes, i32)> {
    let endpoint = broker.endpoints.iter().find(|entry| *entry.name == *session.listener)?;
    let host = match endpoint.host.as_str() {
        "" => session.local.ip().to_canonical().to_string(),
        host => host.to_string(),
    };
    let port = match endpoint.port {
        0 => session.local.port(),
        port => port,
    };
    Some((host.into(), i32::from(port)))
}

/// A text of ours, as the wire wants it.
pub fn text(text: impl ToString) -> StrBytes {
    StrBytes::from_string(text.to_string())
}
