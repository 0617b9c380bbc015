//! A group in an unreliable world: members that come, go and restart, requests and answers that are
//! late or lost, a coordinator that starts anew with what is in its log. Random, from a seed.
//!
//! What must hold: nothing is given twice in a generation, generations only rise, every request is
//! answered once, what stands in the log is what the group is, and when the trouble ends the group
//! settles.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::client_test::{Client, Next, PARTITIONS, owned};
use super::durable_test::timeless;
use super::world_test::World;
use super::{ClassicGroup, ClassicState};
use crate::group::answer::Answer;
use crate::group::request::{Caller, Request};
use crate::group::{Effect, Effects, GroupError, TimerKey, Token};
use crate::record::offsets_topic::{ClassicGroupValue, GroupRecord};
use crate::runtime::{Mono, Rng};

const CLIENTS: usize = 7;
const TROUBLE: Duration = Duration::from_secs(300);
/// Enough for what the trouble left behind: new members wait five minutes at most.
const CALM: Duration = Duration::from_secs(700);

/// What is to come.
#[derive(Debug)]
enum Coming {
    /// A request reaches the coordinator.
    Request(Token, usize, Request),
    /// An answer reaches its client.
    Answer(Token, usize, Answer),
    /// The oldest write is durable.
    Durable,
    /// A client does something, unless it did something else since.
    Wake(usize, u64),
    /// Something breaks.
    Trouble,
}

/// The record and the answers of a step, on their way to the disk.
#[derive(Debug)]
struct Write {
    record: Option<Option<ClassicGroupValue>>,
    answers: Vec<(Token, Answer)>,
}

struct Simulation {
    world: World,
    rng: Rng,
    end_of_trouble: Mono,
    coming: BTreeMap<(Mono, u64), Coming>,
    count: u64,
    timers: BTreeMap<TimerKey, Mono>,
    writing: VecDeque<Write>,
    clients: Vec<Client>,
    /// What each client waits for, and how often it did something.
    asked: Vec<(Option<Token>, u64)>,
    /// Requests that this coordinator has and has not answered: who asked, in which generation.
    open: BTreeMap<Token, (usize, Option<i32>)>,
    /// Where every partition went, by generation.
    given: BTreeMap<(i32, u8), Arc<str>>,
    places: BTreeMap<Token, Arc<str>>,
}

impl Simulation {
    fn new(seed: u64) -> Simulation {
        let world = World::seeded(seed);
        let end_of_trouble = world.now + TROUBLE;
        let mut simulation = Simulation {
            world,
            rng: Rng::seeded(seed ^ 0x5eed),
            end_of_trouble,
            coming: BTreeMap::new(),
            count: 0,
            timers: BTreeMap::new(),
            writing: VecDeque::new(),
            clients: (0..CLIENTS).map(Client::new).collect(),
            asked: vec![(None, 0); CLIENTS],
            open: BTreeMap::new(),
            given: BTreeMap::new(),
            places: BTreeMap::new(),
        };
        for client in 0..CLIENTS {
            let start = simulation.some(10_000);
            simulation.wake(client, start);
        }
        simulation.later(Duration::from_secs(5), Coming::Trouble);
        simulation
    }

    fn some(&mut self, ms_max: u64) -> Duration {
        Duration::from_millis(self.rng.below(ms_max))
    }

    fn in_trouble(&self) -> bool {
        self.world.now < self.end_of_trouble
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.rng.below(100) < percent && self.in_trouble()
    }

    fn later(&mut self, after: Duration, what: Coming) {
        self.count += 1;
        self.coming.insert((self.world.now + after, self.count), what);
    }

    fn wake(&mut self, client: usize, after: Duration) {
        self.asked[client] = (None, self.asked[client].1 + 1);
        self.later(after, Coming::Wake(client, self.asked[client].1));
    }

    fn run(&mut self) {
        let end = self.end_of_trouble + CALM;
        while self.world.now < end {
            let timer =
                self.timers.iter().min_by_key(|(_, at)| **at).map(|(k, at)| (k.clone(), *at));
            let next = self.coming.first_key_value().map(|(key, _)| *key);
            match (timer, next) {
                (Some((key, at)), next) if next.is_none_or(|(time, _)| at <= time) => {
                    self.world.now = self.world.now.max(at);
                    self.timers.remove(&key);
                    let effects = self.world.step(|group, context| group.timer(context, &key));
                    self.take_in(effects);
                }
                (_, Some(key)) => {
                    self.world.now = self.world.now.max(key.0);
                    let coming = self.coming.remove(&key).unwrap();
                    self.happen(coming);
                }
                _ => panic!("nothing is to come any more"),
            }
        }
    }

