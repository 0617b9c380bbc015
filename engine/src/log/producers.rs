//! What a log remembers about idempotent producers, and what follows for their next batch.
//!
//! A producer numbers its records per partition. The last five batches of each are remembered
//! (as many as a client keeps in flight), so that a batch sent again is answered with the offset it
//! already has, and a batch that skips a number is refused. A producer nobody remembers (expired,
//! or its records are trimmed) may start at any number.
//!
//! Pure. Must not know files, clocks or requests. Core-local; the deciding partition has a clone.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use crate::record::{BatchHeader, Offset, ProducerId};

/// Batches remembered per producer: what a client may have in flight.
pub const WINDOW_BATCHES: usize = 5;

/// One remembered batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchMark {
    /// Sequence number of its last record.
    pub last_sequence: i32,
    /// Offset of its last record.
    pub last_offset: Offset,
    /// Last offset less first offset.
    pub offset_delta: i32,
    /// Its largest timestamp, Unix milliseconds.
    pub timestamp: i64,
}

impl BatchMark {
    /// Offset of its first record.
    pub fn base_offset(&self) -> Offset {
        self.last_offset.saturating_sub(i64::from(self.offset_delta))
    }

    /// Sequence number of its first record.
    pub fn first_sequence(&self) -> i32 {
        let first = i64::from(self.last_sequence) - i64::from(self.offset_delta);
        let wrapped = if first < 0 { first + i64::from(i32::MAX) + 1 } else { first };
        i32::try_from(wrapped).unwrap_or(0)
    }
}

/// One producer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Producer {
    /// Its epoch; -1 before its first batch.
    pub epoch: i16,
    /// Epoch of the coordinator that last ended a transaction of it; -1 for none.
    pub coordinator_epoch: i32,
    /// Timestamp of its last batch, Unix milliseconds.
    pub last_timestamp: i64,
    /// First offset of its open transaction.
    pub transaction_start: Option<Offset>,
    /// Its last batches in this epoch, oldest first.
    pub window: SmallVec<[BatchMark; WINDOW_BATCHES]>,
}

/// What to do with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Append it.
    Accept,
    /// It is in the log already: answer with this batch.
    Duplicate(BatchMark),
    /// Answer with an error.
    Refuse(Refusal),
}

/// Why a batch is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Its first sequence number is not the next one: records are missing in between.
    OutOfOrder {
        /// The sequence number that would have been next.
        expected: i32,
    },
    /// Another instance of this producer has a larger epoch.
    OldEpoch {
        /// That epoch.
        current: i16,
    },
}

/// All producers that a log remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProducerTable {
    producers: BTreeMap<ProducerId, Producer>,
}

impl ProducerTable {
    /// What to do with a batch of a client. Batches without a producer are always accepted.
    pub fn check(&self, header: &BatchHeader) -> Verdict {
        if !header.has_producer() {
            return Verdict::Accept;
        }
        let Some(producer) = self.producers.get(&header.producer_id) else {
            return Verdict::Accept;
        };
        if header.producer_epoch < producer.epoch {
            return Verdict::Refuse(Refusal::OldEpoch { current: producer.epoch });
        }
        if header.is_control() || header.base_sequence < 0 {
            return Verdict::Accept;
        }
        if header.producer_epoch > producer.epoch {
            return match header.base_sequence {
                0 => Verdict::Accept,
                _ if producer.epoch < 0 => Verdict::Accept,
                _ => Verdict::Refuse(Refusal::OutOfOrder { expected: 0 }),
            };
        }
        producer.check_sequence(header.base_sequence, header.last_sequence())
    }

    /// Takes note of a batch that is in the log. Never refuses: what the log holds is the truth.
    pub fn apply(&mut self, header: &BatchHeader) {
        if !header.has_producer() {
            return;
        }
        let producer = self.producers.entry(header.producer_id).or_insert_with(Producer::unknown);
        if producer.epoch != header.producer_epoch {
            producer.epoch = header.producer_epoch;
            producer.window.clear();
        }
        producer.last_timestamp = header.max_timestamp;
        if header.is_control() {
            producer.transaction_start = None;
            return;
        }
        if header.is_transactional() && producer.transaction_start.is_none() {
            producer.transaction_start = Some(header.base_offset);
        }
        if producer.window.len() == WINDOW_BATCHES {
            producer.window.remove(0);
        }
        producer.window.push(BatchMark {
            last_sequence: header.last_sequence(),
            last_offset: header.last_offset(),
            offset_delta: header.last_offset_delta,
            timestamp: header.max_timestamp,
        });
    }

    /// Forgets producers without an open transaction whose last batch is `after_ms` old.
    pub fn expire(&mut self, now_ms: i64, after_ms: i64) {
        self.producers.retain(|_, producer| {
            producer.transaction_start.is_some()
                || now_ms.saturating_sub(producer.last_timestamp) < after_ms
        });
    }

    /// Puts a producer in its place, as a snapshot has it.
    pub fn insert(&mut self, id: ProducerId, producer: Producer) {
        self.producers.insert(id, producer);
    }

    /// All producers in the order of their ids.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (ProducerId, &Producer)> {
        self.producers.iter().map(|(id, producer)| (*id, producer))
    }

    /// One producer.
    pub fn get(&self, id: ProducerId) -> Option<&Producer> {
        self.producers.get(&id)
    }

    /// Number of producers.
    pub fn len(&self) -> usize {
        self.producers.len()
    }

    /// Whether nobody is remembered.
    pub fn is_empty(&self) -> bool {
        self.producers.is_empty()
    }
}

impl Producer {
    fn unknown() -> Producer {
        Producer {
            epoch: -1,
            coordinator_epoch: -1,
            last_timestamp: -1,
            transaction_start: None,
            window: SmallVec::new(),
        }
    }

    fn check_sequence(&self, first: i32, last: i32) -> Verdict {
        let known =
            |mark: &&BatchMark| mark.first_sequence() == first && mark.last_sequence == last;
        if let Some(mark) = self.window.iter().find(known) {
            return Verdict::Duplicate(*mark);
        }
        // Without a batch in this epoch (a control batch raised it) the count starts at zero.
        let expected = match self.window.last() {
            Some(mark) if mark.last_sequence == i32::MAX => 0,
            Some(mark) => mark.last_sequence + 1,
            None => 0,
        };
        if first == expected {
            Verdict::Accept
        } else {
            Verdict::Refuse(Refusal::OutOfOrder { expected })
        }
    }
}

#[cfg(test)]
#[path = "producers_test.rs"]
mod producers_test;
