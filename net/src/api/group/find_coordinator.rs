//! FindCoordinator, before there are groups and transactions: it has to be offered, because old
//! clients switch LZ4 off without it. Core-local.
//!
//! A group is told that its coordinator is not available, which clients retry for as long as
//! their owner likes. A transaction is told that this is not supported: a retriable answer would
//! keep a transactional producer waiting for a minute.

use corelog_engine::runtime::LocalBoxFuture;

use crate::api::broker::Broker;
use crate::api::names;
use crate::dispatch::{Call, malformed, reply};
use crate::in_flight::{Outcome, Staged};
use crate::wire::messages::BrokerId;
use crate::wire::messages::find_coordinator_response::{Coordinator, FindCoordinatorResponse};
use crate::wire::request::coordinator::FindCoordinatorRequest;
use crate::wire::{ErrorCode, Request, StrBytes, response_frame};

/// First version that asks for several keys at once.
const BATCHED_FROM: i16 = 4;
/// The key type of groups.
const GROUP: i8 = 0;

/// Answers FindCoordinator.
pub fn handle(call: Call<Broker>) -> LocalBoxFuture<Staged> {
    Box::pin(async move {
        let Call { header, body, .. } = call;
        let request = match FindCoordinatorRequest::decode(header.version, body) {
            Ok(request) => request,
            Err(error) => return malformed(error),
        };
        if request.coordinator_keys.len() > names::ENTRIES_MAX {
            return Staged::Done(Outcome::Close("coordinators of too many keys"));
        }
        let (error, message) = match request.key_type {
            GROUP => (ErrorCode::CoordinatorNotAvailable, "consumer groups are not available"),
            _ => (ErrorCode::UnsupportedVersion, "transactions are not supported"),
        };
        let response = FindCoordinatorResponse::default();
        let response = if header.version >= BATCHED_FROM {
            let keys = request.coordinator_keys.iter();
            response.with_coordinators(keys.map(|key| coordinator(key, error, message)).collect())
        } else {
            response
                .with_node_id(BrokerId(-1))
                .with_port(-1)
                .with_error_code(error.code())
                .with_error_message(Some(message.into()))
        };
        Staged::Done(reply(response_frame(&header, &response)))
    })
}

fn coordinator(key: StrBytes, error: ErrorCode, message: &'static str) -> Coordinator {
    Coordinator::default()
        .with_key(key)
        .with_node_id(BrokerId(-1))
        .with_port(-1)
        .with_error_code(error.code())
        .with_error_message(Some(message.into()))
}
