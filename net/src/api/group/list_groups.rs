//! ListGroups: the groups of this broker, of all its cores, by state and type. Core-local.

use corelog_engine::group::answer::ListedGroup;
use corelog_engine::runtime::LocalBoxFuture;

use super::ask::text;
use super::error::code;
use crate::api::broker::Broker;
use crate::api::names;
use crate::dispatch::{Call, malformed, reply};
use crate::in_flight::{Outcome, Staged};
use crate::wire::messages::list_groups_response::{ListGroupsResponse, ListedGroup as Listed};
use crate::wire::request::groups::ListGroupsRequest;
use crate::wire::{Request, Seq, StrBytes, response_frame};

/// Answers ListGroups.
pub fn handle(call: Call<Broker>) -> LocalBoxFuture<Staged> {
    Box::pin(async move {
        let Call { state, header, body, charge, .. } = call;
        let request = match ListGroupsRequest::decode(header.version, body) {
            Ok(request) => request,
            Err(error) => return malformed(error),
        };
        if request.states_filter.len() + request.types_filter.len() > names::ENTRIES_MAX {
            return Staged::Done(Outcome::Close("groups of too many states"));
        }
        Staged::Later(Box::pin(async move {
            let _charge = charge;
            let wanted = Wanted::of(&request);
            let response = ListGroupsResponse::default();
            let response = match state.shard().list_groups().await {
                Ok(groups) => {
                    let wanted = groups.into_iter().filter(|group| wanted.has(group));
                    response.with_groups(wanted.map(listed).collect())
                }
                Err(error) => response.with_error_code(code(&error).code()),
            };
            reply(response_frame(&header, &response))
        }))
    })
}

/// What the request asks for, in lower case; an empty list asks for everything.
struct Wanted {
    states: Vec<String>,
    types: Vec<String>,
}

impl Wanted {
    fn of(request: &ListGroupsRequest) -> Wanted {
        let lower = |names: &Seq<StrBytes>| names.iter().map(|name| name.to_lowercase());
        let states = lower(&request.states_filter).map(|state| state.trim().to_owned());
        Wanted { states: states.collect(), types: lower(&request.types_filter).collect() }
    }

    fn has(&self, group: &ListedGroup) -> bool {
        let among = |names: &[String], name: &str| {
            names.is_empty() || names.iter().any(|wanted| name.eq_ignore_ascii_case(wanted))
        };
        among(&self.states, group.state) && among(&self.types, group.group_type)
    }
}

fn listed(group: ListedGroup) -> Listed {
    Listed::default()
        .with_group_id(text(&group.group).into())
        .with_protocol_type(text(&group.protocol_type))
        .with_group_state(text(group.state))
        .with_group_type(text(group.group_type))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_and_types_are_compared_without_their_case() {
        let group = ListedGroup {
            group: "g".into(),
            protocol_type: "consumer".into(),
            state: "PreparingRebalance",
            group_type: "classic",
        };
        let has = |states: &[&str], types: &[&str]| {
            let owned = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
            Wanted { states: owned(states), types: owned(types) }.has(&group)
        };
        assert!(has(&[], &[]));
        assert!(has(&["stable", "preparingrebalance"], &["classic"]));
        assert!(!has(&["stable"], &[]));
        assert!(!has(&[], &["consumer"]));
        assert!(!has(&[], &["nonsense"]));
    }
}
