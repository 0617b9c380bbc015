//! The one writer of every log dir's checkpoint files. On the control thread.
//!
//! Notes from the cores are merged while a write is under way; a pause between writes keeps the
//! device's flushes for the appends.

use std::path::PathBuf;
use std::time::Duration;

use super::checkpoint_files::{CheckpointFiles, Offsets};
use crate::log::checkpoints;
use crate::runtime::sync::mpsc;
use crate::runtime::{self, Directory};
use crate::shard::{CheckpointNote, LogDir};

/// Between two writes of the same files. What is written in this time, recovery reads again.
const PAUSE: Duration = Duration::from_millis(200);

/// The files of one dir, and whether the disk lags behind.
struct Dir {
    path: PathBuf,
    files: CheckpointFiles,
    stale: bool,
}

/// Writes checkpoint files as notes come in.
pub(super) struct CheckpointWriter {
    dirs: Vec<Dir>,
    notes: mpsc::UnboundedReceiver<CheckpointNote>,
}

impl CheckpointWriter {
    pub(super) fn new(dirs: &[LogDir], notes: mpsc::UnboundedReceiver<CheckpointNote>) -> Self {
        let dir = |dir: &LogDir| Dir {
            path: dir.path.clone(),
            files: CheckpointFiles::of(dir),
            stale: false,
        };
        Self { dirs: dirs.iter().map(dir).collect(), notes }
    }

    /// Runs until a note says that it is the last, and all notes before that are on disk.
    pub(super) async fn run(mut self) {
        while let Some(note) = self.notes.recv().await {
            let mut last = self.take(note);
            while let Ok(note) = self.notes.try_recv() {
                last |= self.take(note);
            }
            self.write().await;
            if last {
                return;
            }
            runtime::sleep(PAUSE).await;
        }
    }

    /// Takes in a note; whether it was the last one.
    fn take(&mut self, note: CheckpointNote) -> bool {
        let dir = match note {
            CheckpointNote::Last => return true,
            CheckpointNote::Reached { dir, .. } | CheckpointNote::Gone { dir, .. } => dir,
        };
        if let Some(dir) = self.dirs.get_mut(dir) {
            dir.files.take(note);
            dir.stale = true;
        }
        false
    }

    async fn write(&mut self) {
        for dir in self.dirs.iter_mut().filter(|dir| dir.stale) {
            match write_files(dir).await {
                Ok(()) => dir.stale = false,
                // The old files hold: a restart reads more than it must.
                Err(error) => {
                    tracing::warn!(%error, dir = %dir.path.display(), "checkpoints not written");
                }
            }
        }
    }
}

async fn write_files(dir: &Dir) -> std::io::Result<()> {
    let directory = Directory::open(&dir.path).await?;
    let files: [(&str, &Offsets); 3] = [
        (checkpoints::RECOVERY_POINTS, &dir.files.recovery_points),
        (checkpoints::LOG_STARTS, &dir.files.log_starts),
        (checkpoints::HIGH_WATERMARKS, &dir.files.high_watermarks),
    ];
    for (name, offsets) in files {
        checkpoints::write(&directory, name, offsets).await?;
    }
    Ok(())
}
