//! What waits for one log: appends and changes, in order.

use std::collections::VecDeque;

use super::event::{Applied, Change};
use crate::record::StampedBatch;
use crate::runtime::sync::oneshot;

/// Most batches of one vectored write, below the kernel's limit on its parts (IOV_MAX, 1024).
const GROUP_BATCHES_MAX: usize = 1000;

/// The next thing to do with a log.
pub(super) enum Step {
    /// Append these, in one go.
    Append(Vec<StampedBatch>),
    /// Apply this change, then say so.
    Change(Change, oneshot::Sender<Applied>),
}

enum Operation {
    Append(StampedBatch),
    Change(Change, oneshot::Sender<Applied>),
}

/// Appends and changes of one log, first in, first out.
#[derive(Default)]
pub(super) struct Queue {
    operations: VecDeque<Operation>,
}

impl Queue {
    pub(super) fn push_batch(&mut self, batch: StampedBatch) {
        self.operations.push_back(Operation::Append(batch));
    }

    pub(super) fn push_change(&mut self, change: Change, done: oneshot::Sender<Applied>) {
        self.operations.push_back(Operation::Change(change, done));
    }

    pub(super) fn clear(&mut self) {
        self.operations.clear();
    }

    /// What waits up to the next change, at most `bytes_max` of it but one batch at least; or that
    /// change; `None` when nothing waits.
    pub(super) fn take(&mut self, bytes_max: usize) -> Option<Step> {
        if let Some(Operation::Change(..)) = self.operations.front()
            && let Some(Operation::Change(change, done)) = self.operations.pop_front()
        {
            return Some(Step::Change(change, done));
        }
        let group = self.take_group(bytes_max);
        if group.is_empty() { None } else { Some(Step::Append(group)) }
    }

    fn take_group(&mut self, bytes_max: usize) -> Vec<StampedBatch> {
        let mut group = Vec::new();
        let mut bytes = 0;
        while let Some(Operation::Append(batch)) = self.operations.front() {
            bytes += batch.bytes.len();
            let full = bytes > bytes_max || group.len() == GROUP_BATCHES_MAX;
            if full && !group.is_empty() {
                break;
            }
            if let Some(Operation::Append(batch)) = self.operations.pop_front() {
                group.push(batch);
            }
        }
        group
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::*;
    use crate::record::{BatchBuilder, BatchHeader, Codec, StampedBatch};

    fn batch(offset: i64) -> StampedBatch {
        let mut builder = BatchBuilder::new(Codec::None);
        builder.push(0, None, Some(&[7; 100]));
        let bytes: BytesMut = builder.finish().unwrap();
        let header = BatchHeader::parse(&bytes).unwrap();
        StampedBatch::from_checked(header, bytes, offset, 0, None)
    }

    fn counts(bytes_max: usize) -> Vec<usize> {
        let mut queue = Queue::default();
        (0..5).for_each(|offset| queue.push_batch(batch(offset)));
        let mut counts = Vec::new();
        while let Some(Step::Append(group)) = queue.take(bytes_max) {
            counts.push(group.len());
        }
        counts
    }

    #[test]
    fn a_write_takes_as_many_batches_as_its_bytes_hold_and_one_at_least() {
        let size = batch(0).bytes.len();
        assert_eq!(counts(5 * size), [5]);
        assert_eq!(counts(5 * size - 1), [4, 1]);
        assert_eq!(counts(2 * size), [2, 2, 1]);
        assert_eq!(counts(1), [1, 1, 1, 1, 1], "larger than a write may be: written alone");
    }
}
