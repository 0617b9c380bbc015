//! FindCoordinator: which broker coordinates a group. Core-local.
//!
//! The first question makes the topic that groups are remembered in: that is part of the ordered
//! stage, and holds the later requests of this connection and of no other. Transactions and share
//! groups are not built: a retriable answer would keep their clients waiting, so there is none.

use corelog_engine::runtime::LocalBoxFuture;

use super::error::Refusal;
use crate::api::broker::Broker;
use crate::api::names;
use crate::dispatch::{Call, Session, malformed, reply};
use crate::in_flight::{Outcome, Staged};
use crate::wire::messages::BrokerId;
use crate::wire::messages::find_coordinator_response::{Coordinator, FindCoordinatorResponse};
use crate::wire::request::coordinator::FindCoordinatorRequest;
use crate::wire::{ErrorCode, Request, StrBytes, response_frame};

/// First version that asks for several keys at once.
const BATCHED_FROM: i16 = 4;
/// First version that asks for coordinators of share groups.
const SHARE_FROM: i16 = 6;
/// The key types.
const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;
const SHARE: i8 = 2;

/// Node id, host and port of a coordinator.
type Place = (i32, StrBytes, i32);

/// Answers FindCoordinator.
pub fn handle(call: Call<Broker>) -> LocalBoxFuture<Staged> {
    Box::pin(async move {
        let Call { state, session, header, body, charge: _charge } = call;
        let request = match FindCoordinatorRequest::decode(header.version, body) {
            Ok(request) => request,
            Err(error) => return malformed(error),
        };
        if request.coordinator_keys.len() > names::ENTRIES_MAX {
            return Staged::Done(Outcome::Close("coordinators of too many keys"));
        }
        let (version, key_type) = (header.version, request.key_type);
        let response = if version >= BATCHED_FROM {
            let mut found = Vec::with_capacity(request.coordinator_keys.len());
            for key in &request.coordinator_keys {
                let place = find(&key, key_type, version, &state, &session).await;
                found.push(one_of_many(key, place));
            }
            FindCoordinatorResponse::default().with_coordinators(found)
        } else {
            only(find(&request.key, key_type, version, &state, &session).await)
        };
        Staged::Done(reply(response_frame(&header, &response)))
    })
}

async fn find(
    key: &str,
    key_type: i8,
    version: i16,
    state: &Broker,
    session: &Session,
) -> Result<Place, Refusal> {
    let refuse =
        |code, message| Err(Refusal { code, message: Some(StrBytes::from_static_str(message)) });
    match key_type {
        GROUP => {}
        TRANSACTION => {
            return refuse(ErrorCode::UnsupportedVersion, "transactions are not supported");
        }
        SHARE if version >= SHARE_FROM => {
            return refuse(ErrorCode::UnsupportedVersion, "share groups are not supported");
        }
        _ => return refuse(ErrorCode::InvalidRequest, "there is no such type of coordinator"),
    }
    let node = state.shard().coordinator_of(key).await?;
    let image = state.image();
    let place = image.broker(node).and_then(|broker| names::endpoint(broker, session));
    match place {
        Some((host, port)) => Ok((node, host, port)),
        None => refuse(ErrorCode::CoordinatorNotAvailable, "the coordinator is not alive"),
    }
}

fn one_of_many(key: StrBytes, place: Result<Place, Refusal>) -> Coordinator {
    let found = Coordinator::default().with_key(key);
    match place {
        Ok((node, host, port)) => {
            found.with_node_id(BrokerId(node)).with_host(host).with_port(port)
        }
        Err(refusal) => found
            .with_node_id(BrokerId(-1))
            .with_port(-1)
            .with_error_code(refusal.code.code())
            .with_error_message(refusal.message),
    }
}

fn only(place: Result<Place, Refusal>) -> FindCoordinatorResponse {
    let found = FindCoordinatorResponse::default();
    match place {
        Ok((node, host, port)) => found
            .with_node_id(BrokerId(node))
            .with_host(host)
            .with_port(port)
            .with_error_message(None),
        Err(refusal) => found
            .with_node_id(BrokerId(-1))
            .with_port(-1)
            .with_error_code(refusal.code.code())
            .with_error_message(refusal.message),
    }
}
