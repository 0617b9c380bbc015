//! P4 and P5: the checksum of batches by the engine's own code, and copying.

use std::fs;
use std::hint::black_box;

use corelog_engine::record::crc32c;

use super::figures::{Figures, Primitive};
use super::site::{GB, Site, bytes};
use crate::machine::thread_seconds;

const CHECKSUM: Primitive = Primitive {
    id: "P4",
    name: "c_crc",
    meaning: "CRC-32C of a batch, by the engine's code",
    unit: "s/GB",
};
const COPY: Primitive =
    Primitive { id: "P5", name: "c_cpy", meaning: "copying memory", unit: "s/GB" };
/// Sizes of batches.
const BATCHES: [usize; 4] = [1 << 10, 16 << 10, 64 << 10, 1 << 20];
/// The clock is read after so many bytes.
const STEP_BYTES: usize = 1 << 20;
/// Sizes of caches where the kernel does not tell them.
const L2_BYTES: usize = 1 << 20;
const L3_BYTES: usize = 16 << 20;
/// A copy takes this part of a cache, for source and target together; a last-level cache is shared.
const PART_OF_L2: usize = 2;
const PART_OF_L3: usize = 4;

/// Measures P4 and P5.
///
/// # Errors
/// The CPU is not there.
pub fn measure(site: &Site, figures: &mut Figures) -> anyhow::Result<()> {
    for size in BATCHES {
        let batch = vec![7; size];
        let costs = site.rounds(|_| {
            per_gb(site, size, || {
                black_box(crc32c(black_box(&batch)));
            })
        })?;
        figures.add(CHECKSUM, bytes(size), &costs);
    }
    let cases = [
        ("L2", cache_bytes("index2").unwrap_or(L2_BYTES) / PART_OF_L2 / 2),
        ("L3", cache_bytes("index3").unwrap_or(L3_BYTES) / PART_OF_L3 / 2),
        ("DRAM", site.plan.dram_bytes / 2),
    ];
    for (place, size) in cases {
        let (source, mut target) = (vec![7_u8; size], vec![1_u8; size]);
        let costs = site.rounds(|_| {
            per_gb(site, size, || {
                target.copy_from_slice(black_box(&source));
                black_box(&mut target);
            })
        })?;
        figures.add(COPY, format!("{place}, {} to {}", bytes(size), bytes(size)), &costs);
    }
    Ok(())
}

/// CPU seconds per gigabyte of a step over `size` bytes.
fn per_gb(site: &Site, size: usize, mut step: impl FnMut()) -> anyhow::Result<f64> {
    let repeats = (STEP_BYTES / size).max(1);
    step(); // into the caches
    let before = thread_seconds();
    let (count, _) = site.for_a_slice(|| {
        (0..repeats).for_each(|_| step());
        Ok(())
    })?;
    Ok((thread_seconds() - before) / (count * (repeats * size) as f64) * GB)
}

/// Bytes of a cache of the first CPU.
fn cache_bytes(index: &str) -> Option<usize> {
    let path = format!("/sys/devices/system/cpu/cpu0/cache/{index}/size");
    parse_size(fs::read_to_string(path).ok()?.trim())
}

fn parse_size(text: &str) -> Option<usize> {
    let (number, shift) = match text.as_bytes().last()? {
        b'K' => (text.strip_suffix('K')?, 10),
        b'M' => (text.strip_suffix('M')?, 20),
        _ => (text, 0),
    };
    number.parse::<usize>().ok()?.checked_shl(shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_caches_are_read() {
        assert_eq!(parse_size("1024K"), Some(1 << 20));
        assert_eq!(parse_size("32M"), Some(32 << 20));
        assert_eq!(parse_size("512"), Some(512));
        assert_eq!(parse_size("large"), None);
        assert_eq!(parse_size(""), None);
    }
}
