//! A member of a classic group: joins, assigns when it leads, stays alive, commits, leaves. Its
//! assignor is `range`, and it gives everything up before it joins again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    HeartbeatRequest, JoinGroupRequest, LeaveGroupRequest, SyncGroupRequest,
};
use kafka_protocol::protocol::StrBytes;

use super::cluster::Cluster;
use super::connection::ANY;
use super::error::ClientError;
use super::group_offsets::Committer;
use super::groups::{TopicPartition, assigned, group_id};
use super::range::{self, Subscriber};
use crate::wire::ErrorCode;
use crate::wire::answer::classic_groups::{
    HeartbeatAnswer, JoinGroupAnswer, LeaveGroupAnswer, SyncGroupAnswer,
};
use crate::wire::consumer_protocol::{Assignment, Subscription};

/// Protocol type and protocol, as every Kafka consumer speaks them.
const PROTOCOL_TYPE: &str = "consumer";
const PROTOCOL: &str = "range";
/// How long the member may be silent.
const SESSION_TIMEOUT: Duration = Duration::from_secs(45);
/// How often it is not.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(3);
/// How long it may take to join again.
const REBALANCE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long others may take to: Java's default, and some room.
const JOIN_PATIENCE: Duration = Duration::from_secs(330);
/// How often the leader looks whether topics have grown.
const GROWTH_CHECK: Duration = Duration::from_secs(30);

/// How the group is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beat {
    /// As it was.
    Steady,
    /// The member has to join again; until then it still owns what it has.
    Rebalancing,
    /// The group went on without the member: what it had is somebody else's.
    Lost,
}

/// A member of a classic group.
pub struct GroupMember {
    cluster: Cluster,
    group: String,
    topics: Vec<String>,
    by: Committer,
    /// Partitions of the topics that the group reads, as of the last assignment; of the leader.
    counts: Option<BTreeMap<String, i32>>,
    next_beat: Instant,
    next_growth_check: Instant,
}

impl GroupMember {
    /// A member that has not joined yet. `cluster` is its own: a heartbeat must not wait behind a
    /// fetch.
    pub fn new(cluster: Cluster, group: &str, topics: &[&str]) -> GroupMember {
        let now = Instant::now();
        GroupMember {
            cluster,
            group: group.to_owned(),
            topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
            by: Committer::outside(),
            counts: None,
            next_beat: now,
            next_growth_check: now,
        }
    }

    /// Joins, again if need be, and gets an assignment.
    ///
    /// # Errors
    /// What the group refuses for good, or see [`Cluster::ask_coordinator`].
    pub async fn join(&mut self) -> Result<Vec<TopicPartition>, ClientError> {
        let what = format!("cannot join group '{}'", self.group);
        let refused = |code| Err(ClientError::refused(what.as_str(), code, None));
        loop {
            let joined = self.enter().await?;
            match ErrorCode::from_code(joined.error_code) {
                Some(ErrorCode::None) => {}
                Some(ErrorCode::MemberIdRequired) => {
                    self.by.member_id = joined.member_id.to_string();
                    continue;
                }
                Some(ErrorCode::UnknownMemberId) => {
                    self.by = Committer::outside();
                    continue;
                }
                Some(_) | None => return refused(joined.error_code),
            }
            let member_id = joined.member_id.to_string();
            self.by = Committer { member_id, generation: joined.generation_id };
            let synced = self.sync(&joined).await?;
            match ErrorCode::from_code(synced.error_code) {
                Some(ErrorCode::None) => {
                    self.next_beat = Instant::now() + HEARTBEAT_INTERVAL;
                    return Ok(assigned(synced.assignment));
                }
                Some(ErrorCode::RebalanceInProgress | ErrorCode::IllegalGeneration) => {}
                Some(ErrorCode::UnknownMemberId) => self.by = Committer::outside(),
                Some(_) | None => return refused(synced.error_code),
            }
        }
    }

    async fn enter(&mut self) -> Result<JoinGroupAnswer, ClientError> {
        let topics: Vec<&str> = self.topics.iter().map(String::as_str).collect();
        let metadata = Subscription::encode(&topics).map_err(|why| unsendable("JoinGroup", why))?;
        let protocol = JoinGroupRequestProtocol::default()
            .with_name(StrBytes::from_static_str(PROTOCOL))
            .with_metadata(metadata);
        let request = JoinGroupRequest::default()
            .with_group_id(group_id(&self.group))
            .with_session_timeout_ms(SESSION_TIMEOUT.as_millis() as i32)
            .with_rebalance_timeout_ms(REBALANCE_TIMEOUT.as_millis() as i32)
            .with_member_id(StrBytes::from_string(self.by.member_id.clone()))
            .with_protocol_type(StrBytes::from_static_str(PROTOCOL_TYPE))
            .with_protocols(vec![protocol]);
        let code = |answer: &JoinGroupAnswer| answer.error_code;
        self.cluster.wait_for_coordinator(&self.group, &request, ANY, code, JOIN_PATIENCE).await
    }

    async fn sync(&mut self, joined: &JoinGroupAnswer) -> Result<SyncGroupAnswer, ClientError> {
        let leads = joined.leader == joined.member_id && !joined.skip_assignment;
        let assignments = match leads {
            true => self.assign(joined).await?,
            false => Vec::new(),
        };
        if !leads {
            self.counts = None;
        }
        let request = SyncGroupRequest::default()
            .with_group_id(group_id(&self.group))
            .with_generation_id(self.by.generation)
            .with_member_id(StrBytes::from_string(self.by.member_id.clone()))
            .with_protocol_type(Some(StrBytes::from_static_str(PROTOCOL_TYPE)))
            .with_protocol_name(Some(StrBytes::from_static_str(PROTOCOL)))
            .with_assignments(assignments);
        let code = |answer: &SyncGroupAnswer| answer.error_code;
        self.cluster.wait_for_coordinator(&self.group, &request, ANY, code, JOIN_PATIENCE).await
    }

