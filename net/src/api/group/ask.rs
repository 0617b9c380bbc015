//! From a request on the wire to a question to a group, and the answer back: who asks, and what
//! has to be copied. Core-local.
//!
//! What a group keeps is copied out of the frame: a name that pointed into it would keep all of
//! the frame's memory for as long as its member lives, or waits.

use std::sync::Arc;

use bytes::Bytes;
use corelog_engine::group::GroupError;
use corelog_engine::group::answer::Answer;
use corelog_engine::group::request::Caller;
use corelog_engine::runtime::{IpAddr, SocketAddr};
use corelog_engine::shard::GroupTicket;

use crate::dispatch::Session;
use crate::wire::{RequestHeader, StrBytes};

/// Who asks.
pub fn caller(session: &Session, header: &RequestHeader) -> Caller {
    let client_id = header.client_id.as_deref().unwrap_or_default();
    session.caller(client_id, || Caller {
        client_id: shared(client_id),
        host: host(&session.peer).into(),
    })
}

/// A text that outlives its frame.
pub fn shared(text: &str) -> Arc<str> {
    // Empty ones share one allocation.
    if text.is_empty() { Arc::default() } else { Arc::from(text) }
}

/// As [`shared`], for a text that may be null.
pub fn shared_option(text: Option<&StrBytes>) -> Option<Arc<str>> {
    text.map(|text| shared(text))
}

/// Bytes that outlive their frame.
pub fn copied(bytes: &[u8]) -> Bytes {
    Bytes::copy_from_slice(bytes)
}

/// A text of the engine's, on its way out.
pub fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

/// As [`text`], for one that may be missing.
pub fn text_option(from: Option<&Arc<str>>) -> Option<StrBytes> {
    from.map(|from| text(from))
}

/// Waits for an answer and takes out of it what `of` finds there.
pub async fn answer<T>(
    ticket: GroupTicket,
    of: impl FnOnce(Answer) -> Option<T>,
) -> Result<T, GroupError> {
    let answer = ticket.answer().await?;
    of(answer).ok_or_else(|| {
        tracing::error!("a group answered another question than it was asked");
        GroupError::CoordinatorNotAvailable
    })
}

/// An address as Java prints it, which clients show to people: `/10.0.0.1`, and IPv6 with all of
/// its eight groups.
fn host(peer: &SocketAddr) -> String {
    match peer.ip().to_canonical() {
        IpAddr::V4(v4) => format!("/{v4}"),
        IpAddr::V6(v6) => {
            let groups: Vec<String> = v6.segments().iter().map(|g| format!("{g:x}")).collect();
            format!("/{}", groups.join(":"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_printed_as_java_prints_them() {
        let host = |text: &str| host(&text.parse().unwrap());
        assert_eq!(host("10.1.2.3:99"), "/10.1.2.3");
        assert_eq!(host("[::1]:99"), "/0:0:0:0:0:0:0:1");
        assert_eq!(host("[2001:db8::ff00:42:8329]:99"), "/2001:db8:0:0:0:ff00:42:8329");
        assert_eq!(host("[::ffff:10.1.2.3]:99"), "/10.1.2.3");
    }
}
