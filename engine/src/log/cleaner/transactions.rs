//! What a walk over a log from its beginning knows about transactions: which batches belong to
//! aborted ones, and which markers have nothing left to say.
//!
//! A marker may go when no batch of its transaction is left: a reader that meets the one without
//! the other would take aborted records for committed ones. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::aborted::AbortedTransaction;
use crate::record::{BatchHeader, Offset, ProducerId};

/// What a control batch says; the key of its record begins with a version and this type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker {
    /// The transaction is aborted.
    Abort,
    /// The transaction is committed.
    Commit,
    /// Something that is not about transactions.
    Other,
    /// Its record was removed by an earlier cleaning.
    Empty,
}

impl Marker {
    /// Reads the key of a control record.
    pub fn from_key(key: &[u8]) -> Marker {
        match key.get(2..4) {
            Some([0, 0]) => Marker::Abort,
            Some([0, 1]) => Marker::Commit,
            _ => Marker::Other,
        }
    }
}

/// An aborted transaction that the walk is in.
#[derive(Clone)]
struct Ongoing {
    transaction: AbortedTransaction,
    met_batches: bool,
}

/// What follows from a marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkerFate {
    /// Batches of its transaction were met.
    Needed,
    /// Batches of its aborted transaction were met: the index has to name it.
    NeededAbort(AbortedTransaction),
    /// Batches were met that no index calls aborted, and the marker does: the index is lost.
    Contradiction,
    /// Nothing of its transaction is left.
    Idle,
}

/// State of a walk.
#[derive(Clone, Default)]
pub struct Transactions {
    /// Not yet reached, by first offset.
    ahead: BTreeMap<(Offset, ProducerId), AbortedTransaction>,
    aborted: BTreeMap<ProducerId, Ongoing>,
    /// Producers of which batches were met since their last marker, none of them aborted.
    others: BTreeSet<ProducerId>,
}

impl Transactions {
    /// A walk over a log with these aborted transactions.
    pub fn new(aborted: &[AbortedTransaction]) -> Transactions {
        let ahead = aborted.iter().map(|one| ((one.first, one.producer), *one)).collect();
        Transactions { ahead, ..Transactions::default() }
    }

    /// Whether records of transactions were met that no index calls aborted, and no marker after
    /// them.
    pub fn is_undecided(&self) -> bool {
        !self.others.is_empty()
    }

    /// A batch of records comes; says whether it belongs to an aborted transaction.
    pub fn on_batch(&mut self, header: &BatchHeader) -> bool {
        self.reach(header);
        if !header.is_transactional() {
            return false;
        }
        match self.aborted.get_mut(&header.producer_id) {
            Some(ongoing) => {
                ongoing.met_batches = true;
                true
            }
            None => {
                self.others.insert(header.producer_id);
                false
            }
        }
    }

    /// A control batch comes.
    pub fn on_marker(&mut self, header: &BatchHeader, marker: Marker) -> MarkerFate {
        self.reach(header);
        let producer = header.producer_id;
        match marker {
            Marker::Empty => MarkerFate::Idle,
            Marker::Other => MarkerFate::Needed,
            Marker::Commit if self.others.remove(&producer) => MarkerFate::Needed,
            Marker::Commit => MarkerFate::Idle,
            Marker::Abort => match self.aborted.remove(&producer) {
                Some(ongoing) if ongoing.met_batches => {
                    MarkerFate::NeededAbort(ongoing.transaction)
                }
                Some(_) => MarkerFate::Idle,
                None if self.others.remove(&producer) => MarkerFate::Contradiction,
                None => MarkerFate::Idle,
            },
        }
    }

