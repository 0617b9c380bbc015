//! Which executor runs what: producers and consumers in turn, each with a connection per leader of
//! its partitions. Pure, any thread.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::consumer::{Place, Reading};
use super::target::Target;
use crate::workload::{Codec, Workload};

/// A producer's connection before its requests are encoded.
#[derive(Debug, Clone)]
pub struct LanePlan {
    /// Number among all lanes.
    pub number: usize,
    /// The leader.
    pub address: SocketAddr,
    /// Its partitions, in the order of its turns.
    pub partitions: Vec<i32>,
}

/// Everything that runs.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Producers' connections.
    pub lanes: Vec<LanePlan>,
    /// Consumers' connections.
    pub readings: Vec<Reading>,
}

impl Plan {
    /// Producers all write to every partition, each beginning at another one; the consumers of a
    /// set share the partitions.
    pub fn of(workload: &Workload, target: &Target) -> Plan {
        let count = target.leaders.len();
        let mut lanes = Vec::new();
        for producer in 0..workload.producers {
            let first = producer * count / workload.producers;
            for (address, partitions) in by_leader(target, |number| (number + first) % count) {
                lanes.push(LanePlan { number: lanes.len(), address, partitions });
            }
        }
        let mut readings = Vec::new();
        for consumer in (0..workload.groups).flat_map(|_| 0..workload.consumers) {
            let is_mine = |number: &i32| {
                usize::try_from(*number).is_ok_and(|one| one % workload.consumers == consumer)
            };
            for (address, mut partitions) in by_leader(target, |number| number) {
                partitions.retain(is_mine);
                if !partitions.is_empty() {
                    readings.push(reading(workload, target, address, &partitions));
                }
            }
        }
        if let Some(lasting) = u64::try_from(readings.len()).ok().filter(|count| *count > 0) {
            let each = workload.records.div_ceil(lasting);
            readings.iter_mut().for_each(|reading| reading.records = each);
        }
        Plan { lanes, readings }
    }

    /// What the executor `index` of `executors` runs.
    pub fn of_executor(&self, index: usize, executors: usize) -> Plan {
        Plan {
            lanes: self.lanes.iter().skip(index).step_by(executors).cloned().collect(),
            readings: self.readings.iter().skip(index).step_by(executors).cloned().collect(),
        }
    }
}

/// Partitions by leader; `order` says which partition stands at each place.
fn by_leader(target: &Target, order: impl Fn(usize) -> usize) -> BTreeMap<SocketAddr, Vec<i32>> {
    let mut found: BTreeMap<SocketAddr, Vec<i32>> = BTreeMap::new();
    for number in (0..target.leaders.len()).map(order) {
        let Some(leader) = target.leaders.get(number) else { continue };
        found.entry(*leader).or_default().push(i32::try_from(number).unwrap_or(i32::MAX));
    }
    found
}

fn reading(
    workload: &Workload,
    target: &Target,
    address: SocketAddr,
    partitions: &[i32],
) -> Reading {
    let at = |offsets: &[i64], partition: i32| {
        usize::try_from(partition).ok().and_then(|number| offsets.get(number)).copied().unwrap_or(0)
    };
    let places = partitions.iter().map(|partition| Place {
        partition: *partition,
        next: at(&target.starts, *partition),
        first: at(&target.firsts, *partition),
    });
    Reading {
        address,
        topic: target.topic.clone(),
        id: target.id,
        version: target.fetch_version,
        places: places.collect(),
        bytes: workload.fetch_bytes,
        wait: Duration::from_millis(u64::try_from(workload.fetch_wait_ms).unwrap_or(0)),
        wraps: workload.wrap,
        is_stamped: workload.producers > 0 && workload.compression == Codec::None,
        record_bytes: workload.record_bytes as u64,
        records: 0,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn target(leaders: &[u16]) -> Target {
        let address = |port: &u16| SocketAddr::from(([127, 0, 0, 1], *port));
        Target {
            topic: "t".to_owned(),
            id: Uuid::nil(),
            leaders: leaders.iter().map(address).collect(),
            starts: (100..).take(leaders.len()).collect(),
            firsts: vec![0; leaders.len()],
            produce_version: 9,
            fetch_version: 12,
        }
    }

    #[test]
    fn producers_write_everywhere_and_begin_at_different_places() {
        let workload = Workload { producers: 2, ..Workload::default() };
        let plan = Plan::of(&workload, &target(&[1, 1, 2, 1]));
        let lanes: Vec<_> =
            plan.lanes.iter().map(|lane| (lane.address.port(), lane.partitions.clone())).collect();
        let wanted = [(1, vec![0, 1, 3]), (2, vec![2]), (1, vec![3, 0, 1]), (2, vec![2])];
        assert_eq!(lanes, wanted);
        let half = plan.of_executor(1, 2);
        assert_eq!(half.lanes.iter().map(|lane| lane.number).collect::<Vec<_>>(), [1, 3]);
    }

    #[test]
    fn each_set_of_consumers_reads_every_partition_once() {
        let workload = Workload { groups: 3, consumers: 2, records: 90, ..Workload::default() };
        let plan = Plan::of(&workload, &target(&[1; 5]));
        assert_eq!(plan.readings.len(), 6);
        let mut seen = [0; 5];
        for place in plan.readings.iter().flat_map(|reading| &reading.places) {
            seen[place.partition as usize] += 1;
            assert_eq!(place.next, 100 + i64::from(place.partition));
        }
        assert_eq!(seen, [3; 5]);
        assert_eq!(plan.readings[0].records, 15);
    }
}
