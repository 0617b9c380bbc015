//! Cleanings beside a naive model of them: what is left is the same after any history of keys,
//! producers, transactions, deletions and time.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use proptest::prelude::*;

use super::*;
use crate::log::cleaner::aborted::{decode, encode};
use crate::log::open::OpenFrom;
use crate::log::rig::{
    KeyedRecord, begin, compacted, finished, place, records_of, roomy, try_open,
};
use crate::log::{Log, LogConfig};
use crate::record::{BatchBuilder, Codec};
use crate::runtime::{ScratchDir, run_here};

const RETENTION_MS: i64 = 50;
/// The producer that writes transactions.
const TRANSACTIONAL: i64 = 9;

#[derive(Clone, Debug)]
enum Op {
    /// Records of keys, some of which are deleted, by one of two producers or by none.
    Append {
        producer: i64,
        keys: Vec<(u8, bool)>,
        codec: Codec,
    },
    /// The same within the open transaction.
    AppendInTransaction {
        keys: Vec<(u8, bool)>,
    },
    /// Ends the open transaction.
    End {
        commits: bool,
    },
    Roll,
    /// Time passes, then the log is cleaned, with room for so many keys.
    Clean {
        passes_ms: i64,
        keys_max: usize,
    },
}

fn op() -> impl Strategy<Value = Op> {
    let keys = || prop::collection::vec((0_u8..8, prop::bool::weighted(0.2)), 1..5);
    let codec = prop::sample::select(vec![Codec::None, Codec::None, Codec::Lz4]);
    prop_oneof![
        6 => (prop::sample::select(vec![-1_i64, 1, 2]), keys(), codec)
            .prop_map(|(producer, keys, codec)| Op::Append { producer, keys, codec }),
        3 => keys().prop_map(|keys| Op::AppendInTransaction { keys }),
        2 => any::<bool>().prop_map(|commits| Op::End { commits }),
        2 => Just(Op::Roll),
        2 => (0_i64..40, prop::sample::select(vec![2_usize, 5, 1000]))
            .prop_map(|(passes_ms, keys_max)| Op::Clean { passes_ms, keys_max }),
    ]
}

/// A batch as the model sees it.
#[derive(Clone, Debug, PartialEq)]
struct Batch {
    base: Offset,
    last: Offset,
    producer: i64,
    sequence: i32,
    control: bool,
    horizon: Option<i64>,
    records: Vec<KeyedRecord>,
}

/// The log as it should be.
#[derive(Default)]
struct Model {
    batches: Vec<Batch>,
    /// Transaction of a batch, by base offset.
    transactions: BTreeMap<Offset, usize>,
    aborted: BTreeSet<usize>,
    open: Option<(usize, Offset)>,
    count: usize,
    now_ms: i64,
}

impl Model {
    fn last_of(&self, producer: i64) -> Option<&Batch> {
        self.batches.iter().rev().find(|batch| batch.producer == producer && !batch.control)
    }

