//! What a core tells the outside of its partitions and groups: copies of plain numbers, taken when
//! somebody asks, so that nothing has to be kept up to date for those who might look.
//!
//! A page of metrics may ask for every partition of the node. After every short while the work
//! goes behind whatever else the core has to do, so that nobody waits for it.

use std::sync::Arc;
use std::time::Duration;

use super::world::Shard;
use crate::group::coordinator::GroupFacts;
use crate::metadata::LogId;
use crate::partition::Traffic;
use crate::record::Offset;
use crate::runtime::{self, Mono};

/// How long the work holds the core before everything else has its turn.
const HOLD: Duration = Duration::from_micros(100);

/// One partition as of now.
#[derive(Clone, Copy, Debug)]
pub struct PartitionFacts {
    /// Which.
    pub log: LogId,
    /// It leads and serves.
    pub is_leader: bool,
    /// First offset of the log.
    pub log_start: Offset,
    /// Offset of the next record.
    pub log_end: Offset,
    /// Consumers read below it.
    pub high_watermark: Offset,
    /// Bytes of record batches on the disk.
    pub size_bytes: u64,
    /// What went in and out.
    pub traffic: Traffic,
}

impl Shard {
    /// The facts of those of `logs` that this core has.
    pub(super) async fn facts_here(&self, logs: Vec<LogId>) -> Vec<PartitionFacts> {
        let mut facts = Vec::with_capacity(logs.len());
        let mut began = runtime::now();
        for id in logs {
            began = give_way(began).await;
            let Ok(partition) = self.partition(id) else { continue };
            let log = partition.log();
            facts.push(PartitionFacts {
                log: id,
                is_leader: partition.is_leader(),
                log_start: log.start_offset(),
                log_end: log.end_offset(),
                high_watermark: partition.high_watermark(),
                size_bytes: log.size_bytes(),
                traffic: partition.traffic(),
            });
        }
        facts
    }

    /// The groups of this core, with at most `offsets_max` committed offsets altogether.
    pub(super) async fn group_facts_here(&self, offsets_max: usize) -> Vec<GroupFacts> {
        let mut facts: Vec<GroupFacts> = Vec::new();
        let mut left = offsets_max;
        let mut began = runtime::now();
        let mut place: Option<(LogId, Arc<str>)> = None;
        while let Some((next, group)) = self.coordinators.facts_after(place.as_ref(), left) {
            left = left.saturating_sub(group.offsets.len());
            facts.push(group);
            place = Some(next);
            began = give_way(began).await;
        }
        facts
    }
}

/// Lets everything else have its turn when the work has held the core since `began` for a while;
/// returns since when it holds it now.
async fn give_way(began: Mono) -> Mono {
    if runtime::now().since(began) < HOLD {
        return began;
    }
    runtime::yield_now().await;
    runtime::now()
}
