//! A group and its members in a world where members come, go, crash and are slow, answers are lost,
//! topics change, and the coordinator starts again from its log, with or without what it had not
//! made durable.
//!
//! A member is played as the clients do it: one request at a time, the next one after the answer or
//! after a timeout, everything said anew after an error, partitions given up before that is said.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use uuid::Uuid;

use super::rig::{Rig, caller, text};
use super::sim_member::{Ask, Member, TOPICS};
use crate::group::answer::Answer;
use crate::group::{Context, Effect, Effects, MigrationPolicy, TimerKey, Token};
use crate::record::offsets_topic::GroupRecord;
use crate::runtime::Rng;

/// Milliseconds.
type Time = u64;

enum Event {
    /// A member does what is next for it.
    Wake(usize),
    /// An answer arrives.
    Hear(usize, u64, Answer),
    /// What was written until then is durable, and its answers leave.
    Durable,
    /// Something happens to the world.
    Trouble,
}

/// A step whose records are not durable yet.
struct Step {
    records: Vec<GroupRecord>,
    answers: Vec<(u64, Answer)>,
}

struct World {
    rig: Rig,
    rng: Rng,
    queue: BTreeMap<(Time, u64), Event>,
    sequence: u64,
    members: Vec<Member>,
    /// Who waits for which answer.
    asked: BTreeMap<u64, usize>,
    pending: Vec<Step>,
    /// Until then there is trouble.
    peace: Time,
    answered: BTreeSet<u64>,
    epochs: (i32, i32),
    /// Topics that ever were.
    names: BTreeMap<Uuid, String>,
}

impl World {
    fn new(seed: u64) -> World {
        let mut rig = Rig::new(&[("a", 5), ("b", 3), ("c", 1)]);
        // Groups that turn classic have tests of their own.
        rig.settings.migration = MigrationPolicy::Upgrade;
        let mut world = World {
            rig,
            rng: Rng::seeded(seed),
            queue: BTreeMap::new(),
            sequence: 0,
            members: Vec::new(),
            asked: BTreeMap::new(),
            pending: Vec::new(),
            peace: 200_000,
            answered: BTreeSet::new(),
            epochs: (0, 0),
            names: BTreeMap::new(),
        };
        world.note_names();
        for _ in 0..4 {
            world.add_member(None);
        }
        world.at(1000, Event::Trouble);
        world
    }

    fn now(&self) -> Time {
        self.rig.now.as_nanos() / 1_000_000
    }

    fn at(&mut self, time: Time, event: Event) {
        self.sequence += 1;
        self.queue.insert((time, self.sequence), event);
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.now() < self.peace && self.rng.below(100) < percent
    }

    fn add_member(&mut self, instance: Option<Arc<str>>) {
        let number = self.members.len();
        let member = Member::random(number, instance, &mut self.rng);
        self.members.push(member);
        let wake = self.now() + self.rng.below(2000);
        self.at(wake, Event::Wake(number));
    }

    fn run(&mut self) {
        let end = self.peace + 150_000;
        while let Some(((time, _), _)) = self.queue.first_key_value() {
            let due = self.rig.timers.iter().map(|(key, at)| (*at, key.clone())).min();
            match due {
                Some((at, key)) if at.as_nanos() / 1_000_000 <= *time => {
                    self.rig.now = self.rig.now.max(at);
                    self.rig.timers.remove(&key);
                    self.step(|group, context| group.timer(context, &key));
                }
                _ if *time > end => return,
                _ => {
                    let ((time, _), event) = self.queue.pop_first().unwrap();
                    let passed = time.saturating_sub(self.now());
                    self.rig.pass(passed);
                    self.handle(event);
                }
            }
            self.check();
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Wake(number) => self.wake(number),
            Event::Hear(number, token, answer) => self.hear(number, token, &answer),
            Event::Durable => self.flush(),
            Event::Trouble => self.trouble(),
        }
    }

