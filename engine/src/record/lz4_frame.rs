//! Reading the LZ4 frame format. Pure.
//!
//! ```text
//! magic 0x184D2204  FLG  BD  [content size 8]  header checksum 1
//! { block size 4 (top bit = stored as is), block, [checksum 4] }*  0 (4)  [content checksum 4]
//! ```
//!
//! All integers are little-endian. Our own reader, because the one of the crate allocates the
//! block size that the header declares, up to 8 MiB for a batch of a hundred bytes. Its checksums
//! are skipped: the CRC-32C of the batch covers the same bytes, and clients of Kafka 0.8 computed
//! the header checksum over the wrong bytes. Must not know: records, batches.

use lz4_flex::block::{DecompressError, decompress_into_with_dict};

use super::codec::Codec;
use super::decompress::EXPANSION_GUESS;
use super::records::RecordsError;
use super::varint::Reader;

const MAGIC: [u8; 4] = 0x184D_2204_u32.to_le_bytes();
const VERSION_MASK: u8 = 0b1100_0000;
const VERSION_1: u8 = 0b0100_0000;
const INDEPENDENT_BIT: u8 = 1 << 5;
const BLOCK_CHECKSUM_BIT: u8 = 1 << 4;
const CONTENT_SIZE_BIT: u8 = 1 << 3;
const DICTIONARY_BIT: u8 = 1;
const STORED_BIT: u32 = 1 << 31;
/// How far back a block may refer into the blocks in front of it.
const WINDOW_BYTES: usize = 64 * 1024;

const MALFORMED: RecordsError = RecordsError::Compressed { codec: Codec::Lz4 };

/// What the frame header says about its blocks.
struct Frame {
    independent: bool,
    block_checksums: bool,
    block_bytes_max: usize,
}

/// Decompresses one frame; what stands behind its end mark is ignored, as Kafka does.
pub(super) fn decompress(input: &[u8], bytes_max: usize) -> Result<Vec<u8>, RecordsError> {
    let mut reader = Reader::new(input);
    let frame = header(&mut reader)?;
    let mut output = Vec::new();
    loop {
        let size = u32::from_le_bytes(chunk(&mut reader)?);
        if size == 0 {
            return Ok(output);
        }
        let compressed = reader.take((size & !STORED_BIT) as usize).map_err(|_| MALFORMED)?;
        if size & STORED_BIT != 0 {
            if compressed.len() > bytes_max.saturating_sub(output.len()) {
                return Err(RecordsError::OutputLimit { bytes_max });
            }
            output.extend_from_slice(compressed);
        } else {
            block(&frame, compressed, bytes_max, &mut output)?;
        }
        if frame.block_checksums {
            chunk::<4>(&mut reader)?;
        }
    }
}

fn header(reader: &mut Reader<'_>) -> Result<Frame, RecordsError> {
    if chunk::<4>(reader)? != MAGIC {
        return Err(MALFORMED);
    }
    let [flags, sizes] = chunk::<2>(reader)?;
    if flags & VERSION_MASK != VERSION_1 || flags & DICTIONARY_BIT != 0 {
        return Err(MALFORMED);
    }
    let block_bytes_max = match (sizes >> 4) & 0b111 {
        4 => 64 << 10,
        5 => 256 << 10,
        6 => 1 << 20,
        7 => 4 << 20,
        _ => return Err(MALFORMED),
    };
    if flags & CONTENT_SIZE_BIT != 0 {
        chunk::<8>(reader)?;
    }
    chunk::<1>(reader)?;
    Ok(Frame {
        independent: flags & INDEPENDENT_BIT != 0,
        block_checksums: flags & BLOCK_CHECKSUM_BIT != 0,
        block_bytes_max,
    })
}

/// Decompresses one block behind what `output` holds, with as little room as it needs.
fn block(
    frame: &Frame,
    input: &[u8],
    bytes_max: usize,
    output: &mut Vec<u8>,
) -> Result<(), RecordsError> {
    let start = output.len();
    let left = bytes_max.saturating_sub(start);
    let room_max = frame.block_bytes_max.min(left);
    let mut room = input.len().saturating_mul(EXPANSION_GUESS).min(room_max);
    loop {
        output.resize(start + room, 0);
        let (before, free) = output.split_at_mut(start);
        let window = match frame.independent {
            true => &[],
            false => &before[start.saturating_sub(WINDOW_BYTES)..],
        };
        match decompress_into_with_dict(input, free, window) {
            Ok(bytes) => {
                output.truncate(start + bytes);
                return Ok(());
            }
            Err(DecompressError::OutputTooSmall { .. }) if room < room_max => {
                room = room.saturating_mul(2).clamp(1, room_max);
            }
            Err(DecompressError::OutputTooSmall { .. }) if left < frame.block_bytes_max => {
                return Err(RecordsError::OutputLimit { bytes_max });
            }
            Err(_) => return Err(MALFORMED),
        }
    }
}

fn chunk<const N: usize>(reader: &mut Reader<'_>) -> Result<[u8; N], RecordsError> {
    reader.take(N).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(MALFORMED)
}
