//! A listening socket of an executor.

use std::io;
use std::net::SocketAddr;

use glommio::net::TcpListener;

use super::socket::{Reader, Writer, halves};

/// Accepts connections.
pub struct Listener(TcpListener);

impl Listener {
    /// Listens; several executors may listen at the same address and share what comes.
    ///
    /// # Errors
    /// What the kernel says of the address.
    pub fn bind(address: SocketAddr) -> io::Result<Listener> {
        TcpListener::bind(address).map(Listener).map_err(io::Error::from)
    }

    /// Where it listens.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr().map_err(io::Error::from)
    }

    /// The next connection.
    ///
    /// # Errors
    /// What the kernel says.
    pub async fn accept(&self) -> io::Result<(Reader, Writer)> {
        halves(self.0.accept().await.map_err(io::Error::from)?)
    }
}
