//! What can go wrong between this client and a broker, one line each, for people.

use std::io;
use std::time::Duration;

use thiserror::Error;

use crate::wire::ErrorCode;

/// Why a request has no result.
#[derive(Debug, Error)]
pub enum ClientError {
    /// Not `host:port`.
    #[error("invalid address `{given}`: valid is host:port")]
    Address {
        /// As given.
        given: String,
    },
    /// Nobody answers there.
    #[error("cannot connect to {address}: {source}")]
    Connect {
        /// Host and port.
        address: String,
        /// What the system says.
        source: io::Error,
    },
    /// The connection broke while a request was under way.
    #[error("connection to {address} broke: {source}")]
    Broken {
        /// Host and port.
        address: String,
        /// What the system says.
        source: io::Error,
    },
    /// No answer in time.
    #[error("no answer from {address} within {} s", .after.as_secs())]
    TimedOut {
        /// Host and port.
        address: String,
        /// How long was waited.
        after: Duration,
    },
    /// The answer is not what the protocol allows.
    #[error("answer of {address} to {api} cannot be read: {why}")]
    Unreadable {
        /// Host and port.
        address: String,
        /// Name of the request.
        api: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The request is one that cannot be written.
    #[error("{api} cannot be sent: {why}")]
    Unsendable {
        /// Name of the request.
        api: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// No version of the request is known to both sides.
    #[error("{address} does not serve {api} in a version this command knows")]
    Unserved {
        /// Host and port.
        address: String,
        /// Name of the request.
        api: &'static str,
    },
    /// The broker refuses, and says why.
    #[error("{what}: {}", reason(*.code, .message))]
    Refused {
        /// What was asked for.
        what: String,
        /// Kafka's number of the error.
        code: i16,
        /// The broker's own words.
        message: Option<String>,
    },
    /// There is no such topic.
    #[error("Topic '{0}' does not exist")]
    NoSuchTopic(String),
    /// There is no such group.
    #[error("Group '{0}' does not exist")]
    NoSuchGroup(String),
    /// The topic does not have that many partitions.
    #[error("partition {partition} of topic '{topic}' does not exist: it has {count}")]
    NoSuchPartition {
        /// Name of the topic.
        topic: String,
        /// As asked for.
        partition: i32,
        /// Partitions from 0 to this, exclusive.
        count: usize,
    },
    /// The partition does not hold that offset.
    #[error(
        "offset {offset} is not in partition {partition}: it holds {first} to {end}, exclusive"
    )]
    NoSuchOffset {
        /// The partition.
        partition: i32,
        /// As asked for.
        offset: i64,
        /// First offset that is there.
        first: i64,
        /// The offset that the next record will get.
        end: i64,
    },
    /// A partition is without a leader for longer than one cares to wait.
    #[error("partition {partition} of topic '{topic}' has no leader")]
    NoLeader {
        /// Name of the topic.
        topic: String,
        /// The partition.
        partition: i32,
    },
    /// A batch that a partition holds or that should go there.
    #[error("partition {partition}: batch at offset {offset} is damaged: {why}")]
    Damaged {
        /// The partition.
        partition: i32,
        /// First offset of the batch.
        offset: i64,
        /// What is wrong with it.
        why: String,
    },
}

impl ClientError {
    /// A refusal with this code.
    pub fn refused(what: impl Into<String>, code: i16, message: Option<&str>) -> ClientError {
        ClientError::Refused { what: what.into(), code, message: message.map(str::to_owned) }
    }

    /// True if the broker refused with this error.
    pub fn is(&self, error: ErrorCode) -> bool {
        matches!(self, ClientError::Refused { code, .. } if *code == error.code())
    }
}

/// The broker's words, else Kafka's name of the error.
fn reason(code: i16, message: &Option<String>) -> String {
    match (message, ErrorCode::from_code(code)) {
        (Some(message), _) if !message.is_empty() => message.clone(),
        (_, Some(error)) => error.name().to_owned(),
        (_, None) => format!("error {code}"),
    }
}
