//! Questions about time, against the answer of a plain search, on the ring.

use crate::record::{BatchBuilder, Codec};
use crate::runtime::{ScratchDir, run_here};

use super::super::rig::{fill, open, place, stamped, unclean};

#[test]
fn the_first_record_as_young_as_a_timestamp_is_found_in_every_segment() {
    run_here(async {
        let scratch = ScratchDir::new();
        let (log, _) = open(&place(&scratch), unclean()).await;
        // Record at offset o has timestamp 1000 + o.
        fill(&log, 200).await;
        for timestamp in 990..1_610 {
            let found = log.offset_for_time(timestamp, 600).await.expect("a lookup");
            let wanted = (timestamp < 1_600).then(|| (timestamp - 1_000).max(0));
            assert_eq!(found.map(|found| found.offset), wanted, "at {timestamp}");
        }
        let found = log.offset_for_time(1_500, 500).await.expect("a lookup");
        assert_eq!(found, None, "not above the limit");
        let last = log.max_timestamp(600).await.expect("a lookup").expect("a record");
        assert_eq!((last.offset, last.timestamp, last.leader_epoch), (599, 1_599, 3));
        for below in [3, 30, 301, 450, 599] {
            let last = log.max_timestamp(below).await.expect("a lookup").expect("a record");
            assert_eq!(last.offset, below / 3 * 3 - 1, "below {below}");
        }
    });
}

#[test]
fn times_that_go_up_and_down_are_found_inside_compressed_batches() {
    run_here(async {
        for codec in [Codec::None, Codec::Gzip, Codec::Zstd] {
            let scratch = ScratchDir::new();
            let (log, _) = open(&place(&scratch), unclean()).await;
            let mut all = Vec::new();
            for index in 0..120_i64 {
                let (offset, timestamp) = (index * 4, 1_000 + (index * 37) % 101 * 10);
                all.extend((0..4).map(|record| (timestamp + record, offset + record)));
                let batch = stamped(BatchBuilder::new(codec), offset, 4, 30, timestamp);
                log.append(vec![batch]).await.expect("an append");
            }
            for timestamp in (990..2_030).step_by(7) {
                let wanted = all.iter().find(|(time, _)| *time >= timestamp);
                let found = log.offset_for_time(timestamp, 480).await.expect("a lookup");
                let found = found.map(|found| (found.timestamp, found.offset));
                assert_eq!(found, wanted.copied(), "{codec:?} at {timestamp}");
            }
            for below in [40, 41, 200, 333, 480] {
                let whole = below / 4 * 4;
                let most = all.iter().filter(|(_, offset)| *offset < whole).map(|(time, _)| *time);
                let found = log.max_timestamp(below).await.expect("a lookup");
                assert_eq!(found.map(|found| found.timestamp), most.max(), "below {below}");
            }
        }
    });
}
