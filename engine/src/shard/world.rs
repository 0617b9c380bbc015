//! The shard itself: what a core has, and what it shares with the others.
//!
//! [`Shard`] is core-local (`Rc`); [`ShardShared`] is the same immutable thing on every core.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use uuid::Uuid;

use super::claims::{Claims, Place};
use super::deadlines::Deadlines;
use super::message::ShardMessage;
use super::offline::OfflineDirs;
use super::progress::RecoveryProgress;
use crate::commit::{Committer, CommitterSettings};
use crate::config::BrokerConfig;
use crate::controller::ControllerHandle;
use crate::group::coordinator::{CoordinatorSettings, Coordinators};
use crate::metadata::{Image, LogId, owner_core};
use crate::metrics::CoreMetrics;
use crate::partition::{FetchError, Partition};
use crate::record::Offset;
use crate::runtime::sync::{Notify, mpsc, watch};
use crate::runtime::{self, CoreId, FixedMap, MeshEnd, MeshSender, Reply};

/// What the kernel copies in some ten microseconds, where a flush takes a hundred and more.
const ONE_STEP_BYTES_MAX: u64 = 64 << 10;

/// One log dir as found at start.
#[derive(Debug)]
pub struct LogDir {
    /// `directory.id` of its `meta.properties`.
    pub id: Uuid,
    /// Where it is.
    pub path: PathBuf,
    /// The last stop closed every log in it.
    pub clean: bool,
    /// `recovery-point-offset-checkpoint`, by topic and partition.
    pub recovery_points: BTreeMap<(String, i32), Offset>,
    /// `log-start-offset-checkpoint`, by topic and partition.
    pub log_starts: BTreeMap<(String, i32), Offset>,
    /// `cleaner-offset-checkpoint`, by topic and partition.
    pub cleaner_points: BTreeMap<(String, i32), Offset>,
}

/// News for the checkpoint files of a log dir, which belong to no core alone.
#[derive(Debug)]
pub enum CheckpointNote {
    /// How far one log has come.
    Reached {
        /// Index of the log dir.
        dir: usize,
        /// Topic and partition.
        name: (String, i32),
        /// An unclean restart reads from here on; `None` = unchanged.
        recovery_point: Option<Offset>,
        /// First offset of the log.
        log_start: Offset,
        /// Consumers read below it.
        high_watermark: Offset,
        /// Everything below was cleaned; `None` = never.
        cleaned: Option<Offset>,
    },
    /// The log was deleted.
    Gone {
        /// Index of the log dir.
        dir: usize,
        /// Topic and partition.
        name: (String, i32),
    },
    /// Somebody waits until the notes before this one are on disk.
    Awaited {
        /// Index of the log dir.
        dir: usize,
        /// Told then; dropped when they could not be written.
        done: Reply<()>,
    },
    /// Nothing follows: the cores have closed their logs.
    Last,
}

/// What every core of a broker shares: immutable, or made for sharing.
pub struct ShardShared {
    /// The settings the broker runs with.
    pub config: Arc<BrokerConfig>,
    /// How many cores own partitions.
    pub cores: u16,
    /// The log dirs, in the order of `log.dirs`.
    pub dirs: Vec<LogDir>,
    /// The way to the metadata.
    pub controller: ControllerHandle,
    /// Where news for the checkpoint files go.
    pub checkpoints: mpsc::UnboundedSender<CheckpointNote>,
    /// The image version each core has applied.
    pub applied: Vec<watch::Receiver<u64>>,
    /// Which directories belong to a log now.
    pub claims: Claims,
    /// How far start-up has come.
    pub progress: RecoveryProgress,
    /// Which log dirs serve nobody any more.
    pub offline: OfflineDirs,
}

/// One core's world. Core-local.
pub struct Shard {
    pub(super) core: CoreId,
    pub(super) shared: Arc<ShardShared>,
    pub(super) committers: Vec<Rc<Committer>>,
    pub(super) deadlines: Deadlines,
    pub(super) coordinators: Rc<Coordinators>,
    pub(super) image_changed: Notify,
    pub(super) slots: RefCell<FixedMap<LogId, Slot>>,
    pub(super) applied: watch::Sender<u64>,
    pub(super) stopping: Cell<bool>,
    pub(super) stop_begun: Notify,
    pub(super) closed: Notify,
    metrics: Arc<CoreMetrics>,
    to_cores: MeshSender<ShardMessage>,
}

/// A partition of this core.
#[derive(Clone)]
pub(super) struct Slot {
    pub(super) name: (String, i32),
    pub(super) dir: usize,
    /// `None`: the log could not be opened; its operators have been told.
    pub(super) partition: Option<Rc<Partition>>,
}

impl Slot {
    /// The directory, as others may claim it.
    pub(super) fn place(&self) -> Place {
        (self.dir, self.name.0.clone(), self.name.1)
    }

    /// `<topic>-<partition>`.
    pub(super) fn directory_name(&self) -> String {
        directory_name(&self.name)
    }
}

