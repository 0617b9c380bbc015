//! From image to partitions: what a core opens, changes and drops when the metadata changes.
//!
//! One image is applied at a time; within it logs are opened a few at once, and those that are new
//! become durable together.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::rc::Rc;
use std::sync::Arc;

use super::nursery::Nursery;
use super::world::{Shard, Slot, directory_name};
use crate::config::TopicConfig;
use crate::log::{Birth, Log, LogConfig, LogError, OpenFrom, RecoveryReport};
use crate::metadata::{GROUP_METADATA_TOPIC, Image, LogId, PartitionImage, TopicImage};
use crate::partition::{Partition, PartitionStart, Role};
use crate::record::Offset;
use crate::runtime::sync::{Semaphore, mpsc};
use crate::runtime::{self, Directory};

/// Logs of one core that are opened at once: enough to keep a disk busy, few enough that their
/// recovery buffers stay small.
const OPENING_MAX: usize = 8;

/// A partition of the image that this core owns.
pub(super) struct Wanted {
    id: LogId,
    topic: Arc<TopicImage>,
    partition: PartitionImage,
}

/// A partition whose log is open.
pub(super) struct Opened {
    wanted: Wanted,
    pub(super) slot: Slot,
    log: Rc<Log>,
}

impl Shard {
    /// Applies images for as long as the core lives, the newest first.
    pub(super) async fn follow_images(self: Rc<Self>) {
        let mut verified = false;
        loop {
            let image = self.image();
            self.coordinators.image_changed(image.clone());
            self.apply(&image).await;
            self.applied.send_replace(image.version);
            if !std::mem::replace(&mut verified, true) {
                runtime::spawn(self.clone().verify_indexes());
            }
            self.image_changed.notified().await;
        }
    }

    async fn apply(self: &Rc<Self>, image: &Image) {
        let wanted = self.owned(image);
        self.drop_others(&wanted.iter().map(|wanted| wanted.id).collect());
        let mut missing = Vec::new();
        for wanted in wanted {
            let slot = self.slots.borrow().get(&wanted.id).cloned();
            match slot {
                Some(slot) => self.refresh(&slot, &wanted),
                None => missing.push(wanted),
            }
        }
        if !missing.is_empty() {
            self.open_all(missing).await;
        }
    }

    /// Logs that are found are served as soon as they are open. Those that are created are on disk
    /// together first, and so are those of which it is not sure that they are.
    async fn open_all(self: &Rc<Self>, missing: Vec<Wanted>) {
        self.shared.progress.expect(missing.len() as u64);
        let nursery = Rc::new(Nursery::new(&self.shared.dirs).await);
        let (done, mut all_done) = mpsc::unbounded_channel::<()>();
        let turns = Arc::new(Semaphore::new(OPENING_MAX));
        for wanted in missing {
            // A task has room for all that opening may need: none is made before its turn.
            let turn = turns.clone().acquire_owned().await;
            let (shard, nursery, done) = (self.clone(), nursery.clone(), done.clone());
            runtime::spawn(async move {
                shard.open(wanted, &nursery).await;
                drop((turn, done));
            });
        }
        drop(done);
        // Nobody sends: the channel ends when the last task drops its end.
        let _ = all_done.recv().await;
        for (opened, durable) in nursery.sync().await {
            let Opened { wanted, slot, log } = opened;
            self.finish(wanted, slot, durable.map(|()| log));
        }
    }

