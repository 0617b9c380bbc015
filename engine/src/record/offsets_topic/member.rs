//! What a member of a consumer group wants, and its value in the log
//! (`ConsumerGroupMemberMetadataValue`). Pure.
//!
//! ```text
//! member   instance ?string, rack ?string, client id string, client host string,
//!          topics [string], pattern ?string, rebalance timeout i32, assignor ?string,
//!          [tag 0: i8 = 1, classic; or i8 = 0]
//! classic  session timeout i32, protocols [name string, metadata bytes]
//! ```

use std::sync::Arc;

use bytes::Bytes;

use super::error::DecodeError;
use super::fields::{Reader, Writer};

/// The one version.
const VERSION: i16 = 0;
const CLASSIC: u32 = 0;
/// In front of a structure that could be null and is not.
const PRESENT: i8 = 1;
/// In the place of a structure: written out, because without the field Kafka takes the member for
/// one of the classic protocol that brought nothing.
const NULL: i8 = 0;

/// What a member of a consumer group wants.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemberValue {
    /// `group.instance.id` of a static member.
    pub instance_id: Option<Arc<str>>,
    /// `client.rack`.
    pub rack_id: Option<Arc<str>>,
    /// `client.id`.
    pub client_id: Arc<str>,
    /// Address it came from, as `/10.0.0.1`.
    pub client_host: Arc<str>,
    /// Topics by name, sorted.
    pub topics: Vec<Arc<str>>,
    /// Topics by pattern.
    pub pattern: Option<Arc<str>>,
    /// Milliseconds it may take to revoke partitions; -1 = not said.
    pub rebalance_timeout_ms: i32,
    /// The assignor it prefers.
    pub assignor: Option<Arc<str>>,
    /// What a member that speaks the classic protocol brought.
    pub classic: Option<ClassicMetadata>,
}

/// What a member of a consumer group that speaks the classic protocol brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassicMetadata {
    /// Milliseconds it may be silent.
    pub session_timeout_ms: i32,
    /// Protocol names and their metadata.
    pub protocols: Vec<(Arc<str>, Bytes)>,
}

impl MemberValue {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut to = Writer::new(VERSION, true);
        to.nullable_text(self.instance_id.as_deref());
        to.nullable_text(self.rack_id.as_deref());
        to.text(&self.client_id);
        to.text(&self.client_host);
        to.list(&self.topics, |to, topic| to.text(topic));
        to.nullable_text(self.pattern.as_deref());
        to.i32(self.rebalance_timeout_ms);
        to.nullable_text(self.assignor.as_deref());
        match &self.classic {
            None => to.tags(&[(CLASSIC, &|to: &mut Writer| to.i8(NULL))]),
            Some(classic) => to.tags(&[(CLASSIC, &|to: &mut Writer| classic.encode(to))]),
        }
        to.finish()
    }

    pub(super) fn decode(kind: i16, from: &mut Reader) -> Result<MemberValue, DecodeError> {
        from.expect_version(kind, VERSION)?;
        let mut value = MemberValue {
            instance_id: from.nullable_text()?,
            rack_id: from.nullable_text()?,
            client_id: from.text()?,
            client_host: from.text()?,
            topics: from.list(Reader::text)?,
            pattern: from.nullable_text()?,
            rebalance_timeout_ms: from.i32()?,
            assignor: from.nullable_text()?,
            classic: None,
        };
        from.tags(|tag, field| {
            if tag == CLASSIC {
                value.classic = ClassicMetadata::decode(field)?;
            }
            Ok(())
        })?;
        Ok(value)
    }
}

impl ClassicMetadata {
    fn encode(&self, to: &mut Writer) {
        to.i8(PRESENT);
        to.i32(self.session_timeout_ms);
        to.list(&self.protocols, |to, (name, metadata)| {
            to.text(name);
            to.bytes(metadata);
            to.tags(&[]);
        });
        to.tags(&[]);
    }

    fn decode(from: &mut Reader) -> Result<Option<ClassicMetadata>, DecodeError> {
        if from.i8()? <= NULL {
            return Ok(None);
        }
        let session_timeout_ms = from.i32()?;
        let protocols = from.list(|from| {
            let protocol = (from.text()?, from.bytes()?);
            from.no_tags()?;
            Ok(protocol)
        })?;
        from.no_tags()?;
        Ok(Some(ClassicMetadata { session_timeout_ms, protocols }))
    }
}