    /// What everybody shall read.
    async fn assign(
        &mut self,
        joined: &JoinGroupAnswer,
    ) -> Result<Vec<SyncGroupRequestAssignment>, ClientError> {
        let members: Vec<Subscriber> = joined
            .members
            .iter()
            .map(|member| Subscriber {
                member_id: member.member_id.to_string(),
                instance_id: member.group_instance_id.map(|instance| instance.to_string()),
                topics: topics_of(member.metadata),
            })
            .collect();
        let topics: BTreeSet<&str> =
            members.iter().flat_map(|member| member.topics.iter().map(String::as_str)).collect();
        let counts = self.cluster.partition_counts(&topics).await?;
        let assigned = range::assign(members.clone(), &counts);
        self.counts = Some(counts);
        self.next_growth_check = Instant::now() + GROWTH_CHECK;
        let assignments = assigned.into_iter().map(|(member, topics)| {
            let topics: Vec<(&str, Vec<i32>)> =
                topics.iter().map(|(topic, run)| (topic.as_str(), run.clone())).collect();
            let bytes = Assignment::encode(&topics).map_err(|why| unsendable("SyncGroup", why))?;
            Ok(SyncGroupRequestAssignment::default()
                .with_member_id(StrBytes::from_string(member))
                .with_assignment(bytes))
        });
        assignments.collect()
    }

    /// Tells the group that the member is alive, when it is time to, and hears how the group is.
    ///
    /// # Errors
    /// What the group refuses for good, or see [`Cluster::ask_coordinator`].
    pub async fn beat(&mut self) -> Result<Beat, ClientError> {
        let now = Instant::now();
        if now < self.next_beat {
            return Ok(Beat::Steady);
        }
        self.next_beat = now + HEARTBEAT_INTERVAL;
        let request = HeartbeatRequest::default()
            .with_group_id(group_id(&self.group))
            .with_generation_id(self.by.generation)
            .with_member_id(StrBytes::from_string(self.by.member_id.clone()));
        let code = |answer: &HeartbeatAnswer| answer.error_code;
        let answer = self.cluster.ask_coordinator(&self.group, &request, ANY, code).await?;
        match ErrorCode::from_code(answer.error_code) {
            Some(ErrorCode::None) if self.has_grown(now).await? => Ok(Beat::Rebalancing),
            Some(ErrorCode::None) => Ok(Beat::Steady),
            Some(ErrorCode::RebalanceInProgress) => Ok(Beat::Rebalancing),
            Some(ErrorCode::IllegalGeneration) => Ok(Beat::Lost),
            Some(ErrorCode::UnknownMemberId) => {
                self.by = Committer::outside();
                Ok(Beat::Lost)
            }
            Some(_) | None => {
                let what = format!("heartbeat to group '{}'", self.group);
                Err(ClientError::refused(what, answer.error_code, None))
            }
        }
    }

    /// Whether the leader would assign otherwise now, because topics have more partitions.
    async fn has_grown(&mut self, now: Instant) -> Result<bool, ClientError> {
        let Some(counts) = self.counts.clone().filter(|_| now >= self.next_growth_check) else {
            return Ok(false);
        };
        self.next_growth_check = now + GROWTH_CHECK;
        let topics: BTreeSet<&str> = self.topics.iter().map(String::as_str).collect();
        let found = self.cluster.partition_counts(&topics).await?;
        Ok(found.iter().any(|(topic, count)| counts.get(topic) != Some(count)))
    }

    /// Commits the next offsets to read; false when the group has gone on without the member, and
    /// nothing was committed.
    ///
    /// # Errors
    /// Other refusals.
    pub async fn commit(
        &mut self,
        offsets: &BTreeMap<TopicPartition, i64>,
    ) -> Result<bool, ClientError> {
        let gone = [
            ErrorCode::RebalanceInProgress,
            ErrorCode::IllegalGeneration,
            ErrorCode::UnknownMemberId,
        ];
        match self.cluster.commit(&self.group, &self.by, offsets).await {
            Ok(()) => Ok(true),
            Err(error) if gone.iter().any(|code| error.is(*code)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// What the group has committed.
    ///
    /// # Errors
    /// See [`Cluster::committed`].
    pub async fn committed(&mut self) -> Result<BTreeMap<TopicPartition, i64>, ClientError> {
        let committed = self.cluster.committed(&self.group).await?;
        Ok(committed.into_iter().map(|(place, found)| (place, found.offset)).collect())
    }

    /// Leaves, so that the others need not wait until the member is missed.
    ///
    /// # Errors
    /// See [`Cluster::ask_coordinator`]; that the group does not know the member is none.
    pub async fn leave(mut self) -> Result<(), ClientError> {
        let member = MemberIdentity::default()
            .with_member_id(StrBytes::from_string(self.by.member_id.clone()));
        let request = LeaveGroupRequest::default()
            .with_group_id(group_id(&self.group))
            .with_members(vec![member]);
        let code = |answer: &LeaveGroupAnswer| answer.error_code;
        self.cluster.ask_coordinator(&self.group, &request, 3..=i16::MAX, code).await?;
        Ok(())
    }
}

/// What a member wants; nothing when that cannot be read.
fn topics_of(metadata: Bytes) -> Vec<String> {
    let Ok(subscription) = Subscription::decode(metadata) else { return Vec::new() };
    subscription.topics.iter().map(|topic| topic.to_string()).collect()
}

fn unsendable(api: &'static str, why: impl ToString) -> ClientError {
    ClientError::Unsendable { api, why: why.to_string() }
}
