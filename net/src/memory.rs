//! Who may take memory for requests on a core: a pure decider, numbers in and verdicts out.
//!
//! Memory is asked for as bytes arrive, never for a length that a client merely declared. When the
//! budget is used up, frames wait in line and their sockets are not read: TCP slows the clients
//! down. One frame at a time may go beyond the budget, or frames that are all half read would wait
//! for each other for ever; so the bound is the budget plus one frame.
//!
//! Must not know: sockets, clocks, tasks. `governor` is the shell around it.

use std::collections::VecDeque;

/// A buffer and what it grew from: the unit that asks for memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim(u64);

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
    taken: u64,
    next_claim: u64,
    waiting: VecDeque<(Claim, u64)>,
    /// The one claim that may go beyond the limit, and how many bytes it holds.
    favoured: Option<(Claim, u64)>,
}

impl Budget {
    /// A budget of `limit` bytes.
    pub fn new(limit: u64) -> Budget {
        Budget { limit, taken: 0, next_claim: 0, waiting: VecDeque::new(), favoured: None }
    }

    /// A new claim that holds nothing yet.
    pub fn claim(&mut self) -> Claim {
        self.next_claim += 1;
        Claim(self.next_claim)
    }

    /// Bytes that are taken now.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// Claims that wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Asks for `bytes`. A claim that waits must not ask again.
    pub fn ask(&mut self, claim: Claim, bytes: u64) -> Verdict {
        let served = self.is_favoured(claim) || self.waiting.is_empty();
        if served && self.try_grant(claim, bytes) {
            return Verdict::Granted;
        }
        self.waiting.push_back((claim, bytes));
        Verdict::Wait
    }

    /// Stops waiting, without effect on what the claim holds; returns who may go on instead.
    pub fn withdraw(&mut self, claim: Claim) -> Vec<Claim> {
        self.waiting.retain(|(other, _)| *other != claim);
        self.grant_waiting()
    }

    /// Returns `bytes` that `claim` was granted; answers who of those that wait may go on.
    pub fn give_back(&mut self, claim: Claim, bytes: u64) -> Vec<Claim> {
        self.taken = self.taken.saturating_sub(bytes);
        if let Some((favoured, held)) = &mut self.favoured
            && *favoured == claim
        {
            *held = held.saturating_sub(bytes);
            if *held == 0 {
                self.favoured = None;
            }
        }
        self.grant_waiting()
    }

    fn grant_waiting(&mut self) -> Vec<Claim> {
        let mut granted = Vec::new();
        while let Some((claim, bytes)) = self.waiting.front().copied() {
            if !self.try_grant(claim, bytes) {
                break;
            }
            self.waiting.pop_front();
            granted.push(claim);
        }
        granted
    }

    fn try_grant(&mut self, claim: Claim, bytes: u64) -> bool {
        let fits = self.taken.saturating_add(bytes) <= self.limit;
        if !fits && !self.is_favoured(claim) {
            if self.favoured.is_some() {
                return false;
            }
            self.favoured = Some((claim, 0));
        }
        self.taken = self.taken.saturating_add(bytes);
        if let Some((favoured, held)) = &mut self.favoured
            && *favoured == claim
        {
            *held = held.saturating_add(bytes);
        }
        true
    }

    fn is_favoured(&self, claim: Claim) -> bool {
        self.favoured.is_some_and(|(favoured, _)| favoured == claim)
    }
}

/// The smallest read buffer of a connection that talks.
pub const CHUNK_BYTES_MIN: usize = 4 << 10;
/// The largest buffer for bytes of which no frame is known yet.
pub const CHUNK_BYTES_MAX: usize = 64 << 10;
/// A frame of a connection that sent such frames before gets its buffer at once up to this size.
pub const TRUSTED_BYTES_MAX: usize = 2 << 20;

/// How large the next buffer of a connection is, from what the connection sent so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sizing {
    /// Bytes of a typical complete frame: rises at once, falls slowly.
    typical: usize,
}

impl Sizing {
    /// A complete frame of `bytes` arrived.
    pub fn on_frame(&mut self, bytes: usize) {
        if bytes >= self.typical {
            self.typical = bytes;
        } else {
            self.typical -= (self.typical - bytes) / 16;
        }
    }

    /// Capacity of a buffer for bytes of which no frame is known yet.
    pub fn chunk(&self) -> usize {
        self.typical.next_power_of_two().clamp(CHUNK_BYTES_MIN, CHUNK_BYTES_MAX)
    }

    /// Capacity of the buffer that continues a frame of `declared` bytes, `received` of which are
    /// here (the length field counts in both). At most twice what was received, unless the
    /// connection has shown that it completes such frames.
    pub fn grown(&self, declared: usize, received: usize) -> usize {
        let trusted =
            if declared <= self.typical.saturating_mul(2) { TRUSTED_BYTES_MAX } else { 0 };
        let earned = received.saturating_mul(2).max(CHUNK_BYTES_MIN);
        declared.min(earned.max(trusted))
    }
}

#[cfg(test)]
#[path = "memory_test.rs"]
mod memory_test;
