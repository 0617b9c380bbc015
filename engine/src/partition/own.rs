//! Batches that the broker itself makes: what a coordinator has decided. Core-local.

use bytes::BytesMut;

use super::acked::Acks;
use super::append::{AppendError, AppendPart};
use super::replica::{Partition, refused};
use crate::record::{BatchHeader, Offset};
use crate::runtime;

impl Partition {
    /// Whether a batch of the broker's own, of about so many bytes, would be taken now.
    ///
    /// # Errors
    /// As for an append with `acks=all`.
    pub fn takes(&self, bytes: u64) -> Result<(), AppendError> {
        self.leads(Acks::All)?;
        self.committer.admits(bytes).map_err(refused)
    }

    /// Appends a batch that the broker itself made; `header` was parsed from it. What a state
    /// machine has decided cannot be refused for want of room any more: ask [`Partition::takes`]
    /// before it decides. The answer may go out once the high watermark is at the offset returned.
    ///
    /// # Errors
    /// This replica does not lead any more, or its log dir is offline.
    pub fn append_own(&self, header: BatchHeader, batch: BytesMut) -> Result<Offset, AppendError> {
        let (records, bytes) = (header.records_count, batch.len() as u64);
        let outcome = self.append_admitted(header, batch);
        self.traffic.append(u64::try_from(records).unwrap_or(0), bytes, &outcome);
        outcome
    }

    fn append_admitted(&self, header: BatchHeader, batch: BytesMut) -> Result<Offset, AppendError> {
        let epoch = self.leads(Acks::None)?;
        let part = AppendPart { index: 0, log: self.id, header, batch };
        let stamped = self.stamp(part, epoch, runtime::wall());
        let next = stamped.header.next_offset();
        self.committer.append_admitted(self.id, vec![stamped]).map_err(refused)?;
        self.next_offset.set(next);
        Ok(next)
    }
}
