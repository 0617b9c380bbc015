//! Bytes in: cuts what a socket brings into frames, in memory that is taken as the bytes arrive.
//! Core-local, one per connection.
//!
//! A frame that stops coming is cut at a deadline that moves with every byte, and much earlier
//! while others wait for the memory it holds; a connection that waits for its next request holds
//! no buffer. Must not know: requests, replies.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use bytes::BytesMut;
use corelog_engine::runtime::{self, Alarm, Mono, Socket};

use crate::governor::{Charge, Governor};
use crate::memory::{Claim, Lane};
use crate::sizing::{CHUNK_BYTES_MIN, Sizing};
use crate::wire::{FrameError, FrameSplitter, LENGTH_BYTES, Progress};

/// A frame may take this long, whatever its size and the client's speed.
const FRAME_GRACE: Duration = Duration::from_secs(20);
/// And this much longer for every [`FRAME_RATE_BYTES`] that have arrived.
const FRAME_CREDIT: Duration = Duration::from_secs(1);
/// The slowest sender that is waited for, in bytes per second.
const FRAME_RATE_BYTES: usize = 4 << 10;

/// One request as it came, without its length, and the memory it stands on.
pub struct Frame {
    /// The bytes; no one else owns them.
    pub bytes: BytesMut,
    /// Keeps the memory taken for as long as the bytes are in use.
    pub charge: Rc<Charge>,
    /// When the last of the bytes was read.
    pub arrived: Mono,
}

/// Why no further frame comes.
#[derive(Debug, thiserror::Error)]
pub enum InputEnd {
    /// The peer closed the connection, in order.
    #[error("closed by the client")]
    Closed,
    /// Nothing came and nothing was going on for `connections.max.idle.ms`.
    #[error("idle for too long")]
    Idle,
    /// A frame stopped coming half way.
    #[error("frame stalled after {received} of {declared} bytes")]
    Stalled {
        /// Bytes that arrived, the length field included.
        received: usize,
        /// Bytes that were promised, the length field included.
        declared: usize,
    },
    /// A frame stopped coming while others waited for memory.
    #[error("cut after {received} of {declared} bytes: silent while memory was short")]
    Silent {
        /// Bytes that arrived, the length field included.
        received: usize,
        /// Bytes that were promised, the length field included.
        declared: usize,
    },
    /// What came is no frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The socket failed.
    #[error("socket: {0}")]
    Socket(#[from] std::io::Error),
}

/// Limits of a connection's input.
#[derive(Clone, Copy, Debug)]
pub struct InputLimits {
    /// `socket.request.max.bytes`.
    pub frame_bytes_max: usize,
    /// `connections.max.idle.ms`.
    pub idle_max: Duration,
}

/// The reading half of a connection.
pub struct Input {
    socket: Rc<Socket>,
    governor: Governor,
    splitter: FrameSplitter,
    idle_max: Duration,
    sizing: Sizing,
    buffer: BytesMut,
    charge: Option<Rc<Charge>>,
    claim: Claim,
    /// Rings when the connection may have been idle for too long.
    alarm: Alarm,
    /// When the last byte came.
    heard: Mono,
    /// When the last byte came, or the last reply left.
    active: Rc<Cell<Mono>>,
}

impl Input {
    /// Reads `socket`, with memory from `governor`. `active` is moved by whoever sends replies.
    pub fn new(
        socket: Rc<Socket>,
        governor: Governor,
        limits: InputLimits,
        active: Rc<Cell<Mono>>,
    ) -> Input {
        Input {
            splitter: FrameSplitter::new(limits.frame_bytes_max),
            idle_max: limits.idle_max,
            sizing: Sizing::default(),
            buffer: BytesMut::new(),
            charge: None,
            claim: governor.claim(),
            alarm: Alarm::default(),
            heard: active.get(),
            socket,
            governor,
            active,
        }
    }

    /// The next frame. `busy` tells whether replies are still owed, which forbids an idle close.
    pub async fn next(&mut self, busy: &dyn Fn() -> bool) -> Result<Frame, InputEnd> {
        let mut started = runtime::now();
        loop {
            match self.splitter.progress(&self.buffer)? {
                Progress::Complete(_) => return self.cut(),
                Progress::Missing(_) if self.buffer.is_empty() => {
                    self.wait_for_first_byte(busy).await?;
                    started = runtime::now();
                }
                // In a box: a connection without a frame under way keeps no room for one.
                Progress::Missing(missing) => {
                    started = Box::pin(self.go_on(started, missing)).await?;
                }
            }
        }
    }

    /// Reads more of the frame that started at `started`. Answers when it would have started if it
    /// had not had to wait for memory.
    async fn go_on(&mut self, started: Mono, missing: usize) -> Result<Mono, InputEnd> {
        let waited_from = runtime::now();
        self.make_room(missing).await;
        let started = started + runtime::now().since(waited_from);
        self.read_more(started, missing).await?;
        Ok(started)
    }

    fn cut(&mut self) -> Result<Frame, InputEnd> {
        let frame = self.splitter.split(&mut self.buffer)?;
        let (Some(bytes), Some(charge)) = (frame, self.charge.clone()) else {
            // `progress` saw a complete frame, and bytes are only ever read under a charge.
            return Err(InputEnd::Closed);
        };
        self.sizing.on_frame(bytes.len() + LENGTH_BYTES);
        if self.buffer.is_empty() {
            self.release();
        }
        Ok(Frame { bytes, charge, arrived: self.heard })
    }

