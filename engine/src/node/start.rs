//! One broker from start to stop, in order. On the control thread.
//!
//!     log dirs locked and identified -> metadata read, this broker registered (epochs rise) ->
//!     cores started, each opens its logs -> the wire serves -> a signal ->
//!     the wire stops, cores close their logs -> checkpoints -> clean-shutdown marks

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use thiserror::Error;

use super::checkpoints::CheckpointWriter;
use super::{cleaner, counters, sizing, strays};
use crate::config::{self, BrokerConfig};
use crate::controller::{
    self, Controller, ControllerHandle, ImportReport, LogDirs, RegisterError, StartError,
};
use crate::log::{checkpoints, clean_shutdown};
use crate::metadata::{BrokerRegistered, Endpoint};
use crate::runtime::failpoint;
use crate::runtime::sync::{Notify, mpsc, watch};
use crate::runtime::{
    self, CoreBuild, CoreId, CoreSettings, CoreThreads, Directory, LocalBoxFuture, MeshEnd,
    MeshSender, ProbeError,
};
use crate::shard::{
    CheckpointNote, Claims, LogDir, Observer, OfflineDirs, RecoveryProgress, Shard, ShardMessage,
    ShardShared,
};

/// What a core serves: called on each core once all its logs are open; runs until the shard
/// stops.
pub type Server = Arc<dyn Fn(Rc<Shard>) -> LocalBoxFuture<()> + Send + Sync>;

/// Messages that may wait in a core's inbox before their sender waits.
const MESH_DEPTH: usize = 1024;

