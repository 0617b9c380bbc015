//! Connections. Reading is here, sending in `send`. A reader and a writer task of the same core
//! share one `Rc<Socket>`; detached, the connection may move to another core. Core-local.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;

use bytes::BytesMut;
use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::TcpStream;

use super::context;

/// A connection of this core.
#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
    peer: SocketAddr,
}

/// A connection between two cores.
#[derive(Debug)]
pub struct DetachedSocket {
    stream: std::net::TcpStream,
    peer: SocketAddr,
}

impl Socket {
    /// Connects to `addr`.
    pub async fn connect(addr: SocketAddr) -> io::Result<Socket> {
        Socket::from_stream(TcpStream::connect(addr).await?, addr)
    }

    pub(super) fn from_stream(stream: TcpStream, peer: SocketAddr) -> io::Result<Socket> {
        stream.set_nodelay(true)?;
        Ok(Socket { stream, peer })
    }

    /// Appends at most `at_most` received bytes to `into`, as soon as there are some; 0 = the peer
    /// has closed. Memory is reserved only once bytes are there. Dropping the future loses nothing.
    pub async fn recv(&self, into: &mut BytesMut, at_most: usize) -> io::Result<usize> {
        // A connection that always has more must not keep the core to itself.
        tokio::task::consume_budget().await;
        loop {
            self.stream.readable().await?;
            into.reserve(at_most);
            match self.try_recv(into, at_most) {
                Ok(received) => return Ok(received),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The next bytes, in a buffer of their own, as soon as there are some; empty = the peer has
    /// closed. `at_most` is asked once bytes are there, and until then no memory is held. Dropping
    /// the future loses nothing.
    pub async fn recv_fresh(&self, at_most: impl Fn() -> usize) -> io::Result<BytesMut> {
        tokio::task::consume_budget().await;
        loop {
            self.stream.readable().await?;
            let at_most = at_most();
            // Readable may be stale: the buffer goes before the next wait.
            let mut into = BytesMut::with_capacity(at_most);
            match self.try_recv(&mut into, at_most) {
                Ok(_) => return Ok(into),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// One `recv` into the spare room of `into`.
    fn try_recv(&self, into: &mut BytesMut, at_most: usize) -> io::Result<usize> {
        let room = into.spare_capacity_mut();
        let len = room.len().min(at_most);
        let mut received = 0;
        let outcome = self.stream.try_io(Interest::READABLE, || {
            // SAFETY: `room` has at least `len` bytes, and nothing else uses them during the call.
            let got =
                unsafe { libc::recv(self.stream.as_raw_fd(), room.as_mut_ptr().cast(), len, 0) };
            received = usize::try_from(got).map_err(|_| io::Error::last_os_error())?;
            // Fewer bytes than there was room for: the socket is empty, and the next wait need not
            // find that out by a call of its own.
            let is_empty = received > 0 && received < len;
            if is_empty { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
        });
        if received == 0 {
            outcome?;
        }
        // SAFETY: the kernel has written the first `received` bytes of the spare room.
        unsafe { into.set_len(into.len() + received) };
        if let Some(core) = context::current() {
            core.metrics.bytes_received.add(received as u64);
        }
        Ok(received)
    }

    /// The other side's address.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// The address of this side. Fails once the connection is gone.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.stream.local_addr()
    }

    /// Ends both directions: a pending `recv` answers 0, a pending `send` fails.
    pub fn shutdown(&self) {
        // The only errors are those of a connection that has ended already.
        drop(SockRef::from(&self.stream).shutdown(std::net::Shutdown::Both));
    }

    /// Takes the connection off this core. Nobody may be reading or sending.
    pub fn detach(self) -> io::Result<DetachedSocket> {
        Ok(DetachedSocket { stream: self.stream.into_std()?, peer: self.peer })
    }

    /// Puts a connection on this core.
    pub fn attach(detached: DetachedSocket) -> io::Result<Socket> {
        let stream = TcpStream::from_std(detached.stream)?;
        Ok(Socket { stream, peer: detached.peer })
    }

    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }
}
