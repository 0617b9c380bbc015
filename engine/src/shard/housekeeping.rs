//! What a core does once a second, and how it stops.
//!
//! Free space, `flush.ms`, retention and idle producers. An idle core does next to nothing: a
//! dir is asked for its free space only after something was queued for it.

use std::rc::Rc;
use std::time::Duration;

use super::world::Shard;
use crate::commit::Change;
use crate::log::Pace;
use crate::metadata::LogId;
use crate::partition::{Partition, Role};
use crate::runtime::sync::{Semaphore, mpsc};
use crate::runtime::{self, Directory, Mono};

const TICK: Duration = Duration::from_secs(1);
/// Bytes of indexes that all cores together verify in a second after a start.
const VERIFIED_BYTES_PER_SECOND: u64 = 8 << 20;
/// Logs of one core that are closed at once: their syncs share what the file system writes.
const CLOSING_MAX: usize = 16;
/// How long a stop waits for what is queued.
const DRAIN_MAX: Duration = Duration::from_secs(30);

impl Shard {
    pub(super) async fn keep_house(self: Rc<Self>) {
        let check = self.shared.config.upkeep.retention_check;
        let mut retention_due = runtime::now() + check;
        loop {
            self.observe_space().await;
            self.flush_overdue();
            if runtime::now() >= retention_due {
                self.apply_retention();
                retention_due = runtime::now() + check;
            }
            runtime::sleep(TICK).await;
        }
    }

    /// Once after a start: looks for damage in the indexes of the logs that were found, one log at
    /// a time, until the shard stops.
    pub(super) async fn verify_indexes(self: Rc<Self>) {
        let mut pace = Pace::new(VERIFIED_BYTES_PER_SECOND / u64::from(self.shared.cores.max(1)));
        let found: Vec<_> = self.open_partitions().iter().map(|(id, dir, _)| (*id, *dir)).collect();
        for (id, dir) in found {
            // Gone meanwhile: a deleted log must not be held open until its turn comes.
            let Ok(partition) = self.partition(id) else { continue };
            let offline = || self.committers[dir].offline().is_some();
            let gone = || partition.log().is_poisoned();
            let go_on = || !self.stopping.get() && !offline() && !gone();
            match partition.log().verify_indexes(&mut pace, &go_on).await {
                Ok(0) => {}
                Ok(rebuilt) => {
                    let path = partition.log().path();
                    tracing::info!(path = %path.display(), rebuilt, "damaged indexes rebuilt");
                }
                Err(error) => tracing::warn!(%error, ?id, "indexes could not be verified"),
            }
        }
    }

    async fn observe_space(&self) {
        for (dir, committer) in self.shared.dirs.iter().zip(&self.committers) {
            if !committer.wants_space() {
                continue;
            }
            let free = match Directory::open(&dir.path).await {
                Ok(directory) => directory.free_bytes().await,
                Err(error) => Err(error),
            };
            match free {
                Ok(free) => committer.observed_free(free),
                Err(error) => {
                    tracing::warn!(%error, dir = %dir.path.display(), "free space is unknown");
                }
            }
        }
    }

    fn flush_overdue(&self) {
        for (id, dir, partition) in self.open_partitions() {
            let config = partition.config();
            if config.flush_messages > 1 && partition.is_unsynced_for(config.flush_ms) {
                self.committers[dir].flush(id);
            }
        }
    }

    fn apply_retention(&self) {
        let now = runtime::wall();
        let idle_max = self.shared.config.upkeep.producer_expiration.as_millis();
        let idle_max = i64::try_from(idle_max).unwrap_or(i64::MAX);
        let image = self.image();
        for (id, dir, partition) in self.open_partitions() {
            partition.expire_producers(now, idle_max);
            // A policy we do not obey yet is a reason to keep everything.
            let topic = image.topic_by_id(id.topic);
            if topic.is_none_or(|topic| topic.imported_unsupported.is_some()) {
                continue;
            }
            if let Some(start) = partition.log().expired(now, partition.high_watermark()) {
                let _ = self.committers[dir].change(id, Change::StartAt(start));
                self.note(id, None);
            }
        }
    }

    pub(super) fn open_partitions(&self) -> Vec<(LogId, usize, Rc<Partition>)> {
        let slots = self.slots.borrow();
        let mut open: Vec<_> = slots
            .iter()
            .filter_map(|(id, slot)| Some((*id, slot.dir, slot.partition.clone()?)))
            .collect();
        open.sort_by_key(|(id, _, _)| *id);
        open
    }

    /// Takes no more appends, makes everything durable, closes the logs.
    pub(super) async fn stop(self: &Rc<Self>) {
        self.stopping.set(true);
        self.stop_begun.notify_waiters();
        self.coordinators.stop();
        for (_, _, partition) in self.open_partitions() {
            partition.on_stop();
        }
        self.drain(runtime::now() + DRAIN_MAX).await;
        self.coordinators.close();
        let (done, mut all_done) = mpsc::unbounded_channel::<()>();
        let turns = Rc::new(Semaphore::new(CLOSING_MAX));
        for (id, dir, partition) in self.open_partitions() {
            partition.on_role(Role::Offline);
            if self.committers[dir].offline().is_some() {
                continue;
            }
            let (shard, turns, done) = (self.clone(), turns.clone(), done.clone());
            runtime::spawn(async move {
                let turn = turns.acquire().await;
                match partition.log().close().await {
                    Ok(()) => shard.note(id, Some(partition.log().end_offset())),
                    Err(error) => tracing::error!(%error, "log not closed cleanly"),
                }
                drop((turn, done));
            });
        }
        drop(done);
        // Nobody sends: the channel ends when the last task drops its end.
        let _ = all_done.recv().await;
    }

    async fn drain(&self, until: Mono) {
        let busy = |shard: &Self| shard.committers.iter().any(|committer| committer.is_busy());
        while busy(self) && runtime::now() < until {
            runtime::sleep(Duration::from_millis(5)).await;
        }
    }
}
