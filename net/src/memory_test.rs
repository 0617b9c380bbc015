//! The memory governor: what it grants, what it makes wait, what it gives back.

use corelog_engine::runtime;

use super::*;

const LARGE: Lane = Lane::Large;
const SMALL: Lane = Lane::Small;

#[test]
fn memory_is_granted_up_to_the_limit_and_one_claim_beyond_it() {
    let mut budget = Budget::new(100, 0);
    let (a, b, c) = (budget.claim(), budget.claim(), budget.claim());
    assert_eq!(budget.ask(a, LARGE, 90), Verdict::Granted);
    assert_eq!(
        budget.ask(b, LARGE, 20),
        Verdict::Granted,
        "the first beyond the limit is favoured"
    );
    assert_eq!(budget.ask(c, LARGE, 1), Verdict::Wait);
    assert_eq!(budget.ask(b, LARGE, 500), Verdict::Granted, "the favoured one goes on");
    assert_eq!(budget.taken(), 610);
}

#[test]
fn favour_lasts_until_the_memory_is_back() {
    let mut budget = Budget::new(100, 0);
    let (a, b, c) = (budget.claim(), budget.claim(), budget.claim());
    assert_eq!(budget.ask(a, LARGE, 100), Verdict::Granted);
    assert_eq!(budget.ask(b, LARGE, 50), Verdict::Granted);
    assert_eq!(budget.ask(c, LARGE, 50), Verdict::Wait);
    assert_eq!(budget.give_back(b, LARGE, 20), vec![]);
    assert_eq!(budget.give_back(b, LARGE, 30), vec![c], "c is favoured now");
    assert_eq!(budget.taken(), 150);
}

#[test]
fn those_who_wait_are_served_in_order() {
    let mut budget = Budget::new(100, 0);
    let claims: Vec<Claim> = (0..5).map(|_| budget.claim()).collect();
    assert_eq!(budget.ask(claims[0], LARGE, 100), Verdict::Granted);
    assert_eq!(budget.ask(claims[1], LARGE, 10), Verdict::Granted);
    for claim in &claims[2..] {
        assert_eq!(budget.ask(*claim, LARGE, 40), Verdict::Wait);
    }
    assert_eq!(budget.give_back(claims[0], LARGE, 100), vec![claims[2], claims[3]]);
    assert_eq!(budget.waiting(), 1);
    assert_eq!(budget.withdraw(claims[4]), vec![]);
    assert_eq!(budget.waiting(), 0);
}

#[test]
fn a_claim_that_gives_up_lets_the_next_one_pass() {
    let mut budget = Budget::new(100, 0);
    let (a, b, c, d) = (budget.claim(), budget.claim(), budget.claim(), budget.claim());
    assert_eq!(budget.ask(a, LARGE, 90), Verdict::Granted);
    assert_eq!(budget.ask(b, LARGE, 90), Verdict::Granted);
    assert_eq!(budget.ask(c, LARGE, 90), Verdict::Wait);
    assert_eq!(budget.ask(d, LARGE, 5), Verdict::Wait, "no overtaking");
    budget.give_back(a, LARGE, 90);
    assert_eq!(budget.withdraw(c), vec![d]);
}

#[test]
fn what_is_taken_never_exceeds_the_limit_by_more_than_one_claim() {
    let mut budget = Budget::new(1000, 0);
    let mut held: Vec<(Claim, u64)> = Vec::new();
    let mut asked = Vec::new();
    for round in 0..200u64 {
        let claim = budget.claim();
        let bytes = 1 + (round * 37) % 90;
        asked.push((claim, bytes));
        if budget.ask(claim, LARGE, bytes) == Verdict::Granted {
            held.push((claim, bytes));
        }
        assert!(budget.taken() <= 1000 + 90);
        if round % 3 == 0 && !held.is_empty() {
            let (claim, bytes) = held.remove(held.len() / 2);
            for granted in budget.give_back(claim, LARGE, bytes) {
                held.extend(asked.iter().find(|(other, _)| *other == granted));
            }
        }
    }
    while let Some((claim, bytes)) = held.pop() {
        for granted in budget.give_back(claim, LARGE, bytes) {
            held.extend(asked.iter().find(|(other, _)| *other == granted));
        }
    }
    assert_eq!((budget.taken(), budget.waiting()), (0, 0), "everybody was served");
}

