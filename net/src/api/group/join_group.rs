//! JoinGroup: a member enters a classic group, or enters it again. Core-local.
//!
//! The answer comes when all members have joined. Until then nothing of the request's frame is
//! kept, and the connection serves what else comes on it.

use corelog_engine::group::GroupError;
use corelog_engine::group::answer::{Answer, Joined, JoinedMember};
use corelog_engine::group::request::{Join, Request as GroupRequest};
use corelog_engine::runtime::LocalBoxFuture;

use super::ask::{answer, caller, copied, shared, shared_option, text, text_option};
use super::error::{code, code_of};
use crate::api::broker::Broker;
use crate::api::names;
use crate::dispatch::{Call, malformed, reply};
use crate::in_flight::{Outcome, Staged};
use crate::wire::messages::join_group_response::{JoinGroupResponse, JoinGroupResponseMember};
use crate::wire::request::classic_groups::JoinGroupRequest;
use crate::wire::{ErrorCode, Request, StrBytes, response_frame};

/// First version in which a member is given its id before it enters (KIP-394).
const KNOWN_MEMBER_FROM: i16 = 4;
/// First version in which the protocol's name may be null.
const NULL_PROTOCOL_FROM: i16 = 7;
/// First version in which the leader may be told not to assign (KIP-814).
const SKIP_FROM: i16 = 9;

/// Answers JoinGroup.
pub fn handle(call: Call<Broker>) -> LocalBoxFuture<Staged> {
    Box::pin(async move {
        let Call { state, session, mut header, body, charge } = call;
        let request = match JoinGroupRequest::decode(header.version, body) {
            Ok(request) => request,
            Err(error) => return malformed(error),
        };
        if request.protocols.len() > names::ENTRIES_MAX {
            return Staged::Done(Outcome::Close("a member with too many protocols"));
        }
        let version = header.version;
        if request.group_id.is_empty() {
            let refused = refused(ErrorCode::InvalidGroupId, request.member_id, version);
            return Staged::Done(reply(response_frame(&header, &refused)));
        }
        let (group, question) = (shared(&request.group_id), read(&request, version));
        let caller = caller(&session, &header);
        header.client_id = None;
        drop((request, charge));
        let ticket = state.shard().ask_group(group, caller, GroupRequest::Join(question)).await;
        Staged::Later(Box::pin(async move {
            let joined = |answer| match answer {
                Answer::Join(joined) => Some(joined),
                _ => None,
            };
            let response = response(answer(ticket, joined).await, version);
            reply(response_frame(&header, &response))
        }))
    })
}

fn read(request: &JoinGroupRequest, version: i16) -> Join {
    let protocols = request.protocols.iter();
    Join {
        member_id: shared(&request.member_id),
        instance_id: shared_option(request.group_instance_id.as_ref()),
        protocol_type: shared(&request.protocol_type),
        protocols: protocols.map(|one| (shared(&one.name), copied(&one.metadata))).collect(),
        session_timeout_ms: request.session_timeout_ms,
        rebalance_timeout_ms: match version {
            0 => request.session_timeout_ms,
            _ => request.rebalance_timeout_ms,
        },
        reason: shared_option(request.reason.as_ref()),
        requires_known_member_id: version >= KNOWN_MEMBER_FROM,
        supports_skipping_assignment: version >= SKIP_FROM,
    }
}

fn response(joined: Result<Joined, GroupError>, version: i16) -> JoinGroupResponse {
    let joined = match joined {
        Ok(joined) => joined,
        Err(error) => return refused(code(&error), StrBytes::new(), version),
    };
    JoinGroupResponse::default()
        .with_error_code(code_of(joined.error.as_ref()))
        .with_generation_id(joined.generation)
        .with_protocol_type(text_option(joined.protocol_type.as_ref()))
        .with_protocol_name(protocol_name(joined.protocol.as_deref(), version))
        .with_leader(text(&joined.leader))
        .with_skip_assignment(joined.skip_assignment && version >= SKIP_FROM)
        .with_member_id(text(&joined.member_id))
        .with_members(joined.members.into_iter().map(member).collect())
}

/// Old versions know no null, new ones no empty name.
fn protocol_name(name: Option<&str>, version: i16) -> Option<StrBytes> {
    match name {
        Some(name) if !name.is_empty() => Some(text(name)),
        _ => (version < NULL_PROTOCOL_FROM).then(StrBytes::new),
    }
}

fn member(member: JoinedMember) -> JoinGroupResponseMember {
    JoinGroupResponseMember::default()
        .with_member_id(text(&member.member_id))
        .with_group_instance_id(text_option(member.instance_id.as_ref()))
        .with_metadata(member.metadata)
}

fn refused(error: ErrorCode, member_id: StrBytes, version: i16) -> JoinGroupResponse {
    JoinGroupResponse::default()
        .with_error_code(error.code())
        .with_generation_id(-1)
        .with_protocol_name(protocol_name(None, version))
        .with_member_id(member_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{ApiKey, RequestHeader};

    #[test]
    fn every_version_can_say_everything() {
        let joined = Joined {
            error: None,
            member_id: "m".into(),
            generation: 3,
            protocol_type: Some("consumer".into()),
            protocol: None,
            leader: "m".into(),
            skip_assignment: true,
            members: vec![JoinedMember {
                member_id: "m".into(),
                instance_id: Some("i".into()),
                metadata: copied(b"x"),
            }],
        };
        for version in ApiKey::JoinGroup.versions() {
            let key = ApiKey::JoinGroup;
            let header =
                RequestHeader { api_key: key, version, correlation_id: 1, client_id: None };
            let encodable = response(Ok(joined.clone()), version);
            assert_eq!(encodable.protocol_name.is_none(), version >= 7);
            response_frame(&header, &encodable).unwrap();
            response_frame(&header, &response(Err(GroupError::NotCoordinator), version)).unwrap();
        }
    }
}
