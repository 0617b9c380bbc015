//! Logs that are created for one image: made one by one, durable all together, then served.
//!
//! A log that was found goes the same way when the last run may have ended before its names were
//! durable. One sync per log dir, however many logs. Core-local.

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::opening::Opened;
use super::world::{LogDir, Slot};
use crate::log::{Birth, Log, LogConfig, LogError};
use crate::runtime::NewDirectories;

/// The logs of one image that may not be on disk yet.
pub(super) struct Nursery {
    dirs: Vec<(PathBuf, io::Result<NewDirectories>)>,
    kept: RefCell<Vec<Opened>>,
}

impl Nursery {
    /// An empty one over all log dirs.
    pub(super) async fn new(dirs: &[LogDir]) -> Nursery {
        let mut new = Vec::with_capacity(dirs.len());
        for dir in dirs {
            new.push((dir.path.clone(), NewDirectories::below(&dir.path).await));
        }
        Nursery { dirs: new, kept: RefCell::default() }
    }

    /// Creates the log of a slot; `None`: it has a directory already.
    pub(super) async fn create(
        &self,
        slot: &Slot,
        birth: Birth,
        config: LogConfig,
    ) -> Result<Option<Rc<Log>>, LogError> {
        Log::create(self.of(slot.dir)?, &slot.directory_name(), birth, config).await
    }

    /// The directory of a log was found; the next sync is for its names as well.
    pub(super) fn found(&self, slot: &Slot, path: &Path) -> Result<(), LogError> {
        self.of(slot.dir)?.found(path);
        Ok(())
    }

    /// Keeps an open log until it is on disk.
    pub(super) fn keep(&self, opened: Opened) {
        self.kept.borrow_mut().push(opened);
    }

    /// Makes durable what is kept; answers each log with what became of it.
    pub(super) async fn sync(&self) -> Vec<(Opened, Result<(), LogError>)> {
        let mut failed = Vec::with_capacity(self.dirs.len());
        for (path, new) in &self.dirs {
            let synced = match new {
                Ok(new) => new.sync().await,
                // Nothing was created there.
                Err(_) => Ok(()),
            };
            failed.push(synced.err().map(|error| (path, error)));
        }
        let outcome = |opened: Opened| {
            let failed = failed.get(opened.slot.dir).and_then(Option::as_ref);
            let durable = match failed {
                Some((path, error)) => Err(LogError::io("sync", *path, again(error))),
                None => Ok(()),
            };
            (opened, durable)
        };
        self.kept.take().into_iter().map(outcome).collect()
    }

    fn of(&self, dir: usize) -> Result<&NewDirectories, LogError> {
        match self.dirs.get(dir) {
            Some((_, Ok(new))) => Ok(new),
            Some((path, Err(error))) => Err(LogError::io("opening", path, again(error))),
            None => Err(LogError::io("opening", "log.dirs", io::ErrorKind::NotFound.into())),
        }
    }
}

/// The same failure, for the next log that it meets.
fn again(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), error.to_string())
}
