//! The socket on which systemd hears from a service (sd_notify(3)): datagrams of `NAME=value`
//! lines to the address in NOTIFY_SOCKET, which is a path, or a name in the abstract space behind
//! an `@`.
//!
//! Any thread. Must not know: what is said, and when.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Where to say things to whoever started this process.
#[derive(Debug)]
pub struct NotifySocket {
    socket: UnixDatagram,
    listener: SocketAddr,
}

impl NotifySocket {
    /// The socket at `address`, the value of NOTIFY_SOCKET. Nobody needs to listen there yet.
    ///
    /// # Errors
    /// It is neither a path nor an abstract name, or too long for either.
    pub fn at(address: &OsStr) -> io::Result<NotifySocket> {
        let listener = match address.as_bytes() {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
            [b'/', ..] => SocketAddr::from_pathname(address)?,
            _ => return Err(io::Error::other("neither a path nor an abstract name")),
        };
        let socket = UnixDatagram::unbound()?;
        // A manager that does not read must not stop us from watching.
        socket.set_nonblocking(true)?;
        Ok(NotifySocket { socket, listener })
    }

    /// Sends these lines as one datagram.
    ///
    /// # Errors
    /// Nobody listens, or whoever does is not reading.
    pub fn say(&self, lines: &[&str]) -> io::Result<()> {
        self.socket.send_to_addr(lines.join("\n").as_bytes(), &self.listener).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(address: &OsStr, listener: &UnixDatagram) -> String {
        NotifySocket::at(address).unwrap().say(&["READY=1", "STATUS=ok"]).unwrap();
        let mut bytes = [0; 64];
        let length = listener.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    }

    #[test]
    fn paths_and_abstract_names_are_reached() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let listener = UnixDatagram::bind(&path).unwrap();
        assert_eq!(heard(path.as_os_str(), &listener), "READY=1\nSTATUS=ok");
        let name = format!("corelog-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let listener = UnixDatagram::bind_addr(&address).unwrap();
        assert_eq!(heard(OsStr::new(&format!("@{name}")), &listener), "READY=1\nSTATUS=ok");
    }

    #[test]
    fn other_addresses_and_absent_listeners_are_errors() {
        for wrong in ["", "vsock:2:1234", "relative", &format!("/{}", "x".repeat(200))] {
            assert!(NotifySocket::at(OsStr::new(wrong)).is_err(), "{wrong}");
        }
        let socket = NotifySocket::at(OsStr::new("/nowhere/notify")).unwrap();
        assert!(socket.say(&["READY=1"]).is_err());
    }
}
