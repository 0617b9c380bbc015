//! Records of one topic, of the partitions that a group gives to this member; what has been done
//! with is committed every few seconds, before partitions are given up, and at the end.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::cluster::Cluster;
use super::consumer::{Consumed, Consumer, Start};
use super::error::ClientError;
use super::groups::TopicPartition;
use super::member::{Beat, GroupMember};

/// How often is committed.
const COMMIT_INTERVAL: Duration = Duration::from_secs(5);

/// A consumer in a group.
pub struct GroupConsumer {
    member: GroupMember,
    consumer: Consumer,
    topic: String,
    /// Where to begin when the group has no offset.
    fallback: Start,
    has_joined: bool,
    /// Done with, but not committed.
    done: BTreeMap<TopicPartition, i64>,
    next_commit: Instant,
}

impl GroupConsumer {
    /// Finds the topic; the group is joined by the first poll. Both connections to the cluster
    /// are its own: a heartbeat must not wait behind a fetch.
    ///
    /// # Errors
    /// [`ClientError::NoSuchTopic`], or a refusal.
    pub async fn open(
        for_records: Cluster,
        for_group: Cluster,
        topic: &str,
        group: &str,
        fallback: Start,
    ) -> Result<GroupConsumer, ClientError> {
        Ok(GroupConsumer {
            member: GroupMember::new(for_group, group, &[topic]),
            consumer: Consumer::idle(for_records, topic).await?,
            topic: topic.to_owned(),
            fallback,
            has_joined: false,
            done: BTreeMap::new(),
            next_commit: Instant::now() + COMMIT_INTERVAL,
        })
    }

    /// The next records of the member's partitions; empty when there are none within half a
    /// second, or the group is being joined.
    ///
    /// # Errors
    /// What group or partitions refuse for good, or a broken connection.
    pub async fn poll(&mut self) -> Result<Vec<Consumed>, ClientError> {
        if !self.has_joined {
            self.join().await?;
        }
        match self.member.beat().await? {
            Beat::Steady if Instant::now() >= self.next_commit => self.commit().await?,
            Beat::Steady => {}
            Beat::Rebalancing => {
                self.commit().await?;
                self.join().await?;
            }
            Beat::Lost => {
                self.done.clear();
                self.join().await?;
            }
        }
        self.consumer.poll().await
    }

    /// The record, and all before it, need not be read again.
    pub fn done(&mut self, record: &Consumed) {
        self.done.insert((self.topic.clone(), record.partition), record.offset + 1);
    }

    async fn join(&mut self) -> Result<(), ClientError> {
        self.has_joined = false;
        self.consumer.assign(BTreeMap::new(), self.fallback).await?;
        let assigned = self.member.join().await?;
        let committed = self.member.committed().await?;
        let starts = assigned.into_iter().filter(|(topic, _)| *topic == self.topic).map(|place| {
            let start = committed.get(&place).map_or(self.fallback, |offset| Start::At(*offset));
            (place.1, start)
        });
        self.consumer.assign(starts.collect(), self.fallback).await?;
        // Where it begins is committed too: what comes while nobody reads must not be passed over.
        for (partition, next) in self.consumer.positions() {
            let place = (self.topic.clone(), partition);
            if !committed.contains_key(&place) {
                self.done.insert(place, next);
            }
        }
        self.has_joined = true;
        Ok(())
    }

    /// What the group does not take any more, somebody else reads again.
    async fn commit(&mut self) -> Result<(), ClientError> {
        self.next_commit = Instant::now() + COMMIT_INTERVAL;
        let done = std::mem::take(&mut self.done);
        self.member.commit(&done).await?;
        Ok(())
    }

    /// Commits and leaves.
    ///
    /// # Errors
    /// A refusal, or a broken connection.
    pub async fn close(mut self) -> Result<(), ClientError> {
        self.commit().await?;
        self.member.leave().await
    }
}
