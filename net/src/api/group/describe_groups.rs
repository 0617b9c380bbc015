//! DescribeGroups: classic groups and their members. Core-local.

use std::sync::Arc;

use corelog_engine::group::GroupError;
use corelog_engine::group::answer::{Answer, DescribedGroup, DescribedMember};
use corelog_engine::group::request::Request as GroupRequest;
use corelog_engine::runtime::LocalBoxFuture;

use super::ask::{answer, caller, shared, text, text_option};
use super::error::Refusal;
use crate::api::broker::Broker;
use crate::api::names;
use crate::dispatch::{Call, malformed, reply};
use crate::in_flight::{Outcome, Staged};
use crate::wire::messages::describe_groups_response::{
    DescribeGroupsResponse, DescribedGroup as GroupResponse, DescribedGroupMember,
};
use crate::wire::request::groups::DescribeGroupsRequest;
use crate::wire::{ErrorCode, Request, response_frame};

/// First version that tells a group that is not there from one that is dead (KIP-1043).
const NOT_FOUND_FROM: i16 = 6;
/// State of a group that is not there.
const DEAD: &str = "Dead";

/// Answers DescribeGroups.
pub fn handle(call: Call<Broker>) -> LocalBoxFuture<Staged> {
    Box::pin(async move {
        let Call { state, session, header, body, charge } = call;
        let request = match DescribeGroupsRequest::decode(header.version, body) {
            Ok(request) => request,
            Err(error) => return malformed(error),
        };
        if request.groups.len() > names::ENTRIES_MAX {
            return Staged::Done(Outcome::Close("description of too many groups"));
        }
        let groups: Vec<Arc<str>> = request.groups.iter().map(|group| shared(&group)).collect();
        let questions = groups.iter().map(|group| (group.clone(), GroupRequest::Describe));
        let caller = caller(&session, &header);
        let tickets = state.shard().ask_groups(&caller, questions.collect()).await;
        Staged::Later(Box::pin(async move {
            let _charge = charge;
            let mut described = Vec::with_capacity(groups.len());
            for (group, ticket) in groups.iter().zip(tickets) {
                let found = |answer| match answer {
                    Answer::Describe(described) => Some(described),
                    _ => None,
                };
                let found = answer(ticket, found).await.flatten();
                let mut response = response(group, found, header.version);
                if request.include_authorized_operations && response.error_code == 0 {
                    response.authorized_operations = names::GROUP_OPERATIONS;
                }
                described.push(response);
            }
            let response = DescribeGroupsResponse::default().with_groups(described);
            reply(response_frame(&header, &response))
        }))
    })
}

fn response(
    group: &str,
    described: Result<DescribedGroup, GroupError>,
    version: i16,
) -> GroupResponse {
    let response = GroupResponse::default().with_group_id(text(group).into());
    match described {
        Ok(described) => response
            .with_group_state(text(described.state))
            .with_protocol_type(text(&described.protocol_type))
            .with_protocol_data(text(&described.protocol))
            .with_members(described.members.into_iter().map(member).collect()),
        Err(error) => {
            let refusal = Refusal::from(error);
            match refusal.code {
                ErrorCode::GroupIdNotFound if version >= NOT_FOUND_FROM => response
                    .with_group_state(text(DEAD))
                    .with_error_code(refusal.code.code())
                    .with_error_message(refusal.message),
                ErrorCode::GroupIdNotFound => response.with_group_state(text(DEAD)),
                code => response.with_error_code(code.code()),
            }
        }
    }
}

fn member(member: DescribedMember) -> DescribedGroupMember {
    DescribedGroupMember::default()
        .with_member_id(text(&member.member_id))
        .with_group_instance_id(text_option(member.instance_id.as_ref()))
        .with_client_id(text(&member.client_id))
        .with_client_host(text(&member.client_host))
        .with_member_metadata(member.metadata)
        .with_member_assignment(member.assignment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_that_is_not_there_is_dead_and_from_v6_also_an_error() {
        let absent = || Err(GroupError::GroupIdNotFound("Group g not found.".into()));
        let old = response("g", absent(), 5);
        assert_eq!((&*old.group_state, old.error_code, old.error_message), ("Dead", 0, None));
        let new = response("g", absent(), 6);
        assert_eq!((&*new.group_state, new.error_code), ("Dead", 69));
        assert_eq!(new.error_message.as_deref(), Some("Group g not found."));
        let elsewhere = response("g", Err(GroupError::NotCoordinator), 6);
        assert_eq!((&*elsewhere.group_state, elsewhere.error_code), ("", 16));
    }
}
