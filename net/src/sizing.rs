//! How large read buffers are: pure, from what a connection sent so far.
//!
//! Must not know: who may take memory (`memory`), sockets.

/// The smallest read buffer of a connection that talks.
pub const CHUNK_BYTES_MIN: usize = 4 << 10;
/// The largest buffer for bytes of which no frame is known yet.
pub const CHUNK_BYTES_MAX: usize = 64 << 10;
/// A frame of a connection that sent such frames before gets its buffer at once up to this size.
pub const TRUSTED_BYTES_MAX: usize = 2 << 20;

/// How large the next buffer of a connection is, from what the connection sent so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sizing {
    /// Bytes of a typical complete frame: rises at once, falls slowly.
    typical: usize,
}

impl Sizing {
    /// A complete frame of `bytes` arrived.
    pub fn on_frame(&mut self, bytes: usize) {
        if bytes >= self.typical {
            self.typical = bytes;
        } else {
            self.typical -= (self.typical - bytes) / 16;
        }
    }

    /// Capacity of a buffer for bytes of which no frame is known yet.
    pub fn chunk(&self) -> usize {
        self.typical.next_power_of_two().clamp(CHUNK_BYTES_MIN, CHUNK_BYTES_MAX)
    }

    /// Capacity of the buffer that continues a frame of `declared` bytes, `received` of which are
    /// here (the length field counts in both). At most twice what was received, unless the
    /// connection has shown that it completes such frames.
    pub fn grown(&self, declared: usize, received: usize) -> usize {
        let trusted =
            if declared <= self.typical.saturating_mul(2) { TRUSTED_BYTES_MAX } else { 0 };
        let earned = received.saturating_mul(2).max(CHUNK_BYTES_MIN);
        declared.min(earned.max(trusted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_length_alone_gets_no_memory() {
        let sizing = Sizing::default();
        assert_eq!(sizing.chunk(), CHUNK_BYTES_MIN);
        assert_eq!(sizing.grown(100 << 20, 4096), 8192);
        assert_eq!(sizing.grown(100 << 20, 60 << 20), 100 << 20);
        assert_eq!(sizing.grown(5000, 4096), 5000, "never more than the frame");
    }

    #[test]
    fn a_connection_that_completes_large_frames_gets_them_in_one_buffer() {
        let mut sizing = Sizing::default();
        sizing.on_frame(1 << 20);
        assert_eq!(sizing.grown((1 << 20) + 512, 4096), (1 << 20) + 512);
        assert_eq!(sizing.grown(100 << 20, 4096), 8192, "not for a frame out of proportion");
        assert_eq!(sizing.chunk(), CHUNK_BYTES_MAX);
        for _ in 0..200 {
            sizing.on_frame(100);
        }
        assert_eq!(sizing.chunk(), CHUNK_BYTES_MIN, "trust fades");
    }
}
