//! What a request is answered by: the shape of a handler, and the table's rows. The table itself
//! is `api::TABLE`; ApiVersions is filled from it, so that what is advertised is what is built.
//! Core-local.
//!
//! Must not know: sockets, what any request means.

use std::cell::RefCell;
use std::rc::Rc;

use bytes::BytesMut;
use corelog_engine::group::request::Caller;
use corelog_engine::runtime::{LocalBoxFuture, Part, SocketAddr};

use crate::governor::Charge;
use crate::in_flight::{Outcome, Staged};
use crate::wire::{ApiKey, EncodeError, Malformed, RequestHeader};

/// What a request needs to be allowed; looked at by the authoriser once there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: answered to anybody who may connect.
    Nothing,
    /// The handler asks for each resource that the request names.
    PerResource,
    /// An operation on the cluster.
    Cluster(ClusterOperation),
}

/// Operations on the cluster, in Kafka's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClusterOperation {
    /// See brokers and their settings.
    Describe,
    /// Write with a producer id but without a transaction.
    IdempotentWrite,
}

/// One request on its way to its handler. `S` is what handlers work with: the broker's core, or
/// less in a test.
pub struct Call<S: 'static> {
    /// What handlers work with.
    pub state: Rc<S>,
    /// The connection it came on.
    pub session: Rc<Session>,
    /// Key, version, correlation id, client id.
    pub header: RequestHeader,
    /// The body; nobody else owns these bytes.
    pub body: BytesMut,
    /// The memory that body and header stand on: keep it for as long as a piece of them is kept.
    pub charge: Rc<Charge>,
}

/// What is known of a connection.
#[derive(Debug)]
pub struct Session {
    /// The other side.
    pub peer: SocketAddr,
    /// The address of ours by which it came.
    pub local: SocketAddr,
    /// The listener's name: brokers are listed with their address on the same listener.
    pub listener: Rc<str>,
    /// Who asked a group last on it: as a rule the same client asks again.
    asked: RefCell<Option<Caller>>,
}

impl Session {
    /// Of a connection that was accepted a moment ago.
    pub fn new(peer: SocketAddr, local: SocketAddr, listener: Rc<str>) -> Session {
        Session { peer, local, listener, asked: RefCell::default() }
    }

    /// The one who asks with `client_id`, made by `caller` unless it asked before.
    pub fn caller(&self, client_id: &str, caller: impl FnOnce() -> Caller) -> Caller {
        let mut asked = self.asked.borrow_mut();
        match &*asked {
            Some(last) if &*last.client_id == client_id => last.clone(),
            _ => asked.insert(caller()).clone(),
        }
    }
}

/// Answers a request in two stages: what has to happen before the next request of the connection
/// is awaited; the rest is left behind in [`Staged::Later`].
pub type Handler<S> = fn(Call<S>) -> LocalBoxFuture<Staged>;

/// One row of the table.
pub struct Row<S: 'static> {
    /// Which request.
    pub key: ApiKey,
    /// First version that ApiVersions lists; may be below what is served, for the sake of clients
    /// that switch features off by the ranges they see.
    pub advertised_min: i16,
    /// First version that is served.
    pub served_min: i16,
    /// Last version that is served and listed.
    pub max: i16,
    /// First version with compact lengths and tagged fields.
    pub flexible_from: i16,
    /// Who answers.
    pub handler: Handler<S>,
    /// What has to be authorised.
    pub needs: Needs,
}

/// Why a request closes its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not built is not advertised.
    #[error("no handler for api key {0}")]
    Key(i16),
    /// Not advertised, or below what is served.
    #[error("{name} version {version} is not served")]
    Version {
        /// Kafka's name of the request.
        name: &'static str,
        /// The version asked for.
        version: i16,
    },
    /// The header cannot be read.
    #[error("request header: {0}")]
    Header(#[from] Malformed),
}

/// Finds who answers `frame`. ApiVersions reaches its handler in every version, because a client
/// that does not know us yet has to be told what we speak.
pub fn route<S>(
    table: &'static [Row<S>],
    frame: &mut BytesMut,
) -> Result<(&'static Row<S>, RequestHeader), Refusal> {
    let header = RequestHeader::split(frame)?;
    let row = table
        .iter()
        .find(|row| row.key == header.api_key)
        .ok_or(Refusal::Key(header.api_key.code()))?;
    let served = (row.served_min..=row.max).contains(&header.version);
    if !served && header.api_key != ApiKey::ApiVersions {
        return Err(Refusal::Version { name: header.api_key.name(), version: header.version });
    }
    Ok((row, header))
}

/// The outcome of a handler that wrote a whole response frame.
pub fn reply(frame: Result<BytesMut, EncodeError>) -> Outcome {
    match frame {
        Ok(frame) => Outcome::Reply(vec![Part::Memory(frame.freeze())]),
        Err(error) => {
            tracing::error!(%error, "response not encodable");
            Outcome::Close("response not encodable")
        }
    }
}

/// The outcome of a handler that could not read its request.
pub fn malformed(error: Malformed) -> Staged {
    tracing::debug!(%error, "malformed request");
    Staged::Done(Outcome::Close("malformed request"))
}
