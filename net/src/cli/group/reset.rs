//! `corelog group reset-offsets`: moves the offsets of groups without members. Without
//! `--execute` it only shows where they would go.

use std::io::Write;

use anyhow::bail;
use serde_json::json;

use super::columns::reset_text;
use super::plan::{self, Plan};
use super::scenario::{Offsets, Scenario};
use super::which::{Groups, check, partitions};
use crate::cli::output::{Format, json_line, out};
use crate::cli::run::Server;
use crate::client::{ClientError, Cluster, Committer, TopicPartition};

/// Arguments of `corelog group reset-offsets`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    groups: Groups,
    /// Which partitions: all of a topic, or topic:0,1,2; may be repeated
    #[arg(long = "topic", value_name = "TOPIC", conflicts_with = "all_topics")]
    topics: Vec<String>,
    /// All partitions that the group has offsets of
    #[arg(long)]
    all_topics: bool,
    #[command(flatten)]
    scenario: Scenario,
    /// Do it
    #[arg(long, conflicts_with = "dry_run")]
    execute: bool,
    /// Only show what would happen, which is what happens without --execute
    #[arg(long)]
    dry_run: bool,
    /// Print the new offsets as lines for --from-file
    #[arg(long)]
    export: bool,
    /// Form of the output
    #[arg(long, value_enum, default_value_t, conflicts_with = "export")]
    format: Format,
    #[command(flatten)]
    server: Server,
}

impl Arguments {
    /// Shows the new offsets, and commits them when that is wanted.
    ///
    /// # Errors
    /// When a group has members, or the broker refuses; groups before that one are done.
    pub async fn run(self) -> anyhow::Result<()> {
        if self.topics.is_empty() && !self.all_topics && !self.scenario.names_partitions() {
            bail!("One of the reset scopes should be defined: --all-topics, --topic.");
        }
        let mut cluster = self.server.connect().await?;
        let mut plan = Plan::new();
        let mut active = 0;
        for group in self.groups.ids(&mut cluster).await? {
            if let Some(state) = active_state(&mut cluster, &group).await? {
                active += 1;
                eprintln!(
                    "Assignments can only be reset if the group '{group}' is inactive, but the \
                     current state is {state}."
                );
                continue;
            }
            let offsets = self.reset(&mut cluster, &group).await?;
            plan.insert(group, offsets);
        }
        self.show(&plan)?;
        if !self.execute {
            eprintln!("Nothing was changed: --execute does it.");
        }
        match active {
            0 => Ok(()),
            active => bail!("{active} groups are active"),
        }
    }

    async fn reset(&self, cluster: &mut Cluster, group: &str) -> anyhow::Result<Offsets> {
        let partitions: Vec<TopicPartition> = match self.all_topics {
            true => cluster.committed(group).await?.into_keys().collect(),
            false => partitions(cluster, &self.topics).await?,
        };
        check(cluster, &partitions).await?;
        let only = self.groups.only();
        let offsets = self.scenario.offsets(cluster, group, only, &partitions).await?;
        if self.execute {
            cluster.commit(group, &Committer::outside(), &offsets).await?;
        }
        Ok(offsets)
    }

    fn show(&self, plan: &Plan) -> anyhow::Result<()> {
        if self.format == Format::Json {
            let rows = plan.iter().flat_map(|(group, offsets)| {
                offsets.iter().map(move |((topic, partition), offset)| {
                    json!({
                        "group": group,
                        "topic": topic,
                        "partition": partition,
                        "newOffset": offset,
                    })
                })
            });
            return json_line(&rows.collect());
        }
        let text = match self.export {
            true => plan::write(plan, self.groups.only().is_none()),
            false => reset_text(plan),
        };
        let mut out = out();
        out.write_all(text.as_bytes())?;
        Ok(out.flush()?)
    }
}

/// The state of a group that has members; a group that is not there has none.
pub async fn active_state(
    cluster: &mut Cluster,
    group: &str,
) -> Result<Option<String>, ClientError> {
    match cluster.describe_group(group).await {
        Ok(found) if matches!(found.state.as_str(), "Empty" | "Dead") => Ok(None),
        Ok(found) => Ok(Some(found.state)),
        Err(ClientError::NoSuchGroup(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
