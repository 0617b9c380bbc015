//! DescribeCluster: the brokers, for administrators. Core-local.

use corelog_engine::runtime::LocalBoxFuture;

use crate::api::broker::Broker;
use crate::api::names;
use crate::dispatch::{Call, Session, malformed, reply};
use crate::in_flight::Staged;
use crate::wire::messages::BrokerId;
use crate::wire::messages::describe_cluster_response::{
    DescribeClusterBroker, DescribeClusterResponse,
};
use crate::wire::request::cluster::DescribeClusterRequest;
use crate::wire::{ErrorCode, Request, response_frame};

/// The endpoint type of brokers.
const BROKERS: i8 = 1;
/// The endpoint type of controllers.
const CONTROLLERS: i8 = 2;

/// Answers DescribeCluster.
pub fn handle(call: Call<Broker>) -> LocalBoxFuture<Staged> {
    Box::pin(async move {
        let Call { state, session, header, body, .. } = call;
        let request = match DescribeClusterRequest::decode(header.version, body) {
            Ok(request) => request,
            Err(error) => return malformed(error),
        };
        let response = match request.endpoint_type {
            BROKERS => describe(&request, &state, &session),
            CONTROLLERS => refuse(
                ErrorCode::MismatchedEndpointType,
                "this is a listener of brokers, not of controllers",
            ),
            _ => refuse(ErrorCode::UnsupportedEndpointType, "unknown endpoint type"),
        };
        Staged::Done(reply(response_frame(&header, &response)))
    })
}

fn describe(
    request: &DescribeClusterRequest,
    state: &Broker,
    session: &Session,
) -> DescribeClusterResponse {
    let image = state.image();
    let brokers = image.brokers().filter_map(|broker| {
        let (host, port) = names::endpoint(broker, session)?;
        let described = DescribeClusterBroker::default()
            .with_broker_id(BrokerId(broker.node))
            .with_host(host)
            .with_port(port)
            .with_rack(broker.rack.as_ref().map(names::text));
        Some(described)
    });
    let operations = match request.include_cluster_authorized_operations {
        true => names::CLUSTER_OPERATIONS,
        false => names::OPERATIONS_NOT_ASKED,
    };
    DescribeClusterResponse::default()
        .with_endpoint_type(BROKERS)
        .with_cluster_id(names::text(&image.cluster_id))
        .with_controller_id(BrokerId(state.config().node_id))
        .with_brokers(brokers.collect())
        .with_cluster_authorized_operations(operations)
}

fn refuse(error: ErrorCode, message: &'static str) -> DescribeClusterResponse {
    DescribeClusterResponse::default()
        .with_error_code(error.code())
        .with_error_message(Some(message.into()))
        .with_endpoint_type(BROKERS)
        .with_controller_id(BrokerId(-1))
        .with_cluster_authorized_operations(names::OPERATIONS_NOT_ASKED)
}
