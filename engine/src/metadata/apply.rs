//! How a record changes an image. Pure; the same records give the same image on every node.
//!
//! A record that does not fit is an error and changes nothing: the log that holds it is not the
//! one that the image came from.

use std::sync::Arc;

use thiserror::Error;
use uuid::Uuid;

use super::id::NodeId;
use super::image::{BrokerImage, Image, PartitionImage, TopicImage};
use super::name::is_internal;
use super::record::{BrokerRegistered, MetadataRecord, PartitionState, TopicCreated};
use crate::config::{ConfigError, TopicConfig};

/// A record that does not fit the image.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ApplyError {
    /// Two topics would have one name.
    #[error("topic {0} is created although it exists")]
    NameTaken(String),
    /// Two topics would have one id.
    #[error("topic {name} is created with id {id}, which another topic has")]
    IdTaken {
        /// The new topic.
        name: String,
        /// The id.
        id: Uuid,
    },
    /// A topic without id or without partitions.
    #[error("topic {0} is created without an id or without partitions")]
    NoTopic(String),
    /// A topic is deleted that does not exist.
    #[error("a topic with id {0} is deleted although there is none")]
    UnknownTopic(Uuid),
    /// Producer ids would be handed out again.
    #[error("the next producer id falls from {from} to {to}")]
    ProducerIdsFall {
        /// What the image holds.
        from: i64,
        /// What the record says.
        to: i64,
    },
    /// A registration older than one that is known.
    #[error("broker {node} registers with epoch {epoch}, not above {known}")]
    OldRegistration {
        /// The broker.
        node: NodeId,
        /// What the record says.
        epoch: i64,
        /// What the image holds.
        known: i64,
    },
}

impl Image {
    /// Takes one record. The version is the business of whoever publishes.
    ///
    /// # Errors
    /// The record does not fit; nothing has changed.
    pub fn apply(&mut self, record: &MetadataRecord) -> Result<(), ApplyError> {
        match record {
            MetadataRecord::Cluster(named) => {
                self.cluster_id = Arc::from(named.cluster_id.as_str());
                Ok(())
            }
            MetadataRecord::Broker(registered) => self.register(registered),
            MetadataRecord::Topic(created) => self.create(created),
            MetadataRecord::TopicDeleted(deleted) => self.delete(deleted.id),
            MetadataRecord::ProducerIds(given) => {
                let (from, to) = (self.next_producer_id, given.next);
                if to < from {
                    return Err(ApplyError::ProducerIdsFall { from, to });
                }
                self.next_producer_id = to;
                Ok(())
            }
        }
    }

    fn register(&mut self, registered: &BrokerRegistered) -> Result<(), ApplyError> {
        let (node, epoch) = (registered.node, registered.epoch);
        if let Some(known) = self.broker(node).map(|broker| broker.epoch)
            && epoch <= known
        {
            return Err(ApplyError::OldRegistration { node, epoch, known });
        }
        let broker = BrokerImage {
            node,
            epoch,
            incarnation: registered.incarnation,
            directories: registered.directories.clone(),
            endpoints: registered.endpoints.clone(),
            rack: registered.rack.clone(),
        };
        Arc::make_mut(&mut self.brokers).insert(node, Arc::new(broker));
        self.raise_epochs(node);
        Ok(())
    }

    /// A broker never leads in an epoch in which it led before a restart.
    fn raise_epochs(&mut self, leader: NodeId) {
        let led = |topic: &TopicImage| topic.partitions.iter().any(|p| p.leader == leader);
        let by_id = Arc::make_mut(&mut self.by_id);
        for topic in Arc::make_mut(&mut self.by_name).values_mut().filter(|topic| led(topic)) {
            // Dropped first, so that a topic nobody else holds is changed in place.
            by_id.remove(&topic.id);
            for partition in &mut Arc::make_mut(topic).partitions {
                if partition.leader == leader {
                    partition.leader_epoch += 1;
                    partition.partition_epoch += 1;
                }
            }
            by_id.insert(topic.id, topic.clone());
        }
    }

