//! `corelog topic`: create, list, describe and delete topics, in Kafka's words and columns.

use std::io::Write;

use clap::Subcommand;
use corelog_engine::metadata::uuid_text;
use serde_json::json;

use super::output::{Format, json_line, out};
use super::run::Server;
use crate::client::{ClientError, Cluster, NewTopic, PartitionState, TopicState};
use crate::wire::ErrorCode;

/// Arguments of `corelog topic`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Create a topic
    Create(Create),
    /// List the names of all topics
    List(List),
    /// Describe topics and their partitions; all of them when none is named
    Describe(Describe),
    /// Delete a topic
    Delete(Delete),
}

/// A topic's name, as the first argument or as Kafka's option.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
pub struct Name {
    /// Name of the topic
    #[arg(value_name = "TOPIC")]
    name: Option<String>,
    /// The same, as Kafka's tools have it
    #[arg(long = "topic", value_name = "TOPIC")]
    option: Option<String>,
}

impl Name {
    /// The name given.
    pub fn text(&self) -> &str {
        self.name.as_deref().or(self.option.as_deref()).unwrap_or_default()
    }
}

#[derive(clap::Args)]
struct Create {
    #[command(flatten)]
    name: Name,
    /// How many partitions; the broker's num.partitions without
    #[arg(long, value_name = "COUNT")]
    partitions: Option<i32>,
    /// How many copies; the broker's default.replication.factor without
    #[arg(long, value_name = "COUNT")]
    replication_factor: Option<i16>,
    /// A setting of the topic; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    config: Vec<(String, String)>,
    /// Succeed without doing anything when the topic exists
    #[arg(long)]
    if_not_exists: bool,
    #[command(flatten)]
    server: Server,
}

#[derive(clap::Args)]
struct List {
    /// Leave out the broker's own topics
    #[arg(long)]
    exclude_internal: bool,
    #[command(flatten)]
    shown: Shown,
}

#[derive(clap::Args)]
struct Describe {
    /// Names of topics
    #[arg(value_name = "TOPIC")]
    names: Vec<String>,
    /// The same, as Kafka's tools have it
    #[arg(long = "topic", value_name = "TOPIC", conflicts_with = "names")]
    option: Option<String>,
    /// Succeed without output when the topic does not exist
    #[arg(long)]
    if_exists: bool,
    #[command(flatten)]
    shown: Shown,
}

#[derive(clap::Args)]
struct Delete {
    #[command(flatten)]
    name: Name,
    /// Succeed without doing anything when the topic does not exist
    #[arg(long)]
    if_exists: bool,
    #[command(flatten)]
    server: Server,
}

#[derive(clap::Args)]
struct Shown {
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    server: Server,
}

impl Arguments {
    /// Does it.
    ///
    /// # Errors
    /// What the broker refuses, in its words.
    pub async fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Create(create) => create.run().await,
            Command::List(list) => list.run().await,
            Command::Describe(describe) => describe.run().await,
            Command::Delete(delete) => delete.run().await,
        }
    }
}

impl Create {
    async fn run(self) -> anyhow::Result<()> {
        let topic = NewTopic {
            name: self.name.text().to_owned(),
            partitions: self.partitions,
            replication_factor: self.replication_factor,
            configs: self.config,
        };
        match self.server.connect().await?.create_topic(&topic).await {
            Err(error) if self.if_not_exists && error.is(ErrorCode::TopicAlreadyExists) => Ok(()),
            created => {
                created?;
                say(&format!("Created topic {}.", topic.name))
            }
        }
    }
}

impl List {
    async fn run(self) -> anyhow::Result<()> {
        let mut topics = self.shown.server.connect().await?.topics().await?;
        topics.retain(|topic| !(self.exclude_internal && topic.internal));
        if self.shown.format == Format::Json {
            let entries = topics.iter().map(|topic| {
                json!({
                    "name": topic.name,
                    "topicId": uuid_text(topic.id),
                    "internal": topic.internal,
                    "partitions": topic.partitions,
                })
            });
            return json_line(&entries.collect());
        }
        let mut out = out();
        for topic in &topics {
            writeln!(out, "{}", topic.name)?;
        }
        Ok(out.flush()?)
    }
}

