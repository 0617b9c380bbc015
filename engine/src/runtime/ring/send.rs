//! Sending: memory by vectored `sendmsg`, slices of files by `sendfile` in bounded chunks with a
//! yield between, and chunks that are not in the page cache from budgeted memory. The only place
//! that sends. Core-local; one sender at a time per socket.

use std::future::poll_fn;
use std::io;
use std::os::fd::AsRawFd;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Buf;
use tokio::io::Interest;

use crate::metrics::CoreMetrics;
use crate::runtime::{Part, PartQueue, Slice, now, within, yield_now};

use super::cold::ColdReads;
use super::context;
use super::residency::{Found, is_resident};
use super::socket::Socket;

/// One call of `sendfile` takes at most this much, so that other tasks get their turn.
const CHUNK_BYTES: u32 = 256 << 10;
/// Memory parts gathered into one call.
const GATHER_PARTS: usize = 64;

/// How long cold bytes in memory wait for a peer that makes no room.
const PATIENCE: Duration = Duration::from_millis(200);

/// Why a connection cannot go on sending. After either, close it: the peer expects bytes that will
/// not come.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The connection failed, or reading the file did.
    #[error("sending failed: {0}")]
    Io(#[from] io::Error),
    /// The file was truncated after the slice was made.
    #[error("the file was truncated below a slice that was to be sent")]
    Truncated,
}

impl Socket {
    /// Sends all parts in order; what was sent is gone from `parts`. Waits while the peer does not
    /// read. Never waits for the disk on this core's thread.
    pub async fn send(&self, parts: &mut PartQueue, cold: &ColdReads) -> Result<(), SendError> {
        let core = context::current();
        let metrics = core.as_ref().map(|core| &*core.metrics);
        let mut found = Found::default();
        while let Some(front) = parts.front_mut() {
            match front {
                part if part.bytes() == 0 => drop(parts.pop_front()),
                Part::Memory(_) => self.send_memory(parts, metrics).await?,
                Part::File(_) => self.send_slice(parts, cold, &mut found, metrics).await?,
            }
        }
        Ok(())
    }

