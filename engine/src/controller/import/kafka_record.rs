//! One record of Kafka's metadata log, decoded by hand after the schemas of Kafka 4.3
//! (`metadata/src/main/resources/common/metadata/*.json`). Pure.
//!
//! ```text
//! value of a log record = frame version varint (1), kind varint, version varint, fields, tags
//! ```
//!
//! What says nothing about topics, producer ids or what an operator should know is read over.

use thiserror::Error;
use uuid::Uuid;

use super::fields::{FieldError, Fields};

/// What a record says.
#[derive(Debug, Clone, PartialEq)]
pub enum KafkaRecord {
    /// RegisterBrokerRecord.
    Broker { node: i32, epoch: i64 },
    /// TopicRecord.
    Topic { name: String, id: Uuid },
    /// PartitionRecord.
    Partition { topic: Uuid, number: i32, state: KafkaPartition },
    /// PartitionChangeRecord.
    PartitionChange { topic: Uuid, number: i32, change: PartitionChange },
    /// ConfigRecord; without value the setting is removed.
    Config { resource: i8, of: String, key: String, value: Option<String> },
    /// RemoveTopicRecord.
    TopicRemoved { id: Uuid },
    /// ProducerIdsRecord.
    ProducerIds { next: i64 },
    /// A thing that is not imported: it is there from now on, or it is gone.
    Left { what: Left, there: bool },
    /// Begin-, End- and AbortTransactionRecord: records between them count together or not at all.
    Transaction(TransactionStep),
    /// Nothing that matters here.
    Nothing,
}

/// What is not imported, with what tells one from the other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Left {
    /// An ACL, by its id.
    Acl(Uuid),
    /// A SCRAM credential: user and mechanism.
    Scram(String, i8),
    /// A client quota: the bytes that name whose it is, and its key.
    Quota(Vec<u8>, String),
    /// A delegation token, by its id.
    Token(String),
}

/// A step of a metadata transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionStep {
    /// What follows waits.
    Begin,
    /// What waited counts.
    End,
    /// What waited never was.
    Abort,
}

/// A partition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KafkaPartition {
    pub replicas: Vec<i32>,
    pub leader: i32,
    pub leader_epoch: i32,
    pub partition_epoch: i32,
    /// In the order of `replicas`; empty before Kafka 3.7.
    pub directories: Vec<Uuid>,
}

/// What changes about a partition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartitionChange {
    pub leader: Option<i32>,
    pub replicas: Option<Vec<i32>>,
    pub directories: Option<Vec<Uuid>>,
}

/// Why a record is not understood.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadRecord {
    /// Kafka 2.8, or a newer one than is known.
    #[error("a metadata record has frame version {0}; known is 1")]
    FrameVersion(u32),
    /// Of a newer Kafka; it may say anything.
    #[error("metadata record of kind {kind}, version {version} is not known")]
    Unknown {
        /// Its kind.
        kind: u32,
        /// Its version.
        version: u32,
    },
    /// Not what the schema says.
    #[error("metadata record of kind {kind}, version {version}: {why}")]
    Fields {
        /// Its kind.
        kind: u32,
        /// Its version.
        version: u32,
        /// What is wrong.
        why: FieldError,
    },
    /// Too short to say what it is.
    #[error("a metadata record says not what it is: {0}")]
    Head(#[from] FieldError),
}

/// Decodes the value of one log record.
///
/// # Errors
/// It is not understood; then nothing after it can be trusted either.
pub fn decode(value: &[u8]) -> Result<KafkaRecord, BadRecord> {
    let mut fields = Fields::new(value);
    let frame = fields.varint()?;
    if frame != 1 {
        return Err(BadRecord::FrameVersion(frame));
    }
    let (kind, version) = (fields.varint()?, fields.varint()?);
    if latest(kind).is_none_or(|latest| version > latest) {
        return Err(BadRecord::Unknown { kind, version });
    }
    body(kind, version, fields).map_err(|why| BadRecord::Fields { kind, version, why })
}

/// The newest version of each kind that is known.
fn latest(kind: u32) -> Option<u32> {
    Some(match kind {
        0 => 4,
        3 | 5 => 2,
        17 => 3,
        1 | 2 | 4 | 7..=12 | 14 | 15 | 18..=28 => 0,
        _ => return None,
    })
}

