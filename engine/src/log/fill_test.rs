//! Index entries and rolling.

use crate::record::{BatchBuilder, BatchHeader, Codec};

use super::*;

fn header(base_offset: Offset, timestamp: i64) -> BatchHeader {
    let mut builder = BatchBuilder::new(Codec::None);
    builder.push(timestamp, None, Some(&[0; 30]));
    builder.push(timestamp, None, Some(&[0; 30]));
    let bytes = builder.finish().expect("a batch");
    BatchHeader { base_offset, ..BatchHeader::parse(&bytes).expect("a header") }
}

#[test]
fn entries_carry_the_last_offset_of_the_first_batch_behind_an_interval() {
    let mut fill = Fill::empty(100);
    let size = header(100, 5).size_in_bytes() as u32;
    assert_eq!(fill.add(&header(100, 5), size), NewEntries::default());
    assert_eq!(fill.add(&header(102, 9), size), NewEntries::default());
    let entries = fill.add(&header(104, 7), size);
    assert_eq!(entries.offset, Some(OffsetEntry { relative: 5, position: 2 * size }));
    assert_eq!(entries.time, Some(TimeEntry { timestamp: 9, relative: 3 }));
    assert_eq!(fill.time_entry(), None, "the timestamp has not grown");
}

#[test]
fn a_segment_ends_by_size_time_index_and_offsets() {
    let config = LogConfig { segment_ms: 100, ..LogConfig::default() };
    let mut fill = Fill::empty(0);
    assert!(!fill.rolls_before(&header(0, 5), &config, i64::MAX, 0), "not while it is empty");
    fill.add(&header(0, 1_000), 0);
    let next = header(2, 1_100);
    assert!(!fill.rolls_before(&next, &config, i64::MAX, 0), "the batches' time counts");
    assert!(fill.rolls_before(&next, &config, 0, 1), "jitter is taken off");
    assert!(fill.rolls_before(&header(2, 1_101), &config, 0, 0));
    let tight = LogConfig { segment_bytes: 2 * fill.bytes, ..LogConfig::default() };
    assert!(!fill.rolls_before(&next, &tight, 0, 0));
    let tight = LogConfig { segment_bytes: 2 * fill.bytes - 1, ..LogConfig::default() };
    assert!(fill.rolls_before(&next, &tight, 0, 0));
    let full = LogConfig { index_bytes_max: 12, ..LogConfig::default() };
    assert!(fill.rolls_before(&next, &full, 0, 0));
    let far = header(i64::from(i32::MAX) - 1, 1_000);
    assert!(!fill.rolls_before(&far, &LogConfig::default(), 0, 0));
    let too_far = header(i64::from(i32::MAX), 1_000);
    assert!(fill.rolls_before(&too_far, &LogConfig::default(), 0, 0));
}
