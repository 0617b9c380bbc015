//! What an assignor is given, and which one there are.

use uuid::Uuid;

use super::{range, uneven, uniform};
use crate::record::offsets_topic::TopicPartitions;

/// What an assignor looks at.
#[derive(Debug, Clone)]
pub struct Spec<'a> {
    /// Every topic that somebody subscribes to and that exists, sorted by id.
    pub topics: Vec<TopicSpec>,
    /// The different sets of topics that members subscribe to: places in `topics`, sorted. One
    /// entry means that all members want the same.
    pub subscriptions: Vec<Vec<usize>>,
    /// The members, sorted by id.
    pub members: Vec<MemberSpec<'a>>,
}

/// A topic to assign.
#[derive(Debug, Clone, Copy)]
pub struct TopicSpec {
    /// Its id.
    pub id: Uuid,
    /// How many partitions it has.
    pub partitions: usize,
}

/// A member that is to get partitions.
#[derive(Debug, Clone, Copy)]
pub struct MemberSpec<'a> {
    /// Its id.
    pub id: &'a str,
    /// `group.instance.id` of a static member.
    pub instance: Option<&'a str>,
    /// Place of its topics in [`Spec::subscriptions`].
    pub subscription: usize,
    /// The target assignment it had so far.
    pub previous: &'a [TopicPartitions],
}

/// What every member of a [`Spec`] shall have, in its order; topics and partitions are sorted.
pub type Target = Vec<Vec<TopicPartitions>>;

/// The assignors that the broker offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assignor {
    /// Even and sticky.
    Uniform,
    /// Neighbouring partitions, the same for all topics that have as many.
    Range,
}

impl Assignor {
    /// An assignor by its name in the protocol.
    pub fn by_name(name: &str) -> Option<Assignor> {
        match name {
            "uniform" => Some(Assignor::Uniform),
            "range" => Some(Assignor::Range),
            _ => None,
        }
    }

    /// Gives every partition of a subscribed topic to exactly one of its subscribers.
    pub fn assign(self, spec: &Spec<'_>) -> Target {
        match self {
            Assignor::Range => range::assign(spec),
            Assignor::Uniform if spec.subscriptions.len() <= 1 => uniform::assign(spec),
            Assignor::Uniform => uneven::assign(spec),
        }
    }
}

impl Spec<'_> {
    /// The place of a topic.
    pub(super) fn topic(&self, id: Uuid) -> Option<usize> {
        self.topics.binary_search_by_key(&id, |topic| topic.id).ok()
    }

    /// What a member subscribes to, as places of topics, sorted.
    pub(super) fn wanted(&self, member: &MemberSpec<'_>) -> &[usize] {
        self.subscriptions.get(member.subscription).map_or(&[], Vec::as_slice)
    }
}