/// `<topic>-<partition>`, Kafka's name of a partition's directory.
pub(super) fn directory_name((topic, partition): &(String, i32)) -> String {
    format!("{topic}-{partition}")
}

impl Shard {
    /// A shard without partitions, its loops started. Call on its core, once.
    pub fn start(
        core: CoreId,
        shared: Arc<ShardShared>,
        mesh: MeshEnd<ShardMessage>,
        applied: watch::Sender<u64>,
    ) -> Rc<Self> {
        let settings = committer_settings(&shared.config, shared.cores);
        let metrics = runtime::core_metrics();
        let committers =
            shared.dirs.iter().map(|_| Committer::new(settings, metrics.clone())).collect();
        let shard = Rc::new(Self {
            core,
            committers,
            deadlines: Deadlines::default(),
            coordinators: coordinators(&shared),
            image_changed: Notify::new(),
            slots: RefCell::default(),
            applied,
            stopping: Cell::new(false),
            stop_begun: Notify::new(),
            to_cores: mesh.sender(),
            metrics,
            closed: Notify::new(),
            shared,
        });
        shard.start_loops(mesh);
        shard
    }

    /// The core this shard lives on.
    pub fn core(&self) -> CoreId {
        self.core
    }

    /// The metadata image as of now.
    pub fn image(&self) -> Arc<Image> {
        self.shared.controller.image()
    }

    /// The way to change the metadata.
    pub fn controller(&self) -> &ControllerHandle {
        &self.shared.controller
    }

    /// The settings the broker runs with.
    pub fn config(&self) -> &Arc<BrokerConfig> {
        &self.shared.config
    }

    /// This core's counters.
    pub fn metrics(&self) -> &CoreMetrics {
        &self.metrics
    }

    /// What the cores share.
    pub fn shared(&self) -> &Arc<ShardShared> {
        &self.shared
    }

    /// Whether the broker is on its way down.
    pub fn is_stopping(&self) -> bool {
        self.stopping.get()
    }

    /// Resolves when the broker begins to stop: listeners close, connections finish.
    pub async fn stopped(&self) {
        let begun = self.stop_begun.notified();
        if !self.stopping.get() {
            begun.await;
        }
    }

    /// Resolves when a stop has closed every log of this core.
    pub async fn closed(&self) {
        self.closed.notified().await;
    }

    /// Resolves when every core has applied the image of this version: a topic that was created
    /// in it can be produced to, a deleted one cannot any more.
    pub async fn settled(&self, version: u64) {
        for core in &self.shared.applied {
            // An error means that the core stops; nobody will wait for its partitions.
            let _ = core.clone().wait_for(|applied| *applied >= version).await;
        }
    }

    /// Which core owns a log.
    pub fn owner(&self, log: LogId) -> CoreId {
        owner_core(log, self.shared.cores)
    }

    /// A partition of this core.
    pub(super) fn partition(&self, log: LogId) -> Result<Rc<Partition>, FetchError> {
        match self.slots.borrow().get(&log) {
            Some(Slot { partition: Some(partition), .. }) => Ok(partition.clone()),
            Some(Slot { partition: None, .. }) => Err(FetchError::Storage),
            // In the image but not here yet: the client shall come back.
            None if self.image().partition(log).is_some() => Err(FetchError::NotLeader),
            None => Err(FetchError::UnknownPartition),
        }
    }

    /// Sends to another core. A closed queue drops the message and so its reply: the asker hears
    /// that the core stops.
    pub(super) async fn tell(&self, core: CoreId, message: ShardMessage) {
        let _ = self.to_cores.send(core, message).await;
    }

    /// Reports a log's progress to the checkpoint files of its dir.
    pub(super) fn note(&self, log: LogId, recovery_point: Option<Offset>) {
        let slots = self.slots.borrow();
        let Some(slot) = slots.get(&log) else { return };
        let Some(partition) = &slot.partition else { return };
        // A closed channel means that the node is past its last checkpoint.
        let _ = self.shared.checkpoints.send(CheckpointNote::Reached {
            dir: slot.dir,
            name: slot.name.clone(),
            recovery_point,
            log_start: partition.log().start_offset(),
            high_watermark: partition.high_watermark(),
            cleaned: partition.log().cleaned(),
        });
    }
}

fn coordinators(shared: &ShardShared) -> Rc<Coordinators> {
    let groups = shared.config.groups.clone();
    let topic = shared.config.offsets_topic.clone();
    Coordinators::new(CoordinatorSettings { groups, topic }, shared.controller.image())
}

fn committer_settings(config: &BrokerConfig, cores: u16) -> CommitterSettings {
    let share = u64::from(cores.max(1));
    CommitterSettings {
        in_flight_max: config.cores.syncs_in_flight,
        write_bytes_max: config.cores.write_bytes_max,
        one_step_bytes_max: ONE_STEP_BYTES_MAX,
        queued_bytes_max: config.cores.memory_budget_bytes / share,
        reserve_bytes: config.upkeep.disk_reserve_bytes,
        unchecked_bytes_max: config.upkeep.checkpoint_bytes / share,
        skip_sync: config.cores.skip_sync_for_tests,
    }
}