fn at(ms: u64) -> Mono {
    Mono::default() + Duration::from_millis(ms)
}

#[test]
fn large_frames_leave_the_reserve_to_small_ones() {
    let mut budget = Budget::new(100, 20);
    let claims: Vec<Claim> = (0..6).map(|_| budget.claim()).collect();
    assert_eq!(budget.ask(claims[0], LARGE, 80), Verdict::Granted);
    assert_eq!(budget.ask(claims[1], LARGE, 500), Verdict::Granted, "the favoured one");
    assert_eq!(budget.ask(claims[2], LARGE, 1), Verdict::Wait);
    assert_eq!(budget.ask(claims[3], SMALL, 20), Verdict::Granted, "the reserve");
    assert_eq!(budget.ask(claims[4], SMALL, 5), Verdict::Granted, "favoured in its own line");
    assert_eq!(budget.ask(claims[5], SMALL, 5), Verdict::Wait);
    assert_eq!(budget.give_back(claims[4], SMALL, 5), vec![claims[5]]);
}

#[test]
fn small_frames_use_all_there_is_unless_a_large_one_waits() {
    let mut budget = Budget::new(100, 20);
    let claims: Vec<Claim> = (0..5).map(|_| budget.claim()).collect();
    assert_eq!(budget.ask(claims[0], SMALL, 70), Verdict::Granted);
    assert!(budget.has_room(30) && !budget.has_room(31));
    assert_eq!(budget.ask(claims[1], LARGE, 40), Verdict::Granted, "favoured");
    assert_eq!(budget.ask(claims[2], LARGE, 40), Verdict::Wait);
    assert!(!budget.has_room(1));
    assert_eq!(budget.ask(claims[3], SMALL, 1), Verdict::Granted, "favoured");
    assert_eq!(budget.ask(claims[4], SMALL, 1), Verdict::Wait);
    assert_eq!(budget.give_back(claims[1], LARGE, 40), vec![claims[2]], "favoured now");
    assert_eq!(budget.give_back(claims[0], SMALL, 70), vec![claims[4]]);
}

#[test]
fn what_is_in_use_counts_whether_there_is_room_or_not() {
    let mut budget = Budget::new(100, 0);
    let (a, b, c) = (budget.claim(), budget.claim(), budget.claim());
    budget.count(LARGE, 150);
    assert_eq!(budget.ask(a, LARGE, 0), Verdict::Granted, "favoured");
    assert_eq!(budget.ask(b, LARGE, 0), Verdict::Wait);
    assert_eq!(budget.ask(c, SMALL, 0), Verdict::Granted, "favoured in its own line");
    assert_eq!(budget.give_back(a, LARGE, 60), vec![b]);
}

#[test]
fn nobody_is_cut_while_nobody_waits() {
    let mut budget = Budget::new(100, 0);
    let a = budget.claim();
    assert_eq!(budget.ask(a, LARGE, 100), Verdict::Granted);
    budget.listen(a, at(0), 100);
    assert_eq!(budget.cut_silent(at(1_000_000)), vec![]);
}

