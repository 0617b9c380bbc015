//! Where offsets are moved to: every way that Kafka's tool has.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};

use super::moment::{datetime, duration};
use super::plan;
use crate::client::{Cluster, EARLIEST, LATEST, TopicPartition};

/// New offsets of one group.
pub type Offsets = BTreeMap<TopicPartition, i64>;

/// Where to; exactly one.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
pub struct Scenario {
    /// To the first record that is kept
    #[arg(long)]
    to_earliest: bool,
    /// Behind the last record
    #[arg(long)]
    to_latest: bool,
    /// To where the group is; behind the last record where it has not been
    #[arg(long)]
    to_current: bool,
    /// To this offset
    #[arg(long, value_name = "OFFSET", allow_negative_numbers = true)]
    to_offset: Option<i64>,
    /// To the first record from this time on, as YYYY-MM-DDThh:mm:ss.sss
    #[arg(long, value_name = "DATETIME", value_parser = datetime)]
    to_datetime: Option<i64>,
    /// To the first record of the last such time, as PnDTnHnMnS
    #[arg(long, value_name = "DURATION", value_parser = duration, allow_hyphen_values = true)]
    by_duration: Option<i64>,
    /// So many records on, or back when negative
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true)]
    shift_by: Option<i64>,
    /// To the offsets in a file, as --export writes it
    #[arg(long, value_name = "FILE")]
    from_file: Option<PathBuf>,
}

impl Scenario {
    /// Whether it says itself which partitions it means.
    pub fn names_partitions(&self) -> bool {
        self.from_file.is_some()
    }

    /// The new offsets of `group`; `only` is the group that lines without one mean.
    ///
    /// # Errors
    /// What the broker refuses, or what is wrong with the file.
    pub async fn offsets(
        &self,
        cluster: &mut Cluster,
        group: &str,
        only: Option<&str>,
        partitions: &[TopicPartition],
    ) -> anyhow::Result<Offsets> {
        let places = || partitions.iter().cloned();
        if let Some(path) = &self.from_file {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            let mut plan = plan::read(&text, only)?;
            let offsets = plan.remove(group).with_context(|| {
                format!("No reset plan for group {group} found in {}", path.display())
            })?;
            return within_logs(cluster, offsets).await;
        }
        if self.to_earliest {
            return at(cluster, partitions, EARLIEST).await;
        }
        if self.to_latest {
            return at(cluster, partitions, LATEST).await;
        }
        if let Some(timestamp) = self.to_datetime {
            return at_time(cluster, partitions, timestamp).await;
        }
        if let Some(ms) = self.by_duration {
            let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
            return at_time(cluster, partitions, i64::try_from(now)?.saturating_sub(ms)).await;
        }
        if let Some(offset) = self.to_offset {
            return within_logs(cluster, places().map(|place| (place, offset)).collect()).await;
        }
        let current = cluster.committed(group).await?;
        if let Some(count) = self.shift_by {
            let mut shifted = Offsets::new();
            for place in partitions {
                let Some(found) = current.get(place) else {
                    bail!(
                        "Cannot shift offset for partition {}-{} since there is no current \
                         committed offset",
                        place.0,
                        place.1
                    );
                };
                shifted.insert(place.clone(), found.offset.saturating_add(count));
            }
            return within_logs(cluster, shifted).await;
        }
        let (known, unknown): (Vec<_>, Vec<_>) =
            places().partition(|place| current.contains_key(place));
        let mut offsets = at(cluster, &unknown, LATEST).await?;
        let known =
            known.into_iter().filter_map(|place| Some((current.get(&place)?.offset, place)));
        offsets.extend(known.map(|(offset, place)| (place, offset)));
        Ok(offsets)
    }
}

/// Every partition's offset at a special place of its log.
async fn at(
    cluster: &mut Cluster,
    partitions: &[TopicPartition],
    place: i64,
) -> anyhow::Result<Offsets> {
    let found = cluster.offsets_at(partitions, place).await?;
    Ok(found.into_iter().filter_map(|(place, offset)| Some((place, offset?))).collect())
}

/// Every partition's first offset from a time on; its end when nothing is so young.
async fn at_time(
    cluster: &mut Cluster,
    partitions: &[TopicPartition],
    timestamp: i64,
) -> anyhow::Result<Offsets> {
    // Below zero stand special questions.
    let found = cluster.offsets_at(partitions, timestamp.max(0)).await?;
    let (young, old): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|(_, offset)| offset.is_some());
    let old: Vec<TopicPartition> = old.into_iter().map(|(place, _)| place).collect();
    for (topic, partition) in &old {
        eprintln!(
            "Warn: Partition {partition} from topic {topic} is empty. Falling back to latest known \
             offset."
        );
    }
    let mut offsets = at(cluster, &old, LATEST).await?;
    offsets.extend(young.into_iter().filter_map(|(place, offset)| Some((place, offset?))));
    Ok(offsets)
}

/// The nearest offsets that the logs have.
async fn within_logs(cluster: &mut Cluster, wanted: Offsets) -> anyhow::Result<Offsets> {
    let places: Vec<TopicPartition> = wanted.keys().cloned().collect();
    let starts = at(cluster, &places, EARLIEST).await?;
    let ends = at(cluster, &places, LATEST).await?;
    let clamped = wanted.into_iter().map(|(place, offset)| {
        let start = starts.get(&place).copied().unwrap_or(0);
        let end = ends.get(&place).copied().unwrap_or(i64::MAX);
        let (nearest, how) = match offset {
            _ if offset > end => (end, "higher than latest"),
            _ if offset < start => (start, "lower than earliest"),
            _ => (offset, ""),
        };
        if nearest != offset {
            eprintln!(
                "New offset ({offset}) is {how} offset for topic partition {}-{}. Value will be \
                 set to {nearest}",
                place.0, place.1
            );
        }
        (place, nearest)
    });
    Ok(clamped.collect())
}