    /// Lets go of the buffer; frames cut from it keep their share of it, and the charge.
    fn release(&mut self) {
        self.buffer = BytesMut::new();
        self.charge = None;
        self.claim = self.governor.claim();
    }

    /// Waits without a buffer. What came is counted at once, and is at most the smallest chunk
    /// where memory is short; then it waits its turn.
    async fn wait_for_first_byte(&mut self, busy: &dyn Fn() -> bool) -> Result<(), InputEnd> {
        let (sizing, governor) = (&self.sizing, &self.governor);
        let chunk = || {
            let chunk = sizing.chunk();
            if governor.has_room(chunk) { chunk } else { CHUNK_BYTES_MIN }
        };
        let received = loop {
            let deadline = self.active.get() + self.idle_max;
            let mut recv = pin!(self.socket.recv_fresh(chunk));
            let first = poll_fn(|cx| match recv.as_mut().poll(cx) {
                Poll::Ready(received) => Poll::Ready(Some(received)),
                Poll::Pending => self.alarm.poll_passed(deadline, cx).map(|()| None),
            });
            match first.await {
                Some(received) => break received?,
                None if busy() => self.active.set(runtime::now()),
                None if self.active.get() + self.idle_max <= runtime::now() => {
                    return Err(InputEnd::Idle);
                }
                None => {}
            }
        };
        self.received(received.len())?;
        self.buffer = received;
        let charge = self.governor.enter(self.claim, self.lane(), self.buffer.capacity()).await;
        self.charge = Some(Rc::new(charge));
        Ok(())
    }

    /// The lane of the frame under way.
    fn lane(&self) -> Lane {
        // A length that is no length is refused before it matters.
        let declared = self.buffer.first_chunk::<LENGTH_BYTES>().copied();
        Lane::of(declared.map_or(0, |bytes| u32::from_be_bytes(bytes) as usize + LENGTH_BYTES))
    }

    /// Makes sure that at least one more byte of the frame under way fits.
    async fn make_room(&mut self, missing: usize) {
        if self.buffer.capacity() > self.buffer.len() {
            return;
        }
        let received = self.buffer.len();
        let capacity = if received < LENGTH_BYTES {
            CHUNK_BYTES_MIN
        } else {
            self.sizing.grown(received + missing, received).max(received + 1)
        };
        self.replace_buffer(capacity).await;
    }

    /// Moves what is buffered into a new buffer of `capacity` bytes. The old memory is given back
    /// when the last frame that was cut from it is gone.
    async fn replace_buffer(&mut self, capacity: usize) {
        let charge = self.governor.take(self.claim, self.lane(), capacity).await;
        let mut buffer = BytesMut::with_capacity(capacity);
        buffer.extend_from_slice(&self.buffer);
        self.buffer = buffer;
        self.charge = Some(Rc::new(charge));
    }

    async fn read_more(&mut self, started: Mono, missing: usize) -> Result<(), InputEnd> {
        let received = self.buffer.len();
        let declared = received + missing;
        let deadline = frame_deadline(started, received);
        match runtime::within(deadline, self.hear()).await {
            Some(Heard::Bytes(read)) => self.received(read?),
            Some(Heard::Nothing) => {
                runtime::core_metrics().frames_cut.one();
                Err(InputEnd::Silent { received, declared })
            }
            None => Err(InputEnd::Stalled { received, declared }),
        }
    }

    /// Reads once, or learns that the silence of the sender costs others too much. Bytes that are
    /// there come first.
    async fn hear(&mut self) -> Heard {
        let held = self.charge.as_ref().map_or(0, |charge| charge.bytes());
        let mut listening = pin!(self.governor.listen(self.claim, held));
        let room = self.buffer.capacity() - self.buffer.len();
        let mut recv = pin!(self.socket.recv(&mut self.buffer, room));
        poll_fn(|cx| {
            if let Poll::Ready(read) = recv.as_mut().poll(cx) {
                return Poll::Ready(Heard::Bytes(read));
            }
            listening.as_mut().poll(cx).map(|()| Heard::Nothing)
        })
        .await
    }

    fn received(&mut self, received: usize) -> Result<(), InputEnd> {
        if received == 0 {
            return Err(InputEnd::Closed);
        }
        self.heard = runtime::now();
        self.active.set(self.heard);
        Ok(())
    }
}

/// What waiting for a sender came to.
enum Heard {
    Bytes(std::io::Result<usize>),
    /// The frame is to be cut.
    Nothing,
}

/// When a frame that started at `started` and has `received` bytes so far is cut.
fn frame_deadline(started: Mono, received: usize) -> Mono {
    let credit = u32::try_from(received / FRAME_RATE_BYTES).unwrap_or(u32::MAX);
    started + FRAME_GRACE + FRAME_CREDIT.saturating_mul(credit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_frame_earns_time_with_every_byte() {
        let start = Mono::default();
        assert_eq!(frame_deadline(start, 0), start + FRAME_GRACE);
        assert_eq!(frame_deadline(start, 40 << 10), start + FRAME_GRACE + Duration::from_secs(10));
    }
}
