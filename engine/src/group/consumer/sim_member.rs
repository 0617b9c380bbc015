//! A member as clients play it, for the simulation of a group.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use uuid::Uuid;

use super::rig::{beat, text};
use crate::group::GroupError;
use crate::group::answer::Answer;
use crate::group::consumer_protocol::Assignment;
use crate::group::request::{ConsumerHeartbeat, Heartbeat, Join, Leaving, Sync};
use crate::metadata::Image;
use crate::record::offsets_topic::TopicPartitions;
use crate::runtime::Rng;

/// Names that topics may have; none is used again, because the classic protocol could not tell.
pub(super) const TOPICS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

/// Topic and partition.
type Partition = (Uuid, i32);

/// What a member asks.
pub(super) enum Ask {
    Beat(ConsumerHeartbeat),
    Join(Join),
    Sync(Sync),
    Heartbeat(Heartbeat),
    Leave(Vec<Leaving>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speaks {
    /// The consumer protocol.
    Consumer,
    /// The classic protocol, giving up everything before it rejoins.
    Eager,
    /// The classic protocol, giving up what it is told to.
    Cooperative,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Join,
    Sync,
    Beat,
}

#[derive(Debug)]
pub(super) struct Member {
    pub id: Arc<str>,
    pub instance: Option<Arc<str>>,
    /// What it works on.
    pub owned: BTreeSet<Partition>,
    /// It was taken out of the group and may not know.
    pub fenced: bool,
    speaks: Speaks,
    phase: Phase,
    epoch: i32,
    topics: Vec<Arc<str>>,
    pattern: Option<Arc<str>>,
    /// What it was told to have, once it has given up the rest at that time.
    target: Option<(BTreeSet<Partition>, u64)>,
    /// What it said last that it owns; `None`: it says everything next time.
    said: Option<BTreeSet<Partition>>,
    /// The request it waits for, and until when.
    waits: Option<(u64, u64)>,
    /// It asks nothing before this, unless something happens.
    next: u64,
    /// It does nothing at all before this.
    stalled: u64,
    alive: bool,
    /// The next generation of the name, for members that give themselves an id.
    number: usize,
}

impl Member {
    pub(super) fn random(number: usize, instance: Option<Arc<str>>, rng: &mut Rng) -> Member {
        let speaks = match rng.below(4) {
            0 => Speaks::Eager,
            1 => Speaks::Cooperative,
            _ => Speaks::Consumer,
        };
        let mut member = Member {
            id: match speaks {
                Speaks::Consumer => text(&format!("m{number}")),
                _ => text(""),
            },
            instance,
            owned: BTreeSet::new(),
            fenced: false,
            speaks,
            phase: Phase::Join,
            epoch: 0,
            topics: Vec::new(),
            pattern: None,
            target: None,
            said: None,
            waits: None,
            next: 0,
            stalled: 0,
            alive: true,
            number,
        };
        member.resubscribe(rng);
        member
    }

    pub(super) fn lives(&self) -> bool {
        self.alive
    }

    pub(super) fn crash(&mut self) {
        self.alive = false;
        self.owned.clear();
    }

    /// Does nothing until then.
    pub(super) fn stall(&mut self, until: u64) {
        self.stalled = until;
    }

    pub(super) fn resubscribe(&mut self, rng: &mut Rng) {
        let some = TOPICS.iter().filter(|_| rng.below(2) == 0);
        self.topics = some.map(|name| text(name)).collect();
        let patterned = self.speaks == Speaks::Consumer && rng.below(3) == 0;
        self.pattern = patterned.then(|| text(["[a-d]", "e|f|c", ".*"][rng.below(3) as usize]));
        self.said = None;
        if self.phase == Phase::Beat && self.speaks != Speaks::Consumer {
            self.rejoin();
        }
    }

    /// Says goodbye, if it can do so now.
    pub(super) fn leave(&mut self, for_now: bool) -> Option<Ask> {
        if !self.alive || self.epoch <= 0 || (for_now && self.instance.is_none()) {
            return None;
        }
        let (id, instance) = (self.id.clone(), self.instance.clone());
        self.crash();
        match self.speaks {
            Speaks::Consumer => {
                let epoch = if for_now { -2 } else { -1 };
                Some(Ask::Beat(ConsumerHeartbeat { instance_id: instance, ..beat(&id, epoch) }))
            }
            // Static members of the classic protocol go without a word.
            _ if instance.is_some() => None,
            _ => Some(Ask::Leave(vec![Leaving { member_id: id, instance_id: None, reason: None }])),
        }
    }

    /// What it asks next, if it is time to.
    pub(super) fn ask(
        &mut self,
        now: u64,
        tokens: &mut u64,
        names: &BTreeMap<Uuid, String>,
    ) -> Option<(Ask, u64)> {
        if !self.alive || now < self.next || now < self.stalled {
            return None;
        }
        if let Some((_, until)) = self.waits {
            if now < until {
                return None;
            }
            self.forget_request();
        }
        if let Some((target, at)) = &self.target
            && *at <= now
        {
            self.owned = target.clone();
            self.target = None;
        }
        let ask = match self.speaks {
            Speaks::Consumer => Ask::Beat(self.beat()),
            _ => self.ask_classic(names),
        };
        *tokens += 1;
        self.waits = Some((*tokens, now + 3000));
        Some((ask, *tokens))
    }

    /// No answer came: whether the request was carried out it cannot know.
    fn forget_request(&mut self) {
        self.waits = None;
        self.said = None;
        if self.speaks != Speaks::Consumer && self.phase != Phase::Beat {
            self.rejoin();
        }
    }

    fn beat(&mut self) -> ConsumerHeartbeat {
        let joins = self.epoch == 0;
        let full = joins || self.said.is_none();
        let changed = self.said.as_ref() != Some(&self.owned);
        let known = beat(&self.id, self.epoch);
        self.said = Some(self.owned.clone());
        ConsumerHeartbeat {
            instance_id: self.instance.clone(),
            rebalance_timeout_ms: if full { 20_000 } else { -1 },
            topics: full.then(|| self.topics.clone()),
            pattern: if full { Some(self.pattern.clone().unwrap_or(text(""))) } else { None },
            owned: (full || changed).then(|| sets(&self.owned)),
            ..known
        }
    }

    fn ask_classic(&mut self, names: &BTreeMap<Uuid, String>) -> Ask {
        let (member_id, instance_id) = (self.id.clone(), self.instance.clone());
        let generation = self.epoch;
        match self.phase {
            Phase::Join => Ask::Join(Join {
                member_id,
                instance_id,
                protocol_type: text("consumer"),
                protocols: vec![(text("p"), self.subscription(names))],
                session_timeout_ms: 10_000,
                rebalance_timeout_ms: 20_000,
                reason: None,
                requires_known_member_id: true,
                supports_skipping_assignment: true,
            }),
            Phase::Sync => Ask::Sync(Sync {
                member_id,
                instance_id,
                generation,
                protocol_type: Some(text("consumer")),
                protocol: Some(text("p")),
                assignments: Vec::new(),
            }),
            Phase::Beat => Ask::Heartbeat(Heartbeat { member_id, instance_id, generation }),
        }
    }

    fn subscription(&self, names: &BTreeMap<Uuid, String>) -> Bytes {
        let mut out = BytesMut::new();
        let name = |out: &mut BytesMut, name: &str| {
            out.put_i16(name.len() as i16);
            out.put_slice(name.as_bytes());
        };
        out.put_i16(1);
        out.put_i32(self.topics.len() as i32);
        self.topics.iter().for_each(|topic| name(&mut out, topic));
        out.put_i32(-1);
        out.put_i32(self.owned.len() as i32);
        for (topic, partition) in &self.owned {
            name(&mut out, &names[topic]);
            out.put_i32(1);
            out.put_i32(*partition);
        }
        out.freeze()
    }

    /// An answer arrives; when it does something next comes back.
    pub(super) fn hear(
        &mut self,
        now: u64,
        token: u64,
        answer: &Answer,
        image: &Image,
        rng: &mut Rng,
    ) -> Option<u64> {
        if !self.alive || self.waits.is_none_or(|(waits, _)| waits != token) {
            return None; // it has given that request up
        }
        self.waits = None;
        let next = match answer {
            Answer::ConsumerHeartbeat(Ok(told)) => {
                self.epoch = told.member_epoch;
                match &told.assignment {
                    Some(assignment) => self.take(now, partitions(assignment), rng),
                    None => now + 1000,
                }
            }
            Answer::ConsumerHeartbeat(Err(error)) => self.refused(now, error),
            Answer::Join(joined) => match &joined.error {
                None => {
                    self.id = joined.member_id.clone();
                    self.epoch = joined.generation;
                    self.phase = Phase::Sync;
                    now
                }
                Some(GroupError::MemberIdRequired) => {
                    self.id = joined.member_id.clone();
                    now
                }
                Some(error) => self.refused(now, error),
            },
            Answer::Sync(Ok(synced)) => {
                self.phase = Phase::Beat;
                let assigned = assigned(&synced.assignment, image);
                let rejoins = !self.owned.is_subset(&assigned);
                let at = self.take(now, assigned, rng);
                if rejoins {
                    self.rejoin();
                }
                at
            }
            Answer::Heartbeat(Ok(())) => now + 1000,
            Answer::Sync(Err(error)) | Answer::Heartbeat(Err(error)) => self.refused(now, error),
            _ => return None,
        };
        self.next = next;
        Some(next.max(self.stalled))
    }

    /// It works on what is new at once, and on what it shall give up a little longer.
    fn take(&mut self, now: u64, assigned: BTreeSet<Partition>, rng: &mut Rng) -> u64 {
        self.target = None;
        if self.owned.is_subset(&assigned) {
            self.owned = assigned;
            return now + 1000;
        }
        let at = now + rng.below(1500);
        self.owned.extend(assigned.iter().copied());
        self.target = Some((assigned, at));
        at
    }

    fn rejoin(&mut self) {
        self.phase = Phase::Join;
        if self.speaks == Speaks::Eager {
            self.owned.clear();
            self.target = None;
        }
    }

    /// What an error makes it do, and when.
    fn refused(&mut self, now: u64, error: &GroupError) -> u64 {
        match error {
            GroupError::RebalanceInProgress => self.rejoin(),
            GroupError::FencedInstanceId | GroupError::UnreleasedInstanceId(_) => self.crash(),
            _ => {
                // It has lost everything, and comes back without.
                self.owned.clear();
                self.target = None;
                self.said = None;
                self.epoch = 0;
                self.phase = Phase::Join;
                if self.speaks != Speaks::Consumer && matches!(error, GroupError::UnknownMemberId) {
                    self.id = text("");
                } else if self.speaks == Speaks::Consumer && self.instance.is_some() {
                    self.id = text(&format!("m{}-{now}", self.number));
                }
            }
        }
        now + 100
    }
}

fn partitions(sets: &[TopicPartitions]) -> BTreeSet<Partition> {
    sets.iter().flat_map(|set| set.partitions.iter().map(|p| (set.topic, *p))).collect()
}

fn sets(partitions: &BTreeSet<Partition>) -> Vec<TopicPartitions> {
    let set = |(topic, partition): &Partition| TopicPartitions {
        topic: *topic,
        partitions: vec![*partition],
    };
    partitions.iter().map(set).collect()
}

fn assigned(bytes: &[u8], image: &Image) -> BTreeSet<Partition> {
    let assignment = Assignment::parse(bytes).unwrap();
    let of = assignment.partitions.iter().filter_map(|named| {
        let topic = image.topic(&named.topic)?.id;
        Some(named.partitions.iter().map(move |partition| (topic, *partition)))
    });
    of.flatten().collect()
}
