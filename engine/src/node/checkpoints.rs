//! The one writer of every log dir's checkpoint files. On the control thread.
//!
//! Notes from the cores are merged while a write is under way; a pause between writes keeps the
//! device's flushes for the appends.

use std::path::PathBuf;
use std::time::Duration;

use super::checkpoint_files::{CheckpointFiles, Offsets};
use crate::log::checkpoints;
use crate::runtime::sync::mpsc;
use crate::runtime::{self, Directory, Reply};
use crate::shard::{CheckpointNote, LogDir};

/// Between two writes of the same files. What is written in this time, recovery reads again.
const PAUSE: Duration = Duration::from_millis(200);

/// The files of one dir, whether the disk lags behind, and who waits until it does not.
struct Dir {
    path: PathBuf,
    files: CheckpointFiles,
    stale: bool,
    waiting: Vec<Reply<()>>,
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
            waiting: Vec::new(),
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
        match note {
            CheckpointNote::Last => return true,
            CheckpointNote::Reached { dir, .. } | CheckpointNote::Gone { dir, .. } => {
                if let Some(dir) = self.dirs.get_mut(dir) {
                    dir.files.take(note);
                    dir.stale = true;
                }
            }
            CheckpointNote::Awaited { dir, done } => {
                if let Some(dir) = self.dirs.get_mut(dir) {
                    dir.waiting.push(done);
                }
            }
        }
        false
    }

    async fn write(&mut self) {
        for dir in self.dirs.iter_mut().filter(|dir| dir.stale) {
            match write_files(dir).await {
                Ok(()) => (dir.stale, dir.files.cleaner_changed) = (false, false),
                // The old files hold: a restart reads more than it must.
                Err(error) => {
                    tracing::warn!(%error, dir = %dir.path.display(), "checkpoints not written");
                }
            }
        }
        for dir in &mut self.dirs {
            for done in dir.waiting.drain(..) {
                // Dropped otherwise, which says that they are not on disk.
                if !dir.stale {
                    done.send(());
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
    if dir.files.cleaner_changed {
        let points = &dir.files.cleaner_points;
        checkpoints::write(&directory, checkpoints::CLEANER_POINTS, points).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::runtime::{ScratchDir, reply, run_here, spawn};

    fn log_dir(path: PathBuf) -> LogDir {
        LogDir {
            id: uuid::Uuid::nil(),
            path,
            clean: false,
            recovery_points: BTreeMap::new(),
            log_starts: BTreeMap::new(),
            cleaner_points: BTreeMap::new(),
        }
    }

    fn started_at(dir: usize, log_start: i64) -> CheckpointNote {
        CheckpointNote::Reached {
            dir,
            name: ("events".to_string(), 3),
            recovery_point: None,
            log_start,
            high_watermark: 9,
            cleaned: None,
        }
    }

    #[test]
    fn who_waits_is_told_when_the_file_says_it_and_never_when_it_cannot() {
        run_here(async {
            let scratch = ScratchDir::new();
            let (sound, broken) = (scratch.path().to_path_buf(), scratch.path().join("gone"));
            let dirs = [log_dir(sound.clone()), log_dir(broken)];
            let (notes, noted) = mpsc::unbounded_channel();
            let writing = spawn(CheckpointWriter::new(&dirs, noted).run());
            for start in [4, 7] {
                let (done, written) = reply();
                let (never, unwritten) = reply();
                notes.send(started_at(0, start)).unwrap();
                notes.send(started_at(1, start)).unwrap();
                notes.send(CheckpointNote::Awaited { dir: 0, done }).unwrap();
                notes.send(CheckpointNote::Awaited { dir: 1, done: never }).unwrap();
                assert_eq!(written.await, Ok(()));
                let directory = Directory::open(&sound).await.unwrap();
                let starts = checkpoints::read(&directory, checkpoints::LOG_STARTS).await.unwrap();
                assert_eq!(starts.get(&("events".to_string(), 3)), Some(&start));
                assert!(unwritten.await.is_err());
            }
            notes.send(CheckpointNote::Last).unwrap();
            writing.finished().await;
        });
    }
}
