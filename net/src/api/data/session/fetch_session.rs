//! One fetch session: what a client reads, in the order in which it is read. Partitions that
//! returned records go to the end, so that none starves behind the byte limit of a fetch. A
//! request and its answer each walk all partitions once; there is no index to keep. Core-local.
//!
//! Must not know: the cache, slots, the image, how a partition is read.

use std::collections::BTreeMap;

use super::cached_partition::{Asked, CachedPartition, has_records};
use super::changes::Changes;
use crate::api::names;
use crate::wire::TopicRef;
use crate::wire::fetch_response::{FetchPartitionResponse, FetchTopicResponse};

/// No session: what a request without one sends, and what it is answered.
pub const INVALID_SESSION_ID: i32 = 0;
/// The epoch by which a client asks for a session.
pub const INITIAL_EPOCH: i32 = 0;
/// The epoch by which a client wants none, and ends the one it names.
pub const FINAL_EPOCH: i32 = -1;

/// The epoch of the request after the one with this epoch.
pub fn next_epoch(epoch: i32) -> i32 {
    match epoch {
        ..0 => FINAL_EPOCH,
        i32::MAX => 1,
        epoch => epoch + 1,
    }
}

/// The last word of a request on one partition.
struct Wanted {
    key: (u32, i32),
    /// Place in the request.
    order: usize,
    /// `None`: forget it.
    asked: Option<Asked>,
    is_cached: bool,
}

/// What one client fetches.
#[derive(Debug)]
pub struct FetchSession {
    id: i32,
    /// Of the next request.
    epoch: i32,
    uses_topic_ids: bool,
    topics: Vec<TopicRef>,
    partitions: Vec<CachedPartition>,
}

impl FetchSession {
    /// A session that no cache has taken yet: its id says that there is none.
    pub fn new(uses_topic_ids: bool, changes: Changes) -> FetchSession {
        let mut session = FetchSession {
            id: INVALID_SESSION_ID,
            epoch: next_epoch(INITIAL_EPOCH),
            uses_topic_ids,
            topics: Vec::new(),
            partitions: Vec::new(),
        };
        session.update(changes);
        session
    }

    /// Its id; 0 until a cache has taken it.
    pub fn id(&self) -> i32 {
        self.id
    }

    /// The epoch that the next request has to carry.
    pub fn epoch(&self) -> i32 {
        self.epoch
    }

    /// Whether its requests name topics by id (v13 and later).
    pub fn uses_topic_ids(&self) -> bool {
        self.uses_topic_ids
    }

    /// The topics that partitions point to, each once.
    pub fn topics(&self) -> &[TopicRef] {
        &self.topics
    }

    /// The partitions, in the order in which they are read.
    pub fn partitions(&self) -> &[CachedPartition] {
        &self.partitions
    }

    /// Memory that it holds, in bytes.
    pub fn bytes(&self) -> usize {
        let name = |topic: &TopicRef| match topic {
            TopicRef::Name(name) => name.len(),
            TopicRef::Id(_) => 0,
        };
        let named: usize = self.topics.iter().map(name).sum();
        named
            + self.topics.len() * size_of::<TopicRef>()
            + self.partitions.len() * size_of::<CachedPartition>()
    }

    /// The cache has taken it.
    pub(super) fn named(&mut self, id: i32) {
        self.id = id;
    }

    /// A request with the right epoch came in.
    pub(super) fn advance(&mut self) {
        self.epoch = next_epoch(self.epoch);
    }

    /// Takes in what a request names. A partition that is named again keeps its place, a new one
    /// goes to the end, one that is named and forgotten is forgotten.
    pub fn update(&mut self, changes: Changes) {
        if changes.asked.is_empty() && changes.forgotten.is_empty() {
            return;
        }
        let forgets = !changes.forgotten.is_empty();
        let mut wanted = self.last_words(changes);
        self.partitions.retain_mut(|cached| {
            let Ok(at) = wanted.binary_search_by_key(&cached.key(), |wanted| wanted.key) else {
                return true;
            };
            let Some(wanted) = wanted.get_mut(at) else { return true };
            wanted.is_cached = true;
            if let Some(asked) = wanted.asked {
                cached.ask(asked);
            }
            wanted.asked.is_some()
        });
        wanted.retain(|wanted| !wanted.is_cached);
        wanted.sort_unstable_by_key(|wanted| wanted.order);
        let added = wanted
            .iter()
            .filter_map(|wanted| Some(CachedPartition::new(wanted.key, wanted.asked?)));
        self.partitions.extend(added);
        if forgets {
            self.drop_unused_topics();
        }
        self.partitions.shrink_to(self.partitions.len() + self.partitions.len() / 8);
    }

