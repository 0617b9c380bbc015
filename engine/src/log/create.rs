//! Creating a log where there is none: its directory, with everything that Apache Kafka puts into
//! it, in one go. Many logs that are created together become durable together.
//!
//! Core-local. Must not know what the directories of other logs hold.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use crate::metadata::LogId;
use crate::record::{LeaderEpoch, Offset};
use crate::runtime::{Directory, NewDirectories, wall};

use super::epochs::EpochCache;
use super::error::LogError;
use super::log::{Log, jitter};
use super::names::{EPOCH_CHECKPOINT, Holds, PARTITION_METADATA, file_name};
use super::open::{OpenFrom, RecoveryReport};
use super::opening::Opening;
use super::partition_metadata;
use super::producers::ProducerTable;
use super::segment::Segment;
use super::settings::LogConfig;

/// The first thing that is known of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Birth {
    /// Which log.
    pub id: LogId,
    /// Its first offset.
    pub start: Offset,
    /// The leader epoch that begins with it; `None`: none is known yet.
    pub epoch: Option<LeaderEpoch>,
}

impl Log {
    /// Creates the log with the directory `name`; `None`: there is such a directory already.
    /// Nothing of it is durable before `new.sync()`: until then nothing may be appended.
    pub async fn create(
        new: &NewDirectories,
        name: &str,
        birth: Birth,
        config: LogConfig,
    ) -> Result<Option<Rc<Log>>, LogError> {
        let Birth { id, start, epoch } = birth;
        let mut epochs = EpochCache::default();
        if let Some(epoch) = epoch {
            epochs.assign(epoch, start);
        }
        let empty = |holds| (file_name(start, holds), Vec::new());
        let contents = vec![
            empty(Holds::Records),
            empty(Holds::OffsetIndex),
            empty(Holds::TimeIndex),
            (PARTITION_METADATA.to_owned(), partition_metadata::text(id.topic).into_bytes()),
            (EPOCH_CHECKPOINT.to_owned(), epochs.text().into_bytes()),
        ];
        let made = new.make(name, contents).await;
        let made =
            made.map_err(|error| LogError::io("creation", new.parent().join(name), error))?;
        let Some((dir, mut files)) = made else { return Ok(None) };
        files.truncate(3);
        let Ok([records, offsets, times]) = <[_; 3]>::try_from(files) else { return Ok(None) };
        let mut segment = Segment::empty(records, offsets, times, start, wall());
        segment.jitter_ms = jitter(config.segment_jitter_ms);
        let opening = Opening {
            dir,
            config,
            from: OpenFrom { log_start: start, ..OpenFrom::default() },
            window: None,
            segments: BTreeMap::from([(start, Box::new(segment))]),
            epochs,
            epochs_saved: true,
            report: RecoveryReport::default(),
            as_closed: true,
            progress: &|_| (),
        };
        Ok(Some(Rc::new(opening.into_log(id, ProducerTable::default()))))
    }

    /// As `create`, for one log alone; durable when this returns, with every parent.
    pub(super) async fn create_alone(
        path: &Path,
        birth: Birth,
        config: LogConfig,
    ) -> Result<Option<Rc<Log>>, LogError> {
        let Some((parent, name)) = path.parent().zip(path.file_name()) else {
            return Err(LogError::io("creation", path, std::io::ErrorKind::InvalidInput.into()));
        };
        let begin = async {
            Directory::create_all(parent).await?;
            NewDirectories::below(parent).await
        };
        let new = begin.await.map_err(|error| LogError::io("creation", path, error))?;
        let log = Log::create(&new, &name.to_string_lossy(), birth, config).await?;
        new.sync().await.map_err(|error| LogError::io("creation", path, error))?;
        Ok(log)
    }
}
