//! The words of `kafka.txt`: arguments of its requests read, answers and records written.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use uuid::Uuid;

use super::rig::text;
use crate::group::GroupError;
use crate::group::answer::Answer;
use crate::group::consumer_protocol::Assignment;
use crate::group::request::Join;
use crate::record::offsets_topic::{GroupRecord, OwnedPartitions, TopicPartitions};

/// Who writes.
pub(super) struct Words<'a> {
    /// Names that topics have, or had.
    pub(super) names: &'a BTreeMap<Uuid, String>,
}

impl Words<'_> {
    /// An answer, without `<`.
    pub(super) fn answer(&self, answer: &Answer) -> String {
        match answer {
            Answer::ConsumerHeartbeat(Ok(told)) => {
                let assignment = told.assignment.as_ref();
                let assignment = assignment.map_or("null".to_string(), |sets| self.plain(sets));
                let (member, epoch) = (told.member_id.as_deref().unwrap(), told.member_epoch);
                let interval = if epoch < 0 { 0 } else { 5000 };
                format!("ok {member} {epoch} {interval} {assignment}")
            }
            Answer::ConsumerHeartbeat(Err(error)) => format!("{} {error}", code(error)),
            Answer::Join(joined) => match &joined.error {
                Some(error) => code(error),
                None => format!("NONE {} {}", joined.member_id, joined.generation),
            },
            Answer::Sync(Ok(synced)) => {
                let given = Assignment::parse(&synced.assignment).unwrap().partitions;
                let given = given.iter().map(|of| (of.topic.to_string(), numbers(&of.partitions)));
                format!("ok {}", written(given))
            }
            Answer::Sync(Err(error)) | Answer::Heartbeat(Err(error)) => code(error),
            Answer::Heartbeat(Ok(())) => "NONE".to_string(),
            Answer::Leave(Ok(left)) => left[0].error.as_ref().map_or("NONE".to_string(), code),
            other => panic!("{other:?}"),
        }
    }

    /// A record, without `+` and checksum.
    pub(super) fn record(&self, record: &GroupRecord) -> String {
        match record {
            GroupRecord::Epoch { value: Some(value), .. } => {
                format!("epoch {} {}", value.epoch, value.metadata_hash)
            }
            GroupRecord::TargetEpoch { value: Some(value), .. } => {
                format!("target-epoch {} {}", value.epoch, value.timestamp)
            }
            GroupRecord::Target { member, value: Some(value), .. } => {
                format!("target {member} {}", self.plain(value))
            }
            GroupRecord::Current { member, value: Some(value), .. } => format!(
                "current {member} {} {} {} {} {}",
                value.member_epoch,
                value.previous_member_epoch,
                value.state,
                self.dated(&value.assigned),
                self.dated(&value.revoking)
            ),
            GroupRecord::Pattern { pattern, value: Some(value), .. } => {
                format!("pattern {pattern} {} {}", shown(&value.topics.join(",")), value.timestamp)
            }
            GroupRecord::Member { member, value: Some(value), .. } => {
                let classic = value.classic.as_ref().map_or("null".to_string(), |classic| {
                    let names: Vec<&str> = classic.protocols.iter().map(|p| p.0.as_ref()).collect();
                    format!("{}/{}", classic.session_timeout_ms, names.join(","))
                });
                let nulls = |text: &Option<Arc<str>>| match text {
                    Some(text) => shown(text).to_string(),
                    None => "null".to_string(),
                };
                format!(
                    "member {member} {} {} {} {} {} {} {} {} {classic}",
                    nulls(&value.instance_id),
                    nulls(&value.rack_id),
                    value.client_id,
                    value.client_host,
                    shown(&value.topics.join(",")),
                    nulls(&value.pattern),
                    value.rebalance_timeout_ms,
                    nulls(&value.assignor)
                )
            }
            GroupRecord::Target { member, .. } => format!("-target {member}"),
            GroupRecord::Current { member, .. } => format!("-current {member}"),
            GroupRecord::Member { member, .. } => format!("-member {member}"),
            GroupRecord::Pattern { pattern, .. } => format!("-pattern {pattern}"),
            other => panic!("{other:?}"),
        }
    }

    fn plain(&self, sets: &[TopicPartitions]) -> String {
        written(sets.iter().map(|of| (self.names[&of.topic].clone(), numbers(&of.partitions))))
    }

    fn dated(&self, sets: &[OwnedPartitions]) -> String {
        let dated = |of: &OwnedPartitions| {
            let each =
                of.partitions.iter().map(|(partition, epoch)| format!("{partition}@{epoch}"));
            (self.names[&of.topic].clone(), each.collect::<Vec<_>>().join(","))
        };
        written(sets.iter().map(dated))
    }
}

