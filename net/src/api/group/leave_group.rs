//! LeaveGroup: members leave a classic group; from v3 several at once. Core-local.

use corelog_engine::group::GroupError;
use corelog_engine::group::answer::{Answer, Left};
use corelog_engine::group::request::{Leaving, Request as GroupRequest};
use corelog_engine::runtime::LocalBoxFuture;

use super::ask::{answer, caller, shared, shared_option, text, text_option};
use super::error::{code, code_of};
use crate::api::broker::Broker;
use crate::api::names;
use crate::dispatch::{Call, malformed, reply};
use crate::in_flight::{Outcome, Staged};
use crate::wire::messages::leave_group_response::{LeaveGroupResponse, MemberResponse};
use crate::wire::request::classic_groups::LeaveGroupRequest;
use crate::wire::{ErrorCode, Request, response_frame};

/// First version in which several members may leave (KIP-345).
const BATCHED_FROM: i16 = 3;

/// Answers LeaveGroup.
pub fn handle(call: Call<Broker>) -> LocalBoxFuture<Staged> {
    Box::pin(async move {
        let Call { state, session, header, body, charge } = call;
        let request = match LeaveGroupRequest::decode(header.version, body) {
            Ok(request) => request,
            Err(error) => return malformed(error),
        };
        if request.members.len() > names::ENTRIES_MAX {
            return Staged::Done(Outcome::Close("too many members leave"));
        }
        if request.group_id.is_empty() {
            let error = ErrorCode::InvalidGroupId.code();
            let response = LeaveGroupResponse::default().with_error_code(error);
            return Staged::Done(reply(response_frame(&header, &response)));
        }
        let members = read(&request, header.version);
        let question = GroupRequest::Leave(members.clone());
        let caller = caller(&session, &header);
        let ticket = state.shard().ask_group(shared(&request.group_id), caller, question).await;
        Staged::Later(Box::pin(async move {
            let _charge = charge;
            let left = |answer| match answer {
                Answer::Leave(left) => Some(left),
                _ => None,
            };
            let left = match answer(ticket, left).await.flatten() {
                // There is no such group, so nobody is in it.
                Err(GroupError::UnknownMemberId) => Ok(members.into_iter().map(unknown).collect()),
                left => left,
            };
            reply(response_frame(&header, &response(left, header.version)))
        }))
    })
}

fn read(request: &LeaveGroupRequest, version: i16) -> Vec<Leaving> {
    if version < BATCHED_FROM {
        let member_id = shared(&request.member_id);
        return vec![Leaving { member_id, instance_id: None, reason: None }];
    }
    let members = request.members.iter().map(|member| Leaving {
        member_id: shared(&member.member_id),
        instance_id: shared_option(member.group_instance_id.as_ref()),
        reason: shared_option(member.reason.as_ref()),
    });
    members.collect()
}

fn unknown(member: Leaving) -> Left {
    let Leaving { member_id, instance_id, .. } = member;
    Left { member_id, instance_id, error: Some(GroupError::UnknownMemberId) }
}

fn response(left: Result<Vec<Left>, GroupError>, version: i16) -> LeaveGroupResponse {
    let response = LeaveGroupResponse::default();
    match left {
        Err(error) => response.with_error_code(code(&error).code()),
        Ok(members) if version < BATCHED_FROM => {
            let error = members.first().and_then(|member| member.error.as_ref());
            response.with_error_code(code_of(error))
        }
        Ok(members) => response.with_members(members.iter().map(member).collect()),
    }
}

fn member(left: &Left) -> MemberResponse {
    MemberResponse::default()
        .with_member_id(text(&left.member_id))
        .with_group_instance_id(text_option(left.instance_id.as_ref()))
        .with_error_code(code_of(left.error.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_member_answers_for_all_before_there_were_batches() {
        let left =
            vec![unknown(Leaving { member_id: "m".into(), instance_id: None, reason: None })];
        let old = response(Ok(left.clone()), 2);
        assert_eq!((old.error_code, old.members.len()), (25, 0));
        let new = response(Ok(left), 3);
        assert_eq!((new.error_code, new.members[0].error_code), (0, 25));
    }
}
