//! P8 and P9: writes past the page cache, and what the device takes in sequence.
//!
//! The device's steady state after it is full is not reached in a run as short as this.

use std::fs::{self, File};
use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use rustix::fs::{FallocateFlags, fallocate};

use super::figures::{Figures, Primitive};
use super::site::{GB, Site, bytes};
use crate::executor::{Writes, write_direct};
use crate::machine::process_seconds;

const DIRECT: Primitive = Primitive {
    id: "P8",
    name: "c_dio",
    meaning: "CPU of an O_DIRECT write over written blocks, io_uring, registered memory",
    unit: "s/GB",
};
const DEVICE: Primitive = Primitive {
    id: "P9",
    name: "b_dev",
    meaning: "sequential O_DIRECT writes, 1 MiB, 8 in flight",
    unit: "GB/s",
};
/// Bytes of one write, and how many are in flight.
const SIZES: [usize; 4] = [16 << 10, 64 << 10, 256 << 10, 1 << 20];
const DEPTHS: [usize; 3] = [1, 8, 32];
/// Of the device's measurement.
const DEVICE_BYTES: usize = 1 << 20;
const DEVICE_DEPTH: usize = 8;

/// The case of P9 that appends meet.
pub const NEW_BLOCKS: &str = "new blocks";

/// Measures P8 and P9.
///
/// # Errors
/// The file system has no writes past the page cache, or the disk is full.
pub fn measure(site: &Site, figures: &mut Figures) -> anyhow::Result<()> {
    let path = site.folder.join("direct");
    let measured = measure_in(site, figures, &path);
    fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
    measured
}

fn measure_in(site: &Site, figures: &mut Figures, path: &Path) -> anyhow::Result<()> {
    let once = Writes {
        path: path.to_owned(),
        length: site.plan.direct_bytes,
        bytes: DEVICE_BYTES,
        depth: DEVICE_DEPTH,
        time: None,
    };
    let (mut new, mut over) = (Vec::new(), Vec::new());
    for _ in 0..site.plan.rounds {
        // Blocks that were never written, and the same once they are.
        let file = File::create(path)?;
        fallocate(&file, FallocateFlags::empty(), 0, site.plan.direct_bytes)?;
        file.sync_all()?;
        new.push(gb_per_second(site, &once)?);
        over.push(gb_per_second(site, &once)?);
    }
    figures.add(DEVICE, NEW_BLOCKS, &new);
    figures.add(DEVICE, "written blocks", &over);
    for size in SIZES {
        for depth in DEPTHS {
            let time = Some(site.plan.slice);
            let writes = Writes { bytes: size, depth, time, ..once.clone() };
            let costs: anyhow::Result<Vec<f64>> =
                (0..site.plan.rounds).map(|_| cost(site, &writes)).collect();
            figures.add(DIRECT, format!("{}, {depth} in flight", bytes(size)), &costs?);
        }
    }
    Ok(())
}

fn gb_per_second(site: &Site, writes: &Writes) -> anyhow::Result<f64> {
    let written = write_direct(site.broker_cpu, writes.clone(), process_seconds)?;
    // What the device holds back is part of what it takes.
    let begun = Instant::now();
    File::open(&writes.path)?.sync_data()?;
    Ok(written.bytes as f64 / GB / (written.seconds + begun.elapsed().as_secs_f64()))
}

/// CPU seconds of this process per gigabyte.
fn cost(site: &Site, writes: &Writes) -> anyhow::Result<f64> {
    let written = write_direct(site.broker_cpu, writes.clone(), process_seconds)?;
    Ok(written.metered / written.bytes as f64 * GB)
}
