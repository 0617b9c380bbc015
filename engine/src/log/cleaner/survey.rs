//! Which transactions were aborted, by the markers themselves: for a log whose `.txnindex` is lost
//! or says less than the log. Pure.

use std::collections::BTreeMap;

use super::aborted::AbortedTransaction;
use super::filter::marker_of;
use super::transactions::Marker;
use crate::record::{BatchHeader, Offset, ProducerId, Records};

/// A walk that collects aborted transactions.
#[derive(Default)]
pub struct Survey {
    /// First offsets of transactions without a marker so far.
    open: BTreeMap<ProducerId, Offset>,
    aborted: Vec<AbortedTransaction>,
    /// Where the last batch ends.
    reached: Offset,
}

impl Survey {
    /// The next batch of the log, which may decompress to so many bytes.
    pub fn on_batch(&mut self, header: &BatchHeader, batch: &[u8], decompressed_max: usize) {
        self.reached = header.next_offset();
        if header.is_control() {
            self.on_marker(header, marker(header, batch, decompressed_max));
        } else if header.is_transactional() {
            self.open.entry(header.producer_id).or_insert(header.base_offset);
        }
    }

    fn on_marker(&mut self, header: &BatchHeader, marker: Marker) {
        if marker == Marker::Other {
            return;
        }
        let producer = header.producer_id;
        if let Some(first) = self.open.remove(&producer)
            && marker == Marker::Abort
        {
            // Nobody knows the last stable offset any more; too small makes a search longer.
            let (last, last_stable) = (header.base_offset, first);
            self.aborted.push(AbortedTransaction { producer, first, last, last_stable });
        }
    }

    /// Whether the walk is at `end`, or behind, and has met the marker of every transaction that
    /// began below.
    pub fn is_settled(&self, end: Offset) -> bool {
        self.reached >= end && self.open.values().all(|first| *first >= end)
    }

    /// What was found that is not in `known`.
    pub fn unknown(self, known: &[AbortedTransaction]) -> Vec<AbortedTransaction> {
        let is_known = |found: &AbortedTransaction| {
            known.iter().any(|one| (one.producer, one.last) == (found.producer, found.last))
        };
        self.aborted.into_iter().filter(|found| !is_known(found)).collect()
    }
}

/// What cannot be read ends a transaction and aborts nothing: its records stay.
fn marker(header: &BatchHeader, batch: &[u8], decompressed_max: usize) -> Marker {
    let Ok(opened) = Records::open(header, batch, decompressed_max) else { return Marker::Empty };
    let records: Vec<_> = opened.iter().map_while(Result::ok).collect();
    marker_of(&records)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{BatchBuilder, Codec};

    /// A batch at an offset; with a kind, a marker of that kind.
    fn on(survey: &mut Survey, producer: ProducerId, offset: Offset, kind: Option<u8>) {
        let mut builder = BatchBuilder::new(Codec::None).producer(producer, 0, 0).transactional();
        if let Some(kind) = kind {
            builder = builder.control();
            builder.push(1, Some(&[0, 0, 0, kind]), None);
        } else {
            builder.push(1, Some(b"k"), None);
        }
        let batch = builder.finish().unwrap();
        let header = BatchHeader::parse(&batch).unwrap();
        survey.on_batch(&BatchHeader { base_offset: offset, ..header }, &batch, 1_000);
    }

    const ABORT: Option<u8> = Some(0);
    const COMMIT: Option<u8> = Some(1);
    const OTHER: Option<u8> = Some(2);

    #[test]
    fn what_an_abort_ends_is_aborted_from_its_first_batch_on() {
        let mut survey = Survey::default();
        on(&mut survey, 1, 3, None);
        on(&mut survey, 2, 4, None);
        on(&mut survey, 1, 5, None);
        on(&mut survey, 2, 6, COMMIT);
        on(&mut survey, 1, 7, OTHER);
        on(&mut survey, 1, 8, ABORT);
        on(&mut survey, 1, 9, ABORT);
        on(&mut survey, 2, 10, None);
        on(&mut survey, 2, 11, ABORT);
        let aborted = |producer, first, last| AbortedTransaction {
            producer,
            first,
            last,
            last_stable: first,
        };
        let known = AbortedTransaction { last_stable: 77, ..aborted(2, 10, 11) };
        assert_eq!(survey.unknown(&[known]), [aborted(1, 3, 8)]);
    }

    #[test]
    fn a_marker_that_cannot_be_read_aborts_nothing() {
        let mut survey = Survey::default();
        on(&mut survey, 1, 3, None);
        let mut header = BatchHeader { base_offset: 4, ..control(1) };
        header.attributes |= 7;
        survey.on_batch(&header, &[0; 61], 1_000);
        on(&mut survey, 1, 5, None);
        on(&mut survey, 1, 6, ABORT);
        assert_eq!(survey.unknown(&[]).first().map(|one| one.first), Some(5));
    }

    fn control(producer: ProducerId) -> BatchHeader {
        let mut builder = BatchBuilder::new(Codec::None).producer(producer, 0, 0);
        builder = builder.transactional().control();
        builder.push(1, Some(&[0, 0, 0, 0]), None);
        BatchHeader::parse(&builder.finish().unwrap()).unwrap()
    }

    #[test]
    fn it_is_settled_when_every_transaction_from_before_has_ended() {
        let mut survey = Survey::default();
        on(&mut survey, 1, 3, None);
        on(&mut survey, 2, 4, COMMIT);
        assert!(!survey.is_settled(5), "the first one is open");
        on(&mut survey, 2, 5, None);
        on(&mut survey, 1, 6, COMMIT);
        assert!(survey.is_settled(5), "what began later does not count");
        assert!(!survey.is_settled(8), "not there yet");
    }
}
