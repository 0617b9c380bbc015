//! Who may take memory for requests on a core: a pure decider, numbers in and verdicts out.
//!
//! Memory is asked for as bytes arrive, never for a length that a client merely declared. When the
//! budget is used up, frames wait in line and their sockets are not read: TCP slows the clients
//! down. Small frames have a line and a reserve of their own, so that metadata and small produces
//! pass by large ones:
//!
//! ```text
//! 0                                       limit - reserve      limit
//! | large frames ........................ | small frames only  |
//! | small frames, while no large one waits .................... |
//! ```
//! In each line one frame at a time may go beyond the budget, or frames that are all half read
//! would wait for each other for ever. The first chunk of a frame is there before anybody can be
//! asked; it counts all the same. So the bound is the budget, one frame per line, and the smallest
//! chunk for every connection.
//!
//! While somebody waits, frames whose sender has been silent are cut, the longest silent first.
//!
//! Must not know: sockets, tasks, what time it is. `governor` is the shell around it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use corelog_engine::runtime::Mono;

/// A frame up to this size, its length included, is small.
pub const SMALL_FRAME_BYTES_MAX: usize = 64 << 10;
/// While memory is short, a sender that was waited for this long in vain is silent.
pub const SILENCE: Duration = Duration::from_secs(1);

/// A buffer and what it grew from: the unit that asks for memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim(u64);

/// Which line a frame stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Frames up to [`SMALL_FRAME_BYTES_MAX`], and those of which no length is known yet.
    Small,
    /// All others.
    Large,
}

impl Lane {
    /// The lane of a frame of `bytes`, its length included.
    pub fn of(bytes: usize) -> Lane {
        if bytes <= SMALL_FRAME_BYTES_MAX { Lane::Small } else { Lane::Large }
    }
}

/// What a claim that asked for memory has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The bytes are taken; go on.
    Granted,
    /// Wait until the claim appears among those that [`Budget::give_back`] granted.
    Wait,
}

/// The memory of one core for requests. Bytes everywhere.
#[derive(Debug)]
pub struct Budget {
    limit: u64,
    reserve: u64,
    next_claim: u64,
    small: Line,
    large: Line,
    /// Frames that wait for their sender, and since when, with the bytes they hold.
    listening: BTreeMap<(Mono, Claim), u64>,
}

#[derive(Debug, Default)]
struct Line {
    taken: u64,
    waiting: VecDeque<(Claim, u64)>,
    /// The one claim that may go beyond the limit, and how many bytes it holds.
    favoured: Option<(Claim, u64)>,
}

impl Budget {
    /// A budget of `limit` bytes, `reserve` of which are for small frames only.
    pub fn new(limit: u64, reserve: u64) -> Budget {
        Budget {
            limit,
            reserve: reserve.min(limit),
            next_claim: 0,
            small: Line::default(),
            large: Line::default(),
            listening: BTreeMap::new(),
        }
    }

    /// A new claim that holds nothing yet.
    pub fn claim(&mut self) -> Claim {
        self.next_claim += 1;
        Claim(self.next_claim)
    }

    /// Bytes that are taken now.
    pub fn taken(&self) -> u64 {
        self.small.taken.saturating_add(self.large.taken)
    }

    /// Claims that wait.
    pub fn waiting(&self) -> usize {
        self.small.waiting.len() + self.large.waiting.len()
    }

    /// Whether `bytes` of a small frame would be granted at once.
    pub fn has_room(&self, bytes: u64) -> bool {
        self.small.waiting.is_empty() && self.fits(Lane::Small, bytes)
    }

    /// Asks for `bytes`. A claim that waits must not ask again.
    pub fn ask(&mut self, claim: Claim, lane: Lane, bytes: u64) -> Verdict {
        let line = self.line(lane);
        let served = line.is_favoured(claim) || line.waiting.is_empty();
        if served && self.try_grant(claim, lane, bytes) {
            return Verdict::Granted;
        }
        self.line(lane).waiting.push_back((claim, bytes));
        Verdict::Wait
    }

    /// Counts `bytes` that are in use already, whether there is room for them or not.
    pub fn count(&mut self, lane: Lane, bytes: u64) {
        let line = self.line(lane);
        line.taken = line.taken.saturating_add(bytes);
    }

