//! A group with its clock, its log and its clients, for tests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{ClassicGroup, ClassicState};
use crate::config::TopicConfig;
use crate::group::answer::{Answer, Joined, Left, Synced};
use crate::group::request::{Caller, Commit, Heartbeat, Join, Leaving, Sync};
use crate::group::{Context, Effect, Effects, GroupError, GroupSettings, TimerKey, Token};
use crate::metadata::Image;
use crate::record::offsets_topic::{ClassicGroupValue, GroupRecord};
use crate::runtime::{Mono, Rng};

pub(super) const SESSION: Duration = Duration::from_secs(10);
pub(super) const REBALANCE: Duration = Duration::from_secs(60);
/// `group.initial.rebalance.delay.ms`.
pub(super) const DELAY: Duration = Duration::from_secs(3);

/// The world around a group.
pub(super) struct World {
    pub(super) group: ClassicGroup,
    pub(super) settings: GroupSettings,
    pub(super) now: Mono,
    /// Every record of the group, oldest first.
    pub(super) log: Vec<Option<ClassicGroupValue>>,
    pub(super) timers: BTreeMap<TimerKey, Mono>,
    answers: BTreeMap<Token, Answer>,
    waiting: BTreeSet<Token>,
    tokens: u64,
    rng: Rng,
    image: Image,
}

impl World {
    pub(super) fn new() -> World {
        World::seeded(1)
    }

    pub(super) fn seeded(seed: u64) -> World {
        World {
            group: ClassicGroup::new(Arc::from("g")),
            settings: GroupSettings { initial_rebalance_delay: DELAY, ..GroupSettings::default() },
            now: Mono::from_nanos(1),
            log: Vec::new(),
            timers: BTreeMap::new(),
            answers: BTreeMap::new(),
            waiting: BTreeSet::new(),
            tokens: 0,
            rng: Rng::seeded(seed),
            image: Image::empty(Arc::new(TopicConfig::default())),
        }
    }

    pub(super) fn wall(&self) -> i64 {
        1_700_000_000_000 + (self.now.as_nanos() / 1_000_000) as i64
    }

    pub(super) fn step<T>(&mut self, act: impl FnOnce(&mut ClassicGroup, &mut Context) -> T) -> T {
        let wall = self.wall();
        let mut context = Context {
            now: self.now,
            wall,
            rng: &mut self.rng,
            settings: &self.settings,
            image: &self.image,
        };
        act(&mut self.group, &mut context)
    }

    pub(super) fn take_in(&mut self, effects: Effects) {
        for effect in effects {
            match effect {
                Effect::Append(GroupRecord::Classic { group, value }) => {
                    assert_eq!(group, *self.group.id());
                    self.log.push(value);
                }
                Effect::Append(other) => panic!("a record of something else: {other:?}"),
                Effect::Answer { to, answer } => {
                    assert!(self.waiting.remove(&to), "answered twice: {answer:?}");
                    self.answers.insert(to, answer);
                }
                Effect::Timer { key, at: Some(at) } => drop(self.timers.insert(key, at)),
                Effect::Timer { key, at: None } => drop(self.timers.remove(&key)),
            }
        }
    }

    pub(super) fn ask(
        &mut self,
        act: impl FnOnce(&mut ClassicGroup, &mut Context, Token) -> Effects,
    ) -> Token {
        self.tokens += 1;
        let from = Token(self.tokens);
        self.waiting.insert(from);
        let effects = self.step(|group, context| act(group, context, from));
        self.take_in(effects);
        from
    }

    /// The answer, if there is one already.
    pub(super) fn answer(&mut self, to: Token) -> Option<Answer> {
        self.answers.remove(&to)
    }

    pub(super) fn waits(&self, token: Token) -> bool {
        self.waiting.contains(&token)
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Lets time pass, with what runs out on the way.
    pub(super) fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some((key, at)) = self.next_timer().filter(|(_, at)| *at <= until) {
            self.now = self.now.max(at);
            self.timers.remove(&key);
            let effects = self.step(|group, context| group.timer(context, &key));
            self.take_in(effects);
        }
        self.now = until;
    }

    pub(super) fn next_timer(&self) -> Option<(TimerKey, Mono)> {
        let next = self.timers.iter().min_by_key(|(_, at)| **at)?;
        Some((next.0.clone(), *next.1))
    }

    /// The coordinator starts anew with what stands in the log. Whoever waited hears nothing.
    pub(super) fn restart(&mut self) {
        self.timers.clear();
        self.waiting.clear();
        self.answers.clear();
        self.group = ClassicGroup::new(Arc::clone(self.group.id()));
        for value in &self.log {
            self.group.replay(value.as_ref());
        }
        let effects = self.step(|group, context| group.loaded(context));
        self.take_in(effects);
    }

    pub(super) fn join(&mut self, request: &Join) -> Token {
        let caller = Caller { client_id: Arc::from("client"), host: Arc::from("/10.0.0.1") };
        self.ask(|group, context, from| group.join(context, from, &caller, request))
    }