    /// Sends memory parts at the front, as far as the socket takes them at once; what was sent is
    /// gone from `parts`. For the many replies that need no more than this.
    pub fn send_now(&self, parts: &mut PartQueue) -> Result<(), SendError> {
        if !matches!(parts.front(), Some(Part::Memory(_))) {
            return Ok(());
        }
        match self.try_send_memory(parts) {
            Ok(sent) => {
                let core = context::current();
                count(core.as_ref().map(|core| &*core.metrics), |metrics| {
                    metrics.bytes_sent_memory.add(sent as u64);
                });
                take_sent(parts, sent);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends the memory parts at the front, as far as the socket takes them in one call.
    async fn send_memory(
        &self,
        parts: &mut PartQueue,
        metrics: Option<&CoreMetrics>,
    ) -> Result<(), SendError> {
        let sent = loop {
            self.stream().writable().await?;
            match self.try_send_memory(parts) {
                Ok(sent) => break sent,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        };
        count(metrics, |metrics| metrics.bytes_sent_memory.add(sent as u64));
        take_sent(parts, sent);
        Ok(())
    }

    /// One call for the memory parts at the front. Its list is on the stack: in the future it would
    /// be a large part of what a connection takes.
    fn try_send_memory(&self, parts: &PartQueue) -> io::Result<usize> {
        let mut list =
            [const { libc::iovec { iov_base: std::ptr::null_mut(), iov_len: 0 } }; GATHER_PARTS];
        let mut count = 0;
        for (slot, part) in list.iter_mut().zip(parts.iter()) {
            let Part::Memory(bytes) = part else { break };
            slot.iov_base = bytes.as_ptr().cast_mut().cast(); // the kernel only reads it
            slot.iov_len = bytes.len();
            count += 1;
        }
        self.try_send(&list[..count], parts.len() > count)
    }

    /// One `sendmsg`. With `more`, a last packet that is not full waits for what follows, so that
    /// a header and the file slice behind it share packets.
    fn try_send(&self, list: &[libc::iovec], more: bool) -> io::Result<usize> {
        let stream = self.stream();
        stream.try_io(Interest::WRITABLE, || {
            let flags = libc::MSG_NOSIGNAL | if more { libc::MSG_MORE } else { 0 };
            // SAFETY: an all-zero msghdr is a valid one without address and control data; the list
            // and the bytes it points to live in the caller until after the call.
            let sent = unsafe {
                let mut message: libc::msghdr = std::mem::zeroed();
                message.msg_iov = list.as_ptr().cast_mut();
                message.msg_iovlen = list.len() as _;
                libc::sendmsg(stream.as_raw_fd(), &message, flags)
            };
            usize::try_from(sent).map_err(|_| io::Error::last_os_error())
        })
    }

    /// Sends the first chunk of the slice at the front, or more when it is cold.
    async fn send_slice(
        &self,
        parts: &mut PartQueue,
        cold: &ColdReads,
        found: &mut Found,
        metrics: Option<&CoreMetrics>,
    ) -> Result<(), SendError> {
        let Some(Part::File(slice)) = parts.front() else { return Ok(()) };
        let slice = slice.clone();
        let len = slice.bytes.min(CHUNK_BYTES);
        // Wait first: what is resident now may be gone when a slow peer has made room.
        self.stream().writable().await?;
        if !slice.is_current() {
            return Err(SendError::Truncated);
        }
        let sent = if found.covers(&slice, len) {
            let sent = self.send_file(&slice, len)?.unwrap_or(0);
            count(metrics, |metrics| metrics.bytes_sent_sendfile.add(u64::from(sent)));
            sent
        } else {
            self.send_cold(&slice, cold, parts.len() > 1, metrics).await?
        };
        if let Some(Part::File(front)) = parts.front_mut() {
            front.position += u64::from(sent);
            front.bytes -= sent;
            if front.bytes == 0 {
                parts.pop_front();
                *found = Found::default();
            }
        }
        if !parts.is_empty() && sent > 0 {
            yield_now().await;
        }
        Ok(())
    }

    /// One `sendfile`; `None` = the socket is full.
    fn send_file(&self, slice: &Slice, len: u32) -> Result<Option<u32>, SendError> {
        let stream = self.stream();
        let mut position = slice.position as libc::off64_t;
        let sent = stream.try_io(Interest::WRITABLE, || {
            let file = slice.file.descriptor();
            Ok(nix::sys::sendfile::sendfile64(stream, file, Some(&mut position), len as usize)?)
        });
        match sent {
            Ok(0) => Err(SendError::Truncated),
            Ok(sent) => Ok(Some(sent as u32)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads chunks into memory and sends them from there, one ahead, until one is resident or the
    /// peer is slow. Returns how many bytes of the slice were sent.
    async fn send_cold(
        &self,
        slice: &Slice,
        cold: &ColdReads,
        parts_behind: bool,
        metrics: Option<&CoreMetrics>,
    ) -> Result<u32, SendError> {
        let mut rest = slice.clone();
        let len = rest.bytes.min(CHUNK_BYTES);
        count_cold(metrics);
        let mut chunk = cold.read(&rest, len).await?;
        loop {
            let len = rest.bytes.min(CHUNK_BYTES);
            if chunk.bytes.len() < len as usize || !rest.is_current() {
                return Err(SendError::Truncated);
            }
            rest.position += u64::from(len);
            rest.bytes -= len;
            let ahead = rest.bytes.min(CHUNK_BYTES);
            let more = parts_behind || rest.bytes > 0;
            let is_cold = ahead > 0 && !is_resident(rest.file.descriptor(), rest.position, ahead);
            let sending = async {
                // Moved in, so that its share of the budget is free once it is sent: the next
                // chunk may be waiting for just that.
                let chunk = chunk;
                self.send_patiently(&chunk.bytes, more, metrics).await
            };
            let (sent, next) = both(sending, async {
                match is_cold {
                    true => Some(cold.read(&rest, ahead).await),
                    false => None,
                }
            })
            .await;
            let unsent = len - sent?;
            match next {
                Some(next) if unsent == 0 => {
                    count_cold(metrics);
                    chunk = next?;
                }
                _ => return Ok(slice.bytes - rest.bytes - unsent),
            }
        }
    }

    /// Sends `bytes`, but gives up on a peer that makes no room for a while, so that a slow one
    /// does not sit on the budget; its pages are warm now. Returns how many bytes were sent.
    async fn send_patiently(
        &self,
        bytes: &[u8],
        more: bool,
        metrics: Option<&CoreMetrics>,
    ) -> Result<u32, SendError> {
        let mut sent = 0;
        while sent < bytes.len() {
            let rest = &bytes[sent..];
            // The kernel only reads it.
            let list =
                [libc::iovec { iov_base: rest.as_ptr().cast_mut().cast(), iov_len: rest.len() }];
            match self.try_send(&list, more) {
                Ok(done) => sent += done,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    match within(now() + PATIENCE, self.stream().writable()).await {
                        Some(writable) => writable?,
                        None => break,
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        count(metrics, |metrics| metrics.bytes_sent_memory.add(sent as u64));
        Ok(sent as u32)
    }
}

/// Takes the first `sent` bytes off the memory parts at the front.
fn take_sent(parts: &mut PartQueue, mut sent: usize) {
    while let Some(Part::Memory(bytes)) = parts.front_mut() {
        let take = sent.min(bytes.len());
        sent -= take;
        bytes.advance(take);
        if !bytes.is_empty() {
            break;
        }
        parts.pop_front();
    }
}

fn count(metrics: Option<&CoreMetrics>, add: impl FnOnce(&CoreMetrics)) {
    if let Some(metrics) = metrics {
        add(metrics);
    }
}

fn count_cold(metrics: Option<&CoreMetrics>) {
    count(metrics, |metrics| {
        metrics.residency_misses.one();
        metrics.cold_reads.one();
    });
}

/// Runs both to their ends.
async fn both<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let (mut a_done, mut b_done) = (None, None);
    poll_fn(|cx| {
        if a_done.is_none()
            && let Poll::Ready(output) = a.as_mut().poll(cx)
        {
            a_done = Some(output);
        }
        if b_done.is_none()
            && let Poll::Ready(output) = b.as_mut().poll(cx)
        {
            b_done = Some(output);
        }
        match (a_done.take(), b_done.take()) {
            (Some(a), Some(b)) => Poll::Ready((a, b)),
            (a, b) => {
                (a_done, b_done) = (a, b);
                Poll::Pending
            }
        }
    })
    .await
}

#[cfg(test)]
#[path = "send_test.rs"]
mod send_test;