fn body(kind: u32, version: u32, mut fields: Fields<'_>) -> Result<KafkaRecord, FieldError> {
    let record = match kind {
        0 => return register_broker(version, fields),
        2 => KafkaRecord::Topic { name: fields.text()?.to_string(), id: fields.uuid()? },
        3 => return partition(version, fields),
        4 => config(&mut fields)?,
        5 => return partition_change(fields),
        9 => KafkaRecord::TopicRemoved { id: fields.uuid()? },
        10 => return token(fields),
        11 | 22 => return scram(kind == 11, fields),
        14 => quota(&mut fields)?,
        15 => {
            let (_, _, next) = (fields.i32()?, fields.i64()?, fields.i64()?);
            KafkaRecord::ProducerIds { next }
        }
        18 => return Ok(left(Left::Acl(fields.uuid()?), true)),
        19 => left(Left::Acl(fields.uuid()?), false),
        23 => return Ok(KafkaRecord::Transaction(TransactionStep::Begin)),
        24 => KafkaRecord::Transaction(TransactionStep::End),
        25 => return Ok(KafkaRecord::Transaction(TransactionStep::Abort)),
        26 => left(Left::Token(fields.text()?.to_string()), false),
        // Features, controllers, fencing, eligible leaders, no-ops: nothing to keep on one node.
        _ => return Ok(KafkaRecord::Nothing),
    };
    fields.end()?;
    Ok(record)
}

fn left(what: Left, there: bool) -> KafkaRecord {
    KafkaRecord::Left { what, there }
}

fn register_broker(version: u32, mut fields: Fields<'_>) -> Result<KafkaRecord, FieldError> {
    let node = fields.i32()?;
    if version >= 2 {
        fields.bool()?;
    }
    fields.uuid()?;
    Ok(KafkaRecord::Broker { node, epoch: fields.i64()? })
}

fn partition(version: u32, mut fields: Fields<'_>) -> Result<KafkaRecord, FieldError> {
    let (number, topic) = (fields.i32()?, fields.uuid()?);
    let replicas = fields.i32s()?;
    let (_isr, _removing, _adding) = (fields.i32s()?, fields.i32s()?, fields.i32s()?);
    let state = KafkaPartition {
        replicas,
        leader: fields.i32()?,
        leader_epoch: fields.i32()?,
        partition_epoch: fields.i32()?,
        directories: if version >= 1 { fields.uuids()? } else { Vec::new() },
    };
    fields.end()?;
    Ok(KafkaRecord::Partition { topic, number, state })
}

fn partition_change(mut fields: Fields<'_>) -> Result<KafkaRecord, FieldError> {
    let (number, topic) = (fields.i32()?, fields.uuid()?);
    let mut change = PartitionChange::default();
    fields.tags(|tag, content| {
        match tag {
            // -2 is "no change".
            1 => change.leader = Some(content.i32()?).filter(|leader| *leader != -2),
            2 => change.replicas = content.nullable_i32s()?,
            8 => change.directories = content.nullable_uuids()?,
            _ => return Ok(()),
        }
        content.nothing_left()
    })?;
    fields.nothing_left()?;
    Ok(KafkaRecord::PartitionChange { topic, number, change })
}

fn config(fields: &mut Fields<'_>) -> Result<KafkaRecord, FieldError> {
    Ok(KafkaRecord::Config {
        resource: fields.i8()?,
        of: fields.text()?.to_string(),
        key: fields.text()?.to_string(),
        value: fields.nullable_text()?.map(str::to_string),
    })
}

fn token(mut fields: Fields<'_>) -> Result<KafkaRecord, FieldError> {
    let (_owner, _requester) = (fields.text()?, fields.text()?);
    fields.each(|renewer| renewer.text().map(|_| ()))?;
    let (_issued, _max, _expires) = (fields.i64()?, fields.i64()?, fields.i64()?);
    let id = fields.text()?.to_string();
    fields.end()?;
    Ok(left(Left::Token(id), true))
}

fn scram(there: bool, mut fields: Fields<'_>) -> Result<KafkaRecord, FieldError> {
    Ok(left(Left::Scram(fields.text()?.to_string(), fields.i8()?), there))
}

fn quota(fields: &mut Fields<'_>) -> Result<KafkaRecord, FieldError> {
    let start = fields.rest();
    fields.each(|entity| {
        let (_kind, _name) = (entity.text()?, entity.nullable_text()?);
        entity.tags(|_, _| Ok(()))
    })?;
    let entity = start[..start.len() - fields.rest().len()].to_vec();
    let key = fields.text()?.to_string();
    let (_value, removed) = (fields.i64()?, fields.bool()?);
    Ok(left(Left::Quota(entity, key), !removed))
}
