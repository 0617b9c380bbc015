//! Opening a log: directory in order, segments loaded, torn tail cut, producers and epochs as they
//! were.
//!
//! The order of the steps and the I/O that the decisions of `recovery_table` ask for. Work is
//! proportional to what was not checkpointed. Core-local.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;
use std::rc::Rc;

use crate::metadata::LogId;
use crate::record::Offset;
use crate::runtime::sync::Semaphore;
use crate::runtime::{Directory, Survey, wall};

use super::create::Birth;
use super::epochs::EpochCache;
use super::error::LogError;
use super::identity::check_topic;
use super::load::{Loaded, Task, load};
use super::log::{Log, State, jitter};
use super::names::{EPOCH_CHECKPOINT, Holds, PARTITION_METADATA, WINDOW_CHECKPOINT, file_name};
use super::producers::ProducerTable;
use super::read::Hints;
use super::recovery_table::{
    BadAction, BadFacts, EndAction, EndFacts, Load, decide_bad, decide_end,
};
use super::replay;
use super::segment::Segment;
use super::settings::LogConfig;
use super::tidy::{Listing, tidy};
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

/// What opening knows on its way.
pub(super) struct Opening<'a> {
    pub dir: Directory,
    pub config: LogConfig,
    pub from: OpenFrom,
    pub window: Option<Window>,
    pub segments: BTreeMap<Offset, Box<Segment>>,
    pub epochs: EpochCache,
    /// The checkpoint on disk says what `epochs` says.
    pub epochs_saved: bool,
    pub report: RecoveryReport,
    /// There is nothing that a close would have to write.
    pub as_closed: bool,
    pub progress: &'a dyn Fn(Progress),
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

