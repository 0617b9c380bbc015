//! InitProducerId: an id for an idempotent producer. Core-local.
//!
//! With a transactional id it fails for good: transactions are not built, and a retriable error
//! would let the producer spin.

use corelog_engine::runtime::LocalBoxFuture;

use crate::api::broker::Broker;
use crate::dispatch::{Call, malformed, reply};
use crate::in_flight::Staged;
use crate::wire::messages::ProducerId;
use crate::wire::messages::init_producer_id_response::InitProducerIdResponse;
use crate::wire::request::coordinator::InitProducerIdRequest;
use crate::wire::{ErrorCode, Request, response_frame};

/// Answers InitProducerId.
pub fn handle(call: Call<Broker>) -> LocalBoxFuture<Staged> {
    Box::pin(async move {
        let Call { state, mut header, body, .. } = call;
        let request = match InitProducerIdRequest::decode(header.version, body) {
            Ok(request) => request,
            Err(error) => return malformed(error),
        };
        header.client_id = None;
        let refused = match request.transactional_id.as_deref() {
            None => None,
            Some("") => Some(ErrorCode::InvalidRequest),
            Some(_) => Some(ErrorCode::UnsupportedVersion),
        };
        Staged::Later(Box::pin(async move {
            let given = match refused {
                Some(error) => Err(error),
                // The one retriable error that does not make Java look for a coordinator.
                None => state.producer_id().await.ok_or(ErrorCode::CoordinatorLoadInProgress),
            };
            let response = InitProducerIdResponse::default();
            let response = match given {
                Ok(id) => response.with_producer_id(ProducerId(id)).with_producer_epoch(0),
                Err(error) => response
                    .with_error_code(error.code())
                    .with_producer_id(ProducerId(-1))
                    .with_producer_epoch(-1),
            };
            reply(response_frame(&header, &response))
        }))
    })
}
