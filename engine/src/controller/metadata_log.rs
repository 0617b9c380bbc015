//! The metadata log on disk: frames appended and synced, snapshots put in place as a whole.
//!
//! Lives on the control thread, which alone calls it, one call at a time. It knows frames and
//! payloads of records; never what a record means. After a failed write or sync it is never
//! written again: what of it reached the disk is not known.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use thiserror::Error;

use super::frame;
use super::recovery::{Damage, LOG_FILE, SNAPSHOT_FILE, recover};
use crate::metadata::{MetadataRecord, RecordBytesError, decode_records, encode_records};
use crate::runtime::{Directory, OpenMode, SegmentFile};

/// Largest file that is read at start. Ten thousand topics take a few megabytes.
const FILE_BYTES_MAX: usize = 1 << 30;

/// A snapshot is due when the log has grown by this and by as much as the last snapshot has.
const SNAPSHOT_AFTER_BYTES: u64 = 1 << 20;

/// Why the metadata cannot be read or written.
#[derive(Debug, Error)]
pub enum MetadataLogError {
    /// The node must not start.
    #[error("{}/{damage}", .dir.display())]
    Damaged {
        /// The log dir.
        dir: PathBuf,
        /// What is wrong where.
        damage: Damage,
    },
    /// A sound frame holds what cannot be understood, or what does not fit.
    #[error("{}/{LOG_FILE}: {why}", .dir.display())]
    Meaning {
        /// The log dir.
        dir: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The file system failed.
    #[error("{}/{file}: {source}", .dir.display())]
    Io {
        /// The log dir.
        dir: PathBuf,
        /// The file.
        file: &'static str,
        /// What it said.
        source: io::Error,
    },
    /// It failed before.
    #[error("the metadata log failed before and takes nothing more")]
    Poisoned,
}

/// The open log.
#[derive(Debug)]
pub struct MetadataLog {
    dir: Directory,
    file: Arc<SegmentFile>,
    generation: u64,
    sequence: u64,
    log_bytes: u64,
    snapshot_bytes: u64,
    poisoned: bool,
}

/// A log that was read.
#[derive(Debug)]
pub struct Opened {
    /// Where it goes on.
    pub log: MetadataLog,
    /// Everything that was decided, in order.
    pub records: Vec<MetadataRecord>,
    /// Bytes of a write that did not finish, which were cut.
    pub torn_bytes: u64,
}

impl MetadataLog {
    /// Begins the metadata of a new cluster with these records, durably. A log of the same place is
    /// replaced: the caller has seen that there is nothing in it.
    pub async fn create(
        dir: &Directory,
        records: &[MetadataRecord],
    ) -> Result<(), MetadataLogError> {
        let first = framed(dir, 1, 0, &encode_records(records))?;
        dir.replace(LOG_FILE, first).await.map_err(io_error(dir, LOG_FILE))
    }

    /// Reads snapshot and log; cuts a torn tail.
    ///
    /// # Errors
    /// See `recovery`: whatever is not a torn tail is refused and nothing has changed.
    pub async fn open(dir: Directory) -> Result<Opened, MetadataLogError> {
        let snapshot = read(&dir, SNAPSHOT_FILE).await?;
        let log = read(&dir, LOG_FILE).await?;
        let recovered = recover(snapshot.as_deref(), log.as_deref()).map_err(|damage| {
            MetadataLogError::Damaged { dir: dir.path().to_path_buf(), damage }
        })?;
        let mut records = Vec::new();
        for payload in &recovered.payloads {
            records.extend(decode_records(payload).map_err(|error| meaning(&dir, &error))?);
        }
        let (generation, sequence) = (recovered.generation, recovered.sequence);
        let torn_bytes = recovered.torn_bytes;
        let log_bytes = match recovered.keep_bytes {
            Some(bytes) => bytes,
            None => start_generation(&dir, generation, sequence).await?,
        };
        let file = open_file(&dir).await?;
        if torn_bytes > 0 {
            file.truncate(log_bytes).await.map_err(io_error(&dir, LOG_FILE))?;
            file.sync_data().await.map_err(io_error(&dir, LOG_FILE))?;
        }
        let snapshot_bytes = snapshot.map_or(0, |bytes| bytes.len() as u64);
        let poisoned = false;
        let log =
            MetadataLog { dir, file, generation, sequence, log_bytes, snapshot_bytes, poisoned };
        Ok(Opened { log, records, torn_bytes })
    }