    /// Stops waiting, without effect on what the claim holds; returns who may go on instead.
    pub fn withdraw(&mut self, claim: Claim) -> Vec<Claim> {
        for lane in [Lane::Large, Lane::Small] {
            self.line(lane).waiting.retain(|(other, _)| *other != claim);
        }
        self.grant_waiting()
    }

    /// Returns `bytes` that `claim` was granted; answers who of those that wait may go on.
    pub fn give_back(&mut self, claim: Claim, lane: Lane, bytes: u64) -> Vec<Claim> {
        let line = self.line(lane);
        line.taken = line.taken.saturating_sub(bytes);
        if let Some((favoured, held)) = &mut line.favoured
            && *favoured == claim
        {
            *held = held.saturating_sub(bytes);
            if *held == 0 {
                line.favoured = None;
            }
        }
        self.grant_waiting()
    }

    /// A frame that holds `held` bytes waits for its sender since `since`.
    pub fn listen(&mut self, claim: Claim, since: Mono, held: u64) {
        self.listening.insert((since, claim), held);
    }

    /// The frame that listened since `since` does not wait for its sender any more.
    pub fn heard(&mut self, claim: Claim, since: Mono) {
        self.listening.remove(&(since, claim));
    }

    /// While memory is short: frames to be cut because their senders are silent, the longest
    /// silent first, until those that wait would have enough. Each is named once.
    pub fn cut_silent(&mut self, now: Mono) -> Vec<Claim> {
        let mut missing = self.missing();
        let mut cut = Vec::new();
        while missing > 0
            && let Some(entry) = self.listening.first_entry()
        {
            let (since, claim) = *entry.key();
            if now.since(since) < SILENCE {
                break;
            }
            missing = missing.saturating_sub(entry.remove());
            cut.push(claim);
        }
        cut
    }

    /// Bytes that must come back until everybody who waits can be served; 0 = nobody waits.
    fn missing(&self) -> u64 {
        if self.waiting() == 0 {
            return 0;
        }
        let large = self.large.wanted();
        let both = large.saturating_add(self.small.wanted());
        let over = both.saturating_sub(self.limit);
        let large_over = large.saturating_sub(self.limit - self.reserve);
        over.max(large_over).max(1)
    }

    /// Large frames first: while one of them waits, small ones keep to their reserve.
    fn grant_waiting(&mut self) -> Vec<Claim> {
        let mut granted = Vec::new();
        for lane in [Lane::Large, Lane::Small] {
            while let Some((claim, bytes)) = self.line(lane).waiting.front().copied() {
                if !self.try_grant(claim, lane, bytes) {
                    break;
                }
                self.line(lane).waiting.pop_front();
                granted.push(claim);
            }
        }
        granted
    }

    fn try_grant(&mut self, claim: Claim, lane: Lane, bytes: u64) -> bool {
        let fits = self.fits(lane, bytes);
        let line = self.line(lane);
        if !fits && !line.is_favoured(claim) {
            if line.favoured.is_some() {
                return false;
            }
            line.favoured = Some((claim, 0));
        }
        line.taken = line.taken.saturating_add(bytes);
        if let Some((favoured, held)) = &mut line.favoured
            && *favoured == claim
        {
            *held = held.saturating_add(bytes);
        }
        true
    }

    fn fits(&self, lane: Lane, bytes: u64) -> bool {
        let fits_both = self.taken().saturating_add(bytes) <= self.limit;
        let below = |taken: u64, most| taken.saturating_add(bytes) <= most;
        match lane {
            Lane::Large => fits_both && below(self.large.taken, self.limit - self.reserve),
            Lane::Small => {
                (fits_both && self.large.waiting.is_empty())
                    || below(self.small.taken, self.reserve)
            }
        }
    }

    fn line(&mut self, lane: Lane) -> &mut Line {
        match lane {
            Lane::Small => &mut self.small,
            Lane::Large => &mut self.large,
        }
    }
}

impl Line {
    fn is_favoured(&self, claim: Claim) -> bool {
        self.favoured.is_some_and(|(favoured, _)| favoured == claim)
    }

    /// Bytes that are taken or waited for.
    fn wanted(&self) -> u64 {
        self.waiting.iter().fold(self.taken, |sum, (_, bytes)| sum.saturating_add(*bytes))
    }
}

#[cfg(test)]
#[path = "memory_test.rs"]
mod memory_test;