impl Describe {
    async fn run(self) -> anyhow::Result<()> {
        let mut cluster = self.shown.server.connect().await?;
        let names = match (self.names, self.option) {
            (names, None) if names.is_empty() => all_names(&mut cluster).await?,
            (names, None) => names,
            (_, Some(name)) => vec![name],
        };
        let topics = match cluster.describe_topics(&names).await {
            Err(ClientError::NoSuchTopic(_)) if self.if_exists => Vec::new(),
            topics => topics?,
        };
        if self.shown.format == Format::Json {
            return json_line(&topics.iter().map(topic_json).collect());
        }
        let mut out = out();
        for topic in &topics {
            out.write_all(topic_text(topic).as_bytes())?;
        }
        Ok(out.flush()?)
    }
}

impl Delete {
    async fn run(self) -> anyhow::Result<()> {
        let name = self.name.text().to_owned();
        match self.server.connect().await?.delete_topic(&name).await {
            Err(ClientError::NoSuchTopic(_)) if self.if_exists => Ok(()),
            deleted => {
                deleted?;
                say(&format!("Deleted topic {name}."))
            }
        }
    }
}

async fn all_names(cluster: &mut Cluster) -> anyhow::Result<Vec<String>> {
    Ok(cluster.topics().await?.into_iter().map(|topic| topic.name).collect())
}

fn say(line: &str) -> anyhow::Result<()> {
    let mut out = out();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

/// `key=value`; what is valid is the broker's business.
fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.trim().to_owned()))
        }
        Some(_) | None => Err("valid is key=value".to_owned()),
    }
}

/// A topic as `kafka-topics --describe` prints it, tabs and trailing blanks included.
fn topic_text(topic: &TopicState) -> String {
    let configs: Vec<String> =
        topic.configs.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let replicas = topic.partitions.first().map_or(0, |partition| partition.replicas.len());
    let mut text = format!(
        "Topic: {}\tTopicId: {}\tPartitionCount: {}\tReplicationFactor: {replicas}\tConfigs: {}\n",
        topic.name,
        uuid_text(topic.id),
        topic.partitions.len(),
        configs.join(","),
    );
    for partition in &topic.partitions {
        text.push_str(&partition_text(&topic.name, partition));
    }
    text
}

fn partition_text(topic: &str, partition: &PartitionState) -> String {
    let list = |ids: &[i32]| ids.iter().map(i32::to_string).collect::<Vec<_>>().join(",");
    let leader = partition.leader.map_or("none".to_owned(), |leader| leader.to_string());
    let perhaps = |ids: &Option<Vec<i32>>| match ids {
        Some(ids) => list(ids),
        None => "N/A".to_owned(),
    };
    format!(
        "\tTopic: {topic}\tPartition: {}\tLeader: {leader}\tReplicas: {}\tIsr: {}\tElr: {}\t\
         LastKnownElr: {}\n",
        partition.partition,
        list(&partition.replicas),
        list(&partition.isr),
        perhaps(&partition.elr),
        perhaps(&partition.last_known_elr),
    )
}

fn topic_json(topic: &TopicState) -> serde_json::Value {
    let partitions = topic.partitions.iter().map(|partition| {
        json!({
            "partition": partition.partition,
            "leader": partition.leader,
            "replicas": partition.replicas,
            "isr": partition.isr,
            "elr": partition.elr,
            "lastKnownElr": partition.last_known_elr,
        })
    });
    let configs: serde_json::Map<String, serde_json::Value> =
        topic.configs.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
    json!({
        "name": topic.name,
        "topicId": uuid_text(topic.id),
        "configs": configs,
        "partitions": partitions.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_topic_is_described_in_kafkas_columns() {
        let topic = TopicState {
            name: "t1".to_owned(),
            id: Uuid::from_u128(1),
            partitions: vec![PartitionState {
                partition: 0,
                leader: None,
                replicas: vec![1, 2],
                isr: vec![1],
                elr: Some(vec![2]),
                last_known_elr: None,
            }],
            configs: vec![("segment.bytes".to_owned(), "1048576".to_owned())],
        };
        assert_eq!(
            topic_text(&topic),
            "Topic: t1\tTopicId: AAAAAAAAAAAAAAAAAAAAAQ\tPartitionCount: 1\tReplicationFactor: 2\t\
             Configs: segment.bytes=1048576\n\tTopic: t1\tPartition: 0\tLeader: none\t\
             Replicas: 1,2\tIsr: 1\tElr: 2\tLastKnownElr: N/A\n"
        );
    }

    #[test]
    fn a_setting_is_a_key_and_a_value() {
        assert_eq!(key_value("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert!(key_value("a").is_err());
        assert!(key_value("=b").is_err());
    }
}
