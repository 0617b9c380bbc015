//! SyncGroup: the leader of a classic group hands the assignment out, every member gets its part.
//! Core-local.

use corelog_engine::group::GroupError;
use corelog_engine::group::answer::{Answer, Synced};
use corelog_engine::group::request::{Request as GroupRequest, Sync};
use corelog_engine::runtime::LocalBoxFuture;

use super::ask::{answer, caller, copied, shared, shared_option, text_option};
use super::error::code;
use crate::api::broker::Broker;
use crate::api::names;
use crate::dispatch::{Call, malformed, reply};
use crate::in_flight::{Outcome, Staged};
use crate::wire::messages::SyncGroupResponse;
use crate::wire::request::classic_groups::SyncGroupRequest;
use crate::wire::{ErrorCode, Request, response_frame};

/// First version in which a member has to say what it believes the protocol to be (KIP-559).
const PROTOCOL_FROM: i16 = 5;

/// Answers SyncGroup.
pub fn handle(call: Call<Broker>) -> LocalBoxFuture<Staged> {
    Box::pin(async move {
        let Call { state, session, mut header, body, charge } = call;
        let request = match SyncGroupRequest::decode(header.version, body) {
            Ok(request) => request,
            Err(error) => return malformed(error),
        };
        if request.assignments.len() > names::ENTRIES_MAX {
            return Staged::Done(Outcome::Close("assignments of too many members"));
        }
        if let Some(error) = fault(&request, header.version) {
            let response = SyncGroupResponse::default().with_error_code(error.code());
            return Staged::Done(reply(response_frame(&header, &response)));
        }
        let (group, question) = (shared(&request.group_id), read(&request));
        let caller = caller(&session, &header);
        header.client_id = None;
        drop((request, charge));
        let ticket = state.shard().ask_group(group, caller, GroupRequest::Sync(question)).await;
        Staged::Later(Box::pin(async move {
            let synced = |answer| match answer {
                Answer::Sync(synced) => Some(synced),
                _ => None,
            };
            let response = response(answer(ticket, synced).await.flatten());
            reply(response_frame(&header, &response))
        }))
    })
}

/// What is wrong whatever the group may be, in Kafka's order.
fn fault(request: &SyncGroupRequest, version: i16) -> Option<ErrorCode> {
    let is_named = request.protocol_type.is_some() && request.protocol_name.is_some();
    if version >= PROTOCOL_FROM && !is_named {
        return Some(ErrorCode::InconsistentGroupProtocol);
    }
    request.group_id.is_empty().then_some(ErrorCode::InvalidGroupId)
}

fn read(request: &SyncGroupRequest) -> Sync {
    let assignments = request.assignments.iter();
    Sync {
        member_id: shared(&request.member_id),
        instance_id: shared_option(request.group_instance_id.as_ref()),
        generation: request.generation_id,
        protocol_type: shared_option(request.protocol_type.as_ref()),
        protocol: shared_option(request.protocol_name.as_ref()),
        assignments: assignments
            .map(|one| (shared(&one.member_id), copied(&one.assignment)))
            .collect(),
    }
}

fn response(synced: Result<Synced, GroupError>) -> SyncGroupResponse {
    match synced {
        Ok(synced) => SyncGroupResponse::default()
            .with_protocol_type(text_option(synced.protocol_type.as_ref()))
            .with_protocol_name(text_option(synced.protocol.as_ref()))
            .with_assignment(synced.assignment),
        Err(error) => SyncGroupResponse::default().with_error_code(code(&error).code()),
    }
}