    /// What the request says of each partition in the end, sorted by key.
    fn last_words(&mut self, changes: Changes) -> Vec<Wanted> {
        let Changes { topics, asked, forgotten } = changes;
        let places = self.place_topics(&topics);
        let key = |topic: u32, partition| Some((*places.get(topic as usize)?, partition));
        let asked = asked
            .into_iter()
            .filter_map(|(topic, partition, asked)| Some((key(topic, partition)?, Some(asked))));
        let forgotten = forgotten
            .into_iter()
            .filter_map(|(topic, partition)| Some((key(topic, partition)?, None)));
        let mut wanted: Vec<Wanted> = asked
            .chain(forgotten)
            .enumerate()
            .map(|(order, (key, asked))| Wanted { key, order, asked, is_cached: false })
            .collect();
        // Stable: the words on one partition stay in the request's order.
        wanted.sort_by_key(|wanted| wanted.key);
        wanted.dedup_by(|later, first| {
            let same = later.key == first.key;
            if same {
                first.asked = later.asked;
            }
            same
        });
        wanted
    }

    /// Where each of a request's topics stands among the session's; unknown ones are added.
    fn place_topics(&mut self, asked: &[TopicRef]) -> Vec<u32> {
        let mut places: BTreeMap<&TopicRef, Option<u32>> =
            asked.iter().map(|topic| (topic, None)).collect();
        for (at, topic) in self.topics.iter().enumerate() {
            if let Some(place) = places.get_mut(topic) {
                *place = Some(at as u32);
            }
        }
        let mut found = Vec::with_capacity(asked.len());
        for topic in asked {
            let Some(place) = places.get_mut(topic) else { continue };
            found.push(*place.get_or_insert_with(|| {
                self.topics.push(owned(topic));
                self.topics.len() as u32 - 1
            }));
        }
        found
    }

    fn drop_unused_topics(&mut self) {
        let mut used: Vec<u32> = self.partitions.iter().map(|cached| cached.key().0).collect();
        used.sort_unstable();
        used.dedup();
        if used.len() == self.topics.len() {
            return;
        }
        let kept = used.iter().filter_map(|place| self.topics.get(*place as usize).cloned());
        self.topics = kept.collect();
        for cached in &mut self.partitions {
            if let Ok(place) = used.binary_search(&cached.key().0) {
                cached.move_to(place as u32);
            }
        }
    }

    /// Takes in the answer for every partition, in their order; gives back those that the client
    /// has to hear, or all, in runs of one topic each. Partitions with records go to the end, but
    /// not when all are answered.
    pub fn settle(
        &mut self,
        all: bool,
        mut answer_of: impl FnMut(&CachedPartition) -> FetchPartitionResponse,
    ) -> Vec<FetchTopicResponse> {
        let mut heard = Heard { topics: &self.topics, last: None, responses: Vec::new() };
        let mut moved = Vec::new();
        self.partitions.retain_mut(|cached| {
            let answer = answer_of(cached);
            let goes_back = !all && has_records(&answer);
            if cached.is_news(&answer) || all {
                heard.add(cached.key().0, answer);
            }
            if goes_back {
                moved.push(*cached);
            }
            !goes_back
        });
        let responses = heard.responses;
        self.partitions.extend(moved);
        responses
    }
}

/// The partitions of an answer, gathered into runs of the same topic.
struct Heard<'a> {
    topics: &'a [TopicRef],
    last: Option<u32>,
    responses: Vec<FetchTopicResponse>,
}

impl Heard<'_> {
    fn add(&mut self, topic: u32, answer: FetchPartitionResponse) {
        if self.last != Some(topic) {
            let Some(name) = self.topics.get(topic as usize) else { return };
            self.responses.push(FetchTopicResponse { topic: name.clone(), partitions: Vec::new() });
            self.last = Some(topic);
        }
        if let Some(run) = self.responses.last_mut() {
            run.partitions.push(answer);
        }
    }
}

/// The topic without the frame that it came in.
fn owned(topic: &TopicRef) -> TopicRef {
    match topic {
        TopicRef::Name(name) => TopicRef::Name(names::text(name)),
        TopicRef::Id(id) => TopicRef::Id(*id),
    }
}

#[cfg(test)]
#[path = "fetch_session_test.rs"]
mod fetch_session_test;
