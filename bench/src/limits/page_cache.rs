//! P6 and P7: buffered writes into pages that are there and into new ones, and writing new ones
//! back. Files of the new pages live until the end: freed pages would come back warm, which no
//! broker's do.

use std::fs::File;
use std::io::IoSlice;

use rustix::io::pwritev;

use super::figures::{Figures, Primitive};
use super::site::{GB, Site, bytes};
use crate::machine::{kernel_seconds, process_seconds, thread_seconds};

const WRITE: Primitive = Primitive {
    id: "P6",
    name: "c_pcw",
    meaning: "CPU of a buffered pwritev into the page cache",
    unit: "s/GB",
};
const BACK: Primitive = Primitive {
    id: "P7",
    name: "c_wb",
    meaning: "CPU of writing back: the syncing thread and the kernel's threads",
    unit: "s/GB",
};
/// Bytes of one call.
const SIZES: [usize; 3] = [4 << 10, 64 << 10, 1 << 20];
/// A write-back takes little CPU: so many files of a round's size are written back in one.
const FILES_BACK: usize = 4;

/// The cases of P6 whose names begin so are those that appends meet.
pub const NEW_PAGES: &str = "new pages";

/// Measures P6 and P7.
///
/// # Errors
/// A file cannot be written.
pub fn measure(site: &Site, figures: &mut Figures) -> anyhow::Result<()> {
    let mut kept = Vec::new();
    for size in SIZES {
        let block = vec![7; size];
        let file = site.file()?;
        site.on(site.broker_cpu, || fill(&file, &block, site.plan.cached_bytes))?;
        let costs = site.rounds(|_| fill(&file, &block, site.plan.cached_bytes))?;
        figures.add(WRITE, format!("existing pages, {}", bytes(size)), &costs);
    }
    for size in SIZES {
        let block = vec![7; size];
        let costs = site.rounds(|_| {
            let file = site.file()?;
            let cost = fill(&file, &block, site.plan.cached_bytes);
            kept.push(file);
            cost
        })?;
        figures.add(WRITE, format!("{NEW_PAGES}, {}", bytes(size)), &costs);
    }
    kept.iter().try_for_each(File::sync_data)?;
    let block = vec![7; 1 << 20];
    let costs = site.rounds(|_| {
        let mut files = Vec::new();
        for _ in 0..FILES_BACK {
            let file = site.file()?;
            fill(&file, &block, site.plan.cached_bytes)?;
            files.push(file);
        }
        let cost = write_back(&files, site.plan.cached_bytes);
        kept.extend(files);
        cost
    })?;
    figures.add(BACK, "new files, 1 MiB writes", &costs);
    Ok(())
}

/// Writes a file from its start to `length` bytes; CPU seconds per gigabyte.
fn fill(file: &File, block: &[u8], length: u64) -> anyhow::Result<f64> {
    let before = thread_seconds();
    let mut place = 0;
    while place < length {
        let written = pwritev(file, &[IoSlice::new(block)], place)?;
        anyhow::ensure!(written > 0, "the disk is full");
        place += written as u64;
    }
    Ok((thread_seconds() - before) / place as f64 * GB)
}

/// Syncs files of `length` dirty bytes each; CPU seconds per gigabyte.
fn write_back(files: &[File], length: u64) -> anyhow::Result<f64> {
    let (process, kernel) = (process_seconds(), kernel_seconds()?);
    files.iter().try_for_each(File::sync_data)?;
    let spent = process_seconds() - process + kernel_seconds()? - kernel;
    Ok(spent.max(0.0) / (length * files.len() as u64) as f64 * GB)
}
