//! Sequences, windows and epochs of producers.

use crate::record::{BatchBuilder, BatchHeader, Codec};

use super::*;

fn sent(id: i64, epoch: i16, sequence: i32, records: usize, offset: Offset) -> BatchHeader {
    let mut builder = BatchBuilder::new(Codec::None).producer(id, epoch, sequence);
    for _ in 0..records {
        builder.push(1_000, None, Some(b"v"));
    }
    let bytes = builder.finish().expect("a batch");
    BatchHeader { base_offset: offset, ..BatchHeader::parse(&bytes).expect("a header") }
}

fn table(batches: &[BatchHeader]) -> ProducerTable {
    let mut table = ProducerTable::default();
    batches.iter().for_each(|header| table.apply(header));
    table
}

#[test]
fn an_unknown_producer_may_start_at_any_sequence() {
    let table = ProducerTable::default();
    assert_eq!(table.check(&sent(1, 0, 4_711, 1, 0)), Verdict::Accept);
}

#[test]
fn the_next_sequence_is_accepted_and_a_gap_is_refused() {
    let table = table(&[sent(1, 0, 0, 3, 0)]);
    assert_eq!(table.check(&sent(1, 0, 3, 1, 0)), Verdict::Accept);
    let refused = Verdict::Refuse(Refusal::OutOfOrder { expected: 3 });
    assert_eq!(table.check(&sent(1, 0, 4, 1, 0)), refused);
    assert_eq!(table.check(&sent(1, 0, 1, 1, 0)), refused);
}

#[test]
fn each_of_the_last_five_batches_is_known_and_older_ones_are_refused() {
    let table = table(
        &(0..7).map(|index| sent(1, 0, index * 2, 2, i64::from(index) * 2)).collect::<Vec<_>>(),
    );
    for index in 2..7 {
        let Verdict::Duplicate(mark) = table.check(&sent(1, 0, index * 2, 2, 0)) else {
            panic!("batch {index} is remembered");
        };
        assert_eq!(mark.base_offset(), i64::from(index) * 2);
    }
    assert_eq!(
        table.check(&sent(1, 0, 2, 2, 0)),
        Verdict::Refuse(Refusal::OutOfOrder { expected: 14 })
    );
}

#[test]
fn sequences_wrap_to_zero() {
    let last = sent(1, 0, i32::MAX, 1, 10);
    let table = table(&[last]);
    assert_eq!(table.check(&sent(1, 0, 0, 1, 0)), Verdict::Accept);
    let across = sent(2, 0, i32::MAX - 1, 4, 20);
    assert_eq!(across.last_sequence(), 1);
    let mut table = table;
    table.apply(&across);
    assert_eq!(table.check(&sent(2, 0, 2, 1, 0)), Verdict::Accept);
    let Verdict::Duplicate(mark) = table.check(&across) else { panic!("known") };
    assert_eq!(mark.first_sequence(), i32::MAX - 1);
    assert_eq!(mark.base_offset(), 20);
}

#[test]
fn an_older_epoch_is_fenced_and_a_newer_one_starts_at_zero() {
    let table = table(&[sent(1, 5, 0, 3, 0)]);
    let fenced = Verdict::Refuse(Refusal::OldEpoch { current: 5 });
    assert_eq!(table.check(&sent(1, 4, 3, 1, 0)), fenced);
    assert_eq!(table.check(&sent(1, 6, 0, 1, 0)), Verdict::Accept);
    let refused = Verdict::Refuse(Refusal::OutOfOrder { expected: 0 });
    assert_eq!(table.check(&sent(1, 6, 3, 1, 0)), refused);
}

#[test]
fn silent_producers_are_forgotten_unless_a_transaction_is_open() {
    let mut table = table(&[sent(1, 0, 0, 1, 0)]);
    let mut open = sent(2, 0, 0, 1, 1);
    open.attributes |= 1 << 4;
    table.apply(&open);
    table.expire(1_000 + 99, 100);
    assert_eq!(table.len(), 2);
    table.expire(1_000 + 100, 100);
    assert!(table.get(1).is_none());
    assert_eq!(table.get(2).and_then(|producer| producer.transaction_start), Some(1));
}
