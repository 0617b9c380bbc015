//! Groups: list, describe, delete.

use std::collections::BTreeMap;

use bytes::Bytes;
use kafka_protocol::messages::{
    ConsumerGroupDescribeRequest, DeleteGroupsRequest, DescribeGroupsRequest, GroupId,
    ListGroupsRequest,
};
use kafka_protocol::protocol::StrBytes;

use super::cluster::Cluster;
use super::connection::ANY;
use super::error::ClientError;
use crate::wire::ErrorCode;
use crate::wire::answer::groups::{
    ConsumerAssignment, ConsumerGroupDescribeAnswer, DeleteGroupsAnswer, DescribeGroupsAnswer,
    DescribedConsumerAnswer, DescribedConsumerGroupAnswer, DescribedGroupAnswer,
    DescribedMemberAnswer, ListGroupsAnswer,
};
use crate::wire::consumer_protocol::Assignment;

/// Protocol type of groups of consumers.
const CONSUMER: &str = "consumer";

/// A partition, by the name of its topic.
pub type TopicPartition = (String, i32);

/// A group in a listing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupEntry {
    /// Its id.
    pub group: String,
    /// `consumer`, `connect`, ...; empty for offsets without members.
    pub protocol_type: String,
    /// In Kafka's words: `Stable`, `Empty`, ...
    pub state: String,
    /// `classic`, `consumer`; empty when the broker does not say.
    pub group_type: String,
}

impl GroupEntry {
    /// Whether consumers are in it, or were.
    pub fn is_of_consumers(&self) -> bool {
        self.protocol_type.is_empty() || self.protocol_type == CONSUMER
    }
}

/// Everything about a group but its offsets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupState {
    /// Its id.
    pub group: String,
    /// `classic` or `consumer`.
    pub group_type: &'static str,
    /// `consumer`, `connect`, ...
    pub protocol_type: String,
    /// In Kafka's words.
    pub state: String,
    /// Host and port of its coordinator, and its node id.
    pub coordinator: (String, i32),
    /// How partitions are assigned; empty while nobody knows.
    pub assignor: String,
    /// Epoch of a consumer group.
    pub epoch: Option<i32>,
    /// Epoch of a consumer group's target assignment.
    pub target_epoch: Option<i32>,
    /// Its members, in the broker's order.
    pub members: Vec<MemberState>,
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberState {
    /// Its id.
    pub member_id: String,
    /// `group.instance.id` of a static member.
    pub instance_id: Option<String>,
    /// `client.id`.
    pub client_id: String,
    /// Address it came from, as `/10.0.0.1`.
    pub host: String,
    /// Its epoch in a consumer group.
    pub epoch: Option<i32>,
    /// What it has, sorted.
    pub assigned: Vec<TopicPartition>,
    /// What it is to have in a consumer group, sorted.
    pub target: Vec<TopicPartition>,
    /// Whether it speaks the consumer protocol; `None` when the broker does not say.
    pub upgraded: Option<bool>,
}

impl Cluster {
    /// The groups of all brokers, by id.
    ///
    /// # Errors
    /// The first broker's that does not answer, or a refusal.
    pub async fn groups(&mut self) -> Result<Vec<GroupEntry>, ClientError> {
        let brokers = self.metadata(Some(&[]), false).await?.brokers;
        let mut groups = Vec::new();
        for broker in &brokers {
            let connection = self.broker(broker.node_id).await?;
            let request = ListGroupsRequest::default();
            let version = connection.version(crate::wire::ApiKey::ListGroups, ANY)?;
            let answer: ListGroupsAnswer = connection.call(&request, version).await?;
            if answer.error_code != 0 {
                let what = format!("groups of broker {}", broker.node_id);
                return Err(ClientError::refused(what, answer.error_code, None));
            }
            groups.extend(answer.groups.iter().map(|group| GroupEntry {
                group: group.group_id.to_string(),
                protocol_type: group.protocol_type.to_string(),
                state: group.group_state.to_string(),
                group_type: group.group_type.to_string(),
            }));
        }
        groups.sort();
        Ok(groups)
    }

    /// Everything about a group, of either type.
    ///
    /// # Errors
    /// [`ClientError::NoSuchGroup`], or a refusal.
    pub async fn describe_group(&mut self, group: &str) -> Result<GroupState, ClientError> {
        match self.describe_consumer_group(group).await? {
            Some(found) => Ok(found),
            None => self.describe_classic_group(group).await,
        }
    }

    /// `None`: it is not a consumer group, or the broker knows no such groups.
    async fn describe_consumer_group(
        &mut self,
        group: &str,
    ) -> Result<Option<GroupState>, ClientError> {
        let request = ConsumerGroupDescribeRequest::default().with_group_ids(vec![group_id(group)]);
        let code = |answer: &ConsumerGroupDescribeAnswer| {
            answer.groups.iter().next().map_or(0, |group| group.error_code)
        };
        let answer = match self.ask_coordinator(group, &request, ANY, code).await {
            Err(ClientError::Unserved { .. }) => return Ok(None),
            answer => answer?,
        };
        let Some(found) = answer.groups.iter().next() else { return Ok(None) };
        match ErrorCode::from_code(found.error_code) {
            Some(ErrorCode::None) => {
                let coordinator = self.coordinator_address(group).await?;
                Ok(Some(consumer_group(&found, coordinator)))
            }
            Some(ErrorCode::GroupIdNotFound | ErrorCode::UnsupportedVersion) => Ok(None),
            Some(_) | None => {
                let message = found.error_message.as_deref();
                Err(ClientError::refused(format!("group '{group}'"), found.error_code, message))
            }
        }
    }