/// Why a broker did not start, or did not end well.
#[derive(Debug, Error)]
pub enum NodeError {
    /// The kernel does not offer what the cores need; the text holds the cure.
    #[error(transparent)]
    Kernel(#[from] ProbeError),
    /// Log dirs or metadata refuse to start; the text names the file.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The controller took no registration.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// A log dir could not be read or written.
    #[error("{path}: {error}")]
    Dir {
        /// The log dir.
        path: PathBuf,
        /// What the file system said.
        error: std::io::Error,
    },
    /// Threads or rings could not be started.
    #[error("cannot start the cores: {0}")]
    Cores(std::io::Error),
    /// A core panicked; its partitions are not closed cleanly.
    #[error("a core ended before its time: {0}")]
    CoreLost(std::io::Error),
}

/// Told of the turns of a broker's life.
pub trait Watcher: Send {
    /// The cores begin to open their logs.
    fn starting(&mut self, running: &Observer);
    /// Every log is open; the cores serve.
    fn started(&mut self, running: &Observer);
    /// The broker was told to stop, or has to.
    fn stopping(&mut self);
}

/// Runs a broker until SIGTERM or SIGINT, on a control thread of its own. Blocks the caller.
pub fn run(
    config: Arc<BrokerConfig>,
    server: Server,
    mut watcher: Box<dyn Watcher>,
) -> Result<(), NodeError> {
    runtime::probe()?;
    failpoint::arm(&config.cores.failpoint_for_tests);
    let outcome = Arc::new(Mutex::new(Ok(())));
    let theirs = outcome.clone();
    let control = runtime::start_control("control", move || {
        Box::pin(async move {
            let ended = run_here(config, server, watcher.as_mut()).await;
            *theirs.lock().unwrap_or_else(PoisonError::into_inner) = ended;
        })
    });
    control.and_then(|control| control.join()).map_err(NodeError::Cores)?;
    let mut outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::replace(&mut *outcome, Ok(()))
}

async fn run_here(
    config: Arc<BrokerConfig>,
    server: Server,
    watcher: &mut dyn Watcher,
) -> Result<(), NodeError> {
    let begun = controller::start_controller(config.clone()).await?;
    tell_import(begun.import.as_ref());
    let ended = Rc::new(Notify::new());
    runtime::spawn(run_controller(begun.controller, ended.clone()));
    let (controller, locked) = (begun.handle, begun.dirs);
    let broker_epoch = controller.register(registration(&config, &locked)).await?;
    let dirs = read_dirs(&locked).await?;
    strays::sweep(&dirs, &controller.image()).await?;
    let settings = sizing::core_settings(&config);
    let cores = settings.cpus_of_cores().map_err(NodeError::Cores)?.len();
    let (notes, noted) = mpsc::unbounded_channel();
    let writer = CheckpointWriter::new(&dirs, noted);
    let (applied_by, applied): (Vec<_>, _) = (0..cores).map(|_| watch::channel(0)).unzip();
    let shared = Arc::new(ShardShared {
        config,
        cores: u16::try_from(cores).unwrap_or(u16::MAX),
        dirs,
        controller: controller.clone(),
        checkpoints: notes.clone(),
        applied,
        claims: Claims::default(),
        progress: RecoveryProgress::default(),
        offline: OfflineDirs::none_of(locked.dirs.len()),
    });
    let (ends, to_cores) = mesh(cores)?;
    let running = Observer::new(shared.clone(), to_cores.clone());
    watcher.starting(&running);
    let threads = start_cores(settings, &shared, (ends, applied_by), server)?;
    let writing = runtime::spawn(writer.run());
    let forwarding = runtime::spawn(forward_images(controller.clone(), to_cores.clone()));
    opened_everywhere(&shared, controller.image().version).await;
    let cleaning = cleaner::start(&shared.config, to_cores.clone());
    watcher.started(&running);
    let signal = ended.clone();
    runtime::spawn(async move {
        runtime::stop_signal().await;
        signal.notify_one();
    });
    ended.notified().await;
    tracing::info!("stopping");
    watcher.stopping();
    forwarding.abort();
    cleaning.stop().await;
    let lost = stop_cores(&to_cores, cores, threads).await;
    counters::tell();
    let _ = notes.send(CheckpointNote::Last);
    writing.finished().await;
    lost.map_err(NodeError::CoreLost)?;
    mark_clean(&shared.dirs, broker_epoch).await
}

/// What Apache Kafka wrote and is not taken over, an event each.
fn tell_import(report: Option<&ImportReport>) {
    let Some(report) = report else { return };
    let ImportReport { topics, partitions, topic_settings, next_producer_id, .. } = report;
    tracing::info!(
        topics,
        partitions,
        topic_settings,
        next_producer_id,
        "metadata taken over from Apache Kafka"
    );
    for what in &report.not_imported {
        tracing::warn!(%what, "not imported");
    }
}

/// Runs the controller; the node ends when it cannot decide anything any more.
async fn run_controller(controller: Controller, ended: Rc<Notify>) {
    if let Err(error) = controller.run().await {
        tracing::error!(%error, "the metadata cannot be changed any more");
    }
    ended.notify_one();
}

/// What this broker registers with: every partition it leads gets its next leader epoch by it.
fn registration(config: &BrokerConfig, locked: &LogDirs) -> BrokerRegistered {
    let endpoint = |endpoint: &config::Endpoint| Endpoint {
        name: endpoint.name.clone(),
        host: endpoint.host.clone(),
        port: endpoint.port,
        security: endpoint.protocol.code(),
    };
    BrokerRegistered {
        node: config.node_id,
        epoch: 0,
        incarnation: runtime::random_uuid(),
        directories: locked.dirs.iter().map(|dir| dir.id).collect(),
        endpoints: config.advertised.iter().map(endpoint).collect(),
        rack: config.rack.clone(),
    }
}

/// Reads what the last run left: taken away first, so that it never speaks for this one.
async fn read_dirs(locked: &LogDirs) -> Result<Vec<LogDir>, NodeError> {
    let mut dirs = Vec::with_capacity(locked.dirs.len());
    for controller::LogDir { id, directory, .. } in &locked.dirs {
        let path = directory.path();
        let failed = |error| NodeError::Dir { path: path.to_path_buf(), error };
        let clean = clean_shutdown::take(directory).await.map_err(failed)?.is_some();
        let recovery_points =
            checkpoints::read(directory, checkpoints::RECOVERY_POINTS).await.map_err(failed)?;
        let log_starts =
            checkpoints::read(directory, checkpoints::LOG_STARTS).await.map_err(failed)?;
        let cleaner_points =
            checkpoints::read(directory, checkpoints::CLEANER_POINTS).await.map_err(failed)?;
        let path = path.to_path_buf();
        dirs.push(LogDir { id: *id, path, clean, recovery_points, log_starts, cleaner_points });
    }
    Ok(dirs)
}

async fn mark_clean(dirs: &[LogDir], broker_epoch: i64) -> Result<(), NodeError> {
    for dir in dirs {
        let failed = |error| NodeError::Dir { path: dir.path.clone(), error };
        let directory = Directory::open(&dir.path).await.map_err(failed)?;
        clean_shutdown::write(&directory, broker_epoch).await.map_err(failed)?;
    }
    Ok(())
}

/// What one core takes with it.
struct CoreStart {
    mesh: MeshEnd<ShardMessage>,
    applied: watch::Sender<u64>,
}

type MeshEnds = Vec<MeshEnd<ShardMessage>>;

fn mesh(cores: usize) -> Result<(MeshEnds, MeshSender<ShardMessage>), NodeError> {
    let ends = runtime::mesh(cores, MESH_DEPTH);
    match ends.first().map(MeshEnd::sender) {
        Some(to_cores) => Ok((ends, to_cores)),
        None => Err(NodeError::Cores(std::io::Error::other("no CPU to run on"))),
    }
}

fn start_cores(
    settings: CoreSettings,
    shared: &Arc<ShardShared>,
    (ends, applied): (MeshEnds, Vec<watch::Sender<u64>>),
    server: Server,
) -> Result<CoreThreads, NodeError> {
    let starts = ends.into_iter().zip(applied);
    let starts: Vec<_> =
        starts.map(|(mesh, applied)| Mutex::new(Some(CoreStart { mesh, applied }))).collect();
    let build = |core: CoreId| {
        let start = starts[usize::from(core.0)].lock();
        let start = start.unwrap_or_else(PoisonError::into_inner).take();
        let (shared, server) = (shared.clone(), server.clone());
        let build: CoreBuild = Box::new(move || Box::pin(run_core(core, shared, start, server)));
        build
    };
    runtime::start_cores(settings, build).map_err(NodeError::Cores)
}

async fn run_core(
    core: CoreId,
    shared: Arc<ShardShared>,
    start: Option<CoreStart>,
    server: Server,
) {
    let Some(CoreStart { mesh, applied }) = start else { return };
    runtime::spawn(runtime::beat());
    let version = shared.controller.image().version;
    let shard = Shard::start(core, shared, mesh, applied);
    shard.settled(version).await;
    server(shard.clone()).await;
    shard.closed().await;
}

/// Tells every core of every new image.
async fn forward_images(controller: ControllerHandle, to_cores: MeshSender<ShardMessage>) {
    let mut versions = controller.versions();
    while versions.changed().await.is_ok() {
        for core in 0..to_cores.cores() {
            let core = CoreId(u16::try_from(core).unwrap_or(u16::MAX));
            // A closed core has stopped.
            let _ = to_cores.send(core, ShardMessage::ImageChanged).await;
        }
    }
}

async fn opened_everywhere(shared: &ShardShared, version: u64) {
    for core in &shared.applied {
        // An error means that the core ended; joining it tells why.
        let _ = core.clone().wait_for(|applied| *applied >= version).await;
    }
}

/// Stops every core and waits for its thread.
async fn stop_cores(
    to_cores: &MeshSender<ShardMessage>,
    cores: usize,
    threads: CoreThreads,
) -> std::io::Result<()> {
    let mut answers = Vec::new();
    for core in 0..cores {
        let (reply, answer) = runtime::reply();
        let core = CoreId(u16::try_from(core).unwrap_or(u16::MAX));
        let _ = to_cores.send(core, ShardMessage::Stop { reply }).await;
        answers.push(answer);
    }
    for answer in answers {
        // Dropped: the core is gone already.
        let _ = answer.await;
    }
    runtime::on_worker(move || threads.join()).await
}
