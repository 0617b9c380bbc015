//! Heartbeat: a member of a classic group is alive. Core-local.

use corelog_engine::group::GroupError;
use corelog_engine::group::answer::Answer;
use corelog_engine::group::request::{Heartbeat, Request as GroupRequest};
use corelog_engine::runtime::LocalBoxFuture;

use super::ask::{answer, caller, shared, shared_option};
use super::error::code;
use crate::api::broker::Broker;
use crate::dispatch::{Call, malformed, reply};
use crate::in_flight::Staged;
use crate::wire::messages::HeartbeatResponse;
use crate::wire::request::classic_groups::HeartbeatRequest;
use crate::wire::{ErrorCode, Request, response_frame};

/// Answers Heartbeat.
pub fn handle(call: Call<Broker>) -> LocalBoxFuture<Staged> {
    Box::pin(async move {
        let Call { state, session, header, body, charge } = call;
        let request = match HeartbeatRequest::decode(header.version, body) {
            Ok(request) => request,
            Err(error) => return malformed(error),
        };
        if request.group_id.is_empty() {
            let error = ErrorCode::InvalidGroupId.code();
            let response = HeartbeatResponse::default().with_error_code(error);
            return Staged::Done(reply(response_frame(&header, &response)));
        }
        let question = GroupRequest::Heartbeat(Heartbeat {
            member_id: shared(&request.member_id),
            instance_id: shared_option(request.group_instance_id.as_ref()),
            generation: request.generation_id,
        });
        let caller = caller(&session, &header);
        let ticket = state.shard().ask_group(shared(&request.group_id), caller, question).await;
        Staged::Later(Box::pin(async move {
            let _charge = charge;
            let beaten = |answer| match answer {
                Answer::Heartbeat(beaten) => Some(beaten),
                _ => None,
            };
            let error = match answer(ticket, beaten).await.flatten() {
                // A group that is being loaded knows nobody yet, and loses nobody either.
                Ok(()) | Err(GroupError::CoordinatorLoadInProgress) => ErrorCode::None,
                Err(error) => code(&error),
            };
            let response = HeartbeatResponse::default().with_error_code(error.code());
            reply(response_frame(&header, &response))
        }))
    })
}
