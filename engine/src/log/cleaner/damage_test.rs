//! Cleanings that cannot go on: damage, a stop, a full disk.

use super::*;
use crate::log::Log;
use crate::log::cleaner::rig::{append, open, roll};
use crate::log::rig::{batches_of, begin, compact, compacted, keyed, records_of, roomy};
use crate::record::{Codec, StampedBatch, crc32c};
use crate::runtime::{ScratchDir, run_here};

/// Why a cleaning does not begin.
async fn failure(log: &Log) -> CleanError {
    let input = log.begin_cleaning(1, log.end_offset()).await.unwrap().unwrap();
    let (begun, _stop) = begin(input, roomy()).await;
    log.end_cleaning(None);
    begun.err().expect("a failure")
}

/// No file of a cleaning that did not come to its end.
fn nothing_is_left(log: &Log) {
    let left = std::fs::read_dir(log.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(left.into_iter().all(|name| !name.to_string_lossy().ends_with(".cleaned")));
}

#[test]
fn damage_ends_the_cleaning_and_unreadable_records_do_not() {
    let scratch = ScratchDir::new();
    run_here(async {
        let log = open(&scratch, compacted()).await;
        append(&log, &[("a", Some("1"))]).await;
        // A producer may send what it likes while the topic is not compacted.
        let mut batch = keyed(1, 5, &[("a", Some("2"))], Codec::None);
        let mut bytes = bytes::BytesMut::from(&batch.bytes[..]);
        bytes[22] |= 4;
        let crc = crc32c(&bytes[21..]);
        bytes[17..21].copy_from_slice(&crc.to_be_bytes());
        batch = StampedBatch::parse(Bytes::from(bytes)).unwrap();
        log.append(vec![batch.clone()]).await.unwrap();
        append(&log, &[("a", Some("3"))]).await;
        roll(&log).await;
        append(&log, &[("x", None)]).await;
        let stats = compact(&log, 1, roomy()).await.unwrap();
        assert_eq!((stats.unreadable, stats.records_kept), (1, 1));
        let parts = log.read(0, 9, 10, true).await.unwrap();
        let found = batches_of(&parts).await;
        assert_eq!(found[0].1, batch.bytes, "as it came");

        append(&log, &[("b", Some("1"))]).await;
        roll(&log).await;
        let path = log.path().join("00000000000000000003.log");
        let mut damaged = std::fs::read(&path).unwrap();
        let last = damaged.len() - 1;
        damaged[last] ^= 1;
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, &damaged, 0).unwrap();
        let error = failure(&log).await.to_string();
        assert!(error.contains("00000000000000000003.log is damaged at byte"), "{error}");
        nothing_is_left(&log);
    });
}

#[test]
fn a_stop_and_a_full_disk_end_a_cleaning_without_a_trace() {
    let scratch = ScratchDir::new();
    run_here(async {
        let log = open(&scratch, compacted()).await;
        for n in 0..100 {
            append(&log, &[(&format!("key-{}", n % 7), Some(&"v".repeat(100)))]).await;
        }
        let before = records_of(&log).await;
        let begun = async |settings| {
            let input = log.begin_cleaning(1, log.end_offset()).await.unwrap().unwrap();
            let (begun, stop) = begin(input, settings).await;
            (begun.unwrap(), stop)
        };
        let (mut cleaning, stop) = begun(roomy()).await;
        stop.send_replace(true);
        assert!(matches!(cleaning.next_group().await, Err(CleanError::Abandoned)));
        log.end_cleaning(None);
        let full = CleanerSettings { reserve_bytes: u64::MAX, ..roomy() };
        let (mut cleaning, _stop) = begun(full).await;
        assert!(matches!(cleaning.next_group().await, Err(CleanError::DiskLow { .. })));
        log.end_cleaning(None);
        nothing_is_left(&log);
        assert_eq!(records_of(&log).await, before);
    });
}
