//! The steps of a start once the small files of a log are read: segments loaded, torn tail cut,
//! epochs and producers as they were.
//!
//! The order of the steps and the I/O that the decisions of `recovery_table` ask for. Core-local.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::ErrorKind;

use crate::metadata::LogId;
use crate::record::Offset;
use crate::runtime::sync::Semaphore;
use crate::runtime::{Directory, wall};

use super::epochs::EpochCache;
use super::error::LogError;
use super::load::{Loaded, Task, load};
use super::log::{Log, State, jitter};
use super::names::{EPOCH_CHECKPOINT, Holds, file_name};
use super::open::{OpenFrom, Progress, RecoveryReport};
use super::producers::ProducerTable;
use super::read::Hints;
use super::recovery_table::{
    BadAction, BadFacts, EndAction, EndFacts, Load, decide_bad, decide_end,
};
use super::replay;
use super::segment::Segment;
use super::settings::LogConfig;
use super::tidy::Listing;
use super::window::Window;

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

impl Opening<'_> {
    /// Everything, in order; the producers that wrote to the log.
    pub(super) async fn run(&mut self, listing: &Listing) -> Result<ProducerTable, LogError> {
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
