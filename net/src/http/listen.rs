//! The address of the HTTP thread, bound before anything else of the broker starts.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};

use anyhow::Context;
use corelog_engine::config::HttpListener;

/// A bound address.
#[derive(Debug)]
pub struct Bound {
    /// Not accepted on yet; does not block.
    pub(super) listener: TcpListener,
    /// Where it listens, with the port that the system chose.
    pub address: SocketAddr,
}

impl Bound {
    /// Binds what the configuration asks for; `None` when that is nothing, or when the operator
    /// did not ask for it and it cannot be had: then a warning says so.
    ///
    /// # Errors
    /// The operator asked for an address that cannot be bound.
    pub fn of(listener: Option<&HttpListener>) -> anyhow::Result<Option<Bound>> {
        let Some(listener) = listener else { return Ok(None) };
        let HttpListener { host, port, is_required } = listener;
        let shown = format!("corelog.http.listener: {host}:{port}");
        match bind(host, *port) {
            Ok(bound) => Ok(Some(bound)),
            Err(error) if *is_required && error.kind() == ErrorKind::AddrInUse => {
                Err(error).with_context(|| format!("{shown}: another process listens there"))
            }
            Err(error) if *is_required => {
                Err(error).with_context(|| format!("{shown}: cannot listen there"))
            }
            Err(error) => {
                tracing::warn!(
                    %error,
                    "no metrics and no health: cannot listen on {host}:{port}; \
                     corelog.http.listener says where else, or that there shall be none"
                );
                Ok(None)
            }
        }
    }
}

/// No host: every address, of IPv6 as well where the machine has it.
fn bind(host: &str, port: u16) -> std::io::Result<Bound> {
    let listener = if host.is_empty() {
        match TcpListener::bind(("::", port)) {
            Err(error) if error.kind() != ErrorKind::AddrInUse => {
                TcpListener::bind(("0.0.0.0", port))?
            }
            bound => bound?,
        }
    } else {
        let found: Vec<SocketAddr> = (host, port).to_socket_addrs()?.collect();
        TcpListener::bind(found.as_slice())?
    };
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok(Bound { listener, address })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(port: u16, is_required: bool) -> HttpListener {
        HttpListener { host: "127.0.0.1".to_string(), port, is_required }
    }

    #[test]
    fn a_taken_port_is_an_error_when_it_was_asked_for_and_else_no_reason_not_to_start() {
        let first = Bound::of(Some(&asked(0, true))).unwrap().unwrap();
        let port = first.address.port();
        let said = format!("{:#}", Bound::of(Some(&asked(port, true))).unwrap_err());
        assert!(said.contains("corelog.http.listener: 127.0.0.1:"), "{said}");
        assert!(said.contains("another process listens there"), "{said}");
        assert!(Bound::of(Some(&asked(port, false))).unwrap().is_none());
        assert!(Bound::of(None).unwrap().is_none());
        drop(first);
        assert!(Bound::of(Some(&asked(port, true))).unwrap().is_some());
    }
}