    fn wake(&mut self, number: usize) {
        let now = self.now();
        let Some((ask, token)) = self.members[number].ask(now, &mut self.sequence, &self.names)
        else {
            return;
        };
        self.asked.insert(token, number);
        // Should no answer come, it asks again.
        self.at(now + 3000, Event::Wake(number));
        if self.chance(3) {
            return; // lost on its way
        }
        let who = caller();
        let from = Token(token);
        self.step(|group, context| match &ask {
            Ask::Beat(request) => group.heartbeat(context, from, &who, request),
            Ask::Join(request) => group.join(context, from, &who, request),
            Ask::Sync(request) => group.sync(context, from, request),
            Ask::Heartbeat(request) => group.classic_heartbeat(context, from, request),
            Ask::Leave(leaving) => group.leave_group(context, from, leaving),
        });
    }

    fn hear(&mut self, number: usize, token: u64, answer: &Answer) {
        let now = self.now();
        let image = self.rig.image.clone();
        let next = self.members[number].hear(now, token, answer, &image, &mut self.rng);
        if let Some(at) = next {
            self.at(at, Event::Wake(number));
        }
    }

    /// A step of the coordinator, and what it wants done.
    fn step(&mut self, step: impl FnOnce(&mut super::ConsumerGroup, &mut Context<'_>) -> Effects) {
        let wall = self.rig.wall();
        let mut context = Context {
            now: self.rig.now,
            wall,
            rng: &mut self.rig.rng,
            settings: &self.rig.settings,
            image: &self.rig.image,
        };
        let effects = step(&mut self.rig.group, &mut context);
        let mut done = Step { records: Vec::new(), answers: Vec::new() };
        for effect in effects {
            match effect {
                Effect::Append(record) => done.records.push(record),
                Effect::Answer { to, answer } => {
                    assert!(self.answered.insert(to.0), "one answer to each request");
                    done.answers.push((to.0, answer));
                }
                Effect::Timer { key, at: Some(at) } => drop(self.rig.timers.insert(key, at)),
                Effect::Timer { key, at: None } => drop(self.rig.timers.remove(&key)),
            }
        }
        self.pending.push(done);
        let durable = self.now() + self.rng.below(20);
        self.at(durable, Event::Durable);
    }

    fn flush(&mut self) {
        for step in std::mem::take(&mut self.pending) {
            self.rig.log.extend(step.records);
            for (token, answer) in step.answers {
                let number = self.asked[&token];
                if self.chance(3) {
                    continue; // lost on its way back
                }
                let slow = if self.chance(5) { self.rng.below(2500) } else { self.rng.below(20) };
                self.at(self.now() + slow, Event::Hear(number, token, answer));
            }
        }
    }

    fn trouble(&mut self) {
        if self.now() >= self.peace {
            return;
        }
        let next = self.now() + self.rng.below(8000);
        self.at(next, Event::Trouble);
        let number = self.rng.below(self.members.len() as u64) as usize;
        match self.rng.below(10) {
            0 | 1 if self.members.iter().filter(|member| member.lives()).count() < 8 => {
                let instance = (self.rng.below(2) == 0).then(|| text(&format!("i{number}")));
                self.add_member(instance);
            }
            2 => self.members[number].crash(),
            3 => self.leave(number, false),
            4 => self.leave(number, true),
            5 => {
                let until = self.now() + self.rng.below(60_000);
                self.members[number].stall(until);
                self.at(until, Event::Wake(number));
            }
            6 => self.members[number].resubscribe(&mut self.rng),
            7 => self.change_topics(),
            8 => self.restart(),
            _ => {}
        }
    }

    fn leave(&mut self, number: usize, for_now: bool) {
        let Some(ask) = self.members[number].leave(for_now) else { return };
        self.sequence += 1;
        let (token, who) = (self.sequence, caller());
        self.asked.insert(token, number);
        self.step(|group, context| match &ask {
            Ask::Beat(request) => group.heartbeat(context, Token(token), &who, request),
            Ask::Leave(leaving) => group.leave_group(context, Token(token), leaving),
            _ => Effects::new(),
        });
        if for_now && let Some(instance) = self.members[number].instance.clone() {
            self.add_member(Some(instance));
        }
    }

    fn change_topics(&mut self) {
        let fresh = TOPICS.iter().find(|name| !self.names.values().any(|known| known == *name));
        let there: Vec<Arc<str>> = self.rig.image.topics().map(|t| t.name.clone()).collect();
        match fresh {
            Some(name) if there.len() < 3 || self.rng.below(2) == 0 => {
                self.rig.create(name, 1 + self.rng.below(6) as usize);
                self.note_names();
            }
            _ if there.len() > 1 => {
                let unlucky = self.rng.below(there.len() as u64) as usize;
                self.rig.delete(&there[unlucky]);
            }
            _ => {}
        }
    }

    fn note_names(&mut self) {
        let topics = self.rig.image.topics();
        self.names.extend(topics.map(|topic| (topic.id, topic.name.to_string())));
    }

    /// What was durable is all that is left.
    fn restart(&mut self) {
        let whole = self.rng.below(2) == 0;
        if whole {
            self.flush();
            self.rig.check_replay();
        }
        self.pending.clear();
        self.rig.timers.clear();
        self.rig.group = self.rig.replayed();
        self.epochs = (0, 0);
        self.step(|group, context| group.loaded(context));
    }

    /// What must hold after every step.
    fn check(&mut self) {
        let known = &self.rig.group.known;
        let epochs = (known.epoch, known.target_epoch);
        assert!(epochs.0 >= self.epochs.0 && epochs.1 >= self.epochs.1, "epochs only rise");
        assert!(known.target_epoch <= known.epoch);
        self.epochs = epochs;
        let mut held: BTreeMap<(Uuid, i32), &Arc<str>> = BTreeMap::new();
        for (id, member) in &known.members {
            assert!(member.has.member_epoch <= known.target_epoch);
            let sets = member.has.assigned.iter().chain(&member.has.revoking);
            for (topic, partition) in
                sets.flat_map(|set| set.partitions.iter().map(|p| (set.topic, p.0)))
            {
                assert_eq!(held.insert((topic, partition), id), None, "held by two");
            }
        }
        for member in self.members.iter_mut().filter(|member| member.lives()) {
            // Whoever was fenced will hear of it; what it still works on is not its own any more,
            // even if it comes back under its id, as members of the classic protocol may. Those
            // cannot name topics that are gone.
            let image = &self.rig.image;
            let there = |of: &&(Uuid, i32)| image.topic_by_id(of.0).is_some();
            let mut owned = member.owned.iter().filter(there);
            let holds = owned.all(|partition| held.get(partition) == Some(&&member.id));
            member.fenced |= !known.members.contains_key(&member.id);
            member.fenced &= !holds;
            assert!(holds || member.fenced, "{} owns what it does not hold", member.id);
        }
    }

    /// What must be so in the end.
    fn check_settled(&self) {
        let known = &self.rig.group.known;
        let alive: BTreeSet<&Arc<str>> =
            self.members.iter().filter(|member| member.lives()).map(|member| &member.id).collect();
        assert_eq!(known.members.keys().collect::<BTreeSet<_>>(), alive);
        if alive.is_empty() {
            return;
        }
        assert_eq!(self.rig.group.state(), "Stable", "{known:#?}");
        let mut owned = BTreeSet::new();
        for member in self.members.iter().filter(|member| member.lives()) {
            let target = &known.target[&member.id];
            let shall: BTreeSet<(Uuid, i32)> = target
                .iter()
                .flat_map(|of| of.partitions.iter().map(|partition| (of.topic, *partition)))
                .collect();
            assert_eq!(member.owned, shall, "{}", member.id);
            owned.extend(shall);
        }
        for topic in self.rig.image.topics().filter(|t| self.rig.group.is_subscribed_to(&t.name)) {
            for partition in 0..topic.partitions.len() as i32 {
                assert!(owned.contains(&(topic.id, partition)), "{} {partition}", topic.name);
            }
        }
        assert!(!self.rig.timers.contains_key(&TimerKey::Patterns));
    }
}

#[test]
fn no_partition_is_owned_by_two_and_in_the_end_everybody_has_his_share() {
    for seed in 0..20 {
        let mut world = World::new(seed);
        world.run();
        world.flush();
        world.rig.check_replay();
        world.check_settled();
    }
}
