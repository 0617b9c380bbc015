//! The door to a log on disk: found and recovered, or made new.
//!
//! Reads the directory and the small files in it; the steps from there on are those of `opening`.
//! Work is proportional to what was not checkpointed. Core-local.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;
use std::rc::Rc;

use crate::metadata::LogId;
use crate::record::Offset;
use crate::runtime::{Directory, Survey};

use super::create::Birth;
use super::epochs::EpochCache;
use super::error::LogError;
use super::identity::check_topic;
use super::log::Log;
use super::names::{EPOCH_CHECKPOINT, PARTITION_METADATA, WINDOW_CHECKPOINT};
use super::opening::Opening;
use super::settings::LogConfig;
use super::tidy::tidy;
use super::window::Window;

/// What is read of a log before its segments.
const SMALL_FILES: [&str; 3] = [WINDOW_CHECKPOINT, PARTITION_METADATA, EPOCH_CHECKPOINT];
/// A checkpoint larger than this is not one.
pub(super) const CHECKPOINT_BYTES_MAX: usize = 64 << 20;

/// What the log dir's checkpoints say of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenFrom {
    /// The last run closed every log of the log dir.
    pub clean: bool,
    /// Everything below was durable, as far as the log dir's checkpoint knows.
    pub recovery_point: Offset,
    /// First offset that may be read, as far as the log dir's checkpoint knows.
    pub log_start: Offset,
    /// Everything below was cleaned, as far as the log dir's checkpoint knows.
    pub cleaned: Option<Offset>,
}

/// What opening took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecoveryReport {
    /// Segments found.
    pub segments: usize,
    /// Bytes of records that were checked.
    pub checked_bytes: u64,
    /// Bytes of a torn tail that were cut off.
    pub cut_bytes: u64,
    /// Segments behind a torn tail that were dropped.
    pub dropped_segments: usize,
    /// Segments whose indexes were made anew as a whole.
    pub rebuilt_indexes: usize,
    /// The last run may have ended before the directory and the names in it were durable: nothing
    /// was ever written to its youngest segment.
    pub names_unsure: bool,
}

/// How far opening has come; `segments` of `segments_total` are loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Loaded.
    pub segments: usize,
    /// To load.
    pub segments_total: usize,
}

impl Log {
    /// Opens the log in `path`, recovers it where the last run did not close it, creates it when
    /// there is none.
    pub async fn open(
        path: &Path,
        id: LogId,
        config: impl Into<LogConfig>,
        from: OpenFrom,
        progress: &dyn Fn(Progress),
    ) -> Result<(Rc<Log>, RecoveryReport), LogError> {
        let config = config.into();
        if let Some((log, report)) = Log::find(path, id, config.clone(), from, progress).await? {
            if report.names_unsure {
                sync_names(&log.directory()).await?;
            }
            return Ok((log, report));
        }
        let birth = Birth { id, start: from.log_start, epoch: None };
        match Log::create_alone(path, birth, config).await? {
            Some(log) => Ok((log, RecoveryReport::default())),
            None => Err(LogError::io("creation", path, ErrorKind::AlreadyExists.into())),
        }
    }

    /// Opens the log in `path` and recovers it where the last run did not close it; `None`: there
    /// is no such directory. The caller sees to names that are not sure.
    pub async fn find(
        path: &Path,
        id: LogId,
        config: LogConfig,
        from: OpenFrom,
        progress: &dyn Fn(Progress),
    ) -> Result<Option<(Rc<Log>, RecoveryReport)>, LogError> {
        let found = match Directory::survey(path, &SMALL_FILES, CHECKPOINT_BYTES_MAX).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            found => found.map_err(|error| LogError::io("opening", path, error))?,
        };
        let Survey { directory: dir, entries, contents } = found;
        let content = |name| contents.get(name).map(Vec::as_slice);
        let listing = tidy(&dir, entries).await?;
        let window = read_window(&dir, content(WINDOW_CHECKPOINT));
        check_topic(&dir, id, window.as_ref(), content(PARTITION_METADATA)).await?;
        let (epochs, epochs_saved) = read_epochs(&dir, content(EPOCH_CHECKPOINT));
        let mut opening = Opening {
            dir,
            config,
            from,
            window,
            segments: BTreeMap::new(),
            epochs,
            epochs_saved,
            report: RecoveryReport::default(),
            as_closed: false,
            progress,
        };
        let producers = opening.run(&listing).await?;
        let report = opening.report;
        let log = Rc::new(opening.into_log(id, producers));
        log.delete_below(log.start_offset()).await?;
        log.verify_epochs().await?;
        Ok(Some((log, report)))
    }
}

/// Makes durable the names in a log's directory, and its own.
async fn sync_names(dir: &Directory) -> Result<(), LogError> {
    let work = async {
        dir.sync().await?;
        match dir.path().parent() {
            Some(parent) => Directory::open(parent).await?.sync().await,
            None => Ok(()),
        }
    };
    work.await.map_err(|error| LogError::io("sync", dir.path(), error))
}

/// The epochs of the checkpoint, and whether there is a sound one.
fn read_epochs(dir: &Directory, content: Option<&[u8]>) -> (EpochCache, bool) {
    let Some(content) = content else { return (EpochCache::default(), false) };
    match EpochCache::parse(&String::from_utf8_lossy(content)) {
        Ok(epochs) if !content.is_empty() => (epochs, true),
        Ok(_) => (EpochCache::default(), false),
        Err(error) => {
            let file = dir.path().join(EPOCH_CHECKPOINT);
            tracing::warn!(file = %file.display(), %error, "checkpoint is damaged and rebuilt");
            (EpochCache::default(), false)
        }
    }
}

fn read_window(dir: &Directory, content: Option<&[u8]>) -> Option<Window> {
    match Window::decode(content?) {
        Ok(window) => Some(window),
        Err(error) => {
            let file = dir.path().join(WINDOW_CHECKPOINT);
            tracing::warn!(file = %file.display(), %error, "checkpoint is damaged and rebuilt");
            None
        }
    }
}

pub(super) async fn read_small(dir: &Directory, name: &str) -> Result<Option<Vec<u8>>, LogError> {
    match dir.read(name, CHECKPOINT_BYTES_MAX).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LogError::io("read", dir.path().join(name), error)),
    }
}
