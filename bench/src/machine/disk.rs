//! The block device under a folder: how many flushes it completed, and what one sync costs. Flush
//! requests at the device are the ground truth of durability. Any thread.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::time::Instant;

/// Place of completed flushes in a line of /proc/diskstats, counted from 0.
const FLUSHES_AT: usize = 18;
/// Writes of one probe, and their size.
const PROBES: usize = 200;
const PROBE_BYTES: usize = 4096;

/// A block device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    name: String,
}

/// What a sync costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sync {
    /// Flush requests of one fdatasync of a file that grows.
    pub flushes: f64,
    /// Milliseconds of that, the median.
    pub append_ms: f64,
    /// Milliseconds of one fdatasync after 4 KiB were written over, the median.
    pub overwrite_ms: f64,
}

impl Disk {
    /// The device under a folder.
    ///
    /// # Errors
    /// The folder is on no block device.
    pub fn under(folder: &Path) -> io::Result<Disk> {
        let device = fs::metadata(folder)?.dev();
        let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
        let place = format!("{major} {minor} ");
        let text = fs::read_to_string("/proc/diskstats")?;
        let mut plain = text.lines().map(|line| {
            let words: Vec<&str> = line.split_whitespace().take(3).collect();
            words.join(" ")
        });
        let name = plain.find_map(|line| line.strip_prefix(&place).map(str::to_owned));
        name.map(|name| Disk { name }).ok_or_else(|| {
            let why = format!("{} is on no block device: no flushes to count", folder.display());
            io::Error::other(why)
        })
    }

    /// Its name in /proc/diskstats.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Flush requests completed since the machine's start.
    ///
    /// # Errors
    /// The device is gone.
    pub fn flushes(&self) -> io::Result<u64> {
        let text = fs::read_to_string("/proc/diskstats")?;
        flushes(&text, &self.name).ok_or_else(|| io::Error::other("the device is gone"))
    }

    /// Measures what a sync in a folder costs.
    ///
    /// # Errors
    /// The folder cannot be written to.
    pub fn probe(&self, folder: &Path) -> io::Result<Sync> {
        let path = folder.join("sync-probe");
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(&path)?;
        let before = self.flushes()?;
        let append_ms = time_syncs(&file, |turn| turn)?;
        let flushes = (self.flushes()? - before) as f64 / PROBES as f64;
        let overwrite_ms = time_syncs(&file, |_| 0)?;
        fs::remove_file(path)?;
        Ok(Sync { flushes, append_ms, overwrite_ms })
    }
}

/// The median of syncs in milliseconds, each after a write to the block that `place` names.
fn time_syncs(file: &File, place: impl Fn(usize) -> usize) -> io::Result<f64> {
    let block = [7; PROBE_BYTES];
    let mut times = Vec::with_capacity(PROBES);
    for turn in 0..PROBES {
        file.write_all_at(&block, (place(turn) * PROBE_BYTES) as u64)?;
        let begun = Instant::now();
        file.sync_data()?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(times.get(PROBES / 2).copied().unwrap_or(0.0))
}

fn flushes(diskstats: &str, name: &str) -> Option<u64> {
    let mut lines = diskstats.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let fields = lines.find(|fields| fields.get(2) == Some(&name))?;
    fields.get(FLUSHES_AT)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flushes_stand_behind_the_discards() {
        let text = " 254 0 vda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 4711 17\n 7 0 loop0 0 0 0";
        assert_eq!(flushes(text, "vda"), Some(4711));
        assert_eq!(flushes(text, "loop0"), None);
        assert_eq!(flushes(text, "sda"), None);
    }
}
