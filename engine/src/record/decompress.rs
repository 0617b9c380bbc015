//! From compressed bytes back to records, with a limit on what comes out. Any thread; burns CPU,
//! so never on the produce or fetch path unless a setting demands it.
//!
//! Memory grows with what really comes out, never with a declared length: gzip is read in pieces,
//! LZ4 blocks and zstd frames are tried with a small buffer that doubles up to the limit.
//! Must not know: records, batches, which client used which framing.

use zstd::zstd_safe::{DCtx, zstd_sys::ZSTD_ErrorCode};

use super::codec::Codec;
use super::records::RecordsError;
use super::{gzip_frame, lz4_frame, snappy};

/// First guess of how far bytes expand.
pub(super) const EXPANSION_GUESS: usize = 4;
const BYTES_MIN: usize = 512;

/// Decompresses `input`; refuses to give out more than `bytes_max`.
pub(super) fn decompress(
    codec: Codec,
    input: &[u8],
    bytes_max: usize,
) -> Result<Vec<u8>, RecordsError> {
    let output = match codec {
        Codec::None => input.to_vec(),
        Codec::Gzip => gzip_frame::decompress(input, bytes_max)?,
        Codec::Snappy => snappy::decompress(input, bytes_max)?,
        Codec::Lz4 => lz4_frame::decompress(input, bytes_max)?,
        Codec::Zstd => zstd(input, bytes_max)?,
    };
    if output.len() > bytes_max {
        return Err(RecordsError::OutputLimit { bytes_max });
    }
    Ok(output)
}

/// In one shot, because the streaming decoder allocates the window that the frame declares.
fn zstd(input: &[u8], bytes_max: usize) -> Result<Vec<u8>, RecordsError> {
    const TOO_SMALL: usize = (ZSTD_ErrorCode::ZSTD_error_dstSize_tooSmall as usize).wrapping_neg();
    let malformed = RecordsError::Compressed { codec: Codec::Zstd };
    let mut context = DCtx::try_create().ok_or(malformed)?;
    let mut room = input.len().saturating_mul(EXPANSION_GUESS).max(BYTES_MIN).min(bytes_max);
    loop {
        let mut output = Vec::with_capacity(room);
        match context.decompress(&mut output, input) {
            Ok(_) => return Ok(output),
            Err(TOO_SMALL) if room < bytes_max => room = room.saturating_mul(2).min(bytes_max),
            Err(TOO_SMALL) => return Err(RecordsError::OutputLimit { bytes_max }),
            Err(_) => return Err(malformed),
        }
    }
}
