//! `corelog group seek`: moves the offsets of a group without members, at once, and says from
//! where to where.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use anyhow::bail;
use serde_json::json;

use super::columns::table;
use super::moment::datetime;
use super::reset::active_state;
use super::which::partitions;
use crate::cli::output::{Format, json_line, out};
use crate::cli::run::Server;
use crate::client::{Cluster, Committed, Committer, EARLIEST, LATEST, TopicPartition};

/// Arguments of `corelog group seek`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Id of the group
    #[arg(value_name = "GROUP")]
    group: String,
    /// Where to: start, end, a date as YYYY-MM-DDThh:mm:ss.sss, or Unix seconds or milliseconds
    #[arg(long, value_parser = target, required_unless_present = "to_group")]
    to: Option<i64>,
    /// To where this other group is
    #[arg(long, value_name = "GROUP", conflicts_with = "to")]
    to_group: Option<String>,
    /// Which partitions: all of a topic, or topic:0,1,2; may be repeated. Without it, all that the
    /// group, or the other group, has offsets of
    #[arg(long = "topic", value_name = "TOPIC")]
    topics: Vec<String>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    server: Server,
}

/// Numbers below this are seconds: as milliseconds they would be days of 1970.
const SECONDS_BELOW: i64 = 100_000_000_000;

fn target(text: &str) -> Result<i64, String> {
    match text {
        "start" => Ok(EARLIEST),
        "end" => Ok(LATEST),
        text => match text.parse::<i64>() {
            Ok(moment @ 0..SECONDS_BELOW) => Ok(moment * 1000),
            Ok(moment @ SECONDS_BELOW..) => Ok(moment),
            Ok(_) => Err("valid is a time from 1970 on".to_owned()),
            Err(_) => datetime(text).map_err(|valid| format!("valid is start, end, or: {valid}")),
        },
    }
}

impl Arguments {
    /// Commits the new offsets and prints them beside the old ones.
    ///
    /// # Errors
    /// When the group has members, or the broker refuses.
    pub async fn run(self) -> anyhow::Result<()> {
        let mut cluster = self.server.connect().await?;
        if let Some(state) = active_state(&mut cluster, &self.group).await? {
            bail!("group '{}' has members: its state is {state}", self.group);
        }
        let before = cluster.committed(&self.group).await?;
        let after = self.new_offsets(&mut cluster, &before).await?;
        cluster.commit(&self.group, &Committer::outside(), &after).await?;
        self.show(&before, &after)
    }

    async fn new_offsets(
        &self,
        cluster: &mut Cluster,
        before: &BTreeMap<TopicPartition, Committed>,
    ) -> anyhow::Result<BTreeMap<TopicPartition, i64>> {
        let named: BTreeSet<TopicPartition> =
            partitions(cluster, &self.topics).await?.into_iter().collect();
        let is_meant = |place: &TopicPartition| self.topics.is_empty() || named.contains(place);
        if let Some(other) = &self.to_group {
            let theirs = cluster.committed(other).await?.into_iter();
            let meant = theirs.filter(|(place, _)| is_meant(place));
            return Ok(meant.map(|(place, found)| (place, found.offset)).collect());
        }
        let places: Vec<TopicPartition> = match self.topics.is_empty() {
            true => before.keys().cloned().collect(),
            false => named.into_iter().collect(),
        };
        let found = cluster.offsets_at(&places, self.to.unwrap_or(LATEST)).await?;
        let late = found.iter().filter(|(_, offset)| offset.is_none());
        let late: Vec<TopicPartition> = late.map(|(place, _)| place.clone()).collect();
        let mut after: BTreeMap<TopicPartition, i64> =
            found.into_iter().filter_map(|(place, offset)| Some((place, offset?))).collect();
        // Nothing is so young: then the end is meant.
        let ends = cluster.offsets_at(&late, LATEST).await?;
        after.extend(ends.into_iter().filter_map(|(place, offset)| Some((place, offset?))));
        Ok(after)
    }

    fn show(
        &self,
        before: &BTreeMap<TopicPartition, Committed>,
        after: &BTreeMap<TopicPartition, i64>,
    ) -> anyhow::Result<()> {
        let prior = |place: &TopicPartition| before.get(place).map(|found| found.offset);
        if self.format == Format::Json {
            let rows = after.iter().map(|(place, offset)| {
                json!({
                    "topic": place.0,
                    "partition": place.1,
                    "priorOffset": prior(place),
                    "currentOffset": offset,
                })
            });
            return json_line(&rows.collect());
        }
        let row = |(place, offset): (&TopicPartition, &i64)| {
            let prior = prior(place).map_or("-".to_owned(), |prior| prior.to_string());
            vec![place.0.clone(), place.1.to_string(), prior, offset.to_string()]
        };
        let columns =
            [("TOPIC", 15), ("PARTITION", 10), ("PRIOR-OFFSET", 15), ("CURRENT-OFFSET", 0)];
        let mut out = out();
        out.write_all(table(&columns, &after.iter().map(row).collect::<Vec<_>>()).as_bytes())?;
        Ok(out.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_word_a_date_or_a_number() {
        assert_eq!(target("start"), Ok(EARLIEST));
        assert_eq!(target("end"), Ok(LATEST));
        assert_eq!(target("1605027098"), Ok(1_605_027_098_000));
        assert_eq!(target("1605027098198"), Ok(1_605_027_098_198));
        assert_eq!(target("2020-11-10T16:51:38.198"), Ok(1_605_027_098_198));
        assert!(target("-5").is_err());
        assert!(target("tomorrow").is_err());
    }
}
