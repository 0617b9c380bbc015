//! Keeps the page cache full with pages that are cheap to take back: clean, cold zeros of a sparse
//! file. A virtual machine whose host takes freed pages back pays for every page that is allocated
//! anew; with a full cache new pages come from reclaim, for everybody alike. The file stays mapped,
//! because a guest may give back pages that nobody reads; no disk is involved. Any thread.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::pages::Pages;

/// As little as this is left free.
const FREE_MAX: u64 = 300_000_000;
/// Large pages fill quickly down to here; the fragments they leave take small ones.
const FRAGMENTS: u64 = 3_000_000_000;
const CHUNK: usize = 64 << 20;

/// The full cache, as long as it lives.
pub struct FullCache {
    quick: Filler,
    fine: Filler,
}

impl FullCache {
    /// Prepares it; the files are in `folder` and have no name.
    ///
    /// # Errors
    /// The files cannot be made or mapped.
    pub fn new(folder: &Path) -> io::Result<FullCache> {
        let (quick, fine) = (Filler::new(folder, false)?, Filler::new(folder, true)?);
        Ok(FullCache { quick, fine })
    }

    /// Fills until next to nothing is free; returns the bytes that are.
    ///
    /// # Errors
    /// The kernel does not say what is free.
    pub fn fill(&mut self) -> io::Result<u64> {
        self.quick.fill(FRAGMENTS)?;
        self.fine.fill(FREE_MAX * 2 / 3)?;
        free()
    }
}

struct Filler {
    pages: Pages,
    chunks: usize,
    next: usize,
}

impl Filler {
    /// A mapped sparse file, larger than memory.
    fn new(folder: &Path, scattered: bool) -> io::Result<Filler> {
        let chunks = usize::try_from(memory()? * 4 / 3).unwrap_or(0) / CHUNK;
        let path = folder.join("filler");
        let file =
            File::options().read(true).write(true).create(true).truncate(true).open(&path)?;
        fs::remove_file(&path)?;
        file.set_len((chunks * CHUNK) as u64)?;
        Ok(Filler { pages: Pages::map(&file, chunks * CHUNK, scattered)?, chunks, next: 0 })
    }

    /// Touches pages until so little is free, once around at most.
    fn fill(&mut self, until: u64) -> io::Result<()> {
        for _ in 0..self.chunks {
            if free()? <= until {
                break;
            }
            self.pages.touch(self.next * CHUNK, CHUNK)?;
            self.next = (self.next + 1) % self.chunks;
        }
        Ok(())
    }
}

/// Bytes of memory.
fn memory() -> io::Result<u64> {
    let text = fs::read_to_string("/proc/meminfo")?;
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = total.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kib.map(|kib| kib * 1024).ok_or_else(|| io::Error::other("no MemTotal in /proc/meminfo"))
}

/// Bytes free in the largest zone, from which a running system takes its pages.
fn free() -> io::Result<u64> {
    let text = fs::read_to_string("/proc/zoneinfo")?;
    let pages = largest_zone_free(&text).ok_or_else(|| io::Error::other("no zone"))?;
    Ok(pages * rustix::param::page_size() as u64)
}

/// Free pages of the zone that manages most.
fn largest_zone_free(zoneinfo: &str) -> Option<u64> {
    let mut free = 0;
    let mut largest = None;
    for line in zoneinfo.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["pages", "free", count] => free = count.parse().ok()?,
            ["managed", count] => largest = largest.max(Some((count.parse::<u64>().ok()?, free))),
            _ => {}
        }
    }
    largest.map(|(_, free)| free)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_zone_counts() {
        let zone = |free: u64, managed: u64| {
            format!("Node 0, zone Any\n  pages free     {free}\n        managed  {managed}\n")
        };
        let text = [zone(10, 100), zone(77, 9000), zone(5, 0)].concat();
        let text = text.as_str();
        assert_eq!(largest_zone_free(text), Some(77));
        assert_eq!(largest_zone_free(""), None);
        assert!(free().unwrap() < memory().unwrap());
    }
}
