//! Who the brokers are, who leads what, and a connection to each of them when it is needed.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{MetadataRequest, TopicName};
use kafka_protocol::protocol::{Encodable, StrBytes};

use super::connection::Connection;
use super::error::ClientError;
use crate::wire::answer::metadata::{MetadataAnswer, MetadataTopicAnswer};
use crate::wire::{Answer, ErrorCode};

/// The port that an address without one means.
const PORT_DEFAULT: u16 = 9092;

/// A cluster as seen from one of its brokers.
pub struct Cluster {
    first: Connection,
    addresses: BTreeMap<i32, String>,
    open: BTreeMap<i32, Connection>,
}

impl Cluster {
    /// Connects to the first of `servers` (`host:port`, comma separated) that answers.
    ///
    /// # Errors
    /// That of the last server.
    pub async fn connect(servers: &str) -> Result<Cluster, ClientError> {
        let mut failed = ClientError::Address { given: servers.to_owned() };
        for server in servers.split(',').map(str::trim).filter(|server| !server.is_empty()) {
            match Connection::open(&with_port(server)?).await {
                Ok(first) => {
                    return Ok(Cluster {
                        first,
                        addresses: BTreeMap::new(),
                        open: BTreeMap::new(),
                    });
                }
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    /// Asks the broker it connected to first.
    ///
    /// # Errors
    /// See [`Connection::call`].
    pub async fn ask<A: Answer>(
        &mut self,
        request: &impl Encodable,
        ours: RangeInclusive<i16>,
    ) -> Result<A, ClientError> {
        if !self.first.is_usable() {
            self.first = Connection::open(self.first.address()).await?;
        }
        let version = self.first.version(A::KEY, ours)?;
        self.first.call(request, version).await
    }

    /// Metadata of these topics, of all when `None`. Remembers where the brokers are.
    ///
    /// # Errors
    /// See [`Connection::call`].
    pub async fn metadata(
        &mut self,
        topics: Option<&[&str]>,
        create: bool,
    ) -> Result<MetadataAnswer, ClientError> {
        let topics = topics.map(|names| {
            let named =
                |name: &&str| MetadataRequestTopic::default().with_name(Some(topic_name(name)));
            names.iter().map(named).collect()
        });
        let request =
            MetadataRequest::default().with_topics(topics).with_allow_auto_topic_creation(create);
        let answer: MetadataAnswer = self.ask(&request, 1..=i16::MAX).await?;
        for broker in &answer.brokers {
            self.learn(broker.node_id, &broker.host, broker.port);
        }
        Ok(answer)
    }

    /// Remembers where a broker is.
    pub fn learn(&mut self, id: i32, host: &str, port: i32) {
        let address = host_and_port(host, port);
        if self.addresses.insert(id, address.clone()) != Some(address) {
            self.open.remove(&id);
        }
    }

    /// Where a broker is, as `host:port`, if anybody said so.
    pub fn address(&self, id: i32) -> Option<&str> {
        self.addresses.get(&id).map(String::as_str)
    }

    /// Metadata of one topic.
    ///
    /// # Errors
    /// [`ClientError::NoSuchTopic`], a refusal, or see [`Connection::call`].
    pub async fn topic(
        &mut self,
        name: &str,
        create: bool,
    ) -> Result<MetadataTopicAnswer, ClientError> {
        let answer = self.metadata(Some(&[name]), create).await?;
        let topic = answer.topics.iter().next();
        let topic = topic.ok_or_else(|| ClientError::NoSuchTopic(name.to_owned()))?;
        match ErrorCode::from_code(topic.error_code) {
            Some(ErrorCode::None) => Ok(topic),
            Some(ErrorCode::UnknownTopicOrPartition) => {
                Err(ClientError::NoSuchTopic(name.to_owned()))
            }
            Some(_) | None => {
                Err(ClientError::refused(format!("topic '{name}'"), topic.error_code, None))
            }
        }
    }

    /// A connection to this broker, opened when there is none.
    ///
    /// # Errors
    /// [`ClientError::Address`] for a broker that metadata did not name, else as opening one.
    pub async fn broker(&mut self, id: i32) -> Result<&mut Connection, ClientError> {
        if !self.open.get(&id).is_some_and(Connection::is_usable) {
            let address = self.addresses.get(&id);
            let address =
                address.ok_or_else(|| ClientError::Address { given: format!("broker {id}") })?;
            let connection = Connection::open(address).await?;
            self.open.insert(id, connection);
        }
        self.open.get_mut(&id).ok_or_else(|| ClientError::Address { given: format!("broker {id}") })
    }

    /// Forgets a connection that broke.
    pub fn drop_broker(&mut self, id: i32) {
        self.open.remove(&id);
    }
}

/// A topic's name as the codec wants it.
pub fn topic_name(name: &str) -> TopicName {
    TopicName(StrBytes::from_string(name.to_owned()))
}

fn with_port(server: &str) -> Result<String, ClientError> {
    let invalid = || ClientError::Address { given: server.to_owned() };
    let bare_v6 = server.starts_with('[') && server.ends_with(']');
    match server.rsplit_once(':') {
        Some((host, port)) if !bare_v6 => {
            let valid = !host.is_empty() && port.parse::<u16>().is_ok();
            valid.then(|| server.to_owned()).ok_or_else(invalid)
        }
        Some(_) | None => Ok(format!("{server}:{PORT_DEFAULT}")),
    }
}

fn host_and_port(host: &str, port: i32) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