    fn create(&mut self, created: &TopicCreated) -> Result<(), ApplyError> {
        let name = || created.name.clone();
        if created.id.is_nil() || created.partitions.is_empty() {
            return Err(ApplyError::NoTopic(name()));
        }
        if self.topic(&created.name).is_some() {
            return Err(ApplyError::NameTaken(name()));
        }
        if self.topic_by_id(created.id).is_some() {
            return Err(ApplyError::IdTaken { name: name(), id: created.id });
        }
        let topic = Arc::new(self.topic_of(created));
        Arc::make_mut(&mut self.by_name).insert(topic.name.clone(), topic.clone());
        Arc::make_mut(&mut self.by_id).insert(topic.id, topic);
        self.created += 1;
        Ok(())
    }

    /// The topic that a record describes, with the settings that hold for it here. Settings are
    /// checked before a topic is created; one that an other version or Apache Kafka took and this
    /// one does not obey leaves its default, and a policy of that kind keeps everything.
    pub fn topic_of(&self, created: &TopicCreated) -> TopicImage {
        let (config, unsupported) = if created.configs.is_empty() {
            (self.defaults.clone(), Vec::new())
        } else {
            let imported = TopicConfig::imported(&self.defaults, &created.configs);
            (Arc::new(imported.config), imported.unsupported)
        };
        let config =
            if is_internal(&created.name) { of_the_broker(config, created) } else { config };
        TopicImage {
            name: Arc::from(created.name.as_str()),
            id: created.id,
            partitions: created.partitions.iter().map(partition_of).collect(),
            configs: created.configs.clone(),
            config,
            imported_unsupported: unobeyed_policy(&unsupported),
        }
    }

    fn delete(&mut self, id: Uuid) -> Result<(), ApplyError> {
        let Some(topic) = self.topic_by_id(id) else {
            return Err(ApplyError::UnknownTopic(id));
        };
        let name = topic.name.clone();
        Arc::make_mut(&mut self.by_name).remove(&name);
        Arc::make_mut(&mut self.by_id).remove(&id);
        Ok(())
    }
}

/// What holds for the broker's own topics whatever is set: an answer waits for the sync, and
/// acks=all needs no more copies than there are.
fn of_the_broker(mut config: Arc<TopicConfig>, created: &TopicCreated) -> Arc<TopicConfig> {
    let replicas = created.partitions.iter().map(|partition| partition.replicas.len()).min();
    let copies = replicas.and_then(|count| i32::try_from(count).ok()).unwrap_or(1).max(1);
    let own = Arc::make_mut(&mut config);
    own.flush_messages = 1;
    own.min_insync_replicas = own.min_insync_replicas.min(copies);
    config
}

fn partition_of(state: &PartitionState) -> PartitionImage {
    PartitionImage {
        leader: state.leader,
        leader_epoch: state.leader_epoch,
        partition_epoch: state.partition_epoch,
        replicas: state.replicas.clone(),
        isr: state.isr.clone(),
        directories: state.directories.clone(),
    }
}

/// The settings that say what may be removed, as far as they are not obeyed.
fn unobeyed_policy(unsupported: &[ConfigError]) -> Option<Arc<str>> {
    let about_removal =
        |error: &&ConfigError| matches!(key_of(error), "cleanup.policy" | "remote.storage.enable");
    let texts: Vec<String> =
        unsupported.iter().filter(about_removal).map(ConfigError::to_string).collect();
    (!texts.is_empty()).then(|| Arc::from(texts.join("; ")))
}

fn key_of(error: &ConfigError) -> &str {
    match error {
        ConfigError::Invalid { key, .. }
        | ConfigError::OnlyDefault { key, .. }
        | ConfigError::NotBuilt { key, .. }
        | ConfigError::Conflict { key, .. }
        | ConfigError::UnknownTopicKey { key, .. } => key,
        ConfigError::Syntax { .. }
        | ConfigError::Misplaced { .. }
        | ConfigError::Override { .. } => "",
    }
}

#[cfg(test)]
#[path = "apply_test.rs"]
mod apply_test;
