//! DeleteGroups: groups without members are forgotten, with their offsets. Core-local.

use std::collections::BTreeSet;
use std::sync::Arc;

use corelog_engine::group::answer::Answer;
use corelog_engine::group::request::Request as GroupRequest;
use corelog_engine::runtime::LocalBoxFuture;

use super::ask::{answer, caller, shared, text};
use super::error::code_of;
use crate::api::broker::Broker;
use crate::api::names;
use crate::dispatch::{Call, malformed, reply};
use crate::in_flight::{Outcome, Staged};
use crate::wire::messages::delete_groups_response::{DeletableGroupResult, DeleteGroupsResponse};
use crate::wire::request::groups::DeleteGroupsRequest;
use crate::wire::{Request, response_frame};

/// Answers DeleteGroups. A group that is named twice is deleted, and answered, once.
pub fn handle(call: Call<Broker>) -> LocalBoxFuture<Staged> {
    Box::pin(async move {
        let Call { state, session, header, body, charge } = call;
        let request = match DeleteGroupsRequest::decode(header.version, body) {
            Ok(request) => request,
            Err(error) => return malformed(error),
        };
        if request.groups_names.len() > names::ENTRIES_MAX {
            return Staged::Done(Outcome::Close("deletion of too many groups"));
        }
        let mut seen = BTreeSet::new();
        let names = request.groups_names.iter().map(|group| shared(&group));
        let groups: Vec<Arc<str>> = names.filter(|group| seen.insert(group.clone())).collect();
        let questions = groups.iter().map(|group| (group.clone(), GroupRequest::Delete));
        let caller = caller(&session, &header);
        let tickets = state.shard().ask_groups(&caller, questions.collect()).await;
        Staged::Later(Box::pin(async move {
            let _charge = charge;
            let mut results = Vec::with_capacity(groups.len());
            for (group, ticket) in groups.iter().zip(tickets) {
                let deleted = |answer| match answer {
                    Answer::Delete(deleted) => Some(deleted),
                    _ => None,
                };
                let deleted = answer(ticket, deleted).await.flatten();
                results.push(
                    DeletableGroupResult::default()
                        .with_group_id(text(group).into())
                        .with_error_code(code_of(deleted.err().as_ref())),
                );
            }
            let response = DeleteGroupsResponse::default().with_results(results);
            reply(response_frame(&header, &response))
        }))
    })
}
