//! DescribeConfigs: every setting of a topic or of this broker, with where its value comes from.
//! Core-local.

use corelog_engine::config::{Described, Kind, Source, Synonym, describe_broker, describe_topic};
use corelog_engine::metadata::check_topic_name;
use corelog_engine::runtime::LocalBoxFuture;

use crate::api::broker::Broker;
use crate::dispatch::{Call, malformed, reply};
use crate::in_flight::{Outcome, Staged};
use crate::wire::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResponse, DescribeConfigsResult,
    DescribeConfigsSynonym,
};
use crate::wire::request::configs::{ConfigResource, DescribeConfigsRequest};
use crate::wire::{ErrorCode, Request, StrBytes, response_frame};

/// Most resources in one request: each is answered with some kilobytes.
const RESOURCES_MAX: usize = 10_000;
/// The resource type of topics.
const TOPIC: i8 = 2;
/// The resource type of brokers.
const BROKER: i8 = 4;

/// Answers DescribeConfigs.
pub fn handle(call: Call<Broker>) -> LocalBoxFuture<Staged> {
    Box::pin(async move {
        let Call { state, header, body, charge: _charge, .. } = call;
        let request = match DescribeConfigsRequest::decode(header.version, body) {
            Ok(request) => request,
            Err(error) => return malformed(error),
        };
        if request.resources.len() > RESOURCES_MAX {
            return Staged::Done(Outcome::Close("description of too many resources"));
        }
        let results = request.resources.iter().map(|resource| {
            let described = describe(&resource, &state);
            result(&request, &resource, described)
        });
        let response = DescribeConfigsResponse::default().with_results(results.collect());
        Staged::Done(reply(response_frame(&header, &response)))
    })
}

fn describe(
    resource: &ConfigResource,
    state: &Broker,
) -> Result<Vec<Described>, (ErrorCode, String)> {
    let name = resource.resource_name.as_str();
    let invalid = |message: String| Err((ErrorCode::InvalidRequest, message));
    match resource.resource_type {
        TOPIC => match (check_topic_name(name), state.image().topic(name)) {
            (Err(error), _) => Err((ErrorCode::InvalidTopicException, error.to_string())),
            (Ok(()), None) => {
                Err((ErrorCode::UnknownTopicOrPartition, format!("there is no topic {name}")))
            }
            (Ok(()), Some(topic)) => Ok(describe_topic(state.config(), &topic.configs)),
        },
        // Cluster-wide settings that were changed at run time: there are none.
        BROKER if name.is_empty() => Ok(Vec::new()),
        BROKER if name.parse() == Ok(state.config().node_id) => Ok(describe_broker(state.config())),
        BROKER => invalid(format!(
            "this is broker {}, which cannot describe broker `{name}`",
            state.config().node_id
        )),
        other => invalid(format!("resources of type {other} have no settings here")),
    }
}

fn result(
    request: &DescribeConfigsRequest,
    resource: &ConfigResource,
    described: Result<Vec<Described>, (ErrorCode, String)>,
) -> DescribeConfigsResult {
    let result = DescribeConfigsResult::default()
        .with_resource_type(resource.resource_type)
        .with_resource_name(resource.resource_name.clone());
    match described {
        Ok(settings) => {
            let wanted = settings.into_iter().filter(|setting| is_wanted(resource, setting));
            result.with_configs(wanted.map(|setting| entry(request, setting)).collect())
        }
        Err((error, message)) => {
            result.with_error_code(error.code()).with_error_message(Some(message.into()))
        }
    }
}

/// Null and empty both mean all.
fn is_wanted(resource: &ConfigResource, setting: &Described) -> bool {
    match &resource.configuration_keys {
        Some(keys) if !keys.is_empty() => keys.iter().any(|key| key.as_str() == setting.name),
        _ => true,
    }
}

fn entry(request: &DescribeConfigsRequest, setting: Described) -> DescribeConfigsResourceResult {
    let synonyms = match request.include_synonyms {
        true => setting.synonyms.into_iter().map(synonym).collect(),
        false => Vec::new(),
    };
    DescribeConfigsResourceResult::default()
        .with_name(setting.name.into())
        .with_value(setting.value.map(StrBytes::from_string))
        .with_read_only(setting.read_only)
        .with_config_source(source_code(setting.source))
        .with_is_sensitive(setting.sensitive)
        .with_synonyms(synonyms)
        .with_config_type(kind_code(setting.kind))
        .with_documentation(request.include_documentation.then(|| setting.doc.into()))
}

fn synonym(synonym: Synonym) -> DescribeConfigsSynonym {
    DescribeConfigsSynonym::default()
        .with_name(synonym.name.into())
        .with_value(synonym.value.map(StrBytes::from_string))
        .with_source(source_code(synonym.source))
}

/// Kafka's numbers for where a value comes from.
pub(super) fn source_code(source: Source) -> i8 {
    match source {
        Source::Topic => 1,
        Source::StaticBroker => 4,
        Source::Default => 5,
    }
}

/// Kafka's numbers for types of values.
fn kind_code(kind: Kind) -> i8 {
    match kind {
        Kind::Boolean => 1,
        Kind::Text => 2,
        Kind::Int => 3,
        Kind::Short => 4,
        Kind::Long => 5,
        Kind::Double => 6,
        Kind::List => 7,
        Kind::Class => 8,
        Kind::Password => 9,
    }
}
