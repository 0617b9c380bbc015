//! Which key was written last where: what a cleaning learns from the uncleaned part of a log
//! before it copies anything. Pure; burns CPU, so on a worker.
//!
//! Must not know files.

use super::filter::{FilterError, marker_of};
use super::offset_map::OffsetMap;
use super::transactions::{MarkerFate, Transactions};
use crate::record::{BatchHeader, Offset, Record, Records};

/// Whether there is room for more keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gathered {
    /// All of the batch is in the map.
    All,
    /// The map is full; it speaks for the offsets up to its latest one.
    Full,
}

/// Puts the keys of a batch into the map, those at `from` and above. Keys of aborted transactions
/// do not count, and batches that cannot be read have none.
pub fn gather(
    header: &BatchHeader,
    batch: &[u8],
    from: Offset,
    decompressed_max: usize,
    walk: &mut Transactions,
    map: &mut OffsetMap,
) -> Result<Gathered, FilterError> {
    let opened = Records::open(header, batch, decompressed_max).ok();
    let records = opened.as_ref().and_then(|opened| opened.iter().collect::<Result<_, _>>().ok());
    let records: Vec<Record<'_>> = records.unwrap_or_default();
    if header.is_control() {
        if walk.on_marker(header, marker_of(&records)) == MarkerFate::Contradiction {
            return Err(FilterError::NotIndexed(header.base_offset));
        }
    } else if !walk.on_batch(header) {
        for record in records.iter().filter(|record| record.offset >= from) {
            if let Some(key) = record.key
                && !map.put(key, record.offset)
            {
                return Ok(Gathered::Full);
            }
        }
    }
    if header.last_offset() >= from {
        map.advance(header.last_offset());
    }
    Ok(Gathered::All)
}
