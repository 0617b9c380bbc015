//! Which core owns a partition. Pure and stable: the same answer on every core and after every
//! start with as many cores.

use super::id::LogId;
use crate::runtime::CoreId;

/// The core that owns `log` on a node with `cores` cores.
///
/// The topic picks the first core, its partitions follow round robin: those of one topic never
/// differ by more than one between two cores, and topics of one partition spread by their id.
pub fn owner_core(log: LogId, cores: u16) -> CoreId {
    let (high, low) = log.topic.as_u64_pair();
    let first = mixed(high ^ low.rotate_left(32));
    let place = u128::from(first) + u128::from(log.partition.unsigned_abs());
    CoreId((place % u128::from(cores.max(1))) as u16)
}

/// The finaliser of MurmurHash3: every bit of the id moves every bit of the answer.
fn mixed(mut x: u64) -> u64 {
    x ^= x >> 33;
    x = x.wrapping_mul(0xff51_afd7_ed55_8ccd);
    x ^= x >> 33;
    x = x.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    x ^ (x >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn spread(logs: impl Iterator<Item = LogId>, cores: u16) -> Vec<usize> {
        let mut owned = vec![0; usize::from(cores)];
        logs.for_each(|log| owned[usize::from(owner_core(log, cores).0)] += 1);
        owned
    }

    #[test]
    fn partitions_of_a_topic_differ_by_at_most_one_between_cores() {
        let topic = Uuid::from_u128(0x1234_5678_9abc_4def_8123_4567_89ab_cdef);
        for cores in 1..9 {
            let owned = spread((0..16).map(|partition| LogId { topic, partition }), cores);
            let (least, most) = (owned.iter().min().unwrap(), owned.iter().max().unwrap());
            assert!(most - least <= 1, "{owned:?}");
        }
    }

    #[test]
    fn topics_of_one_partition_spread_over_the_cores() {
        let ids = (0..8000).map(|i| LogId { topic: Uuid::from_u128(i << 64), partition: 0 });
        assert!(spread(ids, 8).iter().all(|owned| (850..1150).contains(owned)));
    }

    #[test]
    fn the_answer_never_changes_between_versions() {
        let topic = Uuid::from_u128(0x0123_4567_89ab_cdef_0011_2233_4455_6677);
        let owners: Vec<u16> =
            (0..4).map(|partition| owner_core(LogId { topic, partition }, 5).0).collect();
        assert_eq!(owners, OWNERS_OF_THE_FIRST_RELEASE);
    }

    const OWNERS_OF_THE_FIRST_RELEASE: [u16; 4] = [3, 4, 0, 1];
}
