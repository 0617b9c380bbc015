//! What has to be asked for: partitions and groups of the cores, free space of the kernel.
//!
//! A page lists so many partitions and offsets at most and says how many it left out. A core that
//! does not answer in time leaves its own out; the others are told.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use corelog_engine::metadata::{Image, LogId, NodeId};
use corelog_engine::partition::Traffic;
use corelog_engine::runtime::Directory;
use corelog_engine::shard::{GroupFacts, Observer, PartitionFacts};

/// How long a page waits for the cores altogether.
const PATIENCE: Duration = Duration::from_secs(2);

/// One partition.
pub struct Partition {
    /// The topic's name.
    pub topic: Arc<str>,
    /// Its number.
    pub number: i32,
    /// The same, as a label.
    pub label: String,
    /// The leader; -1 for none.
    pub leader: NodeId,
    /// Whether the leader is the preferred one.
    pub is_leader_preferred: bool,
    /// How many replicas it has.
    pub replicas: usize,
    /// How many of them are in sync.
    pub in_sync: usize,
    /// `min.insync.replicas`, no more than there are replicas.
    pub min_in_sync: usize,
    /// What its core says of it; `None` when that did not answer.
    pub facts: Option<PartitionFacts>,
}

/// One group.
pub struct Group {
    /// What its core says of it.
    pub facts: GroupFacts,
    /// Records between the committed offset and the end, by place in `facts.offsets`; `None` when
    /// the end is not known.
    pub lag: Vec<Option<i64>>,
}

/// Everything that was asked.
#[derive(Default)]
pub struct Facts {
    /// Partitions, by topic and number.
    pub partitions: Vec<Partition>,
    /// What went into and out of each topic that was asked for.
    pub topics: BTreeMap<Arc<str>, Traffic>,
    /// Groups, by name.
    pub groups: Vec<Group>,
    /// Free bytes of each log dir that could be asked, by its path.
    pub dirs_free: Vec<(String, u64)>,
    /// Partitions that there are and that are not listed.
    pub left_out: usize,
    /// Whether every core answered in time.
    pub is_complete: bool,
}

impl Facts {
    /// Asks for at most `partitions_max` partitions, and as many committed offsets.
    pub async fn ask(observer: &Observer, image: &Image, partitions_max: usize) -> Facts {
        let mut facts = Facts { is_complete: true, ..Facts::default() };
        let mut logs = Vec::new();
        for topic in image.topics() {
            for (number, partition) in (0i32..).zip(&topic.partitions) {
                if logs.len() >= partitions_max {
                    facts.left_out += 1;
                    continue;
                }
                logs.push(LogId { topic: topic.id, partition: number });
                let min_in_sync = usize::try_from(topic.config.min_insync_replicas).unwrap_or(1);
                facts.partitions.push(Partition {
                    topic: topic.name.clone(),
                    number,
                    label: number.to_string(),
                    leader: partition.leader,
                    is_leader_preferred: partition.replicas.first() == Some(&partition.leader),
                    replicas: partition.replicas.len(),
                    in_sync: partition.isr.len(),
                    min_in_sync: min_in_sync.min(partition.replicas.len()),
                    facts: None,
                });
            }
        }
        facts.take_partitions(patiently(observer.partitions(&logs)).await, &logs);
        facts.take_groups(patiently(observer.groups(partitions_max)).await, image);
        for dir in &observer.shared().dirs {
            // A device that hangs is waited for once, and not told.
            if let Some(Ok(free)) = patiently(free_bytes(&dir.path)).await {
                facts.dirs_free.push((dir.path.display().to_string(), free));
            }
        }
        facts
    }

    /// How many of the partitions listed are so.
    pub fn count(&self, is_so: impl Fn(&Partition) -> bool) -> f64 {
        self.partitions.iter().filter(|partition| is_so(partition)).count() as f64
    }

    fn take_partitions(&mut self, told: Option<Vec<PartitionFacts>>, logs: &[LogId]) {
        self.is_complete &= told.is_some();
        let mut told: BTreeMap<LogId, PartitionFacts> =
            told.unwrap_or_default().into_iter().map(|facts| (facts.log, facts)).collect();
        for (partition, log) in self.partitions.iter_mut().zip(logs) {
            partition.facts = told.remove(log);
            if let Some(facts) = &partition.facts {
                add(self.topics.entry(partition.topic.clone()).or_default(), &facts.traffic);
            }
        }
    }

    fn take_groups(&mut self, told: Option<Vec<GroupFacts>>, image: &Image) {
        self.is_complete &= told.is_some();
        let ends: BTreeMap<(&str, i32), i64> = self
            .partitions
            .iter()
            .filter_map(|partition| {
                let end = partition.facts.as_ref()?.high_watermark;
                Some(((&*partition.topic, partition.number), end))
            })
            .collect();
        let mut groups = told.unwrap_or_default();
        // A topic that was deleted has no partitions to lag behind in.
        for facts in &mut groups {
            facts.offsets.retain(|(topic, _, _)| image.topic(topic).is_some());
        }
        groups.sort_by(|one, other| one.group.cmp(&other.group));
        self.groups = groups.into_iter().map(|facts| Group::of(facts, &ends)).collect();
    }
}

impl Group {
    fn of(facts: GroupFacts, ends: &BTreeMap<(&str, i32), i64>) -> Group {
        let lag = facts.offsets.iter().map(|(topic, partition, offset)| {
            let end = ends.get(&(&**topic, *partition))?;
            Some((end - offset).max(0))
        });
        Group { lag: lag.collect(), facts }
    }
}

fn add(sum: &mut Traffic, more: &Traffic) {
    sum.appends += more.appends;
    sum.appends_failed += more.appends_failed;
    sum.records_in += more.records_in;
    sum.bytes_in += more.bytes_in;
    sum.reads += more.reads;
    sum.reads_failed += more.reads_failed;
    sum.bytes_out += more.bytes_out;
}

async fn free_bytes(path: &Path) -> std::io::Result<u64> {
    Directory::open(path).await?.free_bytes().await
}

async fn patiently<T>(asking: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(PATIENCE, asking).await.ok()
}
