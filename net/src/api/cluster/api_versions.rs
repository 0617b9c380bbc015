//! ApiVersions: what this broker speaks, straight from the table of handlers. Core-local.
//!
//! The first request of every connection, in a version that the client had to guess: one that we
//! do not know is answered in version 0 with error 35, and the connection lives on (KIP-511).
//!
//! No features are listed: none of Kafka's feature levels is built yet, and a client must not be
//! led to rely on one.

use corelog_engine::runtime::LocalBoxFuture;

use crate::api::TABLE;
use crate::api::broker::Broker;
use crate::dispatch::{Call, Row, malformed, reply};
use crate::in_flight::Staged;
use crate::wire::messages::api_versions_response::{ApiVersion, ApiVersionsResponse};
use crate::wire::request::api_versions::ApiVersionsRequest;
use crate::wire::{ApiKey, ErrorCode, Request, response_frame, response_frame_in};

/// First version in which the client says what software it is.
const SOFTWARE_FROM: i16 = 3;

/// Answers ApiVersions.
pub fn handle(call: Call<Broker>) -> LocalBoxFuture<Staged> {
    Box::pin(async move {
        let Call { header, body, .. } = call;
        if !ApiKey::ApiVersions.versions().contains(&header.version) {
            let unknown = response(ErrorCode::UnsupportedVersion, &TABLE);
            return Staged::Done(reply(response_frame_in(&header, &unknown, 0)));
        }
        let request = match ApiVersionsRequest::decode(header.version, body) {
            Ok(request) => request,
            Err(error) => return malformed(error),
        };
        let said = [&request.client_software_name, &request.client_software_version];
        let answer = if header.version >= SOFTWARE_FROM && !said.iter().all(|text| is_safe(text)) {
            response(ErrorCode::InvalidRequest, &[])
        } else {
            response(ErrorCode::None, &TABLE)
        };
        Staged::Done(reply(response_frame(&header, &answer)))
    })
}

fn response(error: ErrorCode, table: &[Row<Broker>]) -> ApiVersionsResponse {
    let listed = |row: &Row<Broker>| {
        ApiVersion::default()
            .with_api_key(row.key.code())
            .with_min_version(row.advertised_min)
            .with_max_version(row.max)
    };
    ApiVersionsResponse::default()
        .with_error_code(error.code())
        .with_api_keys(table.iter().map(listed).collect())
}

/// Kafka's pattern for names and versions of client software, which end up in metrics:
/// letters, digits, `-` and `.`, beginning and ending with a letter or digit.
fn is_safe(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    let (first, last) = (text.bytes().next(), text.bytes().next_back());
    let ends = [first, last].into_iter().all(|end| end.is_some_and(|b| b.is_ascii_alphanumeric()));
    ends && text.bytes().all(legal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_client_software_are_checked_as_kafka_checks_them() {
        for name in ["librdkafka", "v1.2.3-RC1", "a", "apache-kafka-java"] {
            assert!(is_safe(name), "{name}");
        }
        for name in ["", "-a", "a-", ".a", "a b", "a/b", "ä", "a\n"] {
            assert!(!is_safe(name), "{name}");
        }
    }
}
