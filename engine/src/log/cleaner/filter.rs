//! What stays of a batch: Kafka's rules of compaction. Pure; burns CPU, so on a worker.
//!
//! | batch | what stays |
//! |---|---|
//! | records, key written again at a higher offset | not that record |
//! | records, the marker of a deleted key | until the batch's delete horizon |
//! | records of an aborted transaction | none |
//! | marker of a transaction, batches of it are left | the marker |
//! | marker of a transaction, nothing of it is left | the marker, until its delete horizon |
//! | last batch of a producer, or of what is cleaned | its header at least |
//!
//! A batch gets its delete horizon when it is first seen here with something that waits for it
//! (KIP-534). Must not know files.

use std::collections::BTreeMap;

use bytes::BytesMut;

use super::offset_map::OffsetMap;
use super::transactions::{Marker, MarkerFate, Transactions};
use crate::record::{
    BatchHeader, BuildError, Offset, ProducerId, Record, Records, emptied, recopy,
};

/// The last thing that a producer wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastOfProducer {
    /// Records, up to this offset.
    Records(Offset),
    /// Only a marker, in this epoch.
    Marker(i16),
}

/// What decides besides the keys.
#[derive(Clone, Debug)]
pub struct Rules {
    /// When this cleaning began, Unix milliseconds.
    pub now_ms: i64,
    /// `delete.retention.ms`.
    pub delete_retention_ms: i64,
    /// Where the segments end that are cleaned; the batch before keeps its header, so that whoever
    /// reads up to here gets here.
    pub end: Offset,
    /// Bytes that a batch may decompress to.
    pub decompressed_max: usize,
    /// Active producers: their last batches keep their sequence numbers.
    pub producers: BTreeMap<ProducerId, LastOfProducer>,
}

/// What stays of a batch.
#[derive(Debug)]
pub enum Fate {
    /// All of it, as it is.
    Same,
    /// This.
    Rewritten(BytesMut),
    /// Nothing.
    Gone,
}

/// Why a batch cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum FilterError {
    /// A marker aborts records that no index calls aborted.
    #[error("the marker at offset {0} aborts a transaction that is in no index")]
    NotIndexed(Offset),
    /// It could not be written anew.
    #[error("the batch at offset {offset} cannot be written anew: {source}")]
    Build {
        /// Its first offset.
        offset: Offset,
        /// Why.
        source: BuildError,
    },
}

/// Judges batches one after the other, from the log's first one on.
pub struct Filter<'a> {
    /// The last offset of every key.
    pub map: &'a OffsetMap,
    /// What decides besides.
    pub rules: &'a Rules,
    /// Records that were kept.
    pub records_kept: u64,
    /// Batches that could not be read and stay as they are.
    pub unreadable: u64,
}

impl<'a> Filter<'a> {
    /// A filter that has seen nothing.
    pub fn new(map: &'a OffsetMap, rules: &'a Rules) -> Filter<'a> {
        Filter { map, rules, records_kept: 0, unreadable: 0 }
    }

    /// What stays of the batch, whose CRC was checked.
    pub fn judge(
        &mut self,
        header: &BatchHeader,
        batch: &[u8],
        walk: &mut Transactions,
        aborted: &mut Vec<super::aborted::AbortedTransaction>,
    ) -> Result<Fate, FilterError> {
        let Ok(opened) = Records::open(header, batch, self.rules.decompressed_max) else {
            return Ok(self.keep_unreadable(header, walk));
        };
        let Ok(records) = opened.iter().collect::<Result<Vec<_>, _>>() else {
            return Ok(self.keep_unreadable(header, walk));
        };
        let idle = if header.is_control() {
            match walk.on_marker(header, marker_of(&records)) {
                MarkerFate::NeededAbort(transaction) => {
                    aborted.push(transaction);
                    false
                }
                // The records were kept as committed ones: their marker must say otherwise.
                MarkerFate::Needed | MarkerFate::Contradiction => false,
                MarkerFate::Idle => true,
            }
        } else {
            walk.on_batch(header)
        };
        self.decide(header, records, idle)
    }

    /// `idle`: the records are aborted, or the marker has nothing to say.
    fn decide(
        &mut self,
        header: &BatchHeader,
        records: Vec<Record<'_>>,
        idle: bool,
    ) -> Result<Fate, FilterError> {
        let waited = header.delete_horizon().is_some_and(|until| until <= self.rules.now_ms);
        let discards = idle && (waited || !header.is_control());
        let must_stay = self.must_stay(header);
        if discards && !must_stay {
            return Ok(Fate::Gone);
        }
        let all = records.len();
        let kept: Vec<Record<'_>> = records
            .into_iter()
            .filter(|record| !discards && (header.is_control() || self.keeps(header, record)))
            .collect();
        self.records_kept += kept.len() as u64;
        let offset = header.base_offset;
        let failed = |source| FilterError::Build { offset, source };
        if kept.is_empty() {
            return match must_stay {
                true if all == 0 => Ok(Fate::Same),
                true => emptied(header).map(Fate::Rewritten).map_err(failed),
                false => Ok(Fate::Gone),
            };
        }
        let waits =
            kept.iter().any(|record| record.value.is_none()) || (idle && header.is_control());
        let begins = waits && header.delete_horizon().is_none();
        if kept.len() == all && !begins {
            return Ok(Fate::Same);
        }
        let horizon = match begins {
            true => Some(self.rules.now_ms.saturating_add(self.rules.delete_retention_ms)),
            false => header.delete_horizon(),
        };
        recopy(header, &kept, horizon).map(Fate::Rewritten).map_err(failed)
    }

    /// Whether the header is needed: it holds a producer's last sequence number, or the end of what
    /// is cleaned.
    fn must_stay(&self, header: &BatchHeader) -> bool {
        let last = self.rules.producers.get(&header.producer_id);
        let last_of_producer = last.is_some_and(|last| match last {
            LastOfProducer::Records(offset) => header.last_offset() == *offset,
            LastOfProducer::Marker(epoch) => header.is_control() && header.producer_epoch == *epoch,
        });
        (header.has_producer() && last_of_producer) || header.next_offset() == self.rules.end
    }

    fn keeps(&self, header: &BatchHeader, record: &Record<'_>) -> bool {
        if record.offset > self.map.latest() {
            return true;
        }
        // A record without a key came in before the topic was compacted.
        let Some(key) = record.key else { return false };
        let is_last = self.map.get(key).is_none_or(|last| record.offset >= last);
        let waits = header.delete_horizon().is_none_or(|until| self.rules.now_ms < until);
        is_last && (record.value.is_some() || waits)
    }

    /// A batch that its producer made unreadable holds nothing that anybody could miss or find
    /// twice; but whoever reads the log shall meet it as before.
    fn keep_unreadable(&mut self, header: &BatchHeader, walk: &mut Transactions) -> Fate {
        self.unreadable += 1;
        if !header.is_control() && walk.on_batch(header) && !self.must_stay(header) {
            return Fate::Gone;
        }
        Fate::Same
    }
}

/// What a control batch says.
pub fn marker_of(records: &[Record<'_>]) -> Marker {
    match records.first() {
        None => Marker::Empty,
        Some(record) => Marker::from_key(record.key.unwrap_or_default()),
    }
}
