//! What the records of Kafka's metadata log add up to. Pure.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;
use uuid::Uuid;

use super::kafka_record::{KafkaPartition, KafkaRecord, Left, PartitionChange, TransactionStep};

const TOPIC: i8 = 2;

/// Why records do not fit each other: the log has a hole.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Inconsistent {
    /// Something is said about a topic that there is not.
    #[error("a record is about topic {0}, which does not exist")]
    NoTopic(Uuid),
    /// A change of a partition that there is not.
    #[error("a record changes partition {1} of topic {0}, which does not exist")]
    NoPartition(Uuid, i32),
    /// Transactions do not nest, and do not end before they begin.
    #[error("a metadata transaction begins or ends out of turn")]
    Transaction,
}

/// A topic.
#[derive(Debug, Clone, Default)]
pub struct KafkaTopic {
    pub name: String,
    pub partitions: BTreeMap<i32, KafkaPartition>,
}

/// The cluster as Kafka left it.
#[derive(Debug, Clone, Default)]
pub struct KafkaCluster {
    pub topics: BTreeMap<Uuid, KafkaTopic>,
    /// By topic name, as Kafka keeps them.
    pub topic_configs: BTreeMap<String, BTreeMap<String, String>>,
    /// Settings of everything else: kind of resource, its name, key.
    pub other_configs: BTreeSet<(i8, String, String)>,
    pub brokers: BTreeMap<i32, i64>,
    pub next_producer_id: i64,
    pub left: BTreeSet<Left>,
    /// Records of a transaction that has not ended.
    waiting: Option<Vec<KafkaRecord>>,
}

impl KafkaCluster {
    /// Takes records in order. What a transaction holds that never ends never was.
    ///
    /// # Errors
    /// They do not fit each other.
    pub fn take(&mut self, records: Vec<KafkaRecord>) -> Result<(), Inconsistent> {
        for record in records {
            match (record, &mut self.waiting) {
                (KafkaRecord::Transaction(step), _) => self.step(step)?,
                (record, Some(waiting)) => waiting.push(record),
                (record, None) => self.apply(record)?,
            }
        }
        Ok(())
    }

    fn step(&mut self, step: TransactionStep) -> Result<(), Inconsistent> {
        let waiting = self.waiting.take();
        match (step, waiting) {
            (TransactionStep::Begin, None) => self.waiting = Some(Vec::new()),
            (TransactionStep::End, Some(waiting)) => {
                waiting.into_iter().try_for_each(|record| self.apply(record))?;
            }
            (TransactionStep::Abort, Some(_)) => {}
            (TransactionStep::Begin, Some(_))
            | (TransactionStep::End | TransactionStep::Abort, None) => {
                return Err(Inconsistent::Transaction);
            }
        }
        Ok(())
    }

    fn apply(&mut self, record: KafkaRecord) -> Result<(), Inconsistent> {
        match record {
            KafkaRecord::Broker { node, epoch } => {
                self.brokers.insert(node, epoch);
            }
            KafkaRecord::Topic { name, id } => {
                self.topics.insert(id, KafkaTopic { name, ..KafkaTopic::default() });
            }
            KafkaRecord::Partition { topic, number, state } => {
                self.topic(topic)?.partitions.insert(number, state);
            }
            KafkaRecord::PartitionChange { topic, number, change } => {
                let partitions = &mut self.topic(topic)?.partitions;
                let partition = partitions.get_mut(&number);
                partition.ok_or(Inconsistent::NoPartition(topic, number))?.change(change);
            }
            KafkaRecord::Config { resource, of, key, value } => {
                self.config(resource, of, key, value);
            }
            KafkaRecord::TopicRemoved { id } => {
                let topic = self.topics.remove(&id).ok_or(Inconsistent::NoTopic(id))?;
                self.topic_configs.remove(&topic.name);
            }
            KafkaRecord::ProducerIds { next } => {
                self.next_producer_id = self.next_producer_id.max(next);
            }
            KafkaRecord::Left { what, there: true } => {
                self.left.insert(what);
            }
            KafkaRecord::Left { what, there: false } => {
                self.left.remove(&what);
            }
            KafkaRecord::Transaction(_) | KafkaRecord::Nothing => {}
        }
        Ok(())
    }

    fn topic(&mut self, id: Uuid) -> Result<&mut KafkaTopic, Inconsistent> {
        self.topics.get_mut(&id).ok_or(Inconsistent::NoTopic(id))
    }

    fn config(&mut self, resource: i8, of: String, key: String, value: Option<String>) {
        match (resource, value) {
            (TOPIC, Some(value)) => {
                self.topic_configs.entry(of).or_default().insert(key, value);
            }
            (TOPIC, None) => {
                self.topic_configs.entry(of).or_default().remove(&key);
            }
            (_, Some(_)) => {
                self.other_configs.insert((resource, of, key));
            }
            (_, None) => {
                self.other_configs.remove(&(resource, of, key));
            }
        }
    }
}

impl KafkaPartition {
    /// As Kafka's `PartitionRegistration.merge`: naming a leader raises its epoch, even the same.
    fn change(&mut self, change: PartitionChange) {
        if let Some(leader) = change.leader {
            self.leader = leader;
            self.leader_epoch = self.leader_epoch.saturating_add(1);
        }
        if let Some(replicas) = change.replicas {
            self.replicas = replicas;
        }
        if let Some(directories) = change.directories {
            self.directories = directories;
        }
        self.partition_epoch = self.partition_epoch.saturating_add(1);
    }
}
