//! What waits for one log: appends and changes, in order.

use std::collections::VecDeque;

use super::event::{Applied, Change};
use crate::record::StampedBatch;
use crate::runtime::sync::oneshot;

/// Most bytes of one vectored write. Larger groups gain nothing (a flush costs the same) and
/// keep the batches behind them waiting.
const GROUP_BYTES_MAX: usize = 8 << 20;
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

    /// Everything up to the next change, or that change; `None` when nothing waits.
    pub(super) fn take(&mut self) -> Option<Step> {
        if let Some(Operation::Change(..)) = self.operations.front()
            && let Some(Operation::Change(change, done)) = self.operations.pop_front()
        {
            return Some(Step::Change(change, done));
        }
        let group = self.take_group();
        if group.is_empty() { None } else { Some(Step::Append(group)) }
    }

    fn take_group(&mut self) -> Vec<StampedBatch> {
        let mut group = Vec::new();
        let mut bytes = 0;
        while let Some(Operation::Append(batch)) = self.operations.front() {
            bytes += batch.bytes.len();
            let full = bytes > GROUP_BYTES_MAX || group.len() == GROUP_BATCHES_MAX;
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
