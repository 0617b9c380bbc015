//! The way into the consumer protocol: what a classic group was, written down as a consumer group
//! in which nothing has changed yet. Its members go on in their generation, which is their epoch.

use std::sync::Arc;

use super::group::ConsumerGroup;
use super::known::Member;
use super::owned::dated;
use crate::group::{Context, Effects};
use crate::record::offsets_topic::{
    ClassicMetadata, CurrentValue, GroupEpochValue, GroupRecord, MemberValue, TargetEpochValue,
    TopicPartitions,
};

/// A classic group on its way.
#[derive(Debug, Clone)]
pub struct Upgrade {
    /// Its generation.
    pub epoch: i32,
    /// Its members.
    pub members: Vec<UpgradedMember>,
}

/// A member of a classic group on its way.
#[derive(Debug, Clone)]
pub struct UpgradedMember {
    /// Its id.
    pub member_id: Arc<str>,
    /// `group.instance.id` of a static member.
    pub instance_id: Option<Arc<str>>,
    /// `client.rack`.
    pub rack_id: Option<Arc<str>>,
    /// `client.id`.
    pub client_id: Arc<str>,
    /// Address it came from.
    pub client_host: Arc<str>,
    /// Milliseconds it may take to rejoin.
    pub rebalance_timeout_ms: i32,
    /// What it subscribes to.
    pub topics: Vec<Arc<str>>,
    /// What it brought.
    pub classic: ClassicMetadata,
    /// What its leader gave it.
    pub assigned: Vec<TopicPartitions>,
}

impl ConsumerGroup {
    /// Begins as what a classic group was.
    pub fn upgrade(&mut self, context: &mut Context<'_>, from: Upgrade) -> Effects {
        let mut effects = Effects::new();
        let Upgrade { epoch, members } = from;
        for member in &members {
            let record = self.member_record(&member.member_id, Some(wish(member)));
            self.write(&mut effects, record);
        }
        let hash = self.passing.hashes.group(self.tally.topics.keys(), context.image);
        let value = GroupEpochValue { epoch, metadata_hash: hash };
        self.write(&mut effects, self.epoch_record(Some(value)));
        for member in &members {
            let record = self.target_record(&member.member_id, Some(member.assigned.clone()));
            self.write(&mut effects, record);
        }
        let value = Some(TargetEpochValue { epoch, timestamp: 0 });
        self.write(&mut effects, GroupRecord::TargetEpoch { group: self.id.clone(), value });
        for member in &members {
            let value = CurrentValue {
                member_epoch: epoch,
                previous_member_epoch: epoch,
                state: 0,
                assigned: dated(&member.assigned, epoch),
                revoking: Vec::new(),
            };
            let record = self.current_record(&member.member_id, Some(value));
            self.write(&mut effects, record);
            effects.push(self.session_timer(context, &member.member_id));
        }
        effects
    }
}

fn wish(member: &UpgradedMember) -> MemberValue {
    MemberValue {
        instance_id: member.instance_id.clone(),
        rack_id: member.rack_id.clone(),
        client_id: member.client_id.clone(),
        client_host: member.client_host.clone(),
        topics: member.topics.clone(),
        rebalance_timeout_ms: member.rebalance_timeout_ms,
        classic: Some(member.classic.clone()),
        ..Member::default().wish
    }
}
