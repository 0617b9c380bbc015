//! Frames: what the metadata log and its snapshot are made of. Pure.
//!
//! ```text
//!    0      4       8            16           24
//!   +------+-------+------------+------------+---------------------+
//!   | len  | crc   | generation | sequence   | payload (len bytes) |      big-endian
//!   +------+-------+------------+------------+---------------------+
//! ```
//!
//! The CRC-32 covers everything but itself, the length included. A generation is one life of the
//! log between two snapshots; a sequence is the number of a frame since the cluster began. One
//! write is one frame, so a torn write never leaves a whole frame behind a damaged one.

/// Bytes before the payload.
pub const HEADER_BYTES: usize = 24;

/// A frame that was read; its payload stands in the buffer it was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Which life of the log.
    pub generation: u64,
    /// Which frame since the cluster began.
    pub sequence: u64,
    /// What it holds.
    pub payload: &'a [u8],
}

impl Frame<'_> {
    /// Bytes of the whole frame.
    pub fn size(&self) -> usize {
        HEADER_BYTES + self.payload.len()
    }
}

/// Makes a frame; `None` when the payload does not fit a length of 32 bits.
pub fn encode(generation: u64, sequence: u64, payload: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(payload.len()).ok()?.to_be_bytes();
    let mut frame = Vec::with_capacity(HEADER_BYTES + payload.len());
    frame.extend(length);
    frame.extend([0; 4]);
    frame.extend(generation.to_be_bytes());
    frame.extend(sequence.to_be_bytes());
    frame.extend(payload);
    let crc = checksum(&frame).to_be_bytes();
    frame[4..8].copy_from_slice(&crc);
    Some(frame)
}

/// The frame at the beginning of `bytes`; `None` when there is none that is whole and sound.
pub fn decode(bytes: &[u8]) -> Option<Frame<'_>> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (crc, rest) = rest.split_first_chunk::<4>()?;
    let (generation, rest) = rest.split_first_chunk::<8>()?;
    let (sequence, rest) = rest.split_first_chunk::<8>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let payload = rest.get(..length)?;
    if checksum(&bytes[..HEADER_BYTES + length]) != u32::from_be_bytes(*crc) {
        return None;
    }
    let (generation, sequence) = (u64::from_be_bytes(*generation), u64::from_be_bytes(*sequence));
    Some(Frame { generation, sequence, payload })
}

/// Whether a sound frame of `generation` begins anywhere in `bytes`. The generation is compared
/// first, so that the checksum of hardly any other place is calculated.
pub fn any_within(bytes: &[u8], generation: u64) -> bool {
    let wanted = generation.to_be_bytes();
    let generations = bytes.windows(8).enumerate().skip(8);
    generations
        .filter(|(_, window)| *window == wanted)
        .any(|(at, _)| decode(&bytes[at - 8..]).is_some())
}

fn checksum(frame: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&frame[..4]);
    hasher.update(&frame[8..]);
    hasher.finalize()
}
