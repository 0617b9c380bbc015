//! Everything that happened in one second of a run, of one executor or of all. Pure, any thread.

use super::latency::Latency;

/// Which way records went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Answered produce requests.
    Produced,
    /// Records of fetch answers.
    Consumed,
}

/// Records and bytes of one direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flow {
    /// Records.
    pub records: u64,
    /// Requests that were answered with records, or with an ack for them.
    pub requests: u64,
    /// Bytes of record values.
    pub bytes: u64,
    /// Bytes of record batches as they travel.
    pub wire_bytes: u64,
}

impl Flow {
    /// Adds another.
    pub fn add(&mut self, other: &Flow) {
        self.records += other.records;
        self.requests += other.requests;
        self.bytes += other.bytes;
        self.wire_bytes += other.wire_bytes;
    }
}

/// One second.
#[derive(Debug, Clone, Default)]
pub struct Interval {
    /// Seconds since the load began.
    pub second: u64,
    /// Produced and acknowledged.
    pub produced: Flow,
    /// Consumed.
    pub consumed: Flow,
    /// From the intended send time to the ack, one sample a request.
    pub ack: Latency,
    /// From the intended send time to the actual one, one sample a request.
    pub delay: Latency,
    /// From the intended send time to the record in the consumer's hands, one sample a record.
    pub end_to_end: Latency,
    /// Requests or partitions of them that were refused.
    pub errors: u64,
    /// How often a request that was due waited because too many were in flight.
    pub held_back: u64,
}

impl Interval {
    /// An empty one.
    pub fn new(second: u64) -> Interval {
        Interval { second, ..Interval::default() }
    }

    /// Adds another, of the same second or of another.
    pub fn add(&mut self, other: &Interval) {
        self.produced.add(&other.produced);
        self.consumed.add(&other.consumed);
        self.ack.merge(&other.ack);
        self.delay.merge(&other.delay);
        self.end_to_end.merge(&other.end_to_end);
        self.errors += other.errors;
        self.held_back += other.held_back;
    }

    /// The flow of one direction.
    pub fn flow(&mut self, part: Part) -> &mut Flow {
        match part {
            Part::Produced => &mut self.produced,
            Part::Consumed => &mut self.consumed,
        }
    }
}
