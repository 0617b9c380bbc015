//! Where it is measured: a folder on the disk in question, a CPU for the broker's side and one for
//! the load's, and how rounds are run. Any thread.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;

use super::plan::Plan;
use crate::machine;

/// Bytes of a gigabyte.
pub const GB: f64 = 1e9;
/// Microseconds of a second.
pub const MICROS: f64 = 1e6;

/// Where it is measured.
#[derive(Debug, Clone)]
pub struct Site {
    /// How long and how large.
    pub plan: Plan,
    /// A folder of its own on the disk; removed at the end.
    pub folder: PathBuf,
    /// The CPU of the broker's side.
    pub broker_cpu: usize,
    /// The CPU of the load's side; the same where there is only one.
    pub load_cpu: usize,
}

impl Site {
    /// Runs `work` on a thread of its own on one CPU.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn on<T: Send>(
        &self,
        cpu: usize,
        work: impl FnOnce() -> anyhow::Result<T> + Send,
    ) -> anyhow::Result<T> {
        std::thread::scope(|scope| {
            let running = scope.spawn(move || {
                machine::stay_on(&[cpu])?;
                work()
            });
            running.join().map_err(|_| anyhow::anyhow!("a measurement panicked"))?
        })
    }

    /// As [`Site::on`], on the broker's CPU, once a round.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn rounds<T: Send>(
        &self,
        mut work: impl FnMut(usize) -> anyhow::Result<T> + Send,
    ) -> anyhow::Result<Vec<T>> {
        let rounds = self.plan.rounds;
        self.on(self.broker_cpu, move || (0..rounds).map(&mut work).collect())
    }

    /// A new file without a name, so that nothing is left behind.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn file(&self) -> anyhow::Result<File> {
        nameless(&self.folder)
    }

    /// Calls `step` until a round's time is over; how many times, and the seconds that took. The
    /// clock is read after every call.
    ///
    /// # Errors
    /// Those of `step`.
    pub fn for_a_slice(
        &self,
        mut step: impl FnMut() -> anyhow::Result<()>,
    ) -> anyhow::Result<(f64, f64)> {
        let begun = Instant::now();
        let mut count = 0.0;
        while begun.elapsed() < self.plan.slice {
            step()?;
            count += 1.0;
        }
        Ok((count, begun.elapsed().as_secs_f64()))
    }
}

fn nameless(folder: &Path) -> anyhow::Result<File> {
    let path = folder.join("limits");
    let file = File::options().read(true).write(true).create(true).truncate(true).open(&path);
    let file = file.with_context(|| format!("cannot make {}", path.display()))?;
    fs::remove_file(&path)?;
    Ok(file)
}

/// A number of bytes as it is read: `64 KiB`.
pub fn bytes(count: usize) -> String {
    match count {
        count if count >= 1 << 20 => format!("{} MiB", count >> 20),
        count if count >= 1 << 10 => format!("{} KiB", count >> 10),
        count => format!("{count} B"),
    }
}