    /// What a cleaning of the segments below `limit` leaves, that knows the keys below `end`.
    fn clean(&mut self, end: Offset, limit: Offset, first_uncleanable: Offset) {
        let is_aborted = |batch: &Batch| {
            let transaction = self.transactions.get(&batch.base);
            transaction.is_some_and(|transaction| self.aborted.contains(transaction))
        };
        let mut last = BTreeMap::new();
        for batch in self.batches.iter().filter(|batch| !batch.control && !is_aborted(batch)) {
            for (offset, _, key, _) in batch.records.iter().filter(|record| record.0 < end) {
                last.insert(key.clone(), *offset);
            }
        }
        let met: BTreeSet<usize> = self
            .batches
            .iter()
            .filter(|batch| !batch.control)
            .filter_map(|batch| self.transactions.get(&batch.base).copied())
            .collect();
        let lasts: BTreeSet<Offset> =
            [1, 2, TRANSACTIONAL].iter().filter_map(|p| Some(self.last_of(*p)?.last)).collect();
        let now = self.now_ms;
        let mut left = Vec::new();
        for mut batch in std::mem::take(&mut self.batches) {
            if batch.base >= limit {
                left.push(batch);
                continue;
            }
            let transaction = self.transactions.get(&batch.base);
            let aborted = transaction.is_some_and(|one| self.aborted.contains(one));
            let idle = batch.control && !transaction.is_some_and(|one| met.contains(one));
            let waited = batch.horizon.is_some_and(|until| until <= now);
            let discards = if batch.control { idle && waited } else { aborted };
            let by_producer = batch.producer >= 0 && !batch.control && lasts.contains(&batch.last);
            let must_stay = by_producer || batch.last + 1 == first_uncleanable;
            let keeps = |(offset, _, key, value): &KeyedRecord| {
                let is_last = *offset >= end || last.get(key).is_none_or(|last| offset >= last);
                let stays = *offset >= end || value.is_some() || !waited;
                !discards && (batch.control || (is_last && stays))
            };
            batch.records = batch.records.iter().filter(|record| keeps(record)).cloned().collect();
            let waits = batch.records.iter().any(|record| record.3.is_none());
            if batch.records.is_empty() {
                batch.horizon = None;
            } else if batch.horizon.is_none() && (waits || idle) {
                batch.horizon = Some(now + RETENTION_MS);
            }
            if must_stay || !batch.records.is_empty() {
                left.push(batch);
            }
        }
        self.batches = left;
    }
}

struct Trial {
    log: Rc<Log>,
    model: Model,
}

impl Trial {
    async fn apply(&mut self, op: Op) {
        match op {
            Op::Append { producer, keys, codec } => {
                self.append(producer, &keys, codec, None).await;
            }
            Op::AppendInTransaction { keys } => {
                let transaction = match self.model.open {
                    Some((transaction, _)) => transaction,
                    None => {
                        self.model.count += 1;
                        self.model.open = Some((self.model.count, self.log.end_offset()));
                        self.model.count
                    }
                };
                self.append(TRANSACTIONAL, &keys, Codec::None, Some(transaction)).await;
            }
            Op::End { commits } => self.end_transaction(commits).await,
            Op::Roll => self.log.roll(self.log.end_offset()).await.unwrap(),
            Op::Clean { passes_ms, keys_max } => self.clean(passes_ms, keys_max).await,
        }
    }

    async fn append(
        &mut self,
        producer: i64,
        keys: &[(u8, bool)],
        codec: Codec,
        transaction: Option<usize>,
    ) {
        let base = self.log.end_offset();
        let sequence = match producer {
            -1 => -1,
            _ => self.model.last_of(producer).map_or(0, |last| {
                last.sequence + i32::try_from(last.last - last.base).unwrap() + 1
            }),
        };
        let mut builder = BatchBuilder::new(codec);
        if producer >= 0 {
            builder = builder.producer(producer, 0, sequence);
        }
        if transaction.is_some() {
            builder = builder.transactional();
        }
        let mut records = Vec::new();
        for (index, (key, deletes)) in (0..).zip(keys) {
            let (offset, key) = (base + index, format!("key-{key}"));
            let value = (!deletes).then(|| format!("{offset}{}", "v".repeat(200)));
            builder.push(500 + offset, Some(key.as_bytes()), value.as_ref().map(String::as_bytes));
            records.push((offset, 500 + offset, key, value));
        }
        if let Some(transaction) = transaction {
            self.model.transactions.insert(base, transaction);
        }
        let last = base + records.len() as i64 - 1;
        let (control, horizon) = (false, None);
        self.model.batches.push(Batch {
            base,
            last,
            producer,
            sequence,
            control,
            horizon,
            records,
        });
        self.write(builder, base).await;
    }

