//! CRC-32C (Castagnoli) of batches: the only function that computes it. Pure.
//!
//! Never CRC-32 (IEEE): with that every consumer would refuse every batch.
//! Must not know: who asks, what happens on a mismatch.

use super::header::{ATTRIBUTES_AT, BatchHeader};

/// CRC-32C of `bytes`.
pub fn crc32c(bytes: &[u8]) -> u32 {
    crc_fast::crc32_iscsi(bytes)
}

/// Whether the first batch in `batch` is whole and carries the checksum of its bytes.
pub fn check_crc(batch: &[u8]) -> bool {
    let Ok(header) = BatchHeader::parse(batch) else { return false };
    match batch.get(ATTRIBUTES_AT..header.size_in_bytes()) {
        Some(covered) => crc32c(covered) == header.crc,
        None => false,
    }
}
