//! The broker that coordinates a group: found, asked, and looked for again when it is another one
//! or not ready.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use kafka_protocol::messages::FindCoordinatorRequest;
use kafka_protocol::protocol::{Encodable, StrBytes};

use super::cluster::Cluster;
use super::connection::REQUEST_TIMEOUT;
use super::error::ClientError;
use crate::wire::answer::classic_groups::FindCoordinatorAnswer;
use crate::wire::{Answer, ErrorCode};

/// The key type of groups.
const GROUP: i8 = 0;
/// First version that asks by a list of keys (Kafka 3.0).
const BATCHED_FROM: i16 = 4;
/// Between two questions.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

impl Cluster {
    /// Node id of the group's coordinator. A coordinator that is not available yet is waited for.
    ///
    /// # Errors
    /// A refusal, after half a minute of waiting too; see [`Cluster::ask`].
    pub async fn coordinator(&mut self, group: &str) -> Result<i32, ClientError> {
        let give_up = Instant::now() + REQUEST_TIMEOUT;
        let request = FindCoordinatorRequest::default()
            .with_key_type(GROUP)
            .with_coordinator_keys(vec![StrBytes::from_string(group.to_owned())]);
        loop {
            let answer: FindCoordinatorAnswer = self.ask(&request, BATCHED_FROM..=i16::MAX).await?;
            let found = answer.coordinators.iter().next();
            let code = found
                .as_ref()
                .map_or(ErrorCode::UnknownServerError.code(), |found| found.error_code);
            match found {
                Some(found) if code == 0 => {
                    self.learn(found.node_id, &found.host, found.port);
                    return Ok(found.node_id);
                }
                _ if may_pass(code) && Instant::now() < give_up => {
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
                found => {
                    let message = found.and_then(|found| found.error_message);
                    let what = format!("coordinator of group '{group}'");
                    return Err(ClientError::refused(what, code, message.as_deref()));
                }
            }
        }
    }

    /// Asks the group's coordinator in the highest version of `ours`; `code` finds the error in
    /// the answer that concerns the group as a whole. As long as that says that the coordinator is
    /// not ready, or another broker, it is asked again.
    ///
    /// # Errors
    /// See [`Cluster::coordinator`] and [`super::connection::Connection::call`]; other refusals
    /// stand in the answer.
    pub async fn ask_coordinator<A: Answer>(
        &mut self,
        group: &str,
        request: &impl Encodable,
        ours: RangeInclusive<i16>,
        code: impl Fn(&A) -> i16,
    ) -> Result<A, ClientError> {
        self.wait_for_coordinator(group, request, ours, code, REQUEST_TIMEOUT * 2).await
    }

    /// As [`Cluster::ask_coordinator`], for requests that wait for other members.
    ///
    /// # Errors
    /// See there.
    pub async fn wait_for_coordinator<A: Answer>(
        &mut self,
        group: &str,
        request: &impl Encodable,
        ours: RangeInclusive<i16>,
        code: impl Fn(&A) -> i16,
        patience: Duration,
    ) -> Result<A, ClientError> {
        let give_up = Instant::now() + REQUEST_TIMEOUT;
        loop {
            let node = self.coordinator(group).await?;
            let connection = self.broker(node).await?;
            let version = connection.version(A::KEY, ours.clone())?;
            let answer: A = connection.call_within(request, version, patience).await?;
            if !may_pass(code(&answer)) || Instant::now() > give_up {
                return Ok(answer);
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }
}

/// Whether a coordinator's error goes away by itself.
pub fn may_pass(code: i16) -> bool {
    matches!(
        ErrorCode::from_code(code),
        Some(
            ErrorCode::CoordinatorLoadInProgress
                | ErrorCode::CoordinatorNotAvailable
                | ErrorCode::NotCoordinator
        )
    )
}
