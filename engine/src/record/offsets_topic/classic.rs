//! A classic group with its members, and its value in the log (`GroupMetadataValue`). Pure.
//!
//! ```text
//! group   protocol type string, generation i32, protocol ?string, leader ?string,
//!         [v2+: state timestamp i64], members [member]
//! member  id string, [v3+: instance ?string], client id string, client host string,
//!         [v1+: rebalance timeout i32], session timeout i32, subscription bytes, assignment bytes
//! ```

use std::sync::Arc;

use bytes::Bytes;

use super::error::DecodeError;
use super::fields::{PLAIN_TEXT_BYTES_MAX, Reader, Writer};

/// What Apache Kafka 4.3 writes.
const WRITTEN: i16 = 3;
/// The first one in the compact style, and the newest.
const COMPACT: i16 = 4;

/// A classic group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClassicGroupValue {
    /// `consumer`, `connect`, ...; empty for a group without members that never had any.
    pub protocol_type: Arc<str>,
    /// Rises with every rebalance.
    pub generation: i32,
    /// The protocol that all members share.
    pub protocol: Option<Arc<str>>,
    /// Member id of the leader.
    pub leader: Option<Arc<str>>,
    /// Since when the group is in its state, Unix milliseconds; -1 = not known.
    pub state_timestamp: i64,
    /// The members.
    pub members: Vec<ClassicMemberValue>,
}

/// A member of a classic group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassicMemberValue {
    /// Its id.
    pub member_id: Arc<str>,
    /// `group.instance.id` of a static member.
    pub instance_id: Option<Arc<str>>,
    /// `client.id`.
    pub client_id: Arc<str>,
    /// Address it came from, as `/10.0.0.1`.
    pub client_host: Arc<str>,
    /// Milliseconds it may take to rejoin.
    pub rebalance_timeout_ms: i32,
    /// Milliseconds it may be silent.
    pub session_timeout_ms: i32,
    /// Its metadata for the protocol of the group.
    pub subscription: Bytes,
    /// What the leader assigned to it.
    pub assignment: Bytes,
}

impl ClassicGroupValue {
    /// In the version that Apache Kafka writes; one that holds longer names in the rare case that
    /// there is one.
    pub(super) fn encode(&self) -> Vec<u8> {
        let compact = self.longest_name() > PLAIN_TEXT_BYTES_MAX;
        let mut to = Writer::new(if compact { COMPACT } else { WRITTEN }, compact);
        to.text(&self.protocol_type);
        to.i32(self.generation);
        to.nullable_text(self.protocol.as_deref());
        to.nullable_text(self.leader.as_deref());
        to.i64(self.state_timestamp);
        to.list(&self.members, |to, member| member.encode(to));
        to.tags(&[]);
        to.finish()
    }

    fn longest_name(&self) -> usize {
        let of_members = self.members.iter().map(ClassicMemberValue::longest_name);
        let own = [Some(&self.protocol_type), self.protocol.as_ref(), self.leader.as_ref()];
        let own = own.into_iter().flatten().map(|name| name.len());
        own.chain(of_members).max().unwrap_or(0)
    }

    pub(super) fn decode(kind: i16, from: &mut Reader) -> Result<ClassicGroupValue, DecodeError> {
        let version = from.i16()?;
        if !(0..=COMPACT).contains(&version) {
            return Err(DecodeError::UnknownVersion { kind, version });
        }
        from.compact(version >= COMPACT);
        let value = ClassicGroupValue {
            protocol_type: from.text()?,
            generation: from.i32()?,
            protocol: from.nullable_text()?,
            leader: from.nullable_text()?,
            state_timestamp: if version >= 2 { from.i64()? } else { -1 },
            members: from.list(|from| ClassicMemberValue::decode(version, from))?,
        };
        from.no_tags()?;
        Ok(value)
    }
}

impl ClassicMemberValue {
    fn encode(&self, to: &mut Writer) {
        to.text(&self.member_id);
        to.nullable_text(self.instance_id.as_deref());
        to.text(&self.client_id);
        to.text(&self.client_host);
        to.i32(self.rebalance_timeout_ms);
        to.i32(self.session_timeout_ms);
        to.bytes(&self.subscription);
        to.bytes(&self.assignment);
        to.tags(&[]);
    }

    fn longest_name(&self) -> usize {
        let names = [&self.member_id, &self.client_id, &self.client_host];
        let names = names.into_iter().chain(&self.instance_id);
        names.map(|name| name.len()).max().unwrap_or(0)
    }

    fn decode(version: i16, from: &mut Reader) -> Result<ClassicMemberValue, DecodeError> {
        let member_id = from.text()?;
        let instance_id = if version >= 3 { from.nullable_text()? } else { None };
        let (client_id, client_host) = (from.text()?, from.text()?);
        let rebalance = if version >= 1 { from.i32()? } else { -1 };
        let session_timeout_ms = from.i32()?;
        let member = ClassicMemberValue {
            member_id,
            instance_id,
            client_id,
            client_host,
            // Before there was one, the session timeout held for rebalances too.
            rebalance_timeout_ms: if rebalance == -1 { session_timeout_ms } else { rebalance },
            session_timeout_ms,
            subscription: from.bytes()?,
            assignment: from.bytes()?,
        };
        from.no_tags()?;
        Ok(member)
    }
}
