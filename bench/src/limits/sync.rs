//! P10: how long a sync takes after a small write, by what the file system has to do for it.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Instant;

use rustix::fs::{FallocateFlags, fallocate};

use super::figures::{Figures, Primitive};
use super::site::{MICROS, Site, bytes};

const MEANING: &str = "fdatasync after a write";
/// Bytes of the write.
const SIZES: [usize; 2] = [4 << 10, 64 << 10];

/// What the write does to its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// Written blocks are written over.
    Overwrite,
    /// The file grows.
    Append,
    /// Blocks are there, but never written.
    Unwritten,
}

impl Layout {
    fn primitive(self) -> Primitive {
        let name = match self {
            Layout::Overwrite => "S_ovw",
            Layout::Append => "S_app",
            Layout::Unwritten => "S_unw",
        };
        Primitive { id: "P10", name, meaning: MEANING, unit: "us" }
    }
}

/// Measures P10.
///
/// # Errors
/// The disk refuses.
pub fn measure(site: &Site, figures: &mut Figures) -> anyhow::Result<()> {
    for layout in [Layout::Overwrite, Layout::Append, Layout::Unwritten] {
        for size in SIZES {
            let times = site.rounds(|_| round(site, layout, size))?;
            let of = |share: f64| -> Vec<f64> {
                times.iter().filter_map(|round| quantile(round, share)).collect()
            };
            figures.add(layout.primitive(), format!("{} p50", bytes(size)), &of(0.5));
            figures.add(layout.primitive(), format!("{} p99", bytes(size)), &of(0.99));
        }
    }
    Ok(())
}

/// Times of a round in microseconds, ascending.
fn round(site: &Site, layout: Layout, size: usize) -> anyhow::Result<Vec<f64>> {
    let (file, block) = (site.file()?, vec![7; size]);
    prepare(&file, layout, site.plan.cached_bytes)?;
    let (mut times, mut place) = (Vec::new(), 0);
    let started = Instant::now();
    while started.elapsed() < site.plan.slice {
        if layout != Layout::Append && place + size as u64 > site.plan.cached_bytes {
            if layout == Layout::Unwritten {
                break; // a second time around they would be written
            }
            place = 0;
        }
        file.write_all_at(&block, place)?;
        let begun = Instant::now();
        file.sync_data()?;
        times.push(begun.elapsed().as_secs_f64() * MICROS);
        place += size as u64;
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

fn prepare(file: &File, layout: Layout, length: u64) -> anyhow::Result<()> {
    match layout {
        Layout::Overwrite => {
            let piece = vec![1; 1 << 20];
            for place in (0..length).step_by(piece.len()) {
                file.write_all_at(&piece, place)?;
            }
        }
        Layout::Append => {}
        Layout::Unwritten => fallocate(file, FallocateFlags::empty(), 0, length)?,
    }
    Ok(file.sync_all()?)
}

/// The time that a share of all does not exceed.
pub fn quantile(ascending: &[f64], share: f64) -> Option<f64> {
    let rank = (ascending.len() as f64 * share).ceil().max(1.0) as usize;
    ascending.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_all_does_not_exceed_its_quantile() {
        let all: Vec<f64> = (1..=200).map(f64::from).collect();
        assert_eq!(quantile(&all, 0.5), Some(100.0));
        assert_eq!(quantile(&all, 0.99), Some(198.0));
        assert_eq!(quantile(&[7.0], 0.99), Some(7.0));
        assert_eq!(quantile(&[], 0.5), None);
    }
}
