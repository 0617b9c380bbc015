//! Reading the gzip format (RFC 1952). Pure.
//!
//! ```text
//! 0x1f 0x8b  method 8  FLG  time 4  XFL  OS
//! [extra: length u16, bytes]  [name, 0]  [comment, 0]  [header checksum 2]
//! deflated bytes   CRC-32 (4)   size modulo 2^32 (4)          then perhaps the next member
//! ```
//!
//! All integers are little-endian. Our own reader, because the one of the crate allocates the
//! length that the extra field declares. The CRC-32 is skipped: the CRC-32C of the batch covers
//! the same bytes. Must not know: records, batches.

use std::io::Read;

use flate2::bufread::DeflateDecoder;

use super::codec::Codec;
use super::records::RecordsError;
use super::varint::Reader;

const MAGIC_AND_METHOD: [u8; 3] = [0x1f, 0x8b, 8];
const HEADER_CHECKSUM_BIT: u8 = 1 << 1;
const EXTRA_BIT: u8 = 1 << 2;
const NAME_BIT: u8 = 1 << 3;
const COMMENT_BIT: u8 = 1 << 4;

const MALFORMED: RecordsError = RecordsError::Compressed { codec: Codec::Gzip };

/// Decompresses all members; gives out at most `bytes_max` bytes.
pub(super) fn decompress(input: &[u8], bytes_max: usize) -> Result<Vec<u8>, RecordsError> {
    let mut output = Vec::new();
    let mut rest = input;
    loop {
        rest = member(rest, bytes_max, &mut output)?;
        if rest.is_empty() {
            return Ok(output);
        }
    }
}

/// Decompresses one member behind what `output` holds; returns what follows it.
fn member<'a>(
    input: &'a [u8],
    bytes_max: usize,
    output: &mut Vec<u8>,
) -> Result<&'a [u8], RecordsError> {
    let start = output.len();
    let mut decoder = DeflateDecoder::new(skip_header(input).ok_or(MALFORMED)?);
    // One byte more than allowed, so that too much can be told from just enough.
    let room = (bytes_max.saturating_sub(start) as u64).saturating_add(1);
    decoder.by_ref().take(room).read_to_end(output).map_err(|_| MALFORMED)?;
    if output.len() > bytes_max {
        return Err(RecordsError::OutputLimit { bytes_max });
    }
    // Deflated bytes that end too early leave no trailer.
    let (trailer, rest) = decoder.into_inner().split_first_chunk::<8>().ok_or(MALFORMED)?;
    let [_, _, _, _, size @ ..] = *trailer;
    match u32::from_le_bytes(size) == (output.len() - start) as u32 {
        true => Ok(rest),
        false => Err(MALFORMED),
    }
}

/// What stands behind the header; None when it does not end.
fn skip_header(input: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(input.strip_prefix(&MAGIC_AND_METHOD)?);
    let flags = reader.byte().ok()?;
    reader.take(6).ok()?; // time, extra flags, operating system
    if flags & EXTRA_BIT != 0 {
        let length = u16::from_le_bytes(reader.take(2).ok()?.try_into().ok()?);
        reader.take(usize::from(length)).ok()?;
    }
    for _ in 0..(flags & (NAME_BIT | COMMENT_BIT)).count_ones() {
        let end = reader.rest().iter().position(|byte| *byte == 0)?;
        reader.take(end + 1).ok()?;
    }
    if flags & HEADER_CHECKSUM_BIT != 0 {
        reader.take(2).ok()?;
    }
    Some(reader.rest())
}
