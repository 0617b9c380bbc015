//! One log dir as it is found: locked, whose it is, what is in it.
//!
//! Runs on the control thread, or wherever a command formats. Knows names of files, never what
//! stands in partitions.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use uuid::Uuid;

use super::meta_properties::{BadMetaProperties, META_PROPERTIES, MetaProperties};
use super::metadata_log::MetadataLogError;
use super::recovery::{LOG_FILE, SNAPSHOT_FILE, is_only_a_start};
use crate::metadata::NodeId;
use crate::runtime::{DirEntry, DirLock, Directory, EntryKind};

/// Kafka's name of the file that says that a log dir is in use.
const LOCK_FILE: &str = ".lock";

/// Kafka's own metadata log, a directory in the first log dir.
pub const KAFKA_METADATA: &str = "__cluster_metadata-0";

/// What Kafka's `storage format` leaves in each log dir.
pub const KAFKA_BOOTSTRAP: &str = "bootstrap.checkpoint";

const META_BYTES_MAX: usize = 1 << 20;

/// Why the log dirs cannot be used. Every text names the path.
#[derive(Debug, Error)]
pub enum LogDirError {
    /// The file system failed.
    #[error("{}: {source}", .path.display())]
    Io {
        /// What it failed on.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// Another process has it.
    #[error(
        "Failed to acquire lock on file .lock in {}. A Kafka instance in another process or thread \
         is using this directory.",
        .0.display()
    )]
    InUse(PathBuf),
    /// It is not formatted, and nobody said that it may be.
    #[error(
        "No `meta.properties` found in {} (have you run `corelog storage format` to format the \
         directory?)",
        .0.display()
    )]
    NotFormatted(PathBuf),
    /// Something is in it, but not what would say whose it is.
    #[error(
        "{}/meta.properties is missing, although the log dir is not empty: it holds `{holds}`",
        .dir.display()
    )]
    MetaMissing {
        /// The log dir.
        dir: PathBuf,
        /// The first thing in it.
        holds: String,
    },
    /// It is there and makes no sense.
    #[error("{}/meta.properties: {why}", .dir.display())]
    BadMeta {
        /// The log dir.
        dir: PathBuf,
        /// What is wrong.
        why: BadMetaProperties,
    },
    /// A log dir of another cluster.
    #[error(
        "Invalid cluster.id in: {}/meta.properties. Expected {expected}, but read {found}",
        .dir.display()
    )]
    OtherCluster {
        /// The log dir.
        dir: PathBuf,
        /// The cluster of the others, or of the command.
        expected: String,
        /// What it says.
        found: String,
    },
    /// A log dir of another node.
    #[error(
        "Stored node id {found} doesn't match previous node id {expected} in \
         {}/meta.properties. If you moved your data, make sure your configured node id matches. \
         If you intend to create a new node, you should remove all data in your data directories.",
        .dir.display()
    )]
    OtherNode {
        /// The log dir.
        dir: PathBuf,
        /// `node.id`.
        expected: NodeId,
        /// What it says.
        found: NodeId,
    },
    /// One was copied from the other.
    #[error(
        "Duplicate directory ID found in meta.properties of {} and of {}",
        .0.display(), .1.display()
    )]
    SameDirectory(PathBuf, PathBuf),
    /// The first one is empty, but another one is not: the metadata log is not where it should be.
    #[error(
        "{}/{LOG_FILE} is missing: this first log dir is empty, but {} belongs to cluster \
         {cluster_id}",
        .first.display(), .other.display()
    )]
    FirstEmpty {
        /// The first log dir.
        first: PathBuf,
        /// One that is not empty.
        other: PathBuf,
        /// Whose that one is.
        cluster_id: String,
    },
    /// `storage format` of what is formatted.
    #[error(
        "Log directory {} is already formatted. Use --ignore-formatted to ignore this directory \
         and format the others.",
        .0.display()
    )]
    AlreadyFormatted(PathBuf),
    /// The metadata log cannot be begun.
    #[error(transparent)]
    Metadata(#[from] MetadataLogError),
}

/// A log dir that was locked and looked at.
#[derive(Debug)]
pub(super) struct FoundDir {
    pub directory: Directory,
    pub lock: DirLock,
    /// `None`: it is empty.
    pub meta: Option<MetaProperties>,
}

