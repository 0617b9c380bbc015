//! Logs that Apache Kafka 4.3.1 cleaned, cleaned again from the same state: what is left is the
//! same to the byte.
//!
//! The fixture is a list of files: length of a name (u16), the name, length of the content (u32),
//! the content. A name is round, `before` or `after`, file. Each round is a state of one log of
//! Kafka's (random keys, deletions, two idempotent and two transactional producers, segments of
//! 1500 bytes) and what `Cleaner.doClean` of `kafka-storage` made of it with a retention of deletes
//! of one second at the time in [`ROUNDS`]. Uncompressed, because codecs differ between libraries.

use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::log::LogConfig;
use crate::log::open::OpenFrom;
use crate::log::rig::{compact, compacted, roomy, try_open};
use crate::runtime::{ScratchDir, run_here};

const FIXTURE: &[u8] = include_bytes!("fixture/cleaned-by-kafka");

/// When a round was cleaned, below what it was clean before, and after.
const ROUNDS: [(i64, Offset, Offset); 6] = [
    (50_000, 0, 24),
    (50_600, 24, 79),
    (51_200, 79, 149),
    (51_800, 149, 207),
    (52_400, 207, 256),
    (53_000, 256, 309),
];

type Files = BTreeMap<String, Vec<u8>>;

fn fixture(prefix: &str) -> Files {
    let mut files = Files::new();
    let mut rest = FIXTURE;
    while !rest.is_empty() {
        let (len, after) = rest.split_first_chunk::<2>().unwrap();
        let (name, after) = after.split_at(usize::from(u16::from_be_bytes(*len)));
        let (len, after) = after.split_first_chunk::<4>().unwrap();
        let (content, after) = after.split_at(u32::from_be_bytes(*len) as usize);
        if let Some(name) = str::from_utf8(name).unwrap().strip_prefix(prefix) {
            files.insert(name.to_owned(), content.to_vec());
        }
        rest = after;
    }
    files
}

/// The records and the aborted transactions of every segment.
fn segments(dir: &Path) -> Files {
    let mut files = Files::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".log") || name.ends_with(".txnindex") {
            files.insert(name, std::fs::read(path).unwrap());
        }
    }
    files
}

#[test]
fn what_is_left_of_a_log_is_what_kafka_leaves_of_it() {
    for (round, (now_ms, cleaned, end)) in ROUNDS.into_iter().enumerate() {
        let scratch = ScratchDir::new();
        let dir = scratch.path().join("t-0");
        std::fs::create_dir(&dir).unwrap();
        for (name, content) in fixture(&format!("{round}/before/")) {
            std::fs::write(dir.join(name), content).unwrap();
        }
        run_here(async {
            let config = LogConfig {
                segment_bytes: 1_500,
                delete_retention_ms: 1_000,
                index_interval_bytes: 4096,
                ..compacted()
            };
            let from = OpenFrom { cleaned: Some(cleaned), ..OpenFrom::default() };
            let (log, _) = try_open(&dir, config, from).await.unwrap();
            compact(&log, now_ms, roomy()).await.unwrap();
            assert_eq!(log.cleaned(), Some(end), "round {round}");
        });
        let (found, expected) = (segments(&dir), fixture(&format!("{round}/after/")));
        let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&found), names(&expected), "round {round}");
        for (name, content) in found {
            assert_eq!(content, expected[&name], "round {round}, {name}");
        }
    }
}
