//! Cuts the byte stream of a connection into frames: 4 bytes of length, then that many bytes.
//! Knows nothing of what a frame holds, does no I/O, and never reserves memory for a length that
//! was only declared: the buffer grows by what arrived. Lives on the connection's core.

use bytes::{Buf, BytesMut};
use thiserror::Error;

/// Bytes of the length in front of every frame; it does not count itself.
pub const LENGTH_BYTES: usize = 4;

/// Least bytes of a request: api key, version, correlation id.
pub const FRAME_BYTES_MIN: usize = 8;

/// Why a stream cannot be cut any further; the connection has to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    /// The declared length is negative.
    #[error("negative frame length {0}")]
    Negative(i32),
    /// The declared length is beyond `socket.request.max.bytes`.
    #[error("frame of {declared} bytes, socket.request.max.bytes is {max}")]
    TooLong {
        /// What the peer declared, in bytes.
        declared: usize,
        /// What it may declare, in bytes.
        max: usize,
    },
    /// The declared length cannot hold a request header.
    #[error("frame of {0} bytes cannot hold a request")]
    TooShort(usize),
}

/// Cuts one connection's bytes into frames. Has no state but its limit: what has arrived and was
/// not cut yet stays in the caller's buffer.
#[derive(Debug, Clone, Copy)]
pub struct FrameSplitter {
    frame_bytes_max: usize,
}

/// What the next frame in a buffer looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// A whole frame of this many bytes (without its length) is there.
    Complete(usize),
    /// This many bytes are missing for sure; more may be once the length is known. Read, but do
    /// not reserve them: they are only a promise.
    Missing(usize),
}

impl FrameSplitter {
    /// A splitter that refuses frames longer than `frame_bytes_max` (`socket.request.max.bytes`).
    pub fn new(frame_bytes_max: usize) -> FrameSplitter {
        FrameSplitter { frame_bytes_max }
    }

    /// Looks at the front of `arrived` without taking anything. Fails as soon as the length is
    /// there and wrong, however little else has arrived.
    pub fn progress(&self, arrived: &[u8]) -> Result<Progress, FrameError> {
        let Some((head, rest)) = arrived.split_first_chunk::<LENGTH_BYTES>() else {
            return Ok(Progress::Missing(LENGTH_BYTES - arrived.len()));
        };
        let declared = i32::from_be_bytes(*head);
        let length = usize::try_from(declared).map_err(|_| FrameError::Negative(declared))?;
        if length > self.frame_bytes_max {
            return Err(FrameError::TooLong { declared: length, max: self.frame_bytes_max });
        }
        if length < FRAME_BYTES_MIN {
            return Err(FrameError::TooShort(length));
        }
        match length.checked_sub(rest.len()) {
            None | Some(0) => Ok(Progress::Complete(length)),
            Some(missing) => Ok(Progress::Missing(missing)),
        }
    }

    /// Takes the next whole frame, without its length, off the front of `arrived`; `None` when it
    /// is not all there. The frame shares the buffer's memory and owns its part of it.
    pub fn split(&self, arrived: &mut BytesMut) -> Result<Option<BytesMut>, FrameError> {
        match self.progress(arrived)? {
            Progress::Missing(_) => Ok(None),
            Progress::Complete(length) => {
                arrived.advance(LENGTH_BYTES);
                Ok(Some(arrived.split_to(length)))
            }
        }
    }
}

#[cfg(test)]
#[path = "frame_test.rs"]
mod frame_test;