    async fn describe_classic_group(&mut self, group: &str) -> Result<GroupState, ClientError> {
        let request = DescribeGroupsRequest::default().with_groups(vec![group_id(group)]);
        let code = |answer: &DescribeGroupsAnswer| {
            answer.groups.iter().next().map_or(0, |group| group.error_code)
        };
        let answer = self.ask_coordinator(group, &request, ANY, code).await?;
        let absent = || ClientError::NoSuchGroup(group.to_owned());
        let found = answer.groups.iter().next().ok_or_else(absent)?;
        match ErrorCode::from_code(found.error_code) {
            Some(ErrorCode::None) if &*found.group_state == "Dead" => Err(absent()),
            Some(ErrorCode::None) => {
                let coordinator = self.coordinator_address(group).await?;
                Ok(classic_group(&found, coordinator))
            }
            Some(ErrorCode::GroupIdNotFound) => Err(absent()),
            Some(_) | None => {
                let message = found.error_message.as_deref();
                Err(ClientError::refused(format!("group '{group}'"), found.error_code, message))
            }
        }
    }

    async fn coordinator_address(&mut self, group: &str) -> Result<(String, i32), ClientError> {
        let node = self.coordinator(group).await?;
        Ok((self.address(node).unwrap_or_default().to_owned(), node))
    }

    /// Deletes groups; what came of each.
    ///
    /// # Errors
    /// See [`Cluster::ask_coordinator`].
    pub async fn delete_groups(
        &mut self,
        groups: &[String],
    ) -> Result<BTreeMap<String, Option<ClientError>>, ClientError> {
        let mut results = BTreeMap::new();
        for group in groups {
            let request = DeleteGroupsRequest::default().with_groups_names(vec![group_id(group)]);
            let code = |answer: &DeleteGroupsAnswer| {
                answer.results.iter().next().map_or(0, |result| result.error_code)
            };
            let answer = self.ask_coordinator(group, &request, ANY, code).await?;
            let refused = match code(&answer) {
                0 => None,
                code => Some(ClientError::refused(format!("group '{group}'"), code, None)),
            };
            results.insert(group.clone(), refused);
        }
        Ok(results)
    }
}

/// A group's id as the codec wants it.
pub fn group_id(group: &str) -> GroupId {
    GroupId(StrBytes::from_string(group.to_owned()))
}

fn classic_group(found: &DescribedGroupAnswer, coordinator: (String, i32)) -> GroupState {
    let is_of_consumers = found.protocol_type.is_empty() || &*found.protocol_type == CONSUMER;
    GroupState {
        group: found.group_id.to_string(),
        group_type: "classic",
        protocol_type: found.protocol_type.to_string(),
        state: found.group_state.to_string(),
        coordinator,
        assignor: found.protocol_data.to_string(),
        epoch: None,
        target_epoch: None,
        members: found.members.iter().map(|one| classic_member(&one, is_of_consumers)).collect(),
    }
}

fn classic_member(found: &DescribedMemberAnswer, is_of_consumers: bool) -> MemberState {
    let assigned = match is_of_consumers {
        true => assigned(found.member_assignment.clone()),
        false => Vec::new(),
    };
    MemberState {
        member_id: found.member_id.to_string(),
        instance_id: found.group_instance_id.as_ref().map(ToString::to_string),
        client_id: found.client_id.to_string(),
        host: found.client_host.to_string(),
        epoch: None,
        assigned,
        target: Vec::new(),
        upgraded: None,
    }
}

/// What a member was assigned by its leader; nothing when that cannot be read.
pub fn assigned(bytes: Bytes) -> Vec<TopicPartition> {
    let Ok(assignment) = Assignment::decode(bytes) else { return Vec::new() };
    let mut partitions: Vec<TopicPartition> = assignment
        .topics
        .iter()
        .flat_map(|topic| {
            let partitions: Vec<i32> = topic.partitions.iter().collect();
            partitions.into_iter().map(move |partition| (topic.topic.to_string(), partition))
        })
        .collect();
    partitions.sort();
    partitions
}

fn consumer_group(found: &DescribedConsumerGroupAnswer, coordinator: (String, i32)) -> GroupState {
    GroupState {
        group: found.group_id.to_string(),
        group_type: CONSUMER,
        protocol_type: CONSUMER.to_owned(),
        state: found.group_state.to_string(),
        coordinator,
        assignor: found.assignor_name.to_string(),
        epoch: Some(found.group_epoch),
        target_epoch: Some(found.assignment_epoch),
        members: found.members.iter().map(|member| consumer(&member)).collect(),
    }
}

fn consumer(found: &DescribedConsumerAnswer) -> MemberState {
    let partitions = |assignment: &ConsumerAssignment| {
        let mut partitions: Vec<TopicPartition> = assignment
            .topic_partitions
            .iter()
            .flat_map(|topic| {
                let partitions: Vec<i32> = topic.partitions.iter().collect();
                let name = topic.topic_name.to_string();
                partitions.into_iter().map(move |partition| (name.clone(), partition))
            })
            .collect();
        partitions.sort();
        partitions
    };
    MemberState {
        member_id: found.member_id.to_string(),
        instance_id: found.instance_id.as_ref().map(ToString::to_string),
        client_id: found.client_id.to_string(),
        host: found.client_host.to_string(),
        epoch: Some(found.member_epoch),
        assigned: partitions(&found.assignment),
        target: partitions(&found.target_assignment),
        upgraded: match found.member_type {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        },
    }
}
