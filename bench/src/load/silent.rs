//! Connections that are open and say nothing. Lives on an executor.

use std::net::SocketAddr;

use super::error::LoadError;
use crate::executor::{Reader, Writer, connect};

/// Opens so many connections, which stay open until they are dropped.
///
/// # Errors
/// [`LoadError::Connection`] of the first that fails.
pub async fn open(address: SocketAddr, count: usize) -> Result<Vec<(Reader, Writer)>, LoadError> {
    let mut open = Vec::with_capacity(count);
    for _ in 0..count {
        let connected = connect(address).await;
        open.push(
            connected
                .map_err(|source| LoadError::Connection { address: address.to_string(), source })?,
        );
    }
    Ok(open)
}