    async fn end_transaction(&mut self, commits: bool) {
        let Some((transaction, first)) = self.model.open.take() else { return };
        let base = self.log.end_offset();
        let key = [0, 0, 0, u8::from(commits)];
        let mut builder = BatchBuilder::new(Codec::None).producer(TRANSACTIONAL, 0, -1);
        builder = builder.transactional().control();
        builder.push(500 + base, Some(&key), Some(b"marker"));
        let records = vec![(
            base,
            500 + base,
            String::from_utf8(key.to_vec()).unwrap(),
            Some("marker".to_owned()),
        )];
        self.model.transactions.insert(base, transaction);
        let (producer, sequence) = (TRANSACTIONAL, -1);
        let (last, control, horizon) = (base, true, None);
        self.model.batches.push(Batch {
            base,
            last,
            producer,
            sequence,
            control,
            horizon,
            records,
        });
        self.write(builder, base).await;
        if !commits {
            self.model.aborted.insert(transaction);
            let active = self.log.state.borrow().active().unwrap().fill.base;
            let path = self.log.path().join(format!("{active:020}.txnindex"));
            let mut entries = decode(&std::fs::read(&path).unwrap_or_default()).unwrap();
            let producer = TRANSACTIONAL;
            entries.push(AbortedTransaction { producer, first, last, last_stable: first });
            std::fs::write(path, encode(&entries)).unwrap();
        }
    }

    async fn write(&self, builder: BatchBuilder, base: Offset) {
        self.log.append(vec![finished(builder, base)]).await.unwrap();
    }

    async fn clean(&mut self, passes_ms: i64, keys_max: usize) {
        self.model.now_ms += passes_ms;
        let (now, committed) = (self.model.now_ms, self.log.end_offset());
        let Some(input) = self.log.begin_cleaning(now, committed).await.unwrap() else {
            return;
        };
        let bases: Vec<Offset> = self.log.state.borrow().segments.keys().copied().collect();
        let first_uncleanable = input.end;
        let settings =
            CleanerSettings { dedupe_bytes: 24 * (keys_max + 1), load_factor: 1.0, ..roomy() };
        let (begun, _stop) = begin(input, settings).await;
        let mut cleaning = begun.unwrap();
        while let Some(replacement) = cleaning.next_group().await.unwrap() {
            assert!(self.log.replace_segments(replacement).await.unwrap());
        }
        let end = cleaning.end();
        self.log.end_cleaning(Some(end));
        let limit = bases.into_iter().find(|base| *base >= end).unwrap_or(first_uncleanable);
        self.model.clean(end, limit.min(first_uncleanable), first_uncleanable);
        self.check().await;
    }

    async fn check(&self) {
        let found = records_of(&self.log).await.into_iter().map(|(header, records)| Batch {
            base: header.base_offset,
            last: header.last_offset(),
            producer: header.producer_id,
            sequence: header.base_sequence,
            control: header.is_control(),
            horizon: header.delete_horizon(),
            records,
        });
        assert_eq!(found.collect::<Vec<_>>(), self.model.batches);
    }
}

fn config() -> LogConfig {
    LogConfig {
        segment_bytes: 2_500,
        delete_retention_ms: RETENTION_MS,
        file_delete_delay_ms: 0,
        ..compacted()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn what_is_left_is_what_a_naive_cleaning_leaves(ops in prop::collection::vec(op(), 5..80)) {
        let scratch = ScratchDir::new();
        run_here(async {
            let opened = try_open(&place(&scratch), config(), OpenFrom::default()).await;
            let (log, model) = (opened.unwrap().0, Model::default());
            let mut trial = Trial { log, model };
            for op in ops {
                trial.apply(op).await;
            }
            trial.check().await;
            let producers = trial.log.producers();
            let from = OpenFrom::default();
            trial.log = try_open(&place(&scratch), config(), from).await.unwrap().0;
            trial.check().await;
            // What stands in the log alone, without the window, is a part of what was known.
            assert_eq!(trial.log.producers(), producers);
        });
    }
}