impl Opening<'_> {
    async fn run(&mut self, listing: &Listing) -> Result<ProducerTable, LogError> {
        let read = self.epochs.text();
        self.load_segments(listing).await?;
        self.settle_end().await?;
        let end = self.end();
        if !self.epochs_saved {
            self.replay_epochs().await?;
        }
        // What the batches told is not read from them again.
        let told = !self.epochs_saved || self.epochs.text() != read;
        self.epochs.truncate_end(end);
        // What has no batches may stay in the file: the next batch waits until it is gone.
        self.epochs_saved &= self.epochs.text() == read;
        if told && !self.epochs.starts().is_empty() {
            let text = self.epochs.text().into_bytes();
            let path = self.dir.path().join(EPOCH_CHECKPOINT);
            let done = self.dir.replace(EPOCH_CHECKPOINT, text).await;
            done.map_err(|error| LogError::io("replace", path, error))?;
            self.epochs_saved = true;
        }
        self.as_closed = self.was_closed(listing) || self.was_never_written(listing);
        replay::producers(self, listing).await
    }

    /// The last run closed this log, and nothing about it had to be put right.
    fn was_closed(&self, listing: &Listing) -> bool {
        let end = self.end();
        let nothing_done = RecoveryReport { segments: self.report.segments, ..Default::default() };
        self.from.clean
            && self.report == nothing_done
            && self.window.as_ref().is_some_and(|window| window.recovery_point == end)
            && listing.bytes(end, Holds::Snapshot).is_some()
    }

    /// There is an empty segment and nothing else.
    fn was_never_written(&self, listing: &Listing) -> bool {
        self.window.is_none()
            && listing.bases().len() == 1
            && listing
                .files
                .iter()
                .all(|((_, holds), bytes)| *holds != Holds::Snapshot && *bytes == 0)
    }

    /// Everything below is durable: the window checkpoint knows best, because it is lowered before
    /// a truncation and raised with every checkpoint.
    fn recovery_point(&self) -> Offset {
        self.window.as_ref().map_or(self.from.recovery_point, |window| window.recovery_point)
    }

    pub(super) fn end(&self) -> Offset {
        let last = self.segments.values().next_back();
        last.map_or(self.from.log_start, |segment| segment.fill.next_offset)
    }

    async fn load_segments(&mut self, listing: &Listing) -> Result<(), LogError> {
        let bases = listing.bases();
        self.report.segments = bases.len();
        for (index, base) in bases.iter().enumerate() {
            let task = Task {
                base: *base,
                bytes: listing.bytes(*base, Holds::Records).unwrap_or(0),
                next: bases.get(index + 1).copied(),
                clean: self.from.clean,
                recovery_point: self.recovery_point(),
                interval_bytes: self.config.index_interval_bytes,
                now_ms: wall(),
            };
            let loaded = load(&self.dir, task, self.window.as_ref()).await?;
            let later = bases.get(index + 1..).unwrap_or_default();
            if self.take(task, loaded, later).await? {
                break;
            }
            (self.progress)(Progress { segments: index + 1, segments_total: bases.len() });
        }
        Ok(())
    }

    /// Takes a loaded segment; says whether the log ends in it although segments follow.
    async fn take(
        &mut self,
        task: Task,
        loaded: Loaded,
        later: &[Offset],
    ) -> Result<bool, LogError> {
        self.report.checked_bytes += loaded.checked_bytes;
        self.report.rebuilt_indexes += usize::from(loaded.load == Load::Rebuild);
        for (epoch, start) in &loaded.epochs {
            if self.epochs.latest().is_none_or(|last| *epoch > last.epoch) {
                self.epochs.assign(*epoch, *start);
            }
        }
        let mut segment = loaded.segment;
        let mut ends_here = false;
        if let Some(position) = loaded.bad {
            let durable = position < u64::from(segment.fill.bytes)
                || segment.fill.next_offset < self.recovery_point();
            let facts = BadFacts { durable, later_segments: !later.is_empty() };
            match decide_bad(facts) {
                BadAction::Corrupt => return Err(self.corrupt(task.base, position)),
                BadAction::Cut { drop_later } => {
                    self.report.cut_bytes += task.bytes - position;
                    self.cut(&mut segment, position).await?;
                    ends_here = drop_later;
                }
            }
        }
        if ends_here {
            self.drop_segments(later).await?;
        }
        if loaded.checked_bytes > 0 || loaded.bad.is_some() {
            // What was read may be in the page cache only.
            let path = segment.file.path().to_path_buf();
            segment.file.sync_data().await.map_err(|error| LogError::io("sync", path, error))?;
        }
        segment.jitter_ms = jitter(self.config.segment_jitter_ms);
        self.segments.insert(task.base, Box::new(segment));
        Ok(ends_here)
    }

    async fn cut(&self, segment: &mut Segment, position: u64) -> Result<(), LogError> {
        let path = segment.file.path().to_path_buf();
        tracing::info!(file = %path.display(), position, "torn tail is cut off");
        let cut = segment.file.truncate(position).await;
        cut.map_err(|error| LogError::io("truncation", path, error))
    }

    /// Drops whole segments, the youngest first, so that a crash leaves no hole.
    async fn drop_segments(&mut self, bases: &[Offset]) -> Result<(), LogError> {
        for base in bases.iter().rev() {
            self.report.dropped_segments += 1;
            for holds in Holds::ALL {
                let name = file_name(*base, holds);
                match self.dir.unlink(&name).await {
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    result => result.map_err(|error| {
                        LogError::io("unlink", self.dir.path().join(name), error)
                    })?,
                }
            }
            let synced = self.dir.sync().await;
            synced.map_err(|error| LogError::io("sync", self.dir.path(), error))?;
        }
        Ok(())
    }

    /// What becomes of a log whose end is known; there is a segment to write to afterwards.
    async fn settle_end(&mut self) -> Result<(), LogError> {
        let end = self.end();
        let facts = EndFacts {
            below_recovery_point: end < self.recovery_point(),
            recovery_point_certain: self.window.is_some(),
            below_start: end < self.from.log_start,
        };
        match decide_end(facts) {
            EndAction::Corrupt => {
                let window = self.window.as_ref().map(|window| window.fill.base);
                let base = window.unwrap_or(end);
                let bytes = self.segments.get(&base).map_or(0, |found| found.fill.bytes);
                return Err(self.corrupt(base, u64::from(bytes)));
            }
            EndAction::BeginAtStart => {
                tracing::warn!(log = %self.dir.path().display(), end, "log ends below its start");
            }
            EndAction::Serve if facts.below_recovery_point => {
                let recovery_point = self.recovery_point();
                let log = self.dir.path().display();
                tracing::warn!(%log, end, recovery_point, "log ends below its recovery point");
            }
            EndAction::Serve => {}
        }
        let youngest = self.segments.values().next_back();
        let never_written = youngest.is_none_or(|segment| segment.fill.bytes == 0);
        self.report.names_unsure = !self.from.clean && never_written;
        if self.segments.is_empty() || facts.below_start {
            let base = self.from.log_start;
            let created = Segment::create(&self.dir, base, wall()).await;
            let mut segment =
                created.map_err(|error| LogError::io("creation", self.dir.path(), error))?;
            segment.jitter_ms = jitter(self.config.segment_jitter_ms);
            self.segments.insert(base, Box::new(segment));
        }
        Ok(())
    }

    fn corrupt(&self, base: Offset, position: u64) -> LogError {
        let path = self.dir.path().join(file_name(base, Holds::Records));
        LogError::Corrupt { path, position, recovery_point: self.recovery_point() }
    }

    pub(super) fn into_log(self, id: LogId, producers: ProducerTable) -> Log {
        let end = self.end();
        let first = self.segments.keys().next().copied().unwrap_or(end);
        let start = self.from.log_start.max(first);
        let mut epochs = self.epochs;
        epochs.truncate_start(start);
        let state = State {
            start,
            end,
            durable: end,
            recovery_point: self.window.as_ref().map_or(0, |window| window.recovery_point).min(end),
            cleaned: self.from.cleaned,
            cleaning: None,
            as_closed: self.as_closed,
            generation: self.window.as_ref().map_or(0, |window| window.generation),
            truncations: 0,
            segments: self.segments,
            producers,
            epochs,
            epochs_saved: self.epochs_saved,
            hints: Hints::default(),
        };
        Log {
            id,
            dir: RefCell::new(self.dir),
            config: RefCell::new(self.config),
            state: RefCell::new(state),
            upkeep: Semaphore::new(1),
            poisoned: Cell::new(false),
        }
    }
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