    fn owned(&self, image: &Image) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        for topic in image.topics() {
            for (index, partition) in (0..).zip(&topic.partitions) {
                let id = LogId { topic: topic.id, partition: index };
                let here = partition.replicas.contains(&self.shared.config.node_id);
                if here && self.owner(id) == self.core {
                    let (topic, partition) = (topic.clone(), partition.clone());
                    wanted.push(Wanted { id, topic, partition });
                }
            }
        }
        wanted
    }

    fn refresh(&self, slot: &Slot, wanted: &Wanted) {
        let Some(partition) = &slot.partition else { return };
        if !Arc::ptr_eq(&partition.config(), &wanted.topic.config) {
            let config = wanted.topic.config.clone();
            partition.log().configure(self.log_config(&config));
            partition.on_config(config);
        }
    }

    fn log_config(&self, topic: &TopicConfig) -> LogConfig {
        let idle_max = self.shared.config.upkeep.producer_expiration.as_millis();
        let producer_expiration_ms = i64::try_from(idle_max).unwrap_or(i64::MAX);
        LogConfig { producer_expiration_ms, ..topic.into() }
    }

    async fn open(self: &Rc<Self>, wanted: Wanted, nursery: &Nursery) {
        let name = (wanted.topic.name.to_string(), wanted.id.partition);
        let dir = self.dir_of(&wanted.partition, &name).await;
        let slot = Slot { name, dir, partition: None };
        self.shared.claims.take(&slot.place()).await;
        match self.find_or_create(&wanted, &slot, nursery).await {
            Ok((log, true)) => self.finish(wanted, slot, Ok(log)),
            Ok((log, false)) => nursery.keep(Opened { wanted, slot, log }),
            Err(error) => self.finish(wanted, slot, Err(error)),
        }
    }

    /// The log of a slot, and whether it is on disk; the nursery knows how it gets there otherwise.
    async fn find_or_create(
        &self,
        wanted: &Wanted,
        slot: &Slot,
        nursery: &Nursery,
    ) -> Result<(Rc<Log>, bool), LogError> {
        let path = self.shared.dirs[slot.dir].path.join(slot.directory_name());
        let from = self.open_from(slot);
        let settings = self.log_config(&wanted.topic.config);
        let epoch = Some(wanted.partition.leader_epoch);
        let birth = Birth { id: wanted.id, start: from.log_start, epoch };
        // After the start nearly every log is a new one: no look first.
        if !self.is_starting()
            && let Some(log) = nursery.create(slot, birth, settings.clone()).await?
        {
            return Ok((log, false));
        }
        let found = Log::find(&path, wanted.id, settings.clone(), from, &|_| ()).await?;
        let Some((log, report)) = found else {
            let exists = || LogError::io("creation", &path, ErrorKind::AlreadyExists.into());
            let created = nursery.create(slot, birth, settings).await?;
            return Ok((created.ok_or_else(exists)?, false));
        };
        self.shared.progress.checked(report.checked_bytes);
        if report.checked_bytes > 0 {
            let RecoveryReport { checked_bytes, cut_bytes, rebuilt_indexes, .. } = report;
            let path = path.display();
            tracing::info!(%path, checked_bytes, cut_bytes, rebuilt_indexes, "log recovered");
        }
        if report.names_unsure {
            nursery.found(slot, &path)?;
        }
        Ok((log, !report.names_unsure))
    }

    /// No image has been applied yet: the logs that are opened were there before.
    fn is_starting(&self) -> bool {
        *self.applied.borrow() == 0
    }

    fn open_from(&self, slot: &Slot) -> OpenFrom {
        let at = &self.shared.dirs[slot.dir];
        // What the last run left says nothing about a topic that was created since the start.
        let starting = self.is_starting();
        let found = |offsets: &BTreeMap<(String, i32), Offset>| {
            if starting { offsets.get(&slot.name).copied().unwrap_or(0) } else { 0 }
        };
        OpenFrom {
            clean: at.clean,
            recovery_point: found(&at.recovery_points),
            log_start: found(&at.log_starts),
            cleaned: at.cleaner_points.get(&slot.name).copied().filter(|_| starting),
        }
    }

    /// Serves a log that is open and on disk; without one, its partition stays offline.
    fn finish(self: &Rc<Self>, wanted: Wanted, slot: Slot, log: Result<Rc<Log>, LogError>) {
        let partition = match log {
            Ok(log) => Some(self.serve(&wanted, slot.dir, log)),
            Err(error) => {
                let name = slot.directory_name();
                tracing::error!(%error, %name, "partition stays offline");
                None
            }
        };
        let opened = partition.clone();
        self.slots.borrow_mut().insert(wanted.id, Slot { partition, ..slot });
        self.shared.progress.opened();
        if let Some(partition) = opened {
            self.note(wanted.id, None);
            if *wanted.topic.name == *GROUP_METADATA_TOPIC {
                self.coordinators.start(partition);
            }
        }
    }

    fn serve(&self, wanted: &Wanted, dir: usize, log: Rc<Log>) -> Rc<Partition> {
        let config = wanted.topic.config.clone();
        let epoch = wanted.partition.leader_epoch;
        // On disk before the first append of the epoch: a restart never leads in it again.
        log.begin_epoch(epoch, log.end_offset());
        let committer = self.committers[dir].clone();
        committer.adopt(wanted.id, log.clone(), config.flush_messages);
        let leads = wanted.partition.leader == self.shared.config.node_id;
        let in_sync = wanted.partition.isr.len();
        let role = if leads { Role::Leader { epoch, in_sync } } else { Role::Offline };
        Partition::new(PartitionStart { id: wanted.id, config, log, committer, role })
    }

    /// The log dir the metadata assigned; where it names none, the one that holds the log.
    async fn dir_of(&self, partition: &PartitionImage, name: &(String, i32)) -> usize {
        let dirs = &self.shared.dirs;
        let assigned = partition.directory_on(self.shared.config.node_id);
        if let Some(at) = dirs.iter().position(|dir| Some(dir.id) == assigned) {
            return at;
        }
        for (at, dir) in dirs.iter().enumerate() {
            if Directory::open(&dir.path.join(directory_name(name))).await.is_ok() {
                return at;
            }
        }
        0
    }
}
