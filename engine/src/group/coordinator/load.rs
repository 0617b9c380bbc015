//! A coordinator reads its log, a piece at a time, while other work of the core goes on.

use std::io;
use std::rc::Rc;
use std::sync::Arc;

use thiserror::Error;

use super::coordinator::{Coordinator, Phase, STEPS_MAX, Slot};
use super::replay::{Replay, ReplayError, Replayed};
use crate::group::Group;
use crate::log::ReadError;
use crate::record::Offset;
use crate::runtime::sync::Semaphore;
use crate::runtime::{self, Part};

/// Bytes that are replayed before other work of the core has its turn.
const REPLAYED_BYTES_MAX: usize = 128 << 10;
/// A piece that was cut while it was read is read again so often.
const TRIES: usize = 8;

/// Why a log could not be read.
#[derive(Debug, Error)]
enum LoadError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Replay(#[from] ReplayError),
    #[error("nothing can be read at offset {at} of {end}")]
    Stuck { at: Offset, end: Offset },
}

impl Coordinator {
    /// The partition is new, or everything in it is gone.
    pub(super) fn has_nothing_to_read(&self) -> bool {
        let log = self.partition.log();
        log.start_offset() == log.end_offset()
    }

    /// Reads the whole log, then answers requests.
    pub(super) async fn load(self: Rc<Self>, turns: Rc<Semaphore>) {
        let turn = turns.acquire().await;
        let begun = runtime::now();
        let path = self.partition.log().path();
        let path = path.display();
        match self.read_log().await {
            Ok(Replay { records, skipped, .. }) => {
                self.activate().await;
                if skipped > 0 {
                    tracing::warn!(%path, skipped, "records of kinds that are not kept here");
                }
                if records > 0 {
                    let milliseconds = runtime::now().since(begun).as_millis() as u64;
                    tracing::info!(%path, records, milliseconds, "groups loaded");
                }
            }
            Err(error) => {
                tracing::error!(%error, %path, "groups cannot be loaded");
                self.fail();
            }
        }
        drop(turn);
    }

    async fn read_log(&self) -> Result<Replay, LoadError> {
        let log = self.partition.log();
        let bytes_max = self.core.settings.topic.load_bytes;
        let mut replay = Replay::default();
        let mut at = log.start_offset();
        let mut tries = 0;
        while at < log.end_offset() && self.phase() == Phase::Loading {
            let before = at;
            for part in log.read(at, Offset::MAX, bytes_max, true).await? {
                let Some(bytes) = bytes_of(part).await? else { break };
                at = self.replay_part(&mut replay, &bytes, at).await?;
            }
            tries = if at > before { 0 } else { tries + 1 };
            if tries == TRIES {
                return Err(LoadError::Stuck { at, end: log.end_offset() });
            }
        }
        Ok(replay)
    }

    /// Returns the offset behind the last batch.
    async fn replay_part(
        &self,
        replay: &mut Replay,
        bytes: &[u8],
        mut at: Offset,
    ) -> Result<Offset, LoadError> {
        let (mut rest, mut without_pause) = (bytes, 0);
        loop {
            let taken = replay.batch(rest, at, &mut |replayed| self.replay(replayed))?;
            let Some(header) = taken else { return Ok(at) };
            at = header.next_offset();
            without_pause += header.size_in_bytes();
            rest = rest.get(header.size_in_bytes()..).unwrap_or_default();
            if without_pause > REPLAYED_BYTES_MAX {
                without_pause = 0;
                runtime::yield_now().await;
            }
        }
    }

    /// Takes what one record of the log says.
    pub(super) fn replay(&self, replayed: Replayed) {
        match replayed {
            Replayed::Record(record) => {
                let id = record.group().clone();
                self.replay_into(&id, |group| group.replay(record));
            }
            Replayed::Open(producer, record) => {
                let id = record.group().clone();
                self.open.borrow_mut().entry(producer).or_default().insert(id.clone());
                self.replay_into(&id, |group| group.replay_open(producer, record));
            }
            Replayed::End(producer, committed) => {
                let concerned = self.open.borrow_mut().remove(&producer).unwrap_or_default();
                for id in concerned {
                    self.replay_into(&id, |group| group.replay_end(producer, committed));
                }
            }
        }
    }

    fn replay_into(&self, id: &Arc<str>, replay: impl FnOnce(&mut Group)) {
        let mut groups = self.groups.borrow_mut();
        let slot = groups
            .entry(id.clone())
            .or_insert_with(|| Slot { group: Group::new(id.clone()), written: 0 });
        replay(&mut slot.group);
        if !slot.group.exists() {
            groups.remove(id);
        }
    }

    /// The log has been read: groups set their timers, then requests are answered.
    pub(super) async fn activate(&self) {
        for (count, id) in self.ids().into_iter().enumerate() {
            if count % STEPS_MAX == STEPS_MAX - 1 {
                runtime::yield_now().await;
            }
            if self.phase.get() != Phase::Loading {
                return;
            }
            self.begin(&id);
        }
        if self.phase.get() != Phase::Loading {
            return;
        }
        self.open_doors();
        let missed = std::mem::take(&mut *self.missed.borrow_mut());
        for deleted in missed {
            self.topics_deleted(deleted).await;
        }
    }

    /// Everything there is to know is known.
    pub(super) fn open_doors(&self) {
        self.phase.set(Phase::Active);
        let due = runtime::now() + self.core.settings.groups.offsets_retention_check;
        self.sweep_due.set(due);
        self.core.arm(due);
    }

    fn begin(&self, id: &Arc<str>) {
        let mut groups = self.groups.borrow_mut();
        let Some(slot) = groups.get_mut(id) else { return };
        let effects = self.core.with_context(|context| slot.group.loaded(context));
        let done = self.carry_out(id, slot, effects);
        if !slot.group.exists() {
            groups.remove(id);
        }
        drop(groups);
        if let Err(error) = done {
            tracing::error!(%error, group = %id, "what a group decided could not be written");
            self.fail();
        }
    }
}

/// `None` when the file was cut meanwhile.
async fn bytes_of(part: Part) -> Result<Option<bytes::Bytes>, io::Error> {
    match part {
        Part::Memory(bytes) => Ok(Some(bytes)),
        Part::File(slice) => {
            let bytes = slice.file.read_at(slice.position, slice.bytes as usize).await?;
            Ok(slice.is_current().then_some(bytes))
        }
    }
}
