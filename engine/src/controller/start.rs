//! From log dirs on disk to a controller that can serve: what a start of the node does first.
//!
//! Control thread, once. The order: log dirs and whose they are, then the metadata: our log; or
//! Apache Kafka's, taken over once; or a refusal that names the file.

use std::sync::Arc;

use thiserror::Error;
use uuid::Uuid;

use super::handle::ControllerHandle;
use super::import::{ImportError, ImportFrom, ImportReport, Imported, import};
use super::log_dir::{KAFKA_BOOTSTRAP, KAFKA_METADATA, LogDirError, io_error, write_meta};
use super::log_dirs::{LogDirs, open_log_dirs};
use super::metadata_log::{MetadataLog, MetadataLogError};
use super::recovery::{LOG_FILE, SNAPSHOT_FILE};
use super::serve::Controller;
use crate::config::BrokerConfig;
use crate::metadata::{Image, NodeId, uuid_text};
use crate::runtime::{Directory, EntryKind};

/// Why a node does not start. Every text names a path.
#[derive(Debug, Error)]
pub enum StartError {
    /// The log dirs cannot be used.
    #[error(transparent)]
    LogDir(#[from] LogDirError),
    /// The metadata log cannot be used.
    #[error(transparent)]
    Metadata(#[from] MetadataLogError),
    /// What Apache Kafka wrote cannot be taken over.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The metadata log is of another cluster than `meta.properties`.
    #[error("{path}: cluster {found}, but meta.properties says {expected}")]
    OtherCluster {
        /// The metadata log.
        path: String,
        /// What it says.
        found: String,
        /// What `meta.properties` says.
        expected: String,
    },
    /// A log dir that holds partitions is not among `log.dirs`.
    #[error(
        "log dir {} is none of `log.dirs`, and partition {partition} of topic {topic} stands there",
        uuid_text(*.directory)
    )]
    DirectoryMissing {
        /// The first topic that stands there.
        topic: String,
        /// Its partition.
        partition: usize,
        /// The id of the log dir.
        directory: Uuid,
    },
}

/// A controller that is ready to serve.
#[derive(Debug)]
pub struct Started {
    /// The log dirs, locked for as long as this is kept.
    pub dirs: LogDirs,
    /// To be run on the control thread.
    pub controller: Controller,
    /// To be handed to everyone else.
    pub handle: ControllerHandle,
    /// This start took over a directory of Apache Kafka's: to be told to the operator.
    pub import: Option<ImportReport>,
}

/// Opens log dirs and metadata. The node registers itself through the handle before it opens any
/// partition, and runs the controller before it registers.
///
/// # Errors
/// The node must not start.
pub async fn start_controller(config: Arc<BrokerConfig>) -> Result<Started, StartError> {
    let mut dirs = open_log_dirs(&config).await?;
    let import = take_over(&mut dirs, config.node_id).await?;
    let first = dirs.dirs[0].directory.clone();
    let path = first.path().join(LOG_FILE).display().to_string();
    let node_id = config.node_id;
    let (controller, handle) = Controller::open(first, config).await?;
    let image = handle.image();
    if *image.cluster_id != dirs.cluster_id {
        let (found, expected) = (image.cluster_id.to_string(), dirs.cluster_id.clone());
        return Err(StartError::OtherCluster { path, found, expected });
    }
    check_directories(&image, node_id, &dirs)?;
    Ok(Started { dirs, controller, handle, import })
}

/// Makes a metadata log of ours from Kafka's where that is due. A log of ours that has existed once
/// is never made again: what Kafka left would be older.
async fn take_over(
    dirs: &mut LogDirs,
    node_id: NodeId,
) -> Result<Option<ImportReport>, StartError> {
    let first = dirs.dirs[0].directory.clone();
    let names = first.entries().await.map_err(io_error(first.path()))?;
    let has = |name: &str| names.iter().any(|entry| entry.name == name);
    let mut report = None;
    if !has(LOG_FILE) && !has(SNAPSHOT_FILE) && !dirs.dirs[0].meta.ours {
        if let Some(from) = kafka_metadata(dirs).await? {
            let ids: Vec<(Uuid, Directory)> =
                dirs.dirs.iter().map(|dir| (dir.id, dir.directory.clone())).collect();
            let imported: Imported = import(&from, &dirs.cluster_id, node_id, &ids).await?;
            MetadataLog::create(&first, &imported.records).await?;
            report = Some(imported.report);
        } else {
            // The refusal below names the file.
            return Ok(None);
        }
    } else if !has(LOG_FILE) {
        return Ok(None);
    }
    let meta = &mut dirs.dirs[0].meta;
    if !meta.ours {
        meta.ours = true;
        write_meta(&first, meta).await?;
    }
    Ok(report)
}

/// Kafka's metadata, in whichever log dir `metadata.log.dir` put them.
async fn kafka_metadata(dirs: &LogDirs) -> Result<Option<ImportFrom>, StartError> {
    let mut only_formatted = true;
    for dir in &dirs.dirs {
        let path = dir.directory.path();
        let entries = dir.directory.entries().await.map_err(io_error(path))?;
        for entry in entries.iter().filter(|entry| entry.kind == EntryKind::Directory) {
            if entry.name == KAFKA_METADATA {
                return Ok(Some(ImportFrom::Log(path.join(KAFKA_METADATA))));
            }
            only_formatted &= entry.name == "lost+found";
        }
    }
    let first = &dirs.dirs[0].directory;
    let entries = first.entries().await.map_err(io_error(first.path()))?;
    let bootstrap = entries.iter().any(|entry| entry.name == KAFKA_BOOTSTRAP) && only_formatted;
    Ok(bootstrap.then(|| ImportFrom::Bootstrap(first.path().join(KAFKA_BOOTSTRAP))))
}

/// A partition whose log dir is not here must not begin again, empty, in another one.
fn check_directories(image: &Image, node: NodeId, dirs: &LogDirs) -> Result<(), StartError> {
    for topic in image.topics() {
        for (partition, state) in topic.partitions.iter().enumerate() {
            let Some(directory) = state.directory_on(node) else { continue };
            if !dirs.dirs.iter().any(|dir| dir.id == directory) {
                let topic = topic.name.to_string();
                return Err(StartError::DirectoryMissing { topic, partition, directory });
            }
        }
    }
    Ok(())
}

// These look at the directory from outside, with the real file system.
#[cfg(not(simulated))]
#[cfg(test)]
#[path = "start_test.rs"]
mod start_test;
