//! Which brokers hold the replicas of a new topic: round robin, followers shifting. Pure.

use thiserror::Error;

use super::id::NodeId;

/// Why a topic cannot be placed; the text is the one Kafka answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PlacementError {
    /// No broker is registered.
    #[error("All brokers are currently fenced, or have all their log directories cordoned.")]
    NoBroker,
    /// Replicas of a partition must stand on different brokers.
    #[error(
        "The target replication factor of {wanted} cannot be reached because only {brokers} \
         broker(s) are registered or some brokers have all their log directories cordoned."
    )]
    TooFewBrokers {
        /// Replicas per partition that were asked for.
        wanted: usize,
        /// Brokers that could take one.
        brokers: usize,
    },
}

/// Replicas per partition, the preferred leader first.
///
/// `brokers` in ascending order. Leaders go round robin from broker `start` on; the distance
/// between leader and first follower begins at `shift` and grows by one each time the leaders wrap,
/// so that the partitions led by one broker do not all follow to the same one:
///
/// ```text
/// 3 brokers, 2 replicas, start 0, shift 0:   p0 0,1   p1 1,2   p2 2,0   p3 0,2
/// ```
///
/// # Errors
/// Fewer brokers than replicas, or none at all.
pub fn place(
    brokers: &[NodeId],
    partitions: usize,
    replicas: usize,
    start: usize,
    shift: usize,
) -> Result<Vec<Vec<NodeId>>, PlacementError> {
    let count = brokers.len();
    if count == 0 {
        return Err(PlacementError::NoBroker);
    }
    if replicas > count {
        return Err(PlacementError::TooFewBrokers { wanted: replicas, brokers: count });
    }
    let (start, shift) = (start % count, shift % count);
    let of_partition = |partition: usize| {
        let leader = (start + partition) % count;
        let shift = shift + partition / count;
        let follower =
            |nth: usize| brokers[(leader + 1 + (shift + nth) % (count - 1).max(1)) % count];
        std::iter::once(brokers[leader])
            .chain((0..replicas.saturating_sub(1)).map(follower))
            .collect()
    };
    Ok((0..partitions).map(of_partition).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn four_partitions_of_two_replicas_on_three_brokers_stand_as_requirement_41_draws_them() {
        let placed = place(&[0, 1, 2], 4, 2, 0, 0).unwrap();
        assert_eq!(placed, [[0, 1], [1, 2], [2, 0], [0, 2]]);
    }

    #[test]
    fn ten_partitions_on_five_brokers_stand_as_kafka_documents_them() {
        let placed = place(&[0, 1, 2, 3, 4], 10, 3, 0, 0).unwrap();
        let documented = [
            [0, 1, 2],
            [1, 2, 3],
            [2, 3, 4],
            [3, 4, 0],
            [4, 0, 1],
            [0, 2, 3],
            [1, 3, 4],
            [2, 4, 0],
            [3, 0, 1],
            [4, 1, 2],
        ];
        assert_eq!(placed, documented);
    }

    #[test]
    fn one_broker_holds_everything_and_refuses_a_second_replica() {
        assert_eq!(place(&[7], 3, 1, 5, 9).unwrap(), [[7], [7], [7]]);
        let refused = PlacementError::TooFewBrokers { wanted: 2, brokers: 1 };
        assert_eq!(place(&[7], 1, 2, 0, 0), Err(refused));
        assert_eq!(place(&[], 1, 1, 0, 0), Err(PlacementError::NoBroker));
    }

    #[test]
    fn replicas_never_share_a_broker_and_leaders_are_even() {
        for count in 1..7usize {
            let brokers: Vec<NodeId> = (0..count as i32).map(|id| id * 10).collect();
            for (replicas, start) in (1..=count).flat_map(|r| (0..count).map(move |s| (r, s))) {
                let placed = place(&brokers, 23, replicas, start, start * 3).unwrap();
                let mut leaders = BTreeMap::<NodeId, usize>::new();
                for partition in &placed {
                    let apart: BTreeSet<_> = partition.iter().collect();
                    assert_eq!(apart.len(), replicas);
                    *leaders.entry(partition[0]).or_default() += 1;
                }
                assert!(leaders.values().max().unwrap() - leaders.values().min().unwrap() <= 1);
            }
        }
    }
}
