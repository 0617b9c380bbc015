//! Snappy as Kafka clients write it: framed by snappy-java ("xerial"), or one raw block. Pure.
//!
//! ```text
//! 0x82 "SNAPPY" 0x00   version i32 = 1   compatible i32 = 1   { length i32, raw block }*
//! ```
//!
//! All integers are big-endian. Raw blocks come from sarama and others of the time before the
//! framing was documented. Must not know: records, batches.

use super::codec::Codec;
use super::records::RecordsError;

const MAGIC: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
/// Magic, version, oldest compatible version.
const HEADER: [u8; 16] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1];
/// What snappy-java puts into a block.
const BLOCK_BYTES: usize = 32 * 1024;
/// Three bytes of a copy give at most 64: a block that declares more than this lies.
const EXPANSION_MAX: usize = 22;

const MALFORMED: RecordsError = RecordsError::Compressed { codec: Codec::Snappy };

/// Decompresses either form.
pub(super) fn decompress(input: &[u8], bytes_max: usize) -> Result<Vec<u8>, RecordsError> {
    let mut output = Vec::new();
    if !input.starts_with(&MAGIC) {
        block(input, bytes_max, &mut output)?;
        return Ok(output);
    }
    let mut rest = input;
    while !rest.is_empty() {
        // A writer that was flushed and reopened starts again with a header.
        if rest.starts_with(&MAGIC) {
            rest = rest.get(HEADER.len()..).ok_or(MALFORMED)?;
            continue;
        }
        let (length, behind) = rest.split_first_chunk::<4>().ok_or(MALFORMED)?;
        let length = usize::try_from(i32::from_be_bytes(*length)).map_err(|_| MALFORMED)?;
        let (compressed, behind) = behind.split_at_checked(length).ok_or(MALFORMED)?;
        block(compressed, bytes_max, &mut output)?;
        rest = behind;
    }
    Ok(output)
}

/// Decompresses one raw block behind what `output` holds.
fn block(input: &[u8], bytes_max: usize, output: &mut Vec<u8>) -> Result<(), RecordsError> {
    let bytes = snap::raw::decompress_len(input).map_err(|_| MALFORMED)?;
    if bytes > input.len().saturating_mul(EXPANSION_MAX) {
        return Err(MALFORMED);
    }
    let start = output.len();
    if bytes > bytes_max - start.min(bytes_max) {
        return Err(RecordsError::OutputLimit { bytes_max });
    }
    output.resize(start + bytes, 0);
    snap::raw::Decoder::new().decompress(input, &mut output[start..]).map_err(|_| MALFORMED)?;
    Ok(())
}

/// Compresses in the framing of snappy-java, which every client reads.
pub(super) fn compress(input: &[u8]) -> Result<Vec<u8>, snap::Error> {
    let mut output = HEADER.to_vec();
    let mut encoder = snap::raw::Encoder::new();
    for part in input.chunks(BLOCK_BYTES) {
        let block = encoder.compress_vec(part)?;
        output.extend((block.len() as u32).to_be_bytes());
        output.extend(block);
    }
    Ok(output)
}
