//! The groups and partitions that a command is about, as they are named on the command line.

use std::collections::BTreeSet;

use anyhow::{Context, bail};

use crate::client::{ClientError, Cluster, TopicPartition};

/// Groups, by name or all of them.
#[derive(clap::Args)]
#[group(id = "which", required = true, multiple = true)]
pub struct Groups {
    /// Ids of groups
    #[arg(value_name = "GROUP", conflicts_with = "all_groups")]
    names: Vec<String>,
    /// The same, as Kafka's tool has it; may be repeated
    #[arg(long = "group", value_name = "GROUP", conflicts_with = "all_groups")]
    options: Vec<String>,
    /// All groups of consumers
    #[arg(long)]
    all_groups: bool,
}

impl Groups {
    /// Their ids, each once, sorted.
    ///
    /// # Errors
    /// See [`Cluster::groups`].
    pub async fn ids(&self, cluster: &mut Cluster) -> Result<Vec<String>, ClientError> {
        let ids: BTreeSet<String> = match self.all_groups {
            true => {
                let groups = cluster.groups().await?.into_iter();
                groups.filter(|group| group.is_of_consumers()).map(|group| group.group).collect()
            }
            false => self.names.iter().chain(&self.options).cloned().collect(),
        };
        Ok(ids.into_iter().collect())
    }

    /// The only group that was named.
    pub fn only(&self) -> Option<&str> {
        let mut names = self.names.iter().chain(&self.options);
        match (names.next(), names.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        }
    }
}

/// The partitions that are meant by `topic`, or by `topic:0,1,2`.
///
/// # Errors
/// When there is no such topic, or the text means nothing.
pub async fn partitions(
    cluster: &mut Cluster,
    texts: &[String],
) -> anyhow::Result<Vec<TopicPartition>> {
    let mut meant = BTreeSet::new();
    for text in texts {
        match text.split_once(':') {
            Some((topic, numbers)) => {
                for number in numbers.split(',') {
                    let number = number.trim().parse().with_context(|| {
                        format!("invalid partition '{number}' in '{text}': valid is topic:0,1,2")
                    })?;
                    meant.insert((topic.to_owned(), number));
                }
            }
            None => {
                let topic = cluster.topic(text, false).await?;
                meant.extend(topic.partitions.iter().map(|one| (text.clone(), one.index)));
            }
        }
    }
    Ok(meant.into_iter().collect())
}

/// Fails unless all of these partitions are there and have a leader.
///
/// # Errors
/// Names those that are not, or have none.
pub async fn check(cluster: &mut Cluster, partitions: &[TopicPartition]) -> anyhow::Result<()> {
    let topics = partitions.iter().map(|(topic, _)| topic.as_str()).collect();
    let leaders = cluster.leaders(&topics).await?;
    let names = |of: &dyn Fn(Option<&i32>) -> bool| {
        let names = partitions.iter().filter(|place| of(leaders.get(*place)));
        names.map(|(topic, number)| format!("{topic}-{number}")).collect::<Vec<_>>().join(",")
    };
    let absent = names(&|leader| leader.is_none());
    if !absent.is_empty() {
        bail!("The partitions \"{absent}\" do not exist");
    }
    let leaderless = names(&|leader| leader.is_some_and(|leader| *leader < 0));
    if !leaderless.is_empty() {
        bail!("The partitions \"{leaderless}\" have no leader");
    }
    Ok(())
}
