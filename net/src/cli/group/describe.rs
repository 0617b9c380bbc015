//! `corelog group describe`: lag, members or state of groups; again and again with `--watch`.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use serde_json::{Value, json};

use super::columns::{lags_text, members_text, note, state_text};
use super::lag::{self, Lag};
use super::which::Groups;
use crate::cli::output::{Format, json_line, out};
use crate::cli::run::Server;
use crate::client::{Cluster, GroupState, MemberState, TopicPartition};

/// Arguments of `corelog group describe`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    groups: Groups,
    /// How far the group has come in each partition; this is what is shown without any of the three
    #[arg(long, group = "what")]
    offsets: bool,
    /// The members of the group
    #[arg(long, group = "what")]
    members: bool,
    /// The state of the group
    #[arg(long, group = "what")]
    state: bool,
    /// More columns
    #[arg(long)]
    verbose: bool,
    /// Again every so many seconds, until it is interrupted
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "5")]
    watch: Option<u64>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    server: Server,
}

/// What is shown of a group.
enum Shown {
    Offsets(GroupState, Vec<Lag>),
    Members(GroupState),
    State(GroupState),
}

impl Arguments {
    /// Prints it.
    ///
    /// # Errors
    /// [`crate::client::ClientError::NoSuchGroup`], or what the broker refuses.
    pub async fn run(self) -> anyhow::Result<()> {
        let mut cluster = self.server.connect().await?;
        let Some(seconds) = self.watch else { return self.show(&mut cluster).await };
        loop {
            if std::io::stdout().is_terminal() {
                // Home, and everything below it gone.
                out().write_all(b"\x1b[H\x1b[2J")?;
            }
            self.show(&mut cluster).await?;
            tokio::time::sleep(Duration::from_secs(seconds.max(1))).await;
        }
    }

    async fn show(&self, cluster: &mut Cluster) -> anyhow::Result<()> {
        let mut shown = Vec::new();
        for group in self.groups.ids(cluster).await? {
            let state = cluster.describe_group(&group).await?;
            shown.push(match (self.members, self.state) {
                (true, _) => Shown::Members(state),
                (_, true) => Shown::State(state),
                _ => {
                    let lags = lag::of_group(cluster, &state).await?;
                    Shown::Offsets(state, lags)
                }
            });
        }
        if self.format == Format::Json {
            return json_line(&shown.iter().flat_map(Shown::json).collect());
        }
        let mut out = out();
        for group in &shown {
            if let Some(note) = note(group.state()) {
                eprintln!("\n{note}");
            }
            out.write_all(group.text(self.verbose).as_bytes())?;
        }
        Ok(out.flush()?)
    }
}

impl Shown {
    fn state(&self) -> &GroupState {
        let (Shown::Offsets(state, _) | Shown::Members(state) | Shown::State(state)) = self;
        state
    }

    fn text(&self, verbose: bool) -> String {
        match self {
            Shown::Offsets(_, lags) => lags_text(lags, verbose),
            Shown::Members(state) => members_text(state, verbose),
            Shown::State(state) => state_text(state, verbose),
        }
    }

    fn json(&self) -> Vec<Value> {
        match self {
            Shown::Offsets(_, lags) => lags.iter().map(lag_json).collect(),
            Shown::Members(state) => {
                state.members.iter().map(|member| member_json(&state.group, member)).collect()
            }
            Shown::State(state) => vec![state_json(state)],
        }
    }
}

fn lag_json(lag: &Lag) -> Value {
    let reader = lag.reader.as_ref();
    json!({
        "group": lag.group,
        "topic": lag.topic,
        "partition": lag.partition,
        "leaderEpoch": lag.leader_epoch,
        "currentOffset": lag.current,
        "logEndOffset": lag.end,
        "lag": lag.lag(),
        "consumerId": reader.map(|reader| &reader.member_id),
        "host": reader.map(|reader| &reader.host),
        "clientId": reader.map(|reader| &reader.client_id),
    })
}

fn member_json(group: &str, member: &MemberState) -> Value {
    json!({
        "group": group,
        "consumerId": member.member_id,
        "groupInstanceId": member.instance_id,
        "host": member.host,
        "clientId": member.client_id,
        "epoch": member.epoch,
        "assignment": partitions_json(&member.assigned),
        "targetAssignment": partitions_json(&member.target),
        "upgraded": member.upgraded,
    })
}

fn partitions_json(partitions: &[TopicPartition]) -> Vec<Value> {
    let one = |(topic, partition): &TopicPartition| json!({"topic": topic, "partition": partition});
    partitions.iter().map(one).collect()
}

fn state_json(state: &GroupState) -> Value {
    json!({
        "group": state.group,
        "type": state.group_type,
        "protocolType": state.protocol_type,
        "state": state.state,
        "coordinator": {"address": state.coordinator.0, "id": state.coordinator.1},
        "assignmentStrategy": state.assignor,
        "epoch": state.epoch,
        "targetAssignmentEpoch": state.target_epoch,
        "members": state.members.len(),
    })
}