    fn happen(&mut self, what: Coming) {
        match what {
            Coming::Request(token, client, request) => self.request(token, client, &request),
            Coming::Answer(token, client, answer) => {
                if self.asked[client].0 == Some(token) && self.clients[client].alive {
                    let next = self.clients[client].hear(&answer);
                    self.go_on(client, next);
                }
            }
            Coming::Durable => self.durable(),
            Coming::Wake(client, count) => {
                let (waits_for, now) = self.asked[client];
                if count == now && self.clients[client].alive {
                    if waits_for.is_some() {
                        self.clients[client].timed_out();
                    }
                    let next = self.clients[client].next();
                    self.go_on(client, next);
                }
            }
            Coming::Trouble if self.in_trouble() => {
                self.trouble();
                let until = self.some(8_000);
                self.later(until, Coming::Trouble);
            }
            Coming::Trouble => {
                for client in 0..CLIENTS {
                    if !self.clients[client].alive {
                        self.clients[client].restart();
                        self.wake(client, Duration::ZERO);
                    }
                }
                // A static member can be fenced by a request of its own that was late.
                if self.world.now < self.end_of_trouble + CALM / 4 {
                    self.later(Duration::from_secs(20), Coming::Trouble);
                }
            }
        }
    }

    fn go_on(&mut self, client: usize, next: Next) {
        match next {
            Next::Wait(time) => self.wake(client, time),
            Next::Ask(request, timeout) => {
                self.wake(client, timeout);
                let token = self.send(client, request);
                self.asked[client].0 = Some(token);
            }
        }
    }

    fn send(&mut self, client: usize, request: Request) -> Token {
        self.count += 1;
        let token = Token(self.count);
        if !self.chance(5) {
            let late = if self.chance(5) { self.some(20_000) } else { self.some(50) };
            self.later(late, Coming::Request(token, client, request));
        }
        token
    }

    fn trouble(&mut self) {
        let client = self.rng.below(CLIENTS as u64) as usize;
        match self.rng.below(10) {
            0..=1 => self.clients[client].alive = false,
            2..=4 => {
                self.clients[client].restart();
                self.wake(client, Duration::ZERO);
            }
            5 => {
                let leaving = self.clients[client].leaving();
                self.send(client, leaving);
                self.clients[client].alive = false;
            }
            6..=7 => self.restart_coordinator(),
            8 => self.delete_group(),
            _ => self.clients.iter_mut().for_each(|client| client.alive = false),
        }
    }

    /// What was not durable may be there or not; nobody was told of it.
    fn restart_coordinator(&mut self) {
        let kept = self.rng.below(self.writing.len() as u64 + 1) as usize;
        let writes: Vec<Write> = self.writing.drain(..).collect();
        self.world.log.extend(writes.into_iter().take(kept).filter_map(|write| write.record));
        self.coming.retain(|_, coming| !matches!(coming, Coming::Durable));
        self.timers.clear();
        self.open.clear();
        self.world.group = ClassicGroup::new(Arc::clone(self.world.group.id()));
        for value in &self.world.log {
            self.world.group.replay(value.as_ref());
        }
        let effects = self.world.step(|group, context| group.loaded(context));
        self.take_in(effects);
    }

    fn delete_group(&mut self) {
        match self.world.step(|group, context| group.delete(context)) {
            Ok(effects) => self.take_in(effects),
            Err(error) => assert_eq!(error, GroupError::NonEmptyGroup),
        }
    }

    fn request(&mut self, token: Token, client: usize, request: &Request) {
        let generation = match request {
            Request::Sync(sync) => Some(sync.generation),
            _ => None,
        };
        if let Request::Sync(sync) = request {
            let place = sync.instance_id.as_ref().unwrap_or(&sync.member_id);
            self.places.insert(token, Arc::clone(place));
        }
        self.open.insert(token, (client, generation));
        let caller = Caller { client_id: Arc::from("client"), host: Arc::from("/10.0.0.1") };
        let effects = self.world.step(|group, context| match request {
            Request::Join(join) => group.join(context, token, &caller, join),
            Request::Sync(sync) => group.sync(context, token, sync),
            Request::Heartbeat(beat) => group.heartbeat(context, token, beat),
            Request::Leave(leaving) => group.leave(context, token, leaving),
            other => panic!("not asked here: {other:?}"),
        });
        self.take_in(effects);
    }