    pub(super) fn joined(&mut self, token: Token) -> Joined {
        match self.answer(token) {
            Some(Answer::Join(joined)) => joined,
            other => panic!("no answer to a join: {other:?}"),
        }
    }

    pub(super) fn sync(&mut self, request: &Sync) -> Token {
        self.ask(|group, context, from| group.sync(context, from, request))
    }

    pub(super) fn synced(&mut self, token: Token) -> Result<Synced, GroupError> {
        match self.answer(token) {
            Some(Answer::Sync(synced)) => synced,
            other => panic!("no answer to a sync: {other:?}"),
        }
    }

    pub(super) fn heartbeat(&mut self, member: &str, generation: i32) -> Result<(), GroupError> {
        self.heartbeat_of(member, None, generation)
    }

    pub(super) fn heartbeat_of(
        &mut self,
        member: &str,
        instance: Option<&str>,
        generation: i32,
    ) -> Result<(), GroupError> {
        let member_id = Arc::from(member);
        let request = Heartbeat { member_id, instance_id: instance.map(Arc::from), generation };
        let token = self.ask(|group, context, from| group.heartbeat(context, from, &request));
        match self.answer(token) {
            Some(Answer::Heartbeat(answer)) => answer,
            other => panic!("no answer to a heartbeat: {other:?}"),
        }
    }

    pub(super) fn leave(&mut self, leaving: &[Leaving]) -> Vec<Left> {
        let token = self.ask(|group, context, from| group.leave(context, from, leaving));
        match self.answer(token) {
            Some(Answer::Leave(Ok(left))) => left,
            other => panic!("no answer to a leave: {other:?}"),
        }
    }

    /// Joins dynamic members for the first time, with the round for their ids; ends the join phase.
    pub(super) fn first_members(&mut self, count: usize) -> Vec<Joined> {
        let ids: Vec<Arc<str>> = (0..count).map(|_| self.new_id()).collect();
        let tokens: Vec<Token> = ids.iter().map(|id| self.join(&member(id))).collect();
        while tokens.iter().any(|token| self.waits(*token)) {
            self.pass(DELAY);
        }
        tokens.into_iter().map(|token| self.joined(token)).collect()
    }

    /// An id for a member that is new.
    pub(super) fn new_id(&mut self) -> Arc<str> {
        self.new_id_for(&member(""))
    }

    pub(super) fn new_id_for(&mut self, request: &Join) -> Arc<str> {
        let token = self.join(request);
        let joined = self.joined(token);
        assert_eq!(joined.error, Some(GroupError::MemberIdRequired));
        joined.member_id
    }

    /// The leader hands in its own id for everybody as assignment, and all fetch it.
    pub(super) fn settle(&mut self, members: &[Joined]) {
        for joined in members {
            let assignments = joined.members.iter().map(|member| {
                (Arc::clone(&member.member_id), Bytes::from(member.member_id.as_bytes().to_vec()))
            });
            let request = Sync { assignments: assignments.collect(), ..follower(joined) };
            self.sync(&request);
        }
        self.answers.clear();
        assert_eq!(self.group.state(), ClassicState::Stable);
    }

    /// A stable group of dynamic members.
    pub(super) fn stable(&mut self, count: usize) -> Vec<Joined> {
        let members = self.first_members(count);
        self.settle(&members);
        members
    }
}

/// A member as JoinGroup of today has it.
pub(super) fn member(id: &str) -> Join {
    Join {
        member_id: Arc::from(id),
        instance_id: None,
        protocol_type: Arc::from("consumer"),
        protocols: protocols(&["range", "sticky"]),
        session_timeout_ms: SESSION.as_millis() as i32,
        rebalance_timeout_ms: REBALANCE.as_millis() as i32,
        reason: None,
        requires_known_member_id: true,
        supports_skipping_assignment: true,
    }
}

/// A static member.
pub(super) fn instance(id: &str, instance: &str) -> Join {
    Join { instance_id: Some(Arc::from(instance)), ..member(id) }
}

/// Each with a subscription to the topic `t`.
pub(super) fn protocols(names: &[&str]) -> Vec<(Arc<str>, Bytes)> {
    let subscription = [0, 0, 0, 0, 0, 1, 0, 1, b't', 0xff, 0xff, 0xff, 0xff];
    names.iter().map(|name| (Arc::from(*name), Bytes::from(subscription.to_vec()))).collect()
}

/// SyncGroup of a member that does not lead.
pub(super) fn follower(joined: &Joined) -> Sync {
    Sync {
        member_id: Arc::clone(&joined.member_id),
        instance_id: None,
        generation: joined.generation,
        protocol_type: joined.protocol_type.clone(),
        protocol: joined.protocol.clone(),
        assignments: Vec::new(),
    }
}

/// OffsetCommit without offsets.
pub(super) fn commit(member: &str, generation: i32) -> Commit {
    Commit {
        member_id: Arc::from(member),
        instance_id: None,
        generation,
        knows_epochs: true,
        retention_ms: None,
        offsets: Vec::new(),
    }
}

/// The leader among them.
pub(super) fn leader(members: &[Joined]) -> usize {
    members.iter().position(|joined| joined.member_id == joined.leader).unwrap()
}
