//! A TCP connection as two halves, and the frames that come in on it.

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::Sender;
use std::time::Duration;

use bytes::Bytes;
use corelog_net::wire::LENGTH_BYTES;
use futures_lite::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use glommio::net::{TcpListener, TcpStream};

use super::time::within;

const CONNECT_PATIENCE: Duration = Duration::from_secs(10);
/// What the buffer starts with; it grows with what arrives.
const BUFFER_BYTES: usize = 64 << 10;

/// The incoming half.
pub type Reader = ReadHalf<TcpStream>;

/// The outgoing half.
pub struct Writer(WriteHalf<TcpStream>);

/// Connects, without Nagle's delay.
///
/// # Errors
/// What the kernel says, or that nobody answers for ten seconds.
pub async fn connect(address: SocketAddr) -> io::Result<(Reader, Writer)> {
    match within(CONNECT_PATIENCE, TcpStream::connect(address)).await {
        Some(connected) => halves(connected.map_err(io::Error::from)?),
        None => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// Listens on loopback, says where, and takes one connection.
///
/// # Errors
/// What the kernel says.
pub async fn accept_one(ready: &Sender<SocketAddr>) -> io::Result<(Reader, Writer)> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(io::Error::from)?;
    // Nobody waits for the address any more: then nobody connects, and nobody waits for this.
    let _ = ready.send(listener.local_addr().map_err(io::Error::from)?);
    halves(listener.accept().await.map_err(io::Error::from)?)
}

/// Sends back what comes, until the other side is done.
///
/// # Errors
/// The connection broke.
pub async fn echo((mut reader, mut writer): (Reader, Writer)) -> io::Result<()> {
    let mut buffer = [0; 64];
    loop {
        let read = reader.read(&mut buffer).await?;
        match buffer.get(..read) {
            None | Some([]) => return Ok(()),
            Some(bytes) => writer.send(bytes).await?,
        }
    }
}

/// Both halves of a connection.
fn halves(stream: TcpStream) -> io::Result<(Reader, Writer)> {
    stream.set_nodelay(true).map_err(io::Error::from)?;
    let (reader, writer) = futures_lite::io::split(stream);
    Ok((reader, Writer(writer)))
}

impl Writer {
    /// Sends all of it.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes).await
    }
}

/// Cuts what arrives into frames. One buffer serves all frames of a connection.
pub struct Frames {
    reader: Reader,
    buffer: Vec<u8>,
    /// What of the buffer has arrived and was not taken.
    arrived: std::ops::Range<usize>,
    frame_bytes_max: usize,
}

impl Frames {
    /// Frames of at most `frame_bytes_max` bytes.
    pub fn new(reader: Reader, frame_bytes_max: usize) -> Frames {
        Frames { reader, buffer: vec![0; BUFFER_BYTES], arrived: 0..0, frame_bytes_max }
    }

    /// Hands the next frame, without its length, to `take`. What `take` returns must not hold on
    /// to the bytes, or the buffer is made anew.
    ///
    /// # Errors
    /// The connection broke, or the length of the frame is nonsense.
    pub async fn next<T>(&mut self, take: impl FnOnce(Bytes) -> T) -> io::Result<T> {
        self.fill(LENGTH_BYTES).await?;
        let head = self.buffer.get(self.arrived.clone()).and_then(|bytes| bytes.first_chunk());
        let declared = head.map_or(-1, |head| i32::from_be_bytes(*head));
        let length = usize::try_from(declared).ok().filter(|bytes| *bytes <= self.frame_bytes_max);
        let Some(length) = length else {
            return Err(io::Error::other(format!("a frame of {declared} bytes is nonsense")));
        };
        self.fill(LENGTH_BYTES + length).await?;
        let start = self.arrived.start + LENGTH_BYTES;
        let whole = Bytes::from(std::mem::take(&mut self.buffer));
        let taken = take(whole.slice(start..start + length));
        self.buffer = Vec::from(whole);
        self.arrived.start = start + length;
        Ok(taken)
    }

    /// Reads until at least `wanted` bytes are there. The buffer doubles when it is full, so it
    /// grows by what arrives, not by what a length promises.
    async fn fill(&mut self, wanted: usize) -> io::Result<()> {
        if self.arrived.is_empty() {
            self.arrived = 0..0;
        }
        while self.arrived.len() < wanted {
            if self.arrived.start > 0 && self.arrived.start + wanted > self.buffer.len() {
                self.buffer.copy_within(self.arrived.clone(), 0);
                self.arrived = 0..self.arrived.len();
            }
            if self.arrived.end == self.buffer.len() {
                self.buffer.resize(self.buffer.len() * 2, 0);
            }
            let read = self.reader.read(&mut self.buffer[self.arrived.end..]).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.arrived.end += read;
        }
        Ok(())
    }
}
