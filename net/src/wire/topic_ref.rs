//! How a request names a topic, and the small structures that Produce and Fetch share in their
//! responses. Any thread.

use bytes::BufMut;
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::malformed::Malformed;
use super::reader::{Field, Reader};
use super::writer::Writer;

/// First version of Produce, and of Fetch, that names topics by id instead of by name (KIP-516).
/// It happens to be the same one.
pub const TOPIC_IDS_FROM: i16 = 13;

/// A topic as a Produce or Fetch request names it; its response names it in the same way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum TopicRef {
    /// By name, before version 13.
    Name(StrBytes),
    /// By id, from version 13. Unknown id = error 100, never 3.
    Id(Uuid),
}

impl Field for TopicRef {
    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        if from.version() >= TOPIC_IDS_FROM {
            Uuid::read(from).map(TopicRef::Id)
        } else {
            StrBytes::read(from).map(TopicRef::Name)
        }
    }
}

impl TopicRef {
    /// Bytes that are enough for it, the count of its partitions and its tags.
    pub(super) fn room(&self) -> usize {
        const AROUND: usize = 10;
        match self {
            TopicRef::Name(name) => name.len() + AROUND,
            TopicRef::Id(_) => size_of::<Uuid>() + AROUND,
        }
    }

    /// Writes the topic in the way the version being written names topics: a name where it wants
    /// an id (or the other way round) is written as empty, as there is nothing right to say.
    pub(super) fn write(&self, into: &mut Writer) {
        match (self, into.version >= TOPIC_IDS_FROM) {
            (TopicRef::Id(id), true) => into.out.put_u128(id.as_u128()),
            (TopicRef::Name(_), true) => into.out.put_u128(0),
            (TopicRef::Name(name), false) => into.string(name),
            (TopicRef::Id(_), false) => into.string(""),
        }
    }
}

/// Who leads a partition now, so that a client that asked the wrong broker need not ask for
/// metadata first (KIP-951).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaderHint {
    /// The leader's node id.
    pub leader_id: i32,
    /// Its epoch.
    pub leader_epoch: i32,
}

impl LeaderHint {
    pub(super) const BYTES: u32 = 4 + 4 + 1;

    pub(super) fn write(&self, into: &mut Writer) {
        into.out.put_i32(self.leader_id);
        into.out.put_i32(self.leader_epoch);
        into.no_tags();
    }
}

/// Where a leader named by a [`LeaderHint`] can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeEndpoint {
    /// Its node id.
    pub node_id: i32,
    /// Its advertised host.
    pub host: StrBytes,
    /// Its advertised port.
    pub port: i32,
    /// Its rack.
    pub rack: Option<StrBytes>,
}

impl NodeEndpoint {
    fn write(&self, into: &mut Writer) {
        into.out.put_i32(self.node_id);
        into.string(&self.host);
        into.out.put_i32(self.port);
        into.nullable_string(self.rack.as_deref());
        into.no_tags();
    }
}

/// Writes the last part of a Produce or Fetch response: its tagged fields, of which the endpoints
/// of hinted leaders are the only one. `carried` says whether the version has them.
pub(super) fn write_endpoints(endpoints: &[NodeEndpoint], carried: bool, into: &mut Writer) {
    if endpoints.is_empty() || !carried {
        return into.no_tags();
    }
    let mut list = Writer::new(into.version, true);
    list.array(endpoints.len());
    for endpoint in endpoints {
        endpoint.write(&mut list);
    }
    into.tags(1);
    into.tag(0, list.out.len() as u32);
    into.out.put_slice(&list.out);
}
