//! Which files of Kafka's metadata count, and reading them in order. Control thread, once.
//!
//! ```text
//! __cluster_metadata-0/<end offset>-<epoch>.checkpoint   the newest one: all below its offset
//! __cluster_metadata-0/<base offset>.log                 from that offset on
//! bootstrap.checkpoint                                   a directory that was only formatted
//! ```

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use uuid::Uuid;

use super::batches::{BadBatches, read, read_snapshot};
use super::cluster::{Inconsistent, KafkaCluster};
use super::convert::{Here, ImportRefused, convert};
use super::report::ImportReport;
use crate::metadata::{MetadataRecord, NodeId};
use crate::record::Offset;
use crate::runtime::{Directory, EntryKind};

/// Largest file that is read; Kafka takes a snapshot every 20 MB of metadata.
const FILE_BYTES_MAX: usize = 1 << 30;

/// Why a directory of Kafka's is not taken over. Every text names the path.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The file system failed.
    #[error("{}: {source}", .path.display())]
    Io {
        /// What it failed on.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// A file is damaged or not understood.
    #[error("{}, {why}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong where.
        why: BadBatches,
    },
    /// A file is missing.
    #[error("{}: no file holds the metadata from offset {from} on", .dir.display())]
    Missing {
        /// Kafka's metadata directory.
        dir: PathBuf,
        /// The first offset that is missing.
        from: Offset,
    },
    /// The records do not fit each other.
    #[error("{}: {why}", .path.display())]
    Inconsistent {
        /// The last file that was read.
        path: PathBuf,
        /// What is wrong.
        why: Inconsistent,
    },
    /// Something would be lost.
    #[error("{}: {why}", .dir.display())]
    Refused {
        /// Where the metadata stand.
        dir: PathBuf,
        /// What would be lost.
        why: ImportRefused,
    },
}

/// Where the metadata stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportFrom {
    /// The directory of Kafka's metadata log.
    Log(PathBuf),
    /// The file that Kafka's `storage format` writes; there is no log yet.
    Bootstrap(PathBuf),
}

/// What was read.
#[derive(Debug)]
pub struct Imported {
    /// From nothing to the cluster as it was.
    pub records: Vec<MetadataRecord>,
    /// For the operator.
    pub report: ImportReport,
}

/// Reads Kafka's metadata; changes nothing. `dirs` are all log dirs with their ids.
///
/// # Errors
/// Something is damaged, missing, or would be lost.
pub async fn import(
    from: &ImportFrom,
    cluster_id: &str,
    node: NodeId,
    dirs: &[(Uuid, Directory)],
) -> Result<Imported, ImportError> {
    let mut cluster = KafkaCluster::default();
    let (place, torn_bytes) = match from {
        ImportFrom::Log(path) => (path, read_log(path, &mut cluster).await?),
        ImportFrom::Bootstrap(path) => {
            let dir = path.parent().unwrap_or(path);
            let opened = Directory::open(dir).await.map_err(io_error(dir))?;
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            read_checkpoint(&opened, &name, &mut cluster).await?;
            (path, 0)
        }
    };
    let mut directories = Vec::new();
    for (id, directory) in dirs {
        directories.push((*id, partition_dirs(directory).await?));
    }
    let here = Here { cluster_id: cluster_id.to_string(), node, directories };
    let refused = |why| ImportError::Refused { dir: place.clone(), why };
    let records = convert(&cluster, &here).map_err(refused)?;
    Ok(Imported { records, report: ImportReport::of(&cluster, torn_bytes) })
}

/// Answers the bytes of a write at the end that did not finish.
async fn read_log(path: &Path, cluster: &mut KafkaCluster) -> Result<u64, ImportError> {
    let dir = Directory::open(path).await.map_err(io_error(path))?;
    let entries = dir.entries().await.map_err(io_error(path))?;
    let names = || entries.iter().filter(|entry| entry.kind == EntryKind::File);
    let newest = names().filter_map(|entry| checkpoint_offset(&entry.name)).max();
    let newest_end = newest.map(|(end, _, _)| end);
    let from = newest_end.unwrap_or(0);
    if let Some((_, _, name)) = newest {
        read_checkpoint(&dir, name, cluster).await?;
    }
    let mut segments: Vec<_> =
        names().filter_map(|entry| Some((segment_offset(&entry.name)?, &entry.name))).collect();
    segments.sort_unstable();
    // Of the segments that begin at or below the snapshot only the last one reaches beyond it.
    let first = segments.partition_point(|(base, _)| *base <= from).saturating_sub(1);
    let mut next = segments.get(first).map_or(from, |(base, _)| *base);
    // No segment at all: formatted for a quorum of its own, and never started.
    let never_started = newest_end == Some(0);
    if next > from || segments.is_empty() && !never_started {
        return Err(ImportError::Missing { dir: path.to_path_buf(), from });
    }
    let mut torn_bytes = 0;
    for (base, name) in segments.iter().skip(first) {
        if *base != next || torn_bytes > 0 {
            return Err(ImportError::Missing { dir: path.to_path_buf(), from: next });
        }
        let at = path.join(name);
        let bytes = dir.read(name, FILE_BYTES_MAX).await.map_err(io_error(&at))?;
        let bad = |why| ImportError::File { path: at.clone(), why };
        let content = read(&bytes, *base, from).map_err(bad)?;
        (next, torn_bytes) = (content.next, content.torn_bytes);
        let inconsistent = |why| ImportError::Inconsistent { path: at.clone(), why };
        cluster.take(content.records).map_err(inconsistent)?;
    }
    Ok(torn_bytes)
}

async fn read_checkpoint(
    dir: &Directory,
    name: &str,
    cluster: &mut KafkaCluster,
) -> Result<(), ImportError> {
    let path = dir.path().join(name);
    let bytes = dir.read(name, FILE_BYTES_MAX).await.map_err(io_error(&path))?;
    let bad = |why| ImportError::File { path: path.clone(), why };
    let records = read_snapshot(&bytes).map_err(bad)?;
    let inconsistent = |why| ImportError::Inconsistent { path: path.clone(), why };
    cluster.take(records).map_err(inconsistent)
}

/// End offset and epoch of a snapshot by its name.
fn checkpoint_offset(name: &str) -> Option<(Offset, u32, &str)> {
    let (end, epoch) = name.strip_suffix(".checkpoint")?.split_once('-')?;
    Some((number(end, 20)?, u32::try_from(number(epoch, 10)?).ok()?, name))
}

/// Base offset of a segment by its name.
fn segment_offset(name: &str) -> Option<Offset> {
    number(name.strip_suffix(".log")?, 20)
}

fn number(text: &str, digits: usize) -> Option<Offset> {
    let all_digits = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    if all_digits { text.parse().ok() } else { None }
}

/// Directories of partitions, `topic-N`; those that wait for deletion or for a move do not count.
async fn partition_dirs(directory: &Directory) -> Result<BTreeSet<String>, ImportError> {
    let entries = directory.entries().await.map_err(io_error(directory.path()))?;
    let partition = |name: &str| {
        name.rsplit_once('-').is_some_and(|(_, number)| {
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    let dirs = entries.into_iter().filter(|entry| entry.kind == EntryKind::Directory);
    Ok(dirs.map(|entry| entry.name).filter(|name| partition(name)).collect())
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> ImportError {
    let path = path.to_path_buf();
    move |source| ImportError::Io { path, source }
}