#[test]
fn the_longest_silent_are_cut_until_there_is_enough_for_those_who_wait() {
    let mut budget = Budget::new(100, 0);
    let claims: Vec<Claim> = (0..7).map(|_| budget.claim()).collect();
    for (place, since) in [300, 0, 100, 200].into_iter().enumerate() {
        assert_eq!(budget.ask(claims[place], LARGE, 25), Verdict::Granted);
        budget.listen(claims[place], at(since), 25);
    }
    assert_eq!(budget.ask(claims[4], LARGE, 1), Verdict::Granted, "beyond the limit");
    assert_eq!(budget.ask(claims[5], LARGE, 40), Verdict::Wait);
    assert_eq!(budget.cut_silent(at(999)), vec![], "no one was silent for long enough");
    assert_eq!(budget.cut_silent(at(1_150)), vec![claims[1], claims[2]], "41 are missing");
    budget.give_back(claims[1], LARGE, 25);
    assert_eq!(budget.give_back(claims[2], LARGE, 25), vec![claims[5]]);
    assert_eq!(budget.cut_silent(at(9_000)), vec![], "enough");
    assert_eq!(budget.ask(claims[6], LARGE, 30), Verdict::Wait);
    budget.heard(claims[3], at(200));
    assert_eq!(budget.cut_silent(at(9_000)), vec![claims[0]], "3 was heard");
    assert_eq!(budget.cut_silent(at(9_000)), vec![], "each is told once");
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Doing {
    Waiting(u64),
    Listening(Mono),
}

/// A frame of the model below, which grows by doubling until it is complete.
struct Frame {
    claim: Claim,
    lane: Lane,
    declared: u64,
    held: u64,
    doing: Doing,
    honest: bool,
}

/// The shell of the decider, in one thread, with made-up senders.
struct Model {
    budget: Budget,
    frames: Vec<Frame>,
    now: Mono,
    completed: usize,
    cut: usize,
}

const LIMIT: u64 = 4 << 20;
const RESERVE: u64 = LIMIT / 8;

impl Model {
    fn new() -> Model {
        let budget = Budget::new(LIMIT, RESERVE);
        Model { budget, frames: Vec::new(), now: at(0), completed: 0, cut: 0 }
    }

    /// Opens a frame; the first chunk is there at once.
    fn open(&mut self, declared: u64, honest: bool) {
        let claim = self.budget.claim();
        let (lane, held) = (Lane::of(declared as usize), declared.min(4096));
        self.budget.count(lane, held);
        let doing = Doing::Waiting(0);
        self.frames.push(Frame { claim, lane, declared, held, doing, honest });
        let more = if lane == SMALL { 0 } else { 2 * held };
        self.ask(self.frames.len() - 1, more);
        self.check();
    }

    fn ask(&mut self, place: usize, bytes: u64) {
        let frame = &mut self.frames[place];
        frame.doing = Doing::Waiting(bytes);
        if self.budget.ask(frame.claim, frame.lane, bytes) == Verdict::Granted {
            self.granted(place);
        }
    }

    /// The larger buffer is there, the old one goes; now the frame waits for its sender.
    fn granted(&mut self, place: usize) {
        let frame = &mut self.frames[place];
        let Doing::Waiting(bytes) = frame.doing else { panic!("granted what was not asked for") };
        let old = if bytes == 0 { 0 } else { std::mem::replace(&mut frame.held, bytes) };
        frame.doing = Doing::Listening(self.now);
        let (claim, lane, held) = (frame.claim, frame.lane, frame.held);
        self.budget.listen(claim, self.now, held);
        if old > 0 {
            let next = self.budget.give_back(claim, lane, old);
            self.all_granted(next);
        }
    }

    fn all_granted(&mut self, claims: Vec<Claim>) {
        for claim in claims {
            let place = self.frames.iter().position(|frame| frame.claim == claim).unwrap();
            self.granted(place);
        }
    }

    fn close(&mut self, place: usize) {
        let frame = self.frames.remove(place);
        if let Doing::Listening(since) = frame.doing {
            self.budget.heard(frame.claim, since);
        }
        let mut next = self.budget.withdraw(frame.claim);
        next.extend(self.budget.give_back(frame.claim, frame.lane, frame.held));
        self.all_granted(next);
    }

    /// The sender of a frame fills its buffer.
    fn fill(&mut self, place: usize) {
        let frame = &self.frames[place];
        let Doing::Listening(since) = frame.doing else { return };
        if frame.held >= frame.declared {
            self.completed += 1;
            self.close(place);
        } else {
            self.budget.heard(frame.claim, since);
            self.ask(place, (frame.held * 2).min(frame.declared));
        }
        self.check();
    }

    fn look(&mut self) {
        let short = self.budget.waiting() > 0;
        let cut = self.budget.cut_silent(self.now);
        assert!(short || cut.is_empty());
        for claim in cut {
            let place = self.frames.iter().position(|frame| frame.claim == claim).unwrap();
            let Doing::Listening(since) = self.frames[place].doing else {
                panic!("cut while it waited for memory")
            };
            assert!(self.now.since(since) >= SILENCE);
            self.cut += 1;
            self.close(place);
            self.check();
        }
    }

    fn check(&self) {
        let held: u64 = self.frames.iter().map(|frame| frame.held).sum();
        assert_eq!(self.budget.taken(), held);
        let largest = self.frames.iter().map(|frame| frame.declared).max().unwrap_or(0);
        let chunks = 4096 * self.frames.len() as u64;
        assert!(held <= LIMIT + 2 * largest + chunks, "{held}");
        let waiting = |frame: &&Frame| matches!(frame.doing, Doing::Waiting(_));
        assert_eq!(self.budget.waiting(), self.frames.iter().filter(waiting).count());
        assert!(held > RESERVE / 2 || self.budget.waiting() == 0, "waiting for nothing");
    }
}

#[test]
fn whatever_senders_do_the_bounds_hold_and_everybody_is_served_or_cut() {
    for seed in 0..20 {
        let mut rng = runtime::Rng::seeded(seed);
        let mut model = Model::new();
        for _ in 0..3_000 {
            model.now = model.now + Duration::from_millis(rng.below(50));
            let place = rng.below(model.frames.len().max(1) as u64) as usize;
            match rng.below(10) {
                0..=2 if model.frames.len() < 200 => {
                    let most = 2 << rng.below(20);
                    model.open(1 + rng.below(most), rng.below(3) > 0);
                }
                3 => model.look(),
                4 if rng.below(10) == 0 && !model.frames.is_empty() => model.close(place),
                _ if model.frames.get(place).is_some_and(|frame| frame.honest) => model.fill(place),
                _ => {}
            }
            model.check();
        }
        for _ in 0..10_000 {
            model.now = model.now + Duration::from_millis(10);
            model.look();
            let place = rng.below(model.frames.len().max(1) as u64) as usize;
            if model.frames.get(place).is_some_and(|frame| frame.honest) {
                model.fill(place);
            }
        }
        assert_eq!(model.budget.waiting(), 0, "seed {seed}");
        assert!(model.frames.iter().all(|frame| !frame.honest), "seed {seed}");
    }
}

#[test]
fn stalled_frames_that_use_up_the_memory_lock_nobody_out() {
    let mut model = Model::new();
    for _ in 0..250 {
        model.open(100 << 20, false);
    }
    let mut small_waits = 0;
    let mut large_done = None;
    model.open(1 << 20, true);
    for look in 0..600u64 {
        // Stalled senders have sent 256 KiB.
        for place in (0..model.frames.len()).rev() {
            let sends = model
                .frames
                .get(place)
                .is_some_and(|frame| frame.honest || frame.held <= 256 << 10);
            if sends {
                model.fill(place);
            }
        }
        model.open(200, true);
        let small = model.frames.len() - 1;
        match model.frames[small].doing {
            Doing::Listening(_) => model.fill(small),
            Doing::Waiting(_) => small_waits += 1,
        }
        if large_done.is_none() && !model.frames.iter().any(|frame| frame.declared == 1 << 20) {
            large_done = Some(look);
        }
        model.now = model.now + Duration::from_millis(100);
        model.look();
    }
    assert_eq!(small_waits, 0);
    assert!(large_done.is_some(), "a large frame of a client without history is served too");
    assert!(model.cut > 30, "{}", model.cut);
}
