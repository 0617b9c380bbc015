//! What this disk lets anybody promise under a load: the same batches, on a schedule, written and
//! synced by plain threads with a file each and nothing in between.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::measure::Latency;

/// Most batches of one write: what is due is written and synced together, as a log does.
const GROUP_MAX: usize = 64;
/// What does not count, of the whole.
const WARM_UP: f64 = 0.25;

/// A load.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Files, each with a thread of its own.
    pub files: usize,
    /// Batches a second, of all files together.
    pub rate: f64,
    /// Bytes of a batch.
    pub batch_bytes: usize,
    /// How long.
    pub time: Duration,
}

/// From the time at which a batch is due until it is synced, of all batches but the first ones.
///
/// # Errors
/// The folder cannot be written.
pub fn acks(folder: &Path, pace: &Pace) -> io::Result<Latency> {
    let batches = vec![7; pace.batch_bytes * GROUP_MAX];
    let begun = Instant::now();
    let mut all = Latency::default();
    thread::scope(|scope| {
        let batches = batches.as_slice();
        let one = |number| {
            let path = folder.join(format!("bare-{number}"));
            scope.spawn(move || one_file(&path, pace, batches, begun, number))
        };
        let running: Vec<_> = (0..pace.files).map(one).collect();
        for thread in running {
            let ended = thread.join().map_err(|_| io::Error::other("a thread panicked"))?;
            all.merge(&ended?);
        }
        Ok(all)
    })
}

fn one_file(
    path: &Path,
    pace: &Pace,
    batches: &[u8],
    begun: Instant,
    number: usize,
) -> io::Result<Latency> {
    let file = File::create(path)?;
    let (mut acks, mut written) = (Latency::default(), 0);
    let gap = Duration::from_secs_f64(pace.files as f64 / pace.rate.max(1.0));
    // Each file in its own part of the gap: they do not all come at once.
    let mut due = begun + gap.mul_f64(number as f64 / pace.files as f64);
    let (counted, end) = (begun + pace.time.mul_f64(WARM_UP), begun + pace.time);
    while due < end {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let (first, now) = (due, Instant::now());
        let mut group = 0;
        while due <= now && due < end && group < GROUP_MAX {
            (group, due) = (group + 1, due + gap);
        }
        let bytes = batches.get(..group * pace.batch_bytes).unwrap_or_default();
        file.write_all_at(bytes, written)?;
        file.sync_data()?;
        written += bytes.len() as u64;
        let synced = Instant::now();
        let of_group = (0..group).map(|at| first + gap * at as u32);
        for due in of_group.filter(|due| *due >= counted) {
            let nanos = synced.saturating_duration_since(due).as_nanos();
            acks.record(u64::try_from(nanos).unwrap_or(u64::MAX));
        }
    }
    fs::remove_file(path)?;
    Ok(acks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_batch_that_is_due_counts_once_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let time = Duration::from_millis(400);
        let pace = Pace { files: 3, rate: 300.0, batch_bytes: 100, time };
        let acks = acks(folder.path(), &pace).unwrap();
        assert!((80..=93).contains(&acks.count()), "{} of three quarters of 120", acks.count());
        assert!(acks.ms(0.5) > 0.0);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
