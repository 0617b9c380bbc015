//! Listening sockets: one per core on the same address, so that the kernel spreads connections.
//! Core-local.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

use socket2::{Domain, Protocol, Type};
use tokio::net::TcpListener;

use super::on_worker;
use super::socket::Socket;

/// The addresses that a host name or a literal address stands for; an empty one stands for every
/// address of this host. Runs on a worker, because resolvers block.
pub async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let host = if host.is_empty() { "::".to_string() } else { host.to_string() };
    on_worker(move || Ok((host.as_str(), port).to_socket_addrs()?.collect())).await
}

/// A listening socket of one core.
#[derive(Debug)]
pub struct Listener(TcpListener);

impl Listener {
    /// Binds `addr` with SO_REUSEPORT and listens; port 0 picks a free one. At most `backlog`
    /// connections wait to be accepted. Errors are those of bind and listen.
    pub fn bind(addr: SocketAddr, backlog: i32) -> io::Result<Listener> {
        let domain = Domain::for_address(addr);
        let socket = socket2::Socket::new(domain, Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
        if addr.ip().is_unspecified() && addr.is_ipv6() {
            socket.set_only_v6(false)?; // [::] stands for every address of the host
        }
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(true)?;
        socket.bind(&addr.into())?;
        socket.listen(backlog)?;
        Ok(Listener(TcpListener::from_std(socket.into())?))
    }

    /// The next connection and its peer. After an error (descriptors used up, connection gone
    /// already) the listener goes on; wait a little before the next try.
    pub async fn accept(&self) -> io::Result<(Socket, SocketAddr)> {
        let (stream, peer) = self.0.accept().await?;
        Ok((Socket::from_stream(stream, peer)?, peer))
    }

    /// The address it is bound to, with the real port.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}