/// Opens, locks and reads a log dir; creates it when `create` says so.
pub(super) async fn find(path: &Path, create: bool) -> Result<FoundDir, LogDirError> {
    let opened =
        if create { Directory::create_all(path).await } else { Directory::open(path).await };
    let directory = opened.map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => LogDirError::NotFormatted(path.to_path_buf()),
        _ => io_error(path)(source),
    })?;
    let lock = directory.lock(LOCK_FILE).await.map_err(|source| match source.kind() {
        io::ErrorKind::WouldBlock => LogDirError::InUse(path.to_path_buf()),
        _ => io_error(&path.join(LOCK_FILE))(source),
    })?;
    let meta = read_meta(&directory).await?;
    if meta.is_none() {
        check_empty(&directory).await?;
    }
    Ok(FoundDir { directory, lock, meta })
}

/// `None`: the file does not exist.
pub(super) async fn read_meta(
    directory: &Directory,
) -> Result<Option<MetaProperties>, LogDirError> {
    let dir = directory.path().to_path_buf();
    match directory.read(META_PROPERTIES, META_BYTES_MAX).await {
        Ok(content) => match MetaProperties::parse(&content) {
            Ok(meta) => Ok(Some(meta)),
            Err(why) => Err(LogDirError::BadMeta { dir, why }),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error(&dir.join(META_PROPERTIES))(error)),
    }
}

pub(super) async fn write_meta(
    directory: &Directory,
    meta: &MetaProperties,
) -> Result<(), LogDirError> {
    let written = directory.replace(META_PROPERTIES, meta.to_bytes()).await;
    written.map_err(io_error(&directory.path().join(META_PROPERTIES)))
}

/// Nothing but what file systems put there, and what a format leaves that did not finish: the
/// metadata log stands before `meta.properties` does, and nothing was ever decided in it.
async fn check_empty(directory: &Directory) -> Result<(), LogDirError> {
    let entries = directory.entries().await.map_err(io_error(directory.path()))?;
    for entry in entries {
        let harmless = match entry.name.as_str() {
            LOCK_FILE | "lost+found" => true,
            LOG_FILE => only_begun(directory, &entry).await?,
            name => name
                .strip_suffix(".tmp")
                .is_some_and(|of| matches!(of, META_PROPERTIES | LOG_FILE | SNAPSHOT_FILE)),
        };
        if !harmless {
            let dir = directory.path().to_path_buf();
            return Err(LogDirError::MetaMissing { dir, holds: entry.name });
        }
    }
    Ok(())
}

async fn only_begun(directory: &Directory, log: &DirEntry) -> Result<bool, LogDirError> {
    if log.kind != EntryKind::File || log.bytes > META_BYTES_MAX as u64 {
        return Ok(false);
    }
    let content = directory.read(LOG_FILE, META_BYTES_MAX).await;
    Ok(is_only_a_start(&content.map_err(io_error(&directory.path().join(LOG_FILE)))?))
}

pub(super) fn io_error(path: &Path) -> impl FnOnce(io::Error) -> LogDirError {
    let path = path.to_path_buf();
    move |source| LogDirError::Io { path, source }
}

/// All of them are of one cluster and of this node, and none is a copy of another. Answers the
/// cluster; `None` when all are empty.
pub(super) fn check_together(
    found: &[FoundDir],
    node_id: NodeId,
    cluster_id: Option<&str>,
) -> Result<Option<String>, LogDirError> {
    let mut cluster = cluster_id.map(str::to_string);
    let mut seen: Vec<(Uuid, &Path)> = Vec::new();
    for (dir, meta) in
        found.iter().filter_map(|found| Some((&found.directory, found.meta.as_ref()?)))
    {
        let path = dir.path();
        let expected = cluster.get_or_insert_with(|| meta.cluster_id.clone());
        if *expected != meta.cluster_id {
            let (expected, found) = (expected.clone(), meta.cluster_id.clone());
            return Err(LogDirError::OtherCluster { dir: path.to_path_buf(), expected, found });
        }
        if meta.node_id != node_id {
            let (dir, found) = (path.to_path_buf(), meta.node_id);
            return Err(LogDirError::OtherNode { dir, expected: node_id, found });
        }
        let Some(id) = meta.directory_id else { continue };
        if let Some((_, other)) = seen.iter().find(|(known, _)| *known == id) {
            return Err(LogDirError::SameDirectory(other.to_path_buf(), path.to_path_buf()));
        }
        seen.push((id, path));
    }
    Ok(cluster)
}
