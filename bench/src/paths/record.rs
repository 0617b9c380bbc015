//! Batches: their checksum, what a leader writes into them, the records inside, and the sequence
//! numbers of idempotent producers.

use std::hint::black_box;

use bytes::BytesMut;
use corelog_engine::log::ProducerTable;
use corelog_engine::record::{
    BatchBuilder, BatchHeader, Codec, Records, check_produced, crc32c, stamp,
};

use super::path::Operation;
use super::produce::{bulk_batch, rules};

/// A time that a producer may have stamped.
const NOW_MS: i64 = 1_700_000_000_000;
/// Producers that a log remembers.
const PRODUCERS: i64 = 100;

/// The checksum of a small batch.
pub fn crc_small() -> anyhow::Result<Operation> {
    crc_of(1 << 10)
}

/// The checksum of a large one.
pub fn crc() -> anyhow::Result<Operation> {
    crc_of(64 << 10)
}

fn crc_of(bytes: usize) -> anyhow::Result<Operation> {
    let batch = vec![7; bytes];
    Ok(Box::new(move || {
        black_box(crc32c(black_box(&batch)));
    }))
}

/// Every rule that a produced batch must keep.
pub fn check() -> anyhow::Result<Operation> {
    let batch = bulk_batch()?;
    check_produced(&batch, &rules(NOW_MS))?;
    Ok(Box::new(move || {
        let _ = black_box(check_produced(black_box(&batch), &rules(NOW_MS)));
    }))
}

/// Offset and epoch in place.
pub fn stamp_batch() -> anyhow::Result<Operation> {
    let mut batch = BytesMut::from(&bulk_batch()?[..]);
    let mut offset = 0;
    Ok(Box::new(move || {
        offset += 1;
        black_box(stamp(&mut batch, offset, 3, None));
    }))
}

/// Every record where it stands.
pub fn walk() -> anyhow::Result<Operation> {
    let batch = bulk_batch()?;
    let header = BatchHeader::parse(&batch)?;
    Ok(Box::new(move || {
        if let Ok(records) = Records::open(&header, &batch, 0) {
            for record in records.iter() {
                let _ = black_box(record);
            }
        }
    }))
}

/// A batch as the client of the command line builds it.
pub fn build() -> anyhow::Result<Operation> {
    let value = vec![b'v'; 1 << 10];
    Ok(Box::new(move || {
        let mut builder = BatchBuilder::new(Codec::None);
        for _ in 0..60 {
            builder.push(NOW_MS, None, Some(&value));
        }
        let _ = black_box(builder.finish());
    }))
}

/// What the log says to the next batch of a producer that it remembers, and takes note of it.
pub fn sequence() -> anyhow::Result<Operation> {
    let mut header = BatchHeader::parse(&bulk_batch()?)?;
    let mut table = ProducerTable::default();
    header.producer_epoch = 0;
    for producer in 0..PRODUCERS {
        header.producer_id = producer;
        header.base_sequence = 0;
        table.apply(&header);
    }
    header.producer_id = PRODUCERS / 2;
    Ok(Box::new(move || {
        header.base_offset = header.next_offset();
        header.base_sequence = header.last_sequence().wrapping_add(1).max(0);
        black_box(table.check(&header));
        table.apply(&header);
    }))
}