/// A word that may be `null`.
pub(super) fn nullable(word: &str) -> Option<Arc<str>> {
    match word {
        "null" => None,
        "''" => Some(text("")),
        word => Some(text(word)),
    }
}

fn shown(text: &str) -> &str {
    if text.is_empty() { "''" } else { text }
}

/// Words with commas between them.
pub(super) fn list(words: &str) -> Vec<Arc<str>> {
    words.split(',').filter(|word| !word.is_empty()).map(text).collect()
}

/// Topics with their partitions.
pub(super) fn sets(written: &str) -> Vec<(&str, Vec<i32>)> {
    let mut all = Vec::new();
    for set in written.split(';').filter(|set| *set != "-") {
        let (topic, partitions) = set.split_once(':').unwrap();
        all.push((topic, partitions.split(',').map(|number| number.parse().unwrap()).collect()));
    }
    all
}

fn numbers(partitions: &[i32]) -> String {
    partitions.iter().map(i32::to_string).collect::<Vec<_>>().join(",")
}

fn written(sets: impl Iterator<Item = (String, String)>) -> String {
    let mut sets: Vec<String> = sets.map(|(topic, numbers)| format!("{topic}:{numbers}")).collect();
    sets.sort_unstable();
    if sets.is_empty() { "-".to_string() } else { sets.join(";") }
}

/// A classic member's request to join, with what its subscription says.
pub(super) fn join(member: &str, topics: &str, owned: &str) -> Join {
    let mut metadata = BytesMut::new();
    let name = |out: &mut BytesMut, name: &str| {
        out.put_i16(name.len() as i16);
        out.put_slice(name.as_bytes());
    };
    metadata.put_i16(1);
    let topics = nullable(topics).map(|topics| list(&topics)).unwrap_or_default();
    metadata.put_i32(topics.len() as i32);
    topics.iter().for_each(|topic| name(&mut metadata, topic));
    metadata.put_i32(-1);
    let owned = sets(owned);
    metadata.put_i32(owned.len() as i32);
    for (topic, partitions) in owned {
        name(&mut metadata, topic);
        metadata.put_i32(partitions.len() as i32);
        partitions.into_iter().for_each(|partition| metadata.put_i32(partition));
    }
    Join {
        member_id: text(member),
        instance_id: None,
        protocol_type: text("consumer"),
        protocols: vec![(text("p"), Bytes::from(metadata))],
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 30_000,
        reason: None,
        requires_known_member_id: true,
        supports_skipping_assignment: true,
    }
}

fn code(error: &GroupError) -> String {
    let code = match error {
        GroupError::UnknownMemberId => "UNKNOWN_MEMBER_ID",
        GroupError::FencedInstanceId => "FENCED_INSTANCE_ID",
        GroupError::FencedMemberEpoch(_) => "FENCED_MEMBER_EPOCH",
        GroupError::UnreleasedInstanceId(_) => "UNRELEASED_INSTANCE_ID",
        GroupError::GroupMaxSizeReached => "GROUP_MAX_SIZE_REACHED",
        GroupError::GroupIdNotFound(_) => "GROUP_ID_NOT_FOUND",
        GroupError::RebalanceInProgress => "REBALANCE_IN_PROGRESS",
        GroupError::IllegalGeneration => "ILLEGAL_GENERATION",
        GroupError::InconsistentGroupProtocol => "INCONSISTENT_GROUP_PROTOCOL",
        other => panic!("{other:?}"),
    };
    code.to_string()
}