    /// Carries out the effects of a step as the coordinator does: answers wait for what is written.
    fn take_in(&mut self, effects: Effects) {
        let mut write = Write { record: None, answers: Vec::new() };
        for effect in effects {
            match effect {
                Effect::Append(GroupRecord::Classic { value, .. }) => {
                    assert!(write.record.is_none(), "two records of one step");
                    write.record = Some(value);
                }
                Effect::Answer { to, answer } => write.answers.push((to, answer)),
                Effect::Timer { key, at: Some(at) } => drop(self.timers.insert(key, at)),
                Effect::Timer { key, at: None } => drop(self.timers.remove(&key)),
                other => panic!("{other:?}"),
            }
        }
        if write.record.is_some() || !write.answers.is_empty() {
            let time = self.some(if write.record.is_some() { 200 } else { 1 });
            self.writing.push_back(write);
            self.later(time, Coming::Durable);
        }
        self.check_log();
    }

    /// A stable or empty group is what its last record says, written or being written.
    fn check_log(&self) {
        let mut written = self.writing.iter().filter_map(|write| write.record.as_ref());
        let last = written.next_back().or(self.world.log.last()).cloned().flatten();
        let group = &self.world.group;
        if matches!(group.state(), ClassicState::Stable | ClassicState::Empty) {
            let value = (!group.is_unused()).then(|| group.value());
            assert_eq!(value.map(timeless), last.clone().map(timeless));
        }
        let mut replayed = ClassicGroup::new(Arc::clone(group.id()));
        replayed.replay(last.as_ref());
        assert_eq!(replayed.value().members, last.unwrap_or_default().members);
    }

    /// Writes become durable in order; their answers go out then.
    fn durable(&mut self) {
        let Some(write) = self.writing.pop_front() else { return };
        if let Some(record) = write.record {
            let before =
                self.world.log.last().cloned().flatten().map_or(0, |value| value.generation);
            match &record {
                Some(value) => assert!(value.generation >= before, "{before}, then {value:?}"),
                None => self.given.clear(), // the group begins anew
            }
            self.world.log.push(record);
        }
        for (token, answer) in write.answers {
            let asked = self.open.remove(&token);
            let (client, generation) = asked.expect("answered once, and only what was asked");
            if let (Answer::Sync(Ok(synced)), Some(generation)) = (&answer, generation) {
                let last = self.world.log.last().cloned().flatten().unwrap();
                assert_eq!(last.generation, generation, "an assignment is of what is durable");
                let place = self.places.remove(&token).unwrap();
                for partition in owned(synced) {
                    let given = self.given.entry((generation, partition));
                    assert_eq!(*given.or_insert_with(|| Arc::clone(&place)), place);
                }
            }
            if !self.chance(5) {
                let late = if self.chance(5) { self.some(20_000) } else { self.some(50) };
                self.later(late, Coming::Answer(token, client, answer));
            }
        }
    }

    /// In the end everybody has its part, and nothing is left open.
    fn check_settled(&self) {
        let group = &self.world.group;
        assert_eq!((group.state(), group.size()), (ClassicState::Stable, CLIENTS));
        let mut all = BTreeSet::new();
        for client in &self.clients {
            assert!(client.alive, "{client:?}");
            assert_eq!(client.generation(), Some(group.generation()), "{client:?}");
            for partition in client.owns.as_ref().unwrap() {
                assert!(all.insert(*partition), "{partition} has two owners");
            }
        }
        assert_eq!(all.len(), usize::from(PARTITIONS));
        let answered = self.writing.iter().flat_map(|write| &write.answers);
        let answered: BTreeSet<Token> = answered.map(|(token, _)| *token).collect();
        let forgotten = self.open.keys().find(|token| !answered.contains(token));
        assert_eq!(forgotten, None, "nobody waits in a stable group");
        let waiting = group.members().len() * 2 + 2;
        assert!(self.timers.len() <= waiting, "{:?}", self.timers);
    }
}

#[test]
fn a_group_settles_whatever_happened_to_it() {
    let mut generations = 0;
    for seed in 0..40 {
        let mut simulation = Simulation::new(seed);
        simulation.run();
        simulation.check_settled();
        generations += simulation.world.group.generation();
    }
    assert!(generations > 40 * 10, "hardly anything happened: {generations}");
}

#[test]
fn the_same_seed_is_the_same_world() {
    let log = |seed| {
        let mut simulation = Simulation::new(seed);
        simulation.run();
        simulation.world.log
    };
    assert_eq!(log(7), log(7));
    assert_ne!(log(7), log(8));
}