    /// Enters the transactions that began up to a batch, and leaves the one whose marker is behind:
    /// it may stand before the walk, or be gone.
    fn reach(&mut self, header: &BatchHeader) {
        let is_over = |one: &AbortedTransaction| one.last < header.base_offset;
        if self.aborted.get(&header.producer_id).is_some_and(|one| is_over(&one.transaction)) {
            self.aborted.remove(&header.producer_id);
        }
        while let Some(next) = self.ahead.first_entry() {
            if next.key().0 > header.last_offset() {
                return;
            }
            let transaction = next.remove();
            if !is_over(&transaction) {
                let ongoing = Ongoing { transaction, met_batches: false };
                self.aborted.insert(transaction.producer, ongoing);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{BatchBuilder, Codec};

    fn header(producer: ProducerId, offset: Offset, transactional: bool) -> BatchHeader {
        let mut builder = BatchBuilder::new(Codec::None).producer(producer, 0, 0);
        if transactional {
            builder = builder.transactional();
        }
        builder.push(1, Some(b"k"), None);
        let header = BatchHeader::parse(&builder.finish().unwrap()).unwrap();
        BatchHeader { base_offset: offset, ..header }
    }

    fn abort(producer: ProducerId, first: Offset, last: Offset) -> AbortedTransaction {
        AbortedTransaction { producer, first, last, last_stable: last }
    }

    #[test]
    fn batches_between_first_record_and_marker_are_aborted_and_nothing_else() {
        let mut walk = Transactions::new(&[abort(1, 5, 9)]);
        assert!(!walk.on_batch(&header(1, 4, true)), "an earlier transaction");
        assert_eq!(walk.on_marker(&header(1, 4, true), Marker::Commit), MarkerFate::Needed);
        assert!(walk.on_batch(&header(1, 5, true)));
        assert!(!walk.on_batch(&header(2, 6, true)), "another producer");
        assert!(!walk.on_batch(&header(1, 7, false)), "outside of any transaction");
        let fate = walk.on_marker(&header(1, 9, true), Marker::Abort);
        assert_eq!(fate, MarkerFate::NeededAbort(abort(1, 5, 9)));
        assert!(!walk.on_batch(&header(1, 10, true)), "a later transaction");
        assert_eq!(walk.on_marker(&header(2, 11, true), Marker::Commit), MarkerFate::Needed);
    }

    #[test]
    fn a_walk_that_begins_behind_a_transaction_is_not_in_it() {
        let mut walk = Transactions::new(&[abort(1, 5, 9), abort(1, 20, 29)]);
        assert!(!walk.on_batch(&header(1, 10, true)));
        assert!(walk.on_batch(&header(1, 21, true)));
        // A reader of the whole log meets no marker that was removed.
        assert!(!walk.on_batch(&header(1, 30, true)));
    }

    #[test]
    fn a_marker_whose_transaction_is_gone_has_nothing_to_say() {
        let mut walk = Transactions::new(&[abort(1, 5, 9)]);
        assert_eq!(walk.on_marker(&header(1, 9, true), Marker::Abort), MarkerFate::Idle);
        assert_eq!(walk.on_marker(&header(1, 12, true), Marker::Abort), MarkerFate::Idle);
        assert_eq!(walk.on_marker(&header(1, 13, true), Marker::Commit), MarkerFate::Idle);
        assert_eq!(walk.on_marker(&header(1, 14, true), Marker::Empty), MarkerFate::Idle);
        assert_eq!(walk.on_marker(&header(1, 15, true), Marker::Other), MarkerFate::Needed);
    }

    #[test]
    fn records_that_no_index_calls_aborted_contradict_an_abort() {
        let mut walk = Transactions::new(&[]);
        assert!(!walk.on_batch(&header(1, 5, true)));
        assert_eq!(walk.on_marker(&header(1, 9, true), Marker::Abort), MarkerFate::Contradiction);
        assert_eq!(walk.on_marker(&header(1, 9, true), Marker::Abort), MarkerFate::Idle);
    }

    #[test]
    fn keys_of_control_records_name_their_type() {
        assert_eq!(Marker::from_key(&[0, 0, 0, 0]), Marker::Abort);
        assert_eq!(Marker::from_key(&[0, 0, 0, 1]), Marker::Commit);
        assert_eq!(Marker::from_key(&[0, 9, 0, 1, 7]), Marker::Commit);
        assert_eq!(Marker::from_key(&[0, 0, 0, 2]), Marker::Other);
        assert_eq!(Marker::from_key(&[0]), Marker::Other);
    }
}