    /// The number of the last frame.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Appends records as one frame; durable when it returns.
    ///
    /// # Errors
    /// Nothing of it may be answered, and nothing more is taken.
    pub async fn append(&mut self, records: &[MetadataRecord]) -> Result<(), MetadataLogError> {
        self.check_poison()?;
        let sequence = self.sequence + 1;
        let frame = framed(&self.dir, self.generation, sequence, &encode_records(records))?;
        let bytes = frame.len() as u64;
        self.poisoned = true;
        let written = self.file.write_at(vec![Bytes::from(frame)], self.log_bytes).await;
        written.map_err(io_error(&self.dir, LOG_FILE))?;
        self.file.sync_data().await.map_err(io_error(&self.dir, LOG_FILE))?;
        self.poisoned = false;
        self.sequence = sequence;
        self.log_bytes += bytes;
        Ok(())
    }

    /// Whether the log has grown enough to be replaced by a snapshot.
    pub fn wants_snapshot(&self) -> bool {
        self.log_bytes > SNAPSHOT_AFTER_BYTES.max(self.snapshot_bytes)
    }

    /// Replaces everything appended so far by records that say the same, then starts the log anew.
    /// A stop between the two leaves a log that the snapshot is known to replace.
    pub async fn snapshot(&mut self, records: &[MetadataRecord]) -> Result<(), MetadataLogError> {
        self.check_poison()?;
        let generation = self.generation + 1;
        let frame = framed(&self.dir, generation, self.sequence, &encode_records(records))?;
        let snapshot_bytes = frame.len() as u64;
        self.poisoned = true;
        let replaced = self.dir.replace(SNAPSHOT_FILE, frame).await;
        replaced.map_err(io_error(&self.dir, SNAPSHOT_FILE))?;
        self.log_bytes = start_generation(&self.dir, generation, self.sequence).await?;
        self.file = open_file(&self.dir).await?;
        self.poisoned = false;
        self.generation = generation;
        self.snapshot_bytes = snapshot_bytes;
        Ok(())
    }

    /// Every write fails from now on.
    #[cfg(test)]
    pub(super) async fn break_file(&mut self) {
        let path = self.dir.path().join(LOG_FILE);
        self.file = SegmentFile::open(&path, OpenMode::Read).await.unwrap();
    }

    fn check_poison(&self) -> Result<(), MetadataLogError> {
        if self.poisoned { Err(MetadataLogError::Poisoned) } else { Ok(()) }
    }

    /// A recovered record does not fit the image.
    pub fn does_not_fit(&self, error: &crate::metadata::ApplyError) -> MetadataLogError {
        let (dir, why) = (self.dir.path().to_path_buf(), error.to_string());
        MetadataLogError::Meaning { dir, why }
    }
}

/// Puts a log in place that holds nothing but where it begins; answers its bytes.
async fn start_generation(
    dir: &Directory,
    generation: u64,
    sequence: u64,
) -> Result<u64, MetadataLogError> {
    let first = framed(dir, generation, sequence, &[])?;
    let bytes = first.len() as u64;
    dir.replace(LOG_FILE, first).await.map_err(io_error(dir, LOG_FILE))?;
    Ok(bytes)
}

async fn open_file(dir: &Directory) -> Result<Arc<SegmentFile>, MetadataLogError> {
    let path = dir.path().join(LOG_FILE);
    SegmentFile::open(&path, OpenMode::ReadWrite).await.map_err(io_error(dir, LOG_FILE))
}

async fn read(dir: &Directory, file: &'static str) -> Result<Option<Vec<u8>>, MetadataLogError> {
    match dir.read(file, FILE_BYTES_MAX).await {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error(dir, file)(error)),
    }
}

fn framed(
    dir: &Directory,
    generation: u64,
    sequence: u64,
    payload: &[u8],
) -> Result<Vec<u8>, MetadataLogError> {
    frame::encode(generation, sequence, payload)
        .ok_or_else(|| io_error(dir, LOG_FILE)(io::ErrorKind::FileTooLarge.into()))
}

fn io_error(dir: &Directory, file: &'static str) -> impl FnOnce(io::Error) -> MetadataLogError {
    let dir = dir.path().to_path_buf();
    move |source| MetadataLogError::Io { dir, file, source }
}

fn meaning(dir: &Directory, error: &RecordBytesError) -> MetadataLogError {
    MetadataLogError::Meaning { dir: dir.path().to_path_buf(), why: error.to_string() }
}
