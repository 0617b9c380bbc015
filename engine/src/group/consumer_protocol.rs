//! The consumer protocol inside the classic one: what a consumer says in the metadata of JoinGroup
//! and what its leader says in the assignments of SyncGroup. Functions over bytes; any thread.
//!
//! Both begin with a version, 0 to 3; a higher one is read as 3, because later versions only add
//! fields at the end. Bytes come from clients: nothing is believed, and nothing is allocated by a
//! length that the bytes do not back.
//!
//! ```text
//! Subscription  version i16, topics [string], user data bytes?,
//!               v1+ owned [topic string, partitions [i32]], v2+ generation i32, v3+ rack string?
//! Assignment    version i16, partitions [topic string, partitions [i32]], user data bytes?
//! ```
//!
//! Must not know: groups, requests.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};

/// The protocol type of groups whose members speak this.
pub const PROTOCOL_TYPE: &str = "consumer";

/// The newest version there is.
const VERSION_MAX: i16 = 3;

/// Partitions of a topic that goes by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPartitions {
    /// The topic's name.
    pub topic: Arc<str>,
    /// Its partitions, as they were written.
    pub partitions: Vec<i32>,
}

/// What a member wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The version it was written in; the answer is written in the same.
    pub version: i16,
    /// Topics by name, as they were written.
    pub topics: Vec<Arc<str>>,
    /// For the assignor among the clients; empty when there is none.
    pub user_data: Bytes,
    /// What the member owns (v1+).
    pub owned: Vec<NamedPartitions>,
    /// The generation in which it got that (v2+), -1 when it does not say.
    pub generation: i32,
    /// `client.rack` (v3+).
    pub rack: Option<Arc<str>>,
}

/// What a member gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// By topic, as they were written.
    pub partitions: Vec<NamedPartitions>,
    /// From the assignor among the clients; empty when there is none.
    pub user_data: Bytes,
}

impl Subscription {
    /// Reads what a member brought; `None` when it is malformed.
    pub fn parse(bytes: &[u8]) -> Option<Subscription> {
        let mut reader = Reader { rest: bytes };
        let version = reader.version()?;
        let topics = reader.list(2, Reader::string)?;
        let user_data = reader.nullable_bytes()?;
        let owned = if version >= 1 { reader.list(6, Reader::partitions)? } else { Vec::new() };
        let generation = if version >= 2 { reader.i32()? } else { -1 };
        let rack = if version >= 3 { reader.nullable_string()? } else { None };
        let rack = rack.filter(|rack| !rack.is_empty());
        Some(Subscription { version, topics, user_data, owned, generation, rack })
    }
}

impl Assignment {
    /// Reads what a leader gave to a member; `None` when it is malformed. No bytes at all are
    /// malformed too: whoever keeps assignments knows when there was none.
    pub fn parse(bytes: &[u8]) -> Option<Assignment> {
        let mut reader = Reader { rest: bytes };
        reader.version()?;
        let partitions = reader.list(6, Reader::partitions)?;
        let user_data = reader.nullable_bytes()?;
        Some(Assignment { partitions, user_data })
    }
}

/// An assignment without user data, in the version that the member's subscription has.
pub fn assignment_bytes(version: i16, partitions: &[NamedPartitions]) -> Bytes {
    let mut out = BytesMut::new();
    out.put_i16(version.clamp(0, VERSION_MAX));
    out.put_i32(count(partitions.len()));
    for named in partitions {
        let name = named.topic.as_bytes();
        out.put_i16(i16::try_from(name.len()).unwrap_or_default()); // a topic's has 249 at most
        out.put_slice(name);
        out.put_i32(count(named.partitions.len()));
        for partition in &named.partitions {
            out.put_i32(*partition);
        }
    }
    out.put_i32(-1);
    out.freeze()
}

fn count(items: usize) -> i32 {
    i32::try_from(items).unwrap_or(i32::MAX)
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn take(&mut self, bytes: usize) -> Option<&[u8]> {
        let (head, rest) = self.rest.split_at_checked(bytes)?;
        self.rest = rest;
        Some(head)
    }

    fn i16(&mut self) -> Option<i16> {
        self.take(2)?.try_into().ok().map(i16::from_be_bytes)
    }

    fn i32(&mut self) -> Option<i32> {
        self.take(4)?.try_into().ok().map(i32::from_be_bytes)
    }

    fn version(&mut self) -> Option<i16> {
        self.i16().filter(|version| *version >= 0).map(|version| version.min(VERSION_MAX))
    }

    fn string(&mut self) -> Option<Arc<str>> {
        let bytes = usize::try_from(self.i16()?).ok()?;
        Some(String::from_utf8_lossy(self.take(bytes)?).into())
    }

    fn nullable_string(&mut self) -> Option<Option<Arc<str>>> {
        match self.rest {
            [0xff, 0xff, ..] => self.take(2).map(|_| None),
            _ => self.string().map(Some),
        }
    }

    fn nullable_bytes(&mut self) -> Option<Bytes> {
        match self.i32()? {
            -1 => Some(Bytes::new()),
            bytes => self.take(usize::try_from(bytes).ok()?).map(Bytes::copy_from_slice),
        }
    }

    fn partitions(&mut self) -> Option<NamedPartitions> {
        let topic = self.string()?;
        Some(NamedPartitions { topic, partitions: self.list(4, Reader::i32)? })
    }

    /// A list whose items take `least` bytes or more each.
    fn list<T>(
        &mut self,
        least: usize,
        mut item: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let items = usize::try_from(self.i32()?).ok()?;
        if items > self.rest.len() / least {
            return None;
        }
        let mut list = Vec::with_capacity(items);
        for _ in 0..items {
            list.push(item(self)?);
        }
        Some(list)
    }
}

#[cfg(test)]
#[path = "consumer_protocol_test.rs"]
mod consumer_protocol_test;
