//! All log dirs of a node: opened at start, formatted when they are empty, described.
//!
//! The first one holds the metadata log. It is formatted first, and in each one `meta.properties`
//! is written last, so that a power cut in the middle leaves dirs that count as empty.

use std::path::PathBuf;

use uuid::Uuid;

use super::log_dir::{FoundDir, LogDirError, check_together, find, io_error, write_meta};
use super::meta_properties::MetaProperties;
use super::metadata_log::MetadataLog;
use crate::config::BrokerConfig;
use crate::metadata::{ClusterNamed, MetadataRecord, uuid_text};
use crate::runtime::{DirLock, Directory, random_uuid};

/// A log dir of this node, locked for as long as this lives.
#[derive(Debug)]
pub struct LogDir {
    /// Where it is.
    pub directory: Directory,
    /// Its id.
    pub id: Uuid,
    pub(super) meta: MetaProperties,
    #[expect(dead_code, reason = "its drop gives the lock back")]
    lock: DirLock,
}

/// The log dirs of this node.
#[derive(Debug)]
pub struct LogDirs {
    /// The cluster they belong to.
    pub cluster_id: String,
    /// In the order of `log.dirs`; the first holds the metadata log.
    pub dirs: Vec<LogDir>,
    /// Those that were empty and have just been formatted.
    pub formatted: Vec<PathBuf>,
}

/// Opens all log dirs for a start of the node; formats empty ones where the configuration allows.
///
/// # Errors
/// One of them is missing, in use, not formatted, or somebody else's.
pub async fn open_log_dirs(config: &BrokerConfig) -> Result<LogDirs, LogDirError> {
    let mut found = Vec::new();
    for path in &config.log_dirs {
        found.push(find(path, config.auto_format).await?);
    }
    let cluster = check_together(&found, config.node_id, config.cluster_id.as_deref())?;
    if let Some(empty) = found.iter().find(|found| found.meta.is_none())
        && !config.auto_format
    {
        return Err(LogDirError::NotFormatted(empty.directory.path().to_path_buf()));
    }
    check_first(&found, cluster.as_deref())?;
    let cluster_id = cluster.unwrap_or_else(|| uuid_text(random_uuid()));
    format_empty(config, cluster_id, found).await
}

/// Formats all log dirs that are not formatted, creating them: what `storage format` does.
///
/// # Errors
/// One of them is formatted already and `ignore_formatted` is false, or it is in use, somebody
/// else's, or not empty.
pub async fn format_log_dirs(
    config: &BrokerConfig,
    cluster_id: &str,
    ignore_formatted: bool,
) -> Result<LogDirs, LogDirError> {
    let mut found = Vec::new();
    for path in &config.log_dirs {
        found.push(find(path, true).await?);
    }
    check_together(&found, config.node_id, Some(cluster_id))?;
    if let Some(formatted) = found.iter().find(|found| found.meta.is_some())
        && !ignore_formatted
    {
        return Err(LogDirError::AlreadyFormatted(formatted.directory.path().to_path_buf()));
    }
    check_first(&found, Some(cluster_id))?;
    format_empty(config, cluster_id.to_string(), found).await
}

/// An empty first log dir beside one with data is a disk that is missing, not a new one.
fn check_first(found: &[FoundDir], cluster: Option<&str>) -> Result<(), LogDirError> {
    let Some((first, others)) = found.split_first() else { return Ok(()) };
    match others.iter().find(|other| other.meta.is_some()) {
        Some(other) if first.meta.is_none() => Err(LogDirError::FirstEmpty {
            first: first.directory.path().to_path_buf(),
            other: other.directory.path().to_path_buf(),
            cluster_id: cluster.unwrap_or_default().to_string(),
        }),
        _ => Ok(()),
    }
}

async fn format_empty(
    config: &BrokerConfig,
    cluster_id: String,
    found: Vec<FoundDir>,
) -> Result<LogDirs, LogDirError> {
    let (mut dirs, mut formatted) = (Vec::new(), Vec::new());
    for FoundDir { directory, lock, meta } in found {
        let was_empty = meta.is_none();
        if was_empty {
            formatted.push(directory.path().to_path_buf());
            if dirs.is_empty() {
                let named = ClusterNamed { cluster_id: cluster_id.clone() };
                MetadataLog::create(&directory, &[MetadataRecord::Cluster(named)]).await?;
            }
        }
        let mut meta = meta.unwrap_or_else(|| MetaProperties {
            cluster_id: cluster_id.clone(),
            node_id: config.node_id,
            directory_id: None,
            ours: true,
        });
        let had_id = meta.directory_id.is_some();
        let id = *meta.directory_id.get_or_insert_with(random_uuid);
        if was_empty || !had_id {
            write_meta(&directory, &meta).await?;
            directory.sync().await.map_err(io_error(directory.path()))?;
        }
        dirs.push(LogDir { directory, id, meta, lock });
    }
    Ok(LogDirs { cluster_id, dirs, formatted })
}
